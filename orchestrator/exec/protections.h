/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What the values of ProtectSystem= and its like do to which paths. */

enum protection {
	PROTECT_READ_ONLY,
	PROTECT_READ_WRITE,
	PROTECT_HIDDEN,
	PROTECT_EMPTY,
};

struct protected_path {
	const char *path; /* NULL ends a list */
	enum protection protection;
	bool optional;
};

struct protection_set {
	const char *key;
	const char *value;
	const struct protected_path *paths;
};

extern const struct protection_set protections[];
extern const size_t protections_count;

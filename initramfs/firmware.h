/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/* Firmware files that a module names, and those of them that are not installed. */
struct firmware_count {
	size_t n_named;
	size_t n_missing;
	const char *first_missing; /* not owned; NULL: none */
};

/* Is the module at @path (below /lib/modules/VERSION) a display's driver, which may show nothing without its firmware? */
bool firmware_matters(const char *path);

/* Debian's package of a firmware file, as a person installs it; NULL: not known. */
const char *firmware_package(const char *name);

/* One line for a person about @module, which lacks something. */
void firmware_describe(const char *module, const struct firmware_count *count, struct strbuf *text);

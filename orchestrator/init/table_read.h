/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "definition.h"

/* Reads what early-load wrote, and trusts nothing of it. */
#define TABLE_READ_MAX_BYTES (16 * 1024 * 1024)
#define TABLE_READ_MAX_SERVICES 16384
#define TABLE_READ_MAX_DIAGNOSTICS 1024

/* Each definition comes with a reference that the callback owns. An error of a callback ends the reading. */
struct table_read_sink {
	int (*definition)(struct definition *definition, void *data);
	void (*diagnostic)(const struct table_diagnostic *diagnostic, void *data); /* may be NULL */
	void *data;
};

/*
 * -EPROTO for a table that is not whole or not right. The sink sees nothing of a table that is refused: the bytes are
 * walked once for their form before the first callback.
 */
int table_read(const void *bytes, size_t len, const struct table_read_sink *sink);

/* The same from a memfd, which must be sealed against writing and shrinking (-EPERM). @fd stays the caller's. */
int table_read_fd(int fd, const struct table_read_sink *sink);

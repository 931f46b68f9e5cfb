/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a stream into lines. Pure. A longer line comes in pieces. */
#define LINES_MAX 4096

struct line {
	const char *text; /* in the bytes, without its newline */
	size_t len;
	size_t taken; /* of the bytes, with the newline */
};

/* The first line of @bytes, if all of it is there. @is_last: nothing follows, so that what there is, is all. */
bool lines_next(const char *bytes, size_t len, bool is_last, struct line *ret_line);

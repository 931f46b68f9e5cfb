/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a stream into lines. Pure. A line that is longer than the buffer comes in pieces. */
#define LINES_BUFFER_SIZE 4096

struct lines {
	char buf[LINES_BUFFER_SIZE];
	size_t len;
};

typedef void (*lines_fn)(const char *text, size_t len, void *data);

/* Calls @fn for each line that is whole, without its newline. */
void lines_feed(struct lines *lines, const char *bytes, size_t len, lines_fn fn, void *data);

/* What is left at the end of the stream. */
void lines_finish(struct lines *lines, lines_fn fn, void *data);

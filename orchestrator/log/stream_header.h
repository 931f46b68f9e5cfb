/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What a client of the journal's stdout says of itself before its first line. Pure. */
#define STREAM_HEADER_MAX 2048 /* a longer one is nobody's */
#define STREAM_HEADER_NAME_SIZE 256

struct stream_header {
	char identifier[STREAM_HEADER_NAME_SIZE]; /* empty: none, or one too long */
	int level;
	bool prefixed; /* lines may begin with "<N>" */
};

/* The header's length; 0: it is not whole yet; -EBADMSG: it is none. */
int stream_header_parse(const char *bytes, size_t len, struct stream_header *ret_header);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seven lines: identifier, unit, level, whether lines have a level of their own, and three about forwarding, which is ours to decide. */
#include "stream_header.h"

#include <errno.h>
#include <string.h>

#define LINES 7

enum { IDENTIFIER = 0, LEVEL = 2, PREFIXED = 3 };

/* Returns false for what no client of the journal sends. */
static bool take(int number, const char *text, size_t len, struct stream_header *header)
{
	if (memchr(text, '\0', len))
		return false;
	switch (number) {
	case IDENTIFIER:
		if (len < sizeof(header->identifier))
			memcpy(header->identifier, text, len);
		return true;
	case LEVEL:
		if (len != 1 || *text < '0' || *text > '7')
			return false;
		header->level = *text - '0';
		return true;
	case PREFIXED:
		header->prefixed = len == 1 && *text == '1';
		return len == 1;
	default:
		return true;
	}
}

int stream_header_parse(const char *bytes, size_t len, struct stream_header *ret_header)
{
	struct stream_header header = { .identifier = "" };
	size_t at = 0;

	for (int number = 0; number < LINES; number++) {
		const char *newline = memchr(bytes + at, '\n', len - at);
		size_t line_len;

		if (!newline)
			return len < STREAM_HEADER_MAX ? 0 : -EBADMSG;
		line_len = (size_t)(newline - bytes) - at;
		if (!take(number, bytes + at, line_len, &header))
			return -EBADMSG;
		at += line_len + 1;
	}
	if (at > STREAM_HEADER_MAX)
		return -EBADMSG;
	*ret_header = header;
	return (int)at;
}

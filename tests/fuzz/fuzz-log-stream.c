/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "stream_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_newlines(const char *bytes, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += bytes[i] == '\n';
	return n;
}

/* The header is the same in one piece and byte by byte; behind it no byte is lost. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct stream_header header, part;
	int whole = stream_header_parse(bytes, size, &header);
	struct line line;
	size_t counted = 0;

	if (whole > (int)size)
		abort();
	if (whole > 0 && (header.level < 0 || header.level > 7 ||
			  !memchr(header.identifier, '\0', sizeof(header.identifier))))
		abort();
	for (size_t i = 0; whole > 0 && i < (size_t)whole; i++)
		if (stream_header_parse(bytes, i, &part) != 0)
			abort();
	if (whole <= 0)
		return 0;
	for (size_t at = (size_t)whole; at < size; at += line.taken) {
		if (!lines_next(bytes + at, size - at, true, &line) || line.len > LINES_MAX)
			abort();
		counted += line.len;
	}
	if (counted != size - (size_t)whole - count_newlines(bytes + whole, size - (size_t)whole))
		abort();
	return 0;
}

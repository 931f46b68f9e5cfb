/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lines.h"

#include <string.h>

#include "early/macros.h"

void lines_feed(struct lines *lines, const char *bytes, size_t len, lines_fn fn, void *data)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t wanted = newline ? (size_t)(newline - bytes) : len;
		size_t taken = MIN(wanted, sizeof(lines->buf) - lines->len);

		memcpy(lines->buf + lines->len, bytes, taken);
		lines->len += taken;
		bytes += taken;
		len -= taken;
		if (newline && taken == wanted) {
			fn(lines->buf, lines->len, data);
			lines->len = 0;
			bytes++;
			len--;
		} else if (lines->len == sizeof(lines->buf)) {
			fn(lines->buf, lines->len, data);
			lines->len = 0;
		}
	}
}

void lines_finish(struct lines *lines, lines_fn fn, void *data)
{
	if (lines->len > 0)
		fn(lines->buf, lines->len, data);
	lines->len = 0;
}

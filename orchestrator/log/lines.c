/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lines.h"

#include <string.h>

#include "early/macros.h"

bool lines_next(const char *bytes, size_t len, bool is_last, struct line *ret_line)
{
	const char *newline = len > 0 ? memchr(bytes, '\n', MIN(len, (size_t)LINES_MAX + 1)) : NULL;

	if (newline)
		*ret_line = (struct line){ bytes, (size_t)(newline - bytes),
					   (size_t)(newline - bytes) + 1 };
	else if (len >= LINES_MAX)
		*ret_line = (struct line){ bytes, LINES_MAX, LINES_MAX };
	else if (is_last && len > 0)
		*ret_line = (struct line){ bytes, len, len };
	else
		return false;
	return true;
}

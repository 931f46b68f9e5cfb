/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "early/strbuf.h"

/* Bytes as text, RFC 4648's first alphabet. */

void base64_put(struct strbuf *out, const void *data, size_t len);

/* Blanks and line ends between the characters are skipped. -EINVAL for what is no such text. Free *ret_data; NUL is appended and not
 * counted. */
int base64_read(const char *text, char **ret_data, size_t *ret_len);

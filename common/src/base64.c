/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct strbuf *out, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t group = (uint32_t)bytes[i] << 16;

		if (n > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (n > 2)
			group |= bytes[i + 2];
		for (size_t j = 0; j < 4; j++)
			strbuf_putc(out, j <= n ? alphabet[group >> (18 - 6 * j) & 63] : '=');
	}
}

int base64_read(const char *text, char **ret_data, size_t *ret_len)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	uint32_t group = 0;
	size_t n = 0;
	size_t padding = 0;

	for (const char *c = text; *c; c++) {
		const char *found;

		if (strchr(" \t\r\n", *c))
			continue;
		found = strchr(alphabet, *c);
		if (*c == '=' && n % 4 >= 2) {
			padding++;
		} else if (!found || padding > 0) {
			return -EINVAL;
		}
		group = group << 6 | (found ? (uint32_t)(found - alphabet) : 0);
		if (++n % 4 != 0)
			continue;
		for (size_t i = 0; i < 3 - padding; i++)
			strbuf_putc(&out, (char)(group >> (16 - 8 * i)));
		group = 0;
	}
	if (n % 4 != 0)
		return -EINVAL;
	*ret_len = out.len;
	*ret_data = strbuf_take(&out);
	return *ret_data ? 0 : -ENOMEM;
}

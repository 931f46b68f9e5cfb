/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "indices.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static int read_index(const char **text, unsigned long *ret_index)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	*ret_index = strtoul(*text, &end, 10);
	*text = end;
	return *ret_index < INDICES_MAX ? 0 : -ERANGE;
}

int indices_add(struct indices *set, const char *text)
{
	while (*text) {
		unsigned long from, to;
		int r = read_index(&text, &from);

		if (r < 0)
			return r;
		to = from;
		if (*text == '-') {
			text++;
			r = read_index(&text, &to);
		}
		if (r < 0 || to < from)
			return r < 0 ? r : -ERANGE;
		for (; from <= to; from++)
			set->bits[from / 64] |= UINT64_C(1) << (from % 64);
		if (*text && *text != ',' && *text != '\n')
			return -EINVAL;
		if (*text)
			text++;
	}
	return 0;
}

bool indices_has(const struct indices *set, uint32_t index)
{
	return index < INDICES_MAX && (set->bits[index / 64] & UINT64_C(1) << (index % 64));
}

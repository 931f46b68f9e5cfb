/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kept.h"

#include <stdio.h>
#include <string.h>

#include "early/parse.h"

#define FIELDS 7

bool kept_format(const struct kept *kept, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%s\n%llu\n%d\n%d\n%d\n%s\n%s",
			   kept->is_connection ? "connection" : "socket",
			   (unsigned long long)kept->number, (int)kept->pid, kept->level,
			   kept->is_prefixed, kept->name, kept->identifier);

	return len > 0 && (size_t)len < size;
}

static bool copy_name(char to[KEPT_NAME_SIZE], const char *from)
{
	if (strlen(from) >= KEPT_NAME_SIZE)
		return false;
	memcpy(to, from, strlen(from) + 1);
	return true;
}

bool kept_parse(const char *text, struct kept *ret_kept)
{
	char copy[KEPT_TEXT_SIZE];
	char *fields[FIELDS], *rest = copy;
	struct kept kept = { .level = 0 };

	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&rest, "\n");
		if (!fields[i])
			return false;
	}
	kept.is_connection = strcmp(fields[0], "connection") == 0;
	if (rest || (!kept.is_connection && strcmp(fields[0], "socket") != 0) ||
	    parse_u64(fields[1], &kept.number) < 0 || parse_i32(fields[2], &kept.pid) < 0 ||
	    parse_i32(fields[3], &kept.level) < 0 || kept.level < 0 || kept.level > 7 ||
	    parse_bool(fields[4], &kept.is_prefixed) < 0 || !copy_name(kept.name, fields[5]) ||
	    !copy_name(kept.identifier, fields[6]))
		return false;
	*ret_kept = kept;
	return true;
}

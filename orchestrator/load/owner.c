/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names to numbers, for the owners of sockets: PID 1 makes the sockets and must not ask NSS. Owners of sockets are system users, which
 * packages put into these files.
 */
#include "owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/parse.h"

int owner_find(const char *text, const char *name, uint32_t *ret_id)
{
	size_t len = strlen(name);

	if (parse_u32(name, ret_id) == 0)
		return 0;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *password;
		const char *number;
		char digits[16];
		size_t n;

		line += *line == '\n';
		if (strncmp(line, name, len) != 0 || line[len] != ':')
			continue;
		password = line + len + 1;
		number = password + strcspn(password, ":\n");
		if (*number++ != ':')
			continue;
		n = strcspn(number, ":\n");
		if (n == 0 || n >= sizeof(digits))
			continue;
		memcpy(digits, number, n);
		digits[n] = '\0';
		if (parse_u32(digits, ret_id) == 0)
			return 0;
	}
	return -ENOENT;
}

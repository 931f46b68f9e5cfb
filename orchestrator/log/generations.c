/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "generations.h"

#include <errno.h>
#include <stdio.h>

#include "early/file_id.h"
#include "early/macros.h"

int generations_find(int dir_fd, const char *name, uint64_t id, char *ret_name, uint64_t *ret_size)
{
	static const char *const suffixes[] = { ".log", ".log.1" };

	for (size_t i = 0; id != 0 && i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(ret_name, GENERATIONS_NAME_SIZE, "%s%s", name, suffixes[i]);
		if (file_id(dir_fd, ret_name, ret_size) == id)
			return 0;
	}
	return -ENOENT;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text.h"

#include <errno.h>
#include <string.h>

int text_copy(const char *text, char **ret_copy)
{
	return text_copy_start(text, strlen(text), ret_copy);
}

int text_copy_start(const char *text, size_t len, char **ret_copy)
{
	char *copy = strndup(text, len);

	if (copy == NULL)
		return -ENOMEM;
	*ret_copy = copy;
	return 0;
}

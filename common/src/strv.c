/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/strv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strv_free(char **strv)
{
	for (char **s = strv; s && *s; s++)
		free(*s);
	free(strv);
}

void strv_freep(char ***strv)
{
	strv_free(*strv);
	*strv = NULL;
}

size_t strv_length(char *const *strv)
{
	size_t n = 0;

	while (strv && strv[n])
		n++;
	return n;
}

bool strv_contains(char *const *strv, const char *text)
{
	for (; strv && *strv; strv++) {
		if (strcmp(*strv, text) == 0)
			return true;
	}
	return false;
}

int strv_consume(char ***strv, char *text)
{
	size_t n = strv_length(*strv);
	char **moved;

	if (!text)
		return -ENOMEM;
	moved = reallocarray(*strv, n + 2, sizeof(char *));
	if (!moved) {
		free(text);
		return -ENOMEM;
	}
	moved[n] = text;
	moved[n + 1] = NULL;
	*strv = moved;
	return 0;
}

int strv_append(char ***strv, const char *text)
{
	return strv_consume(strv, strdup(text));
}

int strv_appendf(char ***strv, const char *fmt, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	return n < 0 ? -ENOMEM : strv_consume(strv, text);
}

int strv_set_variable(char ***strv, const char *assignment)
{
	size_t len = strcspn(assignment, "=");

	for (char **s = *strv; s && *s; s++) {
		char *copy;

		if (strcspn(*s, "=") != len || strncmp(*s, assignment, len) != 0)
			continue;
		copy = strdup(assignment);
		if (!copy)
			return -ENOMEM;
		free(*s);
		*s = copy;
		return 0;
	}
	return strv_append(strv, assignment);
}

int strv_split(const char *text, const char *separators, char ***ret_strv)
{
	CLEANUP_STRV char **strv = NULL;

	for (;;) {
		size_t len;
		int r;

		text += strspn(text, separators);
		len = strcspn(text, separators);
		if (len == 0)
			break;
		r = strv_consume(&strv, strndup(text, len));
		if (r < 0)
			return r;
		text += len;
	}
	if (!strv) {
		strv = calloc(1, sizeof(char *));
		if (!strv)
			return -ENOMEM;
	}
	*ret_strv = TAKE_PTR(strv);
	return 0;
}

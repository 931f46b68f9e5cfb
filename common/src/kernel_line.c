/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/kernel_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"

#define BLANKS " \t\n"

const char *kernel_line_next(const char **text, size_t *ret_len)
{
	const char *word = *text + strspn(*text, BLANKS);
	bool quoted = false;
	size_t len = 0;

	for (; word[len] && (quoted || !strchr(BLANKS, word[len])); len++) {
		if (word[len] == '"')
			quoted = !quoted;
	}
	*text = word + len;
	*ret_len = len;
	return len > 0 ? word : NULL;
}

size_t kernel_line_unquote(const char *word, size_t len, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (word[i] == '"')
			continue;
		if (n + 1 < size)
			to[n] = word[i];
		n++;
	}
	if (size > 0)
		to[MIN(n, size - 1)] = '\0';
	return n;
}

int kernel_line_split(const char *text, char ***ret_words)
{
	CLEANUP_STRV char **words = NULL;
	const char *word;
	size_t len;
	int r = 0;

	while (r >= 0 && (word = kernel_line_next(&text, &len)) != NULL) {
		char *plain;

		if (len == 2 && memcmp(word, "--", 2) == 0)
			break;
		plain = malloc(len + 1);
		if (plain)
			(void)kernel_line_unquote(word, len, plain, len + 1);
		r = strv_consume(&words, plain);
	}
	if (r < 0)
		return r;
	*ret_words = TAKE_PTR(words);
	return 0;
}

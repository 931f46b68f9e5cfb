/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first part, up to an empty line, is an environment file; each line behind it is a word of a command line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"
#include "variables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has been expanded holds no more words than can be counted: the program's, one for each without a blank, more for "$NAME" only. */
static void check(char **words, char **argv)
{
	size_t n_splitting = 0;

	if (!words || !argv || !words[0] || !argv[0]) {
		if (strv_length(words) > 0 || strv_length(argv) > 0)
			abort();
		return;
	}
	for (char **word = words + 1; *word; word++)
		n_splitting += (*word)[0] == '$';
	if (strv_length(argv) + n_splitting < strv_length(words) ||
	    (n_splitting == 0 && strv_length(argv) != strv_length(words)))
		abort();
	if (strcmp(words[0], argv[0]) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char *rest = text ? strstr(text, "\n\n") : NULL;
	char **variables = NULL, **words = NULL, **argv = NULL;

	if (rest) {
		*rest = '\0';
		if (strv_split(rest + 2, "\n", &words) < 0)
			abort();
	}
	if (!text || variables_read(&variables, text) < 0)
		abort();
	for (char **variable = variables; variable && *variable; variable++)
		if (!strchr(*variable, '='))
			abort();
	if (variables_expand(words, variables, &argv) < 0)
		abort();
	check(words, argv);
	for (char **word = words; word && *word; word++)
		variables_unset(variables, *word);
	strv_free(argv);
	strv_free(words);
	strv_free(variables);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install_info.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"

#include "text.h"

void install_info_done(struct install_info *info)
{
	strv_free(info->wanted_by);
	strv_free(info->required_by);
	strv_free(info->aliases);
	strv_free(info->also);
	free(info->default_instance);
	memset(info, 0, sizeof(*info));
}

bool install_info_is_empty(const struct install_info *info)
{
	return strv_length(info->wanted_by) == 0 && strv_length(info->required_by) == 0 &&
	       strv_length(info->aliases) == 0;
}

/* Appends the words of @value; an empty one empties the list, as everywhere in unit files. */
static int add_words(char ***list, const char *value)
{
	CLEANUP_STRV char **words = NULL;
	int r;

	if (*value == '\0') {
		strv_free(*list);
		*list = NULL;
		return 0;
	}
	r = strv_split(value, " \t", &words);
	for (size_t i = 0; r >= 0 && i < strv_length(words); i++)
		r = strv_append(list, words[i]);
	return r;
}

static int apply_key(struct install_info *info, const char *key, const char *value)
{
	if (strcmp(key, "WantedBy") == 0)
		return add_words(&info->wanted_by, value);
	if (strcmp(key, "RequiredBy") == 0)
		return add_words(&info->required_by, value);
	if (strcmp(key, "Alias") == 0)
		return add_words(&info->aliases, value);
	if (strcmp(key, "Also") == 0)
		return add_words(&info->also, value);
	if (strcmp(key, "DefaultInstance") == 0) {
		free(info->default_instance);
		info->default_instance = strdup(value);
		return info->default_instance == NULL ? -ENOMEM : 0;
	}
	return 0; /* another key of [Install], or one that the loader complains about */
}

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]) != NULL)
		*--end = '\0';
	return text;
}

/* One line of the file, without its continuations' backslashes. */
static int parse_line(struct install_info *info, char *line, bool *in_install)
{
	char *equals;

	line = trim(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return 0;
	if (*line == '[') {
		*in_install = strcmp(line, "[Install]") == 0;
		return 0;
	}
	equals = strchr(line, '=');
	if (!*in_install || equals == NULL)
		return 0;
	*equals = '\0';
	return apply_key(info, trim(line), trim(equals + 1));
}

int install_info_parse(const char *text, struct install_info *ret_info)
{
	CLEANUP(install_info_done)
	struct install_info info = { .wanted_by = NULL };
	CLEANUP(free_charp)
	char *copy = NULL;
	bool in_install = false;
	int r = text_copy(text, &copy);
	char *line = copy;

	if (r < 0)
		return r;
	while (line != NULL) {
		char *end = strchr(line, '\n');

		while (end != NULL && end > line && end[-1] == '\\') {
			end[-1] = ' ';
			*end = ' ';
			end = strchr(end, '\n');
		}
		if (end != NULL)
			*end = '\0';
		r = parse_line(&info, line, &in_install);
		if (r < 0)
			return r;
		line = end != NULL ? end + 1 : NULL;
	}
	*ret_info = info;
	memset(&info, 0, sizeof(info));
	return 0;
}

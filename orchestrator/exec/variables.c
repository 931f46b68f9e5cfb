/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Environments, environment files and the expansion of variables in command lines. Text to text, without any effect. */
#include "variables.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"

static size_t name_length(const char *assignment)
{
	return strcspn(assignment, "=");
}

int variables_set_value(char ***variables, const char *name, const char *value)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_printf(&text, "%s=%s", name, value);
	if (strbuf_error(&text) < 0)
		return -ENOMEM;
	return strv_set_variable(variables, text.data);
}

const char *variables_get(char *const *variables, const char *name, size_t len)
{
	for (size_t i = 0; variables && variables[i]; i++)
		if (name_length(variables[i]) == len && strncmp(variables[i], name, len) == 0 &&
		    variables[i][len] == '=')
			return variables[i] + len + 1;
	return NULL;
}

void variables_unset(char **variables, const char *what)
{
	size_t len = name_length(what);
	size_t kept = 0;

	for (size_t i = 0; variables && variables[i]; i++) {
		bool same = what[len] ? strcmp(variables[i], what) == 0
				      : name_length(variables[i]) == len &&
						strncmp(variables[i], what, len) == 0;

		if (same)
			free(variables[i]);
		else
			variables[kept++] = variables[i];
	}
	if (variables)
		variables[kept] = NULL;
}

/* --- environment files --- */

static bool is_name(const char *text, size_t len)
{
	if (len == 0 || isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return true;
}

/* Skips the rest of a line, continuation lines included. */
static const char *skip_line(const char *text)
{
	while (*text && *text != '\n') {
		if (text[0] == '\\' && text[1])
			text++;
		text++;
	}
	return *text ? text + 1 : text;
}

/* Within double quotes a backslash escapes " \ ` $ and joins lines; everything else keeps it. */
static const char *read_double_quoted(const char *text, struct strbuf *value)
{
	for (; *text && *text != '"'; text++) {
		if (text[0] == '\\' && text[1] == '\n') {
			text++;
			continue;
		}
		if (text[0] == '\\' && text[1] && strchr("\"\\`$", text[1]))
			text++;
		strbuf_putc(value, *text);
	}
	return *text ? text + 1 : text;
}

static const char *read_single_quoted(const char *text, struct strbuf *value)
{
	size_t len = strcspn(text, "'");

	strbuf_add(value, text, len);
	return text[len] ? text + len + 1 : text + len;
}

/* The value behind the equals sign up to the end of its line. Blanks at both ends do not count, those in quotes do. */
static const char *read_value(const char *text, struct strbuf *value)
{
	size_t solid = 0; /* length up to the last character that counts */

	while (*text == ' ' || *text == '\t')
		text++;
	while (*text && *text != '\n') {
		if (*text == '"') {
			text = read_double_quoted(text + 1, value);
			solid = value->len;
		} else if (*text == '\'') {
			text = read_single_quoted(text + 1, value);
			solid = value->len;
		} else if (text[0] == '\\' && text[1]) {
			if (text[1] != '\n')
				strbuf_putc(value, text[1]);
			text += 2;
			solid = value->len;
		} else {
			strbuf_putc(value, *text);
			if (!isspace((unsigned char)*text))
				solid = value->len;
			text++;
		}
	}
	if (value->data && solid < value->len) {
		value->len = solid;
		value->data[solid] = '\0';
	}
	return *text ? text + 1 : text;
}

int variables_read(char ***variables, const char *text)
{
	while (*text) {
		struct strbuf value CLEANUP_STRBUF = STRBUF_INIT;
		char *name CLEANUP(free_charp)
		= NULL;
		size_t len;
		int r;

		while (isspace((unsigned char)*text))
			text++;
		len = strcspn(text, "=\n");
		if (*text == '#' || *text == ';' || text[len] != '=' || !is_name(text, len)) {
			text = skip_line(text);
			continue;
		}
		name = strndup(text, len);
		text = read_value(text + len + 1, &value);
		if (!name || strbuf_error(&value) < 0)
			return -ENOMEM;
		r = variables_set_value(variables, name, value.data ? value.data : "");
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- expansion --- */

/* ${NAME}, $$ and plain text. */
static int expand_word(const char *word, char *const *variables, char ***argv)
{
	struct strbuf out = STRBUF_INIT;

	while (*word) {
		size_t len = word[0] == '$' && word[1] == '{' ? strcspn(word + 2, "}") : 0;

		if (word[0] == '$' && word[1] == '$') {
			strbuf_putc(&out, '$');
			word += 2;
		} else if (len > 0 && word[2 + len] == '}' && is_name(word + 2, len)) {
			const char *value = variables_get(variables, word + 2, len);

			strbuf_puts(&out, value ? value : "");
			word += len + 3;
		} else {
			strbuf_putc(&out, *word++);
		}
	}
	return strv_consume(argv, strbuf_take(&out));
}

int variables_expand(char *const *argv, char *const *variables, char ***ret_argv)
{
	char **out CLEANUP_STRV = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && argv && argv[i]; i++) {
		const char *word = argv[i];
		char **pieces CLEANUP_STRV = NULL;
		const char *value;

		if (i == 0) {
			r = strv_append(&out, word);
			continue;
		}
		if (word[0] != '$' || !is_name(word + 1, strlen(word + 1))) {
			r = expand_word(word, variables, &out);
			continue;
		}
		value = variables_get(variables, word + 1, strlen(word + 1));
		if (value)
			r = strv_split(value, " \t\n", &pieces);
		for (size_t j = 0; r == 0 && pieces && pieces[j]; j++)
			r = strv_append(&out, pieces[j]);
	}
	if (r < 0)
		return r;
	*ret_argv = TAKE_PTR(out);
	return 0;
}

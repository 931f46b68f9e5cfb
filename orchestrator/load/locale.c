/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * systemd.exec(5) promises each service the machine's locale. It goes into the units' own environment here, so that PID 1 need not know
 * of it and a file of EnvironmentFile= still overrides it.
 */
#include "locale.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"
#include "unit_index.h"

#define DEFAULT_LOCALE "LANG=C.UTF-8"

static const char *const names[] = {
	"LANG",       "LANGUAGE",     "LC_CTYPE",       "LC_NUMERIC",        "LC_TIME",
	"LC_COLLATE", "LC_MONETARY",  "LC_MESSAGES",    "LC_PAPER",          "LC_NAME",
	"LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION",
};

static bool is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && strncmp(names[i], text, len) == 0)
			return true;
	return false;
}

static bool is_value(const char *text, size_t len)
{
	return len > 0 &&
	       strspn(text,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@:-") >= len;
}

static int parse_line(const char *line, char ***variables)
{
	const char *equals = strchr(line, '=');
	const char *value = equals ? equals + 1 : NULL;
	size_t len = value ? strcspn(value, "\r") : 0;

	line += strspn(line, " \t");
	if (!value || !is_name(line, (size_t)(equals - line)))
		return 0;
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (len >= 2 && (*value == '"' || *value == '\'') && value[len - 1] == *value) {
		value++;
		len -= 2;
	}
	if (!is_value(value, len))
		return 0;
	return strv_appendf(variables, "%.*s=%.*s", (int)(equals - line), line, (int)len, value);
}

int locale_parse(const char *text, char ***ret_variables)
{
	char **lines CLEANUP_STRV = NULL;
	char **variables CLEANUP_STRV = NULL;
	int r = strv_split(text, "\n", &lines);

	for (size_t i = 0; r == 0 && lines && lines[i]; i++)
		r = parse_line(lines[i], &variables);
	if (r == 0)
		*ret_variables = TAKE_PTR(variables);
	return r;
}

int locale_read(int root_fd, char ***ret_variables)
{
	static const char *const files[] = { "/etc/locale.conf", "/etc/default/locale" };
	char **variables CLEANUP_STRV = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && !variables && i < ARRAY_SIZE(files); i++) {
		char *text CLEANUP(free_charp)
		= NULL;
		size_t len;

		r = unit_index_read(root_fd, files[i], &text, &len);
		if (r < 0)
			r = r == -ENOMEM
				    ? r
				    : 0; /* it is not there, or cannot be read: as if it said nothing */
		else
			r = locale_parse(text, &variables);
	}
	if (r == 0 && !variables)
		r = strv_append(&variables, DEFAULT_LOCALE);
	if (r == 0)
		*ret_variables = TAKE_PTR(variables);
	return r;
}

static bool says(char *const *environment, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (size_t i = 0; environment && environment[i]; i++)
		if (strncmp(environment[i], variable, len) == 0)
			return true;
	return false;
}

int locale_add(char *const *variables, char ***environment)
{
	int r = 0;

	for (size_t i = 0; r == 0 && variables && variables[i]; i++)
		if (!says(*environment, variables[i]))
			r = strv_append(environment, variables[i]);
	return r;
}

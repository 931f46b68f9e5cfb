/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

#define TEXT_SIZE 256

struct reading {
	const struct settings_section *section;
	void *to;
	settings_fault_fn fault;
	void *data;
	unsigned int line;
	bool inside; /* the section */
};

static void complain(const struct reading *reading, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void complain(const struct reading *reading, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	reading->fault(reading->line, text, reading->data);
}

static void take_setting(const struct reading *reading, const char *name, const char *value)
{
	const struct settings_section *section = reading->section;

	for (size_t i = 0; i < section->n_settings; i++) {
		if (strcmp(section->settings[i].name, name) != 0)
			continue;
		if (section->settings[i].take(reading->to, value) < 0)
			complain(reading, "%s=%.60s is not %s; the default stands", name, value,
				 section->settings[i].wanted);
		return;
	}
	if (strncmp(name, "X-", 2) != 0)
		complain(reading, "there is no setting %.60s= in [%s] (see %s); it is passed over",
			 name, section->name, section->page);
}

/* Cuts blanks off both ends, in place. */
static char *strip(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool is_header_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	return strncmp(text + 1, name, len) == 0 && strcmp(text + 1 + len, "]") == 0;
}

static void take_line(struct reading *reading, char *text)
{
	char *equals;

	if (*text == '\0' || *text == '#' || *text == ';')
		return;
	if (*text == '[') {
		reading->inside = is_header_of(text, reading->section->name);
		return;
	}
	if (!reading->inside)
		return;
	equals = strchr(text, '=');
	if (!equals) {
		complain(reading, "this is neither a [Section] nor NAME=VALUE; it is passed over");
		return;
	}
	*equals = '\0';
	take_setting(reading, strip(text), strip(equals + 1));
}

void settings_parse(char *text, const struct settings_section *section, void *to,
		    settings_fault_fn fault, void *data)
{
	struct reading reading = { .section = section, .to = to, .fault = fault, .data = data };
	char *line;

	while ((line = strsep(&text, "\n"))) {
		reading.line++;
		take_line(&reading, strip(line));
	}
}

static void log_fault(unsigned int line, const char *text, void *data)
{
	log_warning("%s:%u: %s", (const char *)data, line, text);
}

static void pass_fault(unsigned int line, const char *text, void *data)
{
	(void)line, (void)text, (void)data;
}

int settings_read(int dirfd, const char *path, const struct settings_section *section, void *to,
		  bool tells)
{
	char *text CLEANUP(free_charp)
	= NULL;
	int r = fs_read_file_at(dirfd, path, SETTINGS_MAX_BYTES, &text, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	settings_parse(text, section, to, tells ? log_fault : pass_fault, (void *)path);
	return 0;
}

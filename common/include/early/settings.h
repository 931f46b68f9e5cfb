/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* early.conf: NAME=VALUE in sections, each of which is one program's. What is wrong in it is told, and has no effect. */
#define SETTINGS_FILE "/etc/early/early.conf"
#define SETTINGS_MAX_BYTES ((size_t)(256 * 1024))

struct setting {
	const char *name;
	int (*take)(
		void *to,
		const char *
			value); /* negative errno: it is not what is wanted, and nothing was changed */
	const char *wanted; /* "a time, as 10s" */
};

struct settings_section {
	const char *name; /* without the brackets */
	const char *page; /* the manual page that lists it: "early-log(8)" */
	const struct setting *settings;
	size_t n_settings;
};

/* @text is one line that says what is wrong and what becomes of it. */
typedef void (*settings_fault_fn)(unsigned int line, const char *text, void *data);

/* Pure. Other sections, comments (# ;) and names that begin with X- are passed over. @text is changed. */
void settings_parse(char *text, const struct settings_section *section, void *to,
		    settings_fault_fn fault, void *data);

/*
 * The section in the file @path (@dirfd: below it); a file that is not there is an empty one. Faults are logged with file and line
 * if @tells. Negative errno if it can't be read.
 */
int settings_read(int dirfd, const char *path, const struct settings_section *section, void *to,
		  bool tells);

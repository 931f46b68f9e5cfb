/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log_text.h"

struct settings;

/*
 * The lines that early-log wrote: the archive on the disk if there is one, otherwise the newest part beside the control socket. The
 * texts belong to the object.
 */
struct log_files {
	struct log_lines lines;
	char **texts;
	size_t n_texts;
	char **names; /* of the services, as the lines point to them */
};

/* @name NULL: of all, by time. -ENOENT: nothing was logged. */
int log_files_read(struct log_files *files, const struct settings *settings, const char *name);
/* Adds a text of @name, taken over even on failure. 0 or -ENOMEM. */
int log_files_add(struct log_files *files, const char *name, char *text, size_t len);

/* Adds NAME.logSUFFIX of @dir. @name must live as long. */
int log_files_add_file(struct log_files *files, const char *dir, const char *name,
		       const char *suffix);
void log_files_done(struct log_files *files);

/* The directory of the newest part. Free it; NULL without memory. */
char *log_files_run_dir(const struct settings *settings);

/* Whose logs are in @dir. Free with strv_free. */
int log_files_names(const char *dir, char ***ret_names);

#define LOG_FILES_ARCHIVE "/var/log/early"

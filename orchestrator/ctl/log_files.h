/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log_boot.h"
#include "log_tail.h"
#include "log_text.h"

struct settings;

/*
 * The lines that early-log wrote: what of them is on the disk, and from there on what is in memory, beside the control socket. All that
 * lines point to belongs to the object.
 */
struct log_files {
	struct log_lines lines;
	struct log_boots boots;
	char *dir; /* of memory's */
	char *archive_dir; /* of the disk's */
	struct log_tail **tails; /* one for each service */
	size_t n_tails;
	char **texts;
	size_t n_texts;
	char **missing; /* of those that were asked for: who has no log */
	bool is_followed; /* a line that is not whole yet will be read with its rest */
	int disk_error; /* the disk's part is missing; 0: it is there, or never was */
};

int log_files_init(struct log_files *files, const struct settings *settings);
void log_files_done(struct log_files *files);

/* All lines of @names (a NULL-terminated array; NULL or empty: of all services, by time). -ENOENT: there is no log of any of them. */
int log_files_read(struct log_files *files, char *const *names);

/* What came since then, in place of the lines that are there. */
int log_files_read_new(struct log_files *files, char *const *names);

/* The last @n lines of one service in this boot, for who has no more to do with logs. The caller calls log_files_done on 0. */
int log_files_read_end(struct log_files *files, const struct settings *settings, const char *name,
		       size_t n);

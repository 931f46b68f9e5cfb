/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "early/list.h"
#include "record.h"

#define SINK_FILE_MAX (1024 * 1024) /* then NAME.log becomes NAME.log.1 */
#define SINK_MAX_FILES                                                                             \
	400 /* each costs a descriptor and memory of /run; every session is a new name */
#define SINK_REST "syslog" /* where the lines of later names go */

struct sink_file {
	struct list link; /* sink::files */
	char *name;
	int fd;
	off_t size;
};

/* Bounded files in one directory; errors also to the kernel's log. */
struct sink {
	int dir_fd;
	int kmsg_fd; /* -1: none */
	off_t file_max;
	struct list files; /* sink_file::link */
	size_t n_files;
	void (*on_line)(const char *service, const char *line, size_t len,
			void *data); /* NULL: none */
	void *data;
};

/* Makes the directory if it is missing. */
int sink_init(struct sink *sink, const char *dir, off_t file_max);
void sink_done(struct sink *sink);

/* An error of writing goes nowhere: there is nobody left to tell. */
void sink_write(struct sink *sink, const struct record *record);

/* Appends bytes that are formatted already. */
int sink_append(struct sink *sink, const char *service, const char *bytes, size_t len);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/list.h"
#include "record.h"
#include "sink_mark.h"

#define SINK_FILE_MAX (1024 * 1024) /* then NAME.log becomes NAME.log.1 */
#define SINK_MAX_FILES 400 /* open ones, each a descriptor; every session is a new name */
#define SINK_NAME_SIZE 208 /* of a file, without .log */
#define SINK_REST "syslog" /* of those who are in no service */
#define SINK_OWN "early-log"
#define SINK_ECHO_FACILITY                                                                         \
	22 /* local6: what is told to the kernel's log and not read back from it */

/* Lines in memory only that made room for newer ones. */
struct sink_dropped {
	size_t lines; /* since all was on the disk */
	size_t told; /* of them */
};

struct sink_file {
	struct list link; /* sink::files */
	char *name;
	int fd;
	off_t size;
	struct sink_dropped dropped;
};

/* Where bytes came to lie: the file's name without .log, which of its generations, and from where on. */
struct sink_place {
	const char *file;
	uint64_t id; /* of file_id.h; 0: nowhere, the file can't be written */
	uint64_t offset;
};

/* Bounded files in one directory; errors also to the kernel's log. */
struct sink {
	int dir_fd;
	int kmsg_fd; /* -1: none */
	off_t file_max;
	uint64_t use_max; /* of all files in the directory; 0: no limit */
	uint64_t use; /* at most; counted anew when it passes the limit */
	bool tells_dropped; /* what makes room is lost: it is counted and told */
	struct sink_dropped dropped; /* of whole files that were removed */
	uint64_t zero_us; /* CLOCK_BOOTTIME that the lines' times count from */
	struct list files; /* sink_file::link */
	size_t n_files;
	void (*on_line)(const struct sink_place *place, const char *line, size_t len,
			void *data); /* NULL: none */
	void *data;
};

/* Makes the directory if it is missing. */
int sink_init(struct sink *sink, const char *dir, off_t file_max);
void sink_done(struct sink *sink);

/* Closes the file of @name, which was removed or is not written any more. */
void sink_forget(struct sink *sink, const char *name);

/* An error of writing goes nowhere: there is nobody left to tell. */
void sink_write(struct sink *sink, const struct record *record);

/* The same of a text of one line, not longer than RECORD_PIECE_MAX. @mark->number is set. */
void sink_write_marked(struct sink *sink, const struct record *record, struct sink_mark *mark);

/* Before anything is written: what became of the line @number, which the mark of a killed early-log may tell, is in mark->written. */
void sink_settle(struct sink *sink, const char *service, uint64_t number, struct sink_mark *mark);

/* Is what makes room lost from now on? */
void sink_set_tells_dropped(struct sink *sink, bool tells);

/* Appends bytes that are formatted already. */
int sink_append(struct sink *sink, const char *service, const char *bytes, size_t len);

/* Where the next @len bytes will lie; makes room for them. @ret_place->file lives as long as the sink, and is set always. */
int sink_find_place(struct sink *sink, const char *service, size_t len,
		    struct sink_place *ret_place);

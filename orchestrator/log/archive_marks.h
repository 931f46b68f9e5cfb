/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * How far each file in memory is on the disk: a file in /run that outlives every early-log, for the next one to go on where the
 * last one was stopped. One writer at a time has it locked.
 */
#define ARCHIVE_MARKS_FILE ".archived"
#define ARCHIVE_MARKS_MAX 1024
#define ARCHIVE_MARK_NAME_SIZE 224

/*
 * Set *before* bytes are appended to the archive, so that its size tells what became of them: of the file in memory @log_id
 * is on the disk what lies before @log_offset, and as much more as the archive's file @archive_id is larger than
 * @archive_size.
 */
struct archive_mark {
	char name[ARCHIVE_MARK_NAME_SIZE];
	uint64_t log_id; /* of file_id.h; 0: nothing is known */
	uint64_t log_offset;
	uint64_t archive_id;
	uint64_t archive_size;
};

struct archive_marks {
	int fd; /* -1: they are not kept */
	size_t n_marks;
	struct archive_mark marks[ARCHIVE_MARKS_MAX];
};

/* Locks and reads. Waits for a writer that is still at work. @fd is taken over. */
void archive_marks_init(struct archive_marks *marks, int fd);
void archive_marks_done(struct archive_marks *marks);

/* The mark of @name: an empty one if there was none; NULL if there is no room. */
struct archive_mark *archive_marks_find(struct archive_marks *marks, const char *name);

/* Keeps a mark of archive_marks_find() that was changed. */
void archive_marks_keep(struct archive_marks *marks, const struct archive_mark *mark);

/* How much of the file @log_id is on the disk, with the archive's files in @dir_fd. 0 if the mark is of another file. */
uint64_t archive_mark_reached(const struct archive_mark *mark, int dir_fd);

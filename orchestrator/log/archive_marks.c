/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file is a head and the marks, each in a slot of 256 bytes: none crosses a page, so that a writer killed in the middle of one
 * leaves it whole, the old or the new. It is read and written by one program; another version begins anew.
 */
#include "archive_marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "generations.h"

#define SLOT_SIZE 256
#define HEAD "early-log marks 2\n"

_Static_assert(sizeof(struct archive_mark) == SLOT_SIZE, "a mark fills its slot");

/* Of the process: it is free as soon as its owner is dead, whoever else has the file open. */
static int lock(int fd)
{
	struct flock what = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int r;

	do
		r = fcntl(fd, F_SETLKW, &what) < 0 ? -errno : 0;
	while (r == -EINTR);
	return r;
}

static bool has_our_head(int fd)
{
	char head[SLOT_SIZE];

	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       memcmp(head, HEAD, strlen(HEAD)) == 0;
}

static int write_head(int fd)
{
	char head[SLOT_SIZE] = HEAD;

	if (ftruncate(fd, 0) < 0)
		return -errno;
	return pwrite(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) ? 0 : -EIO;
}

void archive_marks_init(struct archive_marks *marks, int fd)
{
	struct archive_mark mark;
	int r;

	marks->fd = fd;
	marks->n_marks = 0;
	r = fd < 0 ? -EBADF : lock(fd);
	if (r == 0 && !has_our_head(fd))
		r = write_head(fd);
	if (r < 0) {
		log_warning_errno(r, "cannot keep what is on the disk already");
		archive_marks_done(marks);
		return;
	}
	while (marks->n_marks < ARCHIVE_MARKS_MAX &&
	       pread(fd, &mark, sizeof(mark), (off_t)((marks->n_marks + 1) * SLOT_SIZE)) ==
		       (ssize_t)sizeof(mark)) {
		mark.name[sizeof(mark.name) - 1] = '\0';
		marks->marks[marks->n_marks++] = mark;
	}
}

void archive_marks_done(struct archive_marks *marks)
{
	marks->fd = fd_close(marks->fd);
}

struct archive_mark *archive_marks_find(struct archive_marks *marks, const char *name)
{
	struct archive_mark *mark;

	for (size_t i = 0; i < marks->n_marks; i++)
		if (strcmp(marks->marks[i].name, name) == 0)
			return &marks->marks[i];
	if (marks->n_marks == ARCHIVE_MARKS_MAX || strlen(name) >= ARCHIVE_MARK_NAME_SIZE)
		return NULL;
	mark = &marks->marks[marks->n_marks++];
	*mark = (struct archive_mark){ .log_id = 0 };
	(void)snprintf(mark->name, sizeof(mark->name), "%s", name);
	return mark;
}

void archive_marks_keep(struct archive_marks *marks, const struct archive_mark *mark)
{
	size_t slot = (size_t)(mark - marks->marks) + 1;

	if (marks->fd >= 0 && pwrite(marks->fd, mark, sizeof(*mark), (off_t)(slot * SLOT_SIZE)) !=
				      (ssize_t)sizeof(*mark))
		log_warning("cannot keep what of %s is on the disk already", mark->name);
}

uint64_t archive_mark_reached(const struct archive_mark *mark, int dir_fd)
{
	char name[GENERATIONS_NAME_SIZE];
	uint64_t size;

	if (generations_find(dir_fd, mark->name, mark->archive_id, name, &size) < 0 ||
	    size <= mark->archive_size)
		return mark->log_offset;
	return mark->log_offset + size - mark->archive_size;
}

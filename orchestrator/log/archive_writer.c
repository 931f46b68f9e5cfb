/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * early-log's second process. What it copies from a file in memory, and what it is sent line by line, are the same bytes: those
 * files' content, one after the other. So it needs to know only how far it is in each (archive_marks.h), also after it
 * was killed, or early-log was: nothing comes twice then, and what is still in memory is not missed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "archive_marks.h"
#include "archive_packet.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define ARCHIVE_FILE_MAX (16 * 1024 * 1024)
#define COPY_CHUNK (64 * 1024)

struct writer {
	struct sink sink;
	struct archive_marks marks;
};

/* @ino, @offset: where the bytes lie in memory. 0: nowhere. */
static int append(struct writer *writer, const char *name, uint64_t ino, uint64_t offset,
		  const char *bytes, size_t len)
{
	struct archive_mark *mark = archive_marks_find(&writer->marks, name);
	struct sink_place place;
	int r = sink_find_place(&writer->sink, name, len, &place);

	if (r < 0)
		return r;
	if (mark && ino != 0) {
		mark->log_ino = ino;
		mark->log_offset = offset;
		mark->archive_size = place.offset;
	} else if (mark) { /* it is none of that file's bytes: they are passed over */
		mark->log_offset = archive_mark_reached(mark, writer->sink.dir_fd);
		mark->archive_size = place.offset + len;
	}
	if (mark) {
		mark->archive_ino = place.ino;
		archive_marks_keep(&writer->marks, mark);
	}
	return sink_append(&writer->sink, name, bytes, len);
}

static void copy_file(struct writer *writer, const char *name, int fd, uint64_t offset,
		      uint64_t end)
{
	static char buf[COPY_CHUNK];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return;
	while (offset < end) {
		ssize_t n = pread(fd, buf, MIN(end - offset, (uint64_t)sizeof(buf)), (off_t)offset);

		if (n <= 0 || append(writer, name, st.st_ino, offset, buf, (size_t)n) < 0)
			return; /* a full disk loses lines */
		offset += (uint64_t)n;
	}
}

/* @old_fd: the generation before, or -1. */
static void take_file(struct writer *writer, const struct archive_packet *packet, int fd,
		      int old_fd)
{
	const struct archive_mark *mark = archive_marks_find(&writer->marks, packet->name);
	uint64_t reached = mark ? archive_mark_reached(mark, writer->sink.dir_fd) : 0;
	struct stat st, old_st;

	if (fstat(fd, &st) < 0)
		return;
	if (mark && mark->log_ino == st.st_ino) {
		copy_file(writer, packet->name, fd, reached, packet->offset);
		return;
	}
	if (old_fd >= 0 && fstat(old_fd, &old_st) == 0)
		copy_file(writer, packet->name, old_fd,
			  mark && mark->log_ino == old_st.st_ino ? reached : 0,
			  (uint64_t)old_st.st_size);
	copy_file(writer, packet->name, fd, 0, packet->offset);
}

static void take_packet(struct writer *writer, const struct archive_packet *packet,
			const char *text, size_t len, int fds[ARCHIVE_MAX_FDS])
{
	switch ((enum archive_kind)packet->kind) {
	case ARCHIVE_MARKS:
		archive_marks_done(&writer->marks);
		archive_marks_init(&writer->marks, TAKE_FD(fds[0]));
		break;
	case ARCHIVE_FILE:
		if (fds[0] >= 0)
			take_file(writer, packet, fds[0], fds[1]);
		break;
	case ARCHIVE_LINE:
		(void)append(writer, packet->name, packet->ino, packet->offset, text,
			     len); /* a full disk loses lines */
		break;
	}
}

int archive_run(int fd, const char *dir)
{
	static char text[ARCHIVE_TEXT_MAX];
	static struct writer writer;
	int r = sink_init(&writer.sink, dir, ARCHIVE_FILE_MAX);

	if (r < 0) {
		(void)log_errno(r, "cannot keep logs in %s", dir);
		sink_done(&writer.sink);
		return 1;
	}
	writer.marks.fd = -1;
	for (;;) {
		struct archive_packet packet = { 0 };
		int fds[ARCHIVE_MAX_FDS];
		ssize_t len = archive_packet_receive(fd, &packet, text, sizeof(text), fds);

		if (len >= 0)
			take_packet(&writer, &packet, text, (size_t)len, fds);
		for (size_t i = 0; i < ARCHIVE_MAX_FDS; i++)
			fd_close(fds[i]);
		if (len < 0)
			break;
	}
	archive_marks_done(&writer.marks);
	sink_done(&writer.sink);
	return 0;
}

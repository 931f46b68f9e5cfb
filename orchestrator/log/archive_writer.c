/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * early-log's second process. What it copies from a file in memory, and what it is sent line by line, are the same bytes: those
 * files' content, one after the other. So it needs to know only how far it is in each (archive_marks.h), also after it
 * was killed, or early-log was: nothing comes twice then, and what is still in memory is not missed.
 *
 * A disk that takes nothing (full, read-only, broken) is waited for, with the bytes in hand; meanwhile the reader keeps the lines in
 * memory. When early-log is gone there is nothing to wait for: the next one's writer goes on from the marks.
 *
 * The times in the files count from a boot, and the files outlast it: where a boot's lines begin a line says which it is and when
 * it began, for `earlyctl log --boot` and `--since`.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "archive_marks.h"
#include "archive_packet.h"
#include "conf.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/file_id.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

#define COPY_CHUNK (64 * 1024)
#define RETRY_MS 1000
#define USE_SHARE 10 /* of the file system, by default */

struct writer {
	struct sink sink;
	struct archive_marks marks;
	const struct archive_settings *settings;
	int fd; /* of the reader */
	bool is_stuck; /* and it was told */
	bool has_given_up; /* nothing may be written behind what was not */
};

/* False: the reader is gone. */
static bool wait_for_disk(struct writer *writer, int error)
{
	struct pollfd poll_fd = { writer->fd, 0, 0 };

	if (!writer->is_stuck)
		log_warning_errno(error, "cannot write to %s, lines wait in memory until it works",
				  writer->settings->dir);
	writer->is_stuck = true;
	return poll(&poll_fd, 1, RETRY_MS) <= 0 || !(poll_fd.revents & (POLLHUP | POLLERR));
}

static void tell_unstuck(struct writer *writer)
{
	if (writer->is_stuck)
		log_info("%s can be written again", writer->settings->dir);
	writer->is_stuck = false;
}

static void set_mark(struct writer *writer, struct archive_mark *mark, uint64_t id, uint64_t offset,
		     const struct sink_place *place, size_t len)
{
	if (id != 0) {
		mark->log_id = id;
		mark->log_offset = offset;
		mark->archive_size = place->offset;
	} else { /* it is none of that file's bytes: they are passed over */
		mark->log_offset = archive_mark_reached(mark, writer->sink.dir_fd);
		mark->archive_size = place->offset + len;
	}
	mark->archive_id = place->id;
	archive_marks_keep(&writer->marks, mark);
}

/* Once. Returns how much was written, which may be a part, or negative errno. */
static ssize_t append_some(struct writer *writer, const char *name, uint64_t id, uint64_t offset,
			   const char *bytes, size_t len)
{
	struct archive_mark *mark = archive_marks_find(&writer->marks, name);
	struct sink_place place, end;
	int r = sink_find_place(&writer->sink, name, len, &place);

	if (r < 0)
		return r;
	if (mark)
		set_mark(writer, mark, id, offset, &place, len);
	r = sink_append(&writer->sink, name, bytes, len);
	if (r == 0)
		return (ssize_t)len;
	if (sink_find_place(&writer->sink, name, 0, &end) == 0 && end.id == place.id &&
	    end.offset > place.offset)
		return (ssize_t)MIN(end.offset - place.offset, (uint64_t)len);
	sink_forget(&writer->sink, name); /* opened anew, it may work */
	return r;
}

/* @id, @offset: where the bytes lie in memory. 0: nowhere. */
static int append(struct writer *writer, const char *name, uint64_t id, uint64_t offset,
		  const char *bytes, size_t len)
{
	while (len > 0 && !writer->has_given_up) {
		ssize_t n = append_some(writer, name, id, offset, bytes, len);

		if (n <= 0) {
			writer->has_given_up = writer->has_given_up ||
					       !wait_for_disk(writer, (int)n);
			if (writer->has_given_up)
				return -EIO;
			continue;
		}
		bytes += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	if (writer->has_given_up)
		return -EIO;
	tell_unstuck(writer);
	return 0;
}

/* Does it end within a line, because the machine lost its power then? */
static bool is_torn(struct writer *writer, const char *name)
{
	struct sink_place place;
	char path[SINK_NAME_SIZE + 16], last = '\n';
	CLEANUP_FD
	int fd = -1;

	if (sink_find_place(&writer->sink, name, 0, &place) < 0 || place.offset == 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s.log", place.file);
	fd = openat(writer->sink.dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && pread(fd, &last, 1, (off_t)place.offset - 1) == 1 && last != '\n';
}

/* Before the first line of this boot. */
static void begin_boot(struct writer *writer, const char *name)
{
	char *id CLEANUP(free_charp)
	= NULL;
	char when[32], line[160];
	struct timespec now;
	uint64_t began_us;
	time_t began;
	struct tm tm;
	int len;

	if (fs_read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &id) < 0 ||
	    clock_gettime(CLOCK_REALTIME, &now) < 0)
		return;
	began_us = (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000 -
		   (clock_boottime_us() - writer->settings->zero_us);
	began = (time_t)(began_us / USEC_PER_SEC);
	if (!gmtime_r(&began, &tm) || strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return;
	len = snprintf(line, sizeof(line),
		       "%s[    0.000000] info early-log: boot %s began at %s.%06uZ\n",
		       is_torn(writer, name) ? "\n" : "", id, when,
		       (unsigned int)(began_us % USEC_PER_SEC));
	(void)append(writer, name, 0, 0, line, (size_t)len); /* it comes to nothing but a search */
}

static void copy_file(struct writer *writer, const char *name, int fd, uint64_t id, uint64_t offset,
		      uint64_t end)
{
	static char buf[COPY_CHUNK];

	while (offset < end) {
		ssize_t n = pread(fd, buf, MIN(end - offset, (uint64_t)sizeof(buf)), (off_t)offset);

		if (n <= 0 || append(writer, name, id, offset, buf, (size_t)n) < 0)
			return; /* the reader is gone: the next writer goes on */
		offset += (uint64_t)n;
	}
}

/* @old_fd: the generation before, or -1. */
static void take_file(struct writer *writer, const struct archive_packet *packet, int fd,
		      int old_fd)
{
	const struct archive_mark *mark = archive_marks_find(&writer->marks, packet->name);
	uint64_t reached = mark ? archive_mark_reached(mark, writer->sink.dir_fd) : 0;
	uint64_t size, old_size;
	uint64_t id = file_id(fd, "", &size);
	uint64_t old_id = old_fd >= 0 ? file_id(old_fd, "", &old_size) : 0;

	if (id == 0)
		return;
	if (mark && mark->log_id == 0 && packet->offset > 0)
		begin_boot(writer, packet->name);
	if (mark && mark->log_id == id) {
		copy_file(writer, packet->name, fd, id, reached, packet->offset);
		return;
	}
	if (old_id != 0)
		copy_file(writer, packet->name, old_fd, old_id,
			  mark && mark->log_id == old_id ? reached : 0, old_size);
	copy_file(writer, packet->name, fd, id, 0, packet->offset);
}

static bool is_first(struct writer *writer, const struct archive_packet *packet)
{
	const struct archive_mark *mark = archive_marks_find(&writer->marks, packet->name);

	return mark && mark->log_id == 0 && packet->id != 0;
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
		if (is_first(writer, packet))
			begin_boot(writer, packet->name);
		(void)append(writer, packet->name, packet->id, packet->offset, text,
			     len); /* the reader is gone: the next writer goes on */
		break;
	}
}

static uint64_t use_max(const struct writer *writer, const struct conf *conf)
{
	struct statvfs fs;

	if (conf->max_use > 0)
		return conf->max_use;
	if (fstatvfs(writer->sink.dir_fd, &fs) < 0)
		return CONF_USE_MAX;
	return MIN((uint64_t)fs.f_blocks * fs.f_frsize / USE_SHARE, (uint64_t)CONF_USE_MAX);
}

static int open_archive(struct writer *writer)
{
	struct conf conf;
	int r;

	conf_init(&conf);
	conf_read(&conf, writer->settings->conf, false);
	do
		r = sink_init(&writer->sink, writer->settings->dir, (off_t)conf.max_file_size);
	while (r < 0 && wait_for_disk(writer, r));
	if (r < 0)
		return r;
	tell_unstuck(writer);
	writer->sink.use_max = use_max(writer, &conf);
	writer->sink.use = writer->sink.use_max; /* what is there is counted */
	writer->sink.file_max = MIN(writer->sink.file_max, (off_t)(writer->sink.use_max / 4));
	return 0;
}

int archive_run(int fd, const struct archive_settings *settings)
{
	static char text[ARCHIVE_TEXT_MAX];
	static struct writer writer;
	int r;

	writer.settings = settings;
	writer.fd = fd;
	writer.marks.fd = -1;
	r = open_archive(&writer);
	while (r == 0 && !writer.has_given_up) {
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
	return r < 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What early-log hands its second process, over one SOCK_SEQPACKET pair: first what was logged so far (the files in memory as
 * descriptors, with the length that counts), then every further line; all in one order, so that no line comes twice or is
 * missed. The reader sends without waiting. When the queue is full (a slow, a full, a read-only disk) it stops sending lines and
 * sends the files again a little later: the writer knows how far it is in each. So the files in memory are the queue's second half,
 * and only what made room there before it was written is lost; that is counted and told (sink.c).
 *
 * Early-log before this one may have had a writer that still works off its queue, or hangs with its disk: the next one waits for
 * it (the lock of archive_marks.h), while the lines wait in the queue.
 */
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_marks.h"
#include "archive_packet.h"
#include "early/channel.h"
#include "early/clock.h"
#include "early/dir.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define QUEUE_BYTES (4 * 1024 * 1024)
#define PAUSE_US (1 * USEC_PER_SEC) /* between two writers, doubled each time */
#define PAUSE_MAX_US (4 * USEC_PER_SEC)
#define STEADY_US (2 * USEC_PER_SEC) /* one that lived as long was a good one */
#define BEHIND_US (200 * USEC_PER_MSEC)

static void fill(struct archive_packet *packet, enum archive_kind kind, const char *name)
{
	*packet = (struct archive_packet){ .kind = (char)kind };
	(void)snprintf(packet->name, sizeof(packet->name), "%s", name);
}

static int start_writer(const struct archive *archive, int fd)
{
	char zero[32];
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return 0;
	(void)snprintf(zero, sizeof(zero), "%llu", (unsigned long long)archive->sink->zero_us);
	if (dup2(fd, CHANNEL_HELPER_FD) == CHANNEL_HELPER_FD &&
	    fd_set_cloexec(CHANNEL_HELPER_FD, false) == 0)
		execl("/proc/self/exe", "early-log", "--archive", archive->dir, "--conf",
		      archive->conf, "--zero", zero, (char *)NULL);
	_exit(1);
}

/* Without marks the writer copies all that is in memory. */
static void send_marks(struct archive *archive)
{
	CLEANUP_FD
	int fd = openat(archive->sink->dir_fd, ARCHIVE_MARKS_FILE,
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct archive_packet packet;

	fill(&packet, ARCHIVE_MARKS, "");
	if (fd >= 0)
		(void)archive_packet_send(archive->writer.fd, &packet, NULL, 0, &fd,
					  1); /* the queue is empty yet */
}

static int open_file(const struct archive *archive, const char *name, const char *suffix)
{
	char path[SINK_NAME_SIZE + 16];

	(void)snprintf(path, sizeof(path), "%s%s", name, suffix);
	return openat(archive->sink->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* What is in the directory, also from an early-log before this one. */
/* 0, or -EAGAIN */
static int send_file(struct archive *archive, const char *file)
{
	size_t len = strlen(file);
	struct archive_packet packet;
	int fds[ARCHIVE_MAX_FDS];
	struct stat st;
	int r = 0;

	if (len <= strlen(".log") || len - strlen(".log") >= SINK_NAME_SIZE ||
	    strcmp(file + len - strlen(".log"), ".log") != 0)
		return 0;
	fill(&packet, ARCHIVE_FILE, "");
	memcpy(packet.name, file, len - strlen(".log"));
	fds[0] = open_file(archive, packet.name, ".log");
	fds[1] = open_file(archive, packet.name, ".log.1");
	if (fds[0] >= 0 && fstat(fds[0], &st) == 0) {
		packet.offset = (uint64_t)st.st_size;
		r = archive_packet_send(archive->writer.fd, &packet, NULL, 0, fds,
					fds[1] >= 0 ? 2 : 1);
	}
	fd_close(fds[0]);
	fd_close(fds[1]);
	return r;
}

static int send_files(struct archive *archive)
{
	CLEANUP_DIR
	DIR *dir = NULL;
	struct dirent *dirent;
	int r = dir_open_at(archive->sink->dir_fd, ".", &dir);

	while (r == 0 && (dirent = readdir(dir)))
		r = send_file(archive, dirent->d_name);
	return r;
}

static void tell_lost(struct archive *archive)
{
	char text[112];
	struct archive_packet packet;
	int len =
		snprintf(text, sizeof(text),
			 "early-log: %zu lines were lost here: neither memory nor disk took them\n",
			 archive->lost);

	fill(&packet, ARCHIVE_LINE, SINK_OWN);
	if (archive_packet_send(archive->writer.fd, &packet, text, (size_t)len, NULL, 0) == 0)
		archive->lost = 0;
}

static void handle_timer(struct loop_timer *timer);

static void try_in(struct archive *archive, uint64_t span_us)
{
	if (!archive->timer.loop)
		(void)loop_timer_start(archive->loop, &archive->timer,
				       clock_monotonic_us() + span_us,
				       handle_timer); /* else the next line tries */
}

static void set_behind(struct archive *archive, bool is_behind)
{
	archive->is_behind = is_behind;
	if (archive->sink->tells_dropped != is_behind)
		sink_set_tells_dropped(archive->sink, is_behind);
}

/* A file that is sent twice is copied once. */
static void catch_up(struct archive *archive)
{
	if (send_files(archive) < 0) {
		set_behind(archive, true);
		try_in(archive, BEHIND_US);
		return;
	}
	set_behind(archive, false);
	if (archive->lost > 0)
		tell_lost(archive);
}

static void stop_writer(struct archive *archive)
{
	int fd = archive->writer.fd;

	loop_remove(&archive->writer);
	archive->writer.fd = fd_close(fd);
}

static void handle_end(struct archive *archive)
{
	bool was_steady = clock_monotonic_us() - archive->started_us > STEADY_US;

	stop_writer(archive);
	set_behind(archive, true);
	archive->pause_us = was_steady ? PAUSE_US : MIN(2 * archive->pause_us, PAUSE_MAX_US);
	loop_timer_stop(&archive->timer);
	try_in(archive, archive->pause_us);
}

/* The writer says nothing: this is its end. */
static void handle_writer(struct loop_source *source, uint32_t events)
{
	(void)events;
	handle_end(container_of(source, struct archive, writer));
}

static int begin(struct archive *archive)
{
	int pair[2];
	int size = QUEUE_BYTES;
	int r;

	archive->started_us = clock_monotonic_us();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			 sizeof(size)); /* else the default stands */
	r = start_writer(archive, pair[1]);
	close(pair[1]);
	if (r == 0)
		r = loop_add(archive->loop, &archive->writer, pair[0], 0, handle_writer);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	archive->writer.fd = pair[0];
	send_marks(archive);
	catch_up(archive);
	return 0;
}

static void handle_timer(struct loop_timer *timer)
{
	struct archive *archive = container_of(timer, struct archive, timer);

	if (archive->writer.fd >= 0)
		catch_up(archive);
	else if (begin(archive) < 0)
		handle_end(archive);
}

void archive_init(struct archive *archive, struct loop *loop, struct sink *sink, const char *conf)
{
	*archive = (struct archive){
		.loop = loop, .sink = sink, .conf = conf, .writer.fd = -1, .pause_us = PAUSE_US / 2
	};
	set_behind(archive, true);
}

int archive_start(struct archive *archive, const char *dir)
{
	int r;

	if (archive->dir)
		return 0;
	archive->dir = dir;
	r = begin(archive);
	if (r < 0)
		handle_end(archive);
	return r;
}

void archive_stop(struct archive *archive)
{
	if (!archive->loop)
		return;
	loop_timer_stop(&archive->timer);
	stop_writer(archive);
}

void archive_line(struct archive *archive, const struct sink_place *place, const char *line,
		  size_t len)
{
	struct archive_packet packet;
	int r;

	if (!archive->dir)
		return;
	if (archive->is_behind) {
		archive->lost += place->id == 0;
		try_in(archive, BEHIND_US);
		return;
	}
	fill(&packet, ARCHIVE_LINE, place->file);
	packet.id = place->id;
	packet.offset = place->offset;
	r = archive_packet_send(archive->writer.fd, &packet, line, len, NULL, 0);
	if (r == 0)
		return;
	archive->lost += place->id == 0;
	set_behind(archive, true);
	try_in(archive, BEHIND_US); /* a writer that is gone is told by its end */
}

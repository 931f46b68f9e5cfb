/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What early-log hands its second process, over one SOCK_SEQPACKET pair: first what was logged so far (the files in memory as
 * descriptors, with the length that counts), then every further line; all in one order, so that no line comes twice or is
 * missed. The reader sends without waiting.
 *
 * Early-log before this one may have had a writer that still works off its queue, or hangs with its disk: the next one waits for
 * it (the lock of archive_marks.h), while the lines wait in the queue.
 */
#include "archive.h"

#include <dirent.h>
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
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define QUEUE_BYTES (4 * 1024 * 1024)
#define PAUSE_US (1 * USEC_PER_SEC) /* between two writers */

static void fill(struct archive_packet *packet, enum archive_kind kind, const char *name)
{
	*packet = (struct archive_packet){ .kind = (char)kind };
	(void)snprintf(packet->name, sizeof(packet->name), "%s", name);
}

static int start_writer(const char *dir, int fd)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return 0;
	if (dup2(fd, CHANNEL_HELPER_FD) == CHANNEL_HELPER_FD &&
	    fd_set_cloexec(CHANNEL_HELPER_FD, false) == 0)
		execl("/proc/self/exe", "early-log", "--archive", dir, (char *)NULL);
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
		(void)archive_packet_send(archive->fd, &packet, NULL, 0, &fd,
					  1); /* the queue is empty yet */
}

static int open_file(const struct archive *archive, const char *name, const char *suffix)
{
	char path[SINK_NAME_SIZE + 16];

	(void)snprintf(path, sizeof(path), "%s%s", name, suffix);
	return openat(archive->sink->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* What is in the directory, also from an early-log before this one. */
static void send_file(struct archive *archive, const char *file)
{
	size_t len = strlen(file);
	struct archive_packet packet;
	int fds[ARCHIVE_MAX_FDS];
	struct stat st;

	if (len <= strlen(".log") || len - strlen(".log") >= SINK_NAME_SIZE ||
	    strcmp(file + len - strlen(".log"), ".log") != 0)
		return;
	fill(&packet, ARCHIVE_FILE, "");
	memcpy(packet.name, file, len - strlen(".log"));
	fds[0] = open_file(archive, packet.name, ".log");
	fds[1] = open_file(archive, packet.name, ".log.1");
	if (fds[0] >= 0 && fstat(fds[0], &st) == 0) {
		packet.offset = (uint64_t)st.st_size;
		(void)archive_packet_send(archive->fd, &packet, NULL, 0, fds,
					  fds[1] >= 0 ? 2 : 1); /* else it stays in memory only */
	}
	fd_close(fds[0]);
	fd_close(fds[1]);
}

static void send_files(struct archive *archive)
{
	int fd = openat(archive->sink->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *dirent;

	if (!dir) {
		fd_close(fd);
		return;
	}
	while ((dirent = readdir(dir)))
		send_file(archive, dirent->d_name);
	closedir(dir);
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
	r = start_writer(archive->dir, pair[1]);
	close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	archive->fd = pair[0];
	archive->lost = 0; /* as far as they are still in memory they are sent now */
	send_marks(archive);
	send_files(archive);
	return 0;
}

int archive_start(struct archive *archive, struct sink *sink, const char *dir)
{
	archive->sink = sink;
	archive->dir = dir;
	return archive->fd >= 0 ? 0 : begin(archive);
}

void archive_stop(struct archive *archive)
{
	archive->fd = fd_close(archive->fd);
}

static void tell_lost(struct archive *archive)
{
	char text[96];
	struct archive_packet packet;
	int len = snprintf(text, sizeof(text),
			   "early-log: %zu lines were lost here: the disk was too slow\n",
			   archive->lost);

	fill(&packet, ARCHIVE_LINE, "early-log");
	if (archive_packet_send(archive->fd, &packet, text, (size_t)len, NULL, 0) == 0)
		archive->lost = 0;
}

/* True if there is a writer that must be sent this line; a new one has it from the file in memory. */
static bool has_writer(struct archive *archive, const struct sink_place *place)
{
	if (archive->fd >= 0)
		return true;
	if (!archive->sink || clock_monotonic_us() - archive->started_us < PAUSE_US ||
	    begin(archive) < 0)
		return false;
	return place->ino == 0;
}

void archive_line(struct archive *archive, const struct sink_place *place, const char *line,
		  size_t len)
{
	struct archive_packet packet;
	int r;

	if (!has_writer(archive, place))
		return;
	if (archive->lost > 0)
		tell_lost(archive);
	fill(&packet, ARCHIVE_LINE, place->file);
	packet.ino = place->ino;
	packet.offset = place->offset;
	r = archive_packet_send(archive->fd, &packet, line, len, NULL, 0);
	if (r == -EAGAIN || r == -ENOBUFS)
		archive->lost++;
	else if (r < 0)
		archive_stop(archive); /* the writer is gone; the next line brings another */
}

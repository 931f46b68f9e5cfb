/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * early-log's second process. It gets over one SOCK_SEQPACKET pair first what was logged so far (each file as a descriptor with the
 * length that counts), then every further line; all in one order, so that no line comes twice or is missed. The reader
 * sends without waiting.
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

#include "early/channel.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define ARCHIVE_FILE_MAX (16 * 1024 * 1024)
#define QUEUE_BYTES (4 * 1024 * 1024)
#define PACKET_MAX (2 * RECORD_TEXT_MAX + 512)

enum packet_kind { PACKET_FILE = 'F', PACKET_LINE = 'L' };

struct packet_head {
	char kind;
	char service[255]; /* NUL-terminated */
	uint64_t size; /* PACKET_FILE: how much of it counts */
};

static int send_packet(int fd, const struct packet_head *head, const char *text, size_t len,
		       int file_fd)
{
	struct iovec parts[] = { { (void *)head, sizeof(*head) }, { (void *)text, len } };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = text ? 2 : 1 };
	struct cmsghdr *cmsg;

	if (file_fd >= 0) {
		message.msg_control = control.buf;
		message.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&message);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &file_fd, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void fill_head(struct packet_head *head, char kind, const char *service, uint64_t size)
{
	*head = (struct packet_head){ .kind = kind, .size = size };
	(void)snprintf(head->service, sizeof(head->service), "%s", service);
}

/* --- the reader's side --- */

static int start_writer(const char *dir, int fd, pid_t *ret_pid)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0) {
		*ret_pid = pid;
		return 0;
	}
	if (dup2(fd, CHANNEL_HELPER_FD) == CHANNEL_HELPER_FD &&
	    fd_set_cloexec(CHANNEL_HELPER_FD, false) == 0)
		execl("/proc/self/exe", "early-log", "--archive", dir, (char *)NULL);
	_exit(1);
}

/* What is in the directory, also from an early-log before this one. */
static void send_file(struct archive *archive, struct sink *sink, const char *name)
{
	struct packet_head head;
	struct stat st;
	size_t len = strlen(name);
	int fd;

	if (len <= strlen(".log") || strcmp(name + len - strlen(".log"), ".log") != 0)
		return;
	fd = openat(sink->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return; /* that file stays in memory only */
	if (fstat(fd, &st) == 0) {
		fill_head(&head, PACKET_FILE, name, (uint64_t)st.st_size);
		head.service[MIN(len, sizeof(head.service) - 1) - strlen(".log")] = '\0';
		(void)send_packet(archive->fd, &head, NULL, 0, fd); /* the queue is empty yet */
	}
	close(fd);
}

static void send_files(struct archive *archive, struct sink *sink)
{
	int fd = openat(sink->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *dirent;

	if (!dir) {
		fd_close(fd);
		return;
	}
	while ((dirent = readdir(dir)))
		send_file(archive, sink, dirent->d_name);
	closedir(dir);
}

int archive_start(struct archive *archive, struct sink *sink, const char *dir)
{
	int pair[2];
	int size = QUEUE_BYTES;
	int r;

	if (archive->fd >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			 sizeof(size)); /* else the default stands */
	r = start_writer(dir, pair[1], &archive->pid);
	close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	archive->fd = pair[0];
	send_files(archive, sink);
	return 0;
}

void archive_stop(struct archive *archive)
{
	archive->fd = fd_close(archive->fd);
}

static void tell_lost(struct archive *archive)
{
	char text[96];
	struct packet_head head;
	int len = snprintf(text, sizeof(text),
			   "early-log: %zu lines were lost here: the disk was too slow\n",
			   archive->lost);

	fill_head(&head, PACKET_LINE, "early-log", 0);
	if (send_packet(archive->fd, &head, text, (size_t)len, -1) == 0)
		archive->lost = 0;
}

void archive_line(struct archive *archive, const char *service, const char *line, size_t len)
{
	struct packet_head head;
	int r;

	if (archive->fd < 0)
		return;
	if (archive->lost > 0)
		tell_lost(archive);
	fill_head(&head, PACKET_LINE, service, 0);
	r = send_packet(archive->fd, &head, line, len, -1);
	if (r == -EAGAIN || r == -ENOBUFS)
		archive->lost++;
	else if (r < 0)
		archive_stop(archive); /* the writer is gone */
}

/* --- the writer's side --- */

static void copy_file(struct sink *sink, const struct packet_head *head, int fd)
{
	static char buf[64 * 1024];
	uint64_t left = head->size;
	off_t offset = 0;

	while (left > 0) {
		ssize_t n = pread(fd, buf, MIN(left, (uint64_t)sizeof(buf)), offset);

		if (n <= 0 || sink_append(sink, head->service, buf, (size_t)n) < 0)
			return;
		offset += n;
		left -= (uint64_t)n;
	}
}

/* The descriptor that came with a packet, or -1. */
static int take_fd(struct msghdr *message)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static ssize_t receive(int fd, struct packet_head *head, char *text, size_t size, int *ret_file_fd)
{
	struct iovec parts[] = { { head, sizeof(*head) }, { text, size } };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

	*ret_file_fd = len > 0 ? take_fd(&message) : -1;
	head->service[sizeof(head->service) - 1] = '\0';
	return len;
}

int archive_run(int fd, const char *dir)
{
	static char text[PACKET_MAX];
	struct sink sink;
	int r = sink_init(&sink, dir, ARCHIVE_FILE_MAX);

	if (r < 0) {
		(void)log_errno(r, "cannot keep logs in %s", dir);
		sink_done(&sink);
		return 1;
	}
	for (;;) {
		struct packet_head head = { 0 };
		int file_fd;
		ssize_t len = receive(fd, &head, text, sizeof(text), &file_fd);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < (ssize_t)sizeof(head))
			break;
		if (head.kind == PACKET_FILE && file_fd >= 0)
			copy_file(&sink, &head, file_fd);
		else if (head.kind == PACKET_LINE)
			(void)sink_append(&sink, head.service, text,
					  (size_t)len - sizeof(head)); /* a full disk loses lines */
		fd_close(file_fd);
	}
	sink_done(&sink);
	return 0;
}

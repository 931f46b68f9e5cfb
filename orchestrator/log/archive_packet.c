/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "archive_packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "early/fd.h"
#include "early/macros.h"

union control {
	char buf[CMSG_SPACE(ARCHIVE_MAX_FDS * sizeof(int))];
	struct cmsghdr align;
};

int archive_packet_send(int fd, const struct archive_packet *packet, const char *text, size_t len,
			const int *fds, size_t n_fds)
{
	struct iovec parts[] = { { (void *)packet, sizeof(*packet) }, { (void *)text, len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = text ? 2 : 1 };
	union control control = { { 0 } };

	if (n_fds > 0) {
		struct cmsghdr *cmsg = &control.align;

		message.msg_control = control.buf;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *message, int ret_fds[ARCHIVE_MAX_FDS])
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(message);
	size_t n;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
		return;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(ret_fds, CMSG_DATA(cmsg), MIN(n, (size_t)ARCHIVE_MAX_FDS) * sizeof(int));
}

ssize_t archive_packet_receive(int fd, struct archive_packet *ret_packet, char *text, size_t size,
			       int ret_fds[ARCHIVE_MAX_FDS])
{
	struct iovec parts[] = { { ret_packet, sizeof(*ret_packet) }, { text, size } };
	union control control;
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = ARRAY_SIZE(parts),
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t len;

	for (size_t i = 0; i < ARCHIVE_MAX_FDS; i++)
		ret_fds[i] = -1;
	do
		len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	if (len > 0)
		take_fds(&message, ret_fds);
	if (len < (ssize_t)sizeof(*ret_packet))
		return -ENODATA;
	ret_packet->name[sizeof(ret_packet->name) - 1] = '\0';
	return len - (ssize_t)sizeof(*ret_packet);
}

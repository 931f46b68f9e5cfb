/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One message is one packet. A dispatch receives one packet and calls back once, so that a callback that frees the channel
 * leaves nothing to be touched; more packets are reported again by the level-triggered loop.
 *
 * Sending never calls back: a dead peer shows as hang-up in the loop, and a peer that does not read until the queue is
 * full is shut down, which shows in the same way.
 */
#include "early/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "early/fd.h"

struct channel_packet {
	struct list link; /* channel::queue */
	uint32_t len;
	uint32_t n_fds;
	int fds[CHANNEL_MAX_FDS]; /* duplicates, owned */
	unsigned char data[];
};

union control_buffer {
	char data[CMSG_SPACE(sizeof(int) * CHANNEL_MAX_FDS)];
	struct cmsghdr align;
};

static void packet_free(struct channel_packet *packet)
{
	for (uint32_t i = 0; i < packet->n_fds; i++)
		fd_close(packet->fds[i]);
	free(packet);
}

bool channel_is_open(const struct channel *channel)
{
	return channel->fd >= 0 && channel->loop;
}

void channel_close(struct channel *channel)
{
	struct channel_packet *packet, *tmp;
	uint32_t n_heard;

	if (channel->gone)
		*channel->gone = true;
	channel->gone = NULL;
	if (!channel->loop)
		return;
	loop_remove(&channel->source);
	n_heard = channel->keeps ? unread_forget(&channel->unread) : 0;
	if (n_heard > 0)
		loop_close_settled(channel->loop, TAKE_FD(channel->fd), n_heard);
	channel->fd = fd_close(channel->fd);
	list_for_each_safe (packet, tmp, &channel->queue, link) {
		list_remove(&packet->link);
		packet_free(packet);
	}
	channel->queued_bytes = 0;
	channel->loop = NULL;
}

static int send_packet(int fd, const void *data, size_t len, const int *fds, uint32_t n_fds)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	union control_buffer control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > 0) {
		struct cmsghdr *cmsg = &control.align;

		msg.msg_control = control.data;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n_fds);
	}
	while (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static void flush_queue(struct channel *channel)
{
	struct channel_packet *packet;

	while ((packet = list_first(&channel->queue, struct channel_packet, link))) {
		int r = send_packet(channel->fd, packet->data, packet->len, packet->fds,
				    packet->n_fds);

		if (r == -EAGAIN)
			return;
		/* A dead peer is noticed by its hang-up; its packets go nowhere. */
		list_remove(&packet->link);
		channel->queued_bytes -= packet->len;
		packet_free(packet);
	}
	(void)loop_modify(&channel->source, EPOLLIN); /* of a source that is added: cannot fail */
}

/* Collects the descriptors of a received packet; more than fit were closed by the kernel. */
static void take_fds(struct msghdr *msg, struct channel_message *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && message->n_fds < CHANNEL_MAX_FDS; i++)
			memcpy(&message->fds[message->n_fds++], CMSG_DATA(c) + i * sizeof(int),
			       sizeof(int));
	}
}

static void seek(const struct channel *channel)
{
	if (channel->keeps)
		unread_seek(&channel->unread);
}

/* One packet into *ret_buf (free). 0: end of file, else its length. */
static int receive_packet(struct channel *channel, unsigned char **ret_buf,
			  struct channel_message *message)
{
	int keep = channel->keeps ? MSG_PEEK : 0;
	union control_buffer control;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.data,
			      .msg_controllen = sizeof(control.data) };
	unsigned char *buf;
	char byte;
	ssize_t n;

	seek(channel);
	n = recv(channel->fd, &byte, 1, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	if (n > WIRE_MAX_MESSAGE)
		return -EPROTO;
	buf = malloc((size_t)n);
	if (!buf)
		return -ENOMEM;
	iov.iov_base = buf;
	iov.iov_len = (size_t)n;
	seek(channel);
	n = recvmsg(channel->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | keep);
	if (n <= 0) {
		int r = n < 0 ? -errno : 0;

		free(buf);
		return r;
	}
	take_fds(&msg, message);
	if (channel->keeps)
		unread_note(&channel->unread, channel->loop, (size_t)n);
	*ret_buf = buf;
	return (int)n;
}

static void close_with(struct channel *channel, int error)
{
	void (*on_close)(struct channel *, int) = channel->on_close;

	channel_close(channel);
	if (on_close)
		on_close(channel, error);
}

/* False if nothing was there to be received, or nothing more can be. */
static bool receive(struct channel *channel)
{
	struct channel_message message = { .n_fds = 0 };
	unsigned char *buf = NULL;
	bool gone = false;
	uint32_t len;
	int n = receive_packet(channel, &buf, &message);

	if (n == -EAGAIN || n == -EINTR)
		return n == -EINTR;
	if (n <= 0) {
		close_with(channel, n);
		return false;
	}
	if (wire_peek(buf, (size_t)n, &message.opcode, &len) < 0 || len != (uint32_t)n ||
	    !wire_find(channel->protocol, message.opcode)) {
		gone = true;
		close_with(channel, -EPROTO);
	} else {
		message.data = buf;
		message.len = len;
		/* cppcheck-suppress autoVariables ; taken back below, before it goes out of scope */
		channel->gone = &gone;
		channel->on_message(channel, &message);
		if (!gone)
			channel->gone = NULL;
	}
	for (uint32_t i = 0; i < message.n_fds; i++)
		fd_close(message.fds[i]);
	free(buf);
	return !gone;
}

void channel_drain(struct channel *channel, uint32_t max)
{
	/* After a callback that closed it the channel may be freed memory, or another one: not looked at again. */
	if (!channel_is_open(channel))
		return;
	while (max-- > 0 && receive(channel))
		continue;
}

static void handle_channel(struct loop_source *source, uint32_t events)
{
	struct channel *channel = container_of(source, struct channel, source);

	if (events & EPOLLOUT)
		flush_queue(channel);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		(void)receive(channel); /* what is left is reported again */
}

int channel_init(struct channel *channel, struct loop *loop, int fd,
		 const struct wire_protocol *protocol,
		 void (*on_message)(struct channel *channel, struct channel_message *message),
		 void (*on_close)(struct channel *channel, int error), void *data)
{
	int r;

	*channel = (struct channel){ .loop = loop,
				     .protocol = protocol,
				     .fd = fd,
				     .on_message = on_message,
				     .on_close = on_close,
				     .data = data };
	list_init(&channel->queue);
	r = fd_set_nonblock(fd, true);
	if (r >= 0)
		r = fd_set_cloexec(fd, true);
	if (r >= 0)
		r = loop_add(loop, &channel->source, fd, EPOLLIN, handle_channel);
	if (r < 0)
		channel_close(channel);
	return r;
}

void channel_keep_unread(struct channel *channel)
{
	channel->keeps = true;
	unread_init(&channel->unread, channel->fd);
}

/* Puts a packet behind those that wait; its descriptors are duplicated. */
static int enqueue(struct channel *channel, const void *data, size_t len, const int *fds,
		   uint32_t n_fds)
{
	struct channel_packet *packet;

	if (channel->queued_bytes + len > CHANNEL_QUEUE_MAX) {
		(void)shutdown(channel->fd, SHUT_RDWR);
		return -ENOBUFS;
	}
	packet = malloc(sizeof(*packet) + len);
	if (!packet)
		return -ENOMEM;
	packet->len = (uint32_t)len;
	packet->n_fds = 0;
	memcpy(packet->data, data, len);
	for (uint32_t i = 0; i < n_fds; i++) {
		int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);

		if (fd < 0) {
			int r = -errno;

			packet_free(packet);
			return r;
		}
		packet->fds[packet->n_fds++] = fd;
	}
	list_append(&channel->queue, &packet->link);
	channel->queued_bytes += (uint32_t)len;
	return loop_modify(&channel->source, EPOLLIN | EPOLLOUT);
}

static int send_or_queue(struct channel *channel, uint16_t opcode, const void *value,
			 const int *fds, uint32_t n_fds)
{
	unsigned char small[1024];
	CLEANUP(free_charp)
	char *big = NULL;
	void *data = small;
	int len, r;

	len = wire_pack(channel->protocol, opcode, value, small, sizeof(small));
	if (len > (int)sizeof(small)) {
		data = big = malloc((size_t)len);
		if (!big)
			return -ENOMEM;
		len = wire_pack(channel->protocol, opcode, value, big, (size_t)len);
	}
	if (len < 0)
		return len;
	if (!list_empty(&channel->queue))
		return enqueue(channel, data, (size_t)len, fds, n_fds);
	r = send_packet(channel->fd, data, (size_t)len, fds, n_fds);
	return r == -EAGAIN ? enqueue(channel, data, (size_t)len, fds, n_fds) : r;
}

int channel_send_fds(struct channel *channel, uint16_t opcode, const void *value, const int *fds,
		     uint32_t n_fds)
{
	int r;

	if (!channel_is_open(channel))
		return -ENOTCONN;
	if (n_fds > CHANNEL_MAX_FDS)
		return -EINVAL;
	r = send_or_queue(channel, opcode, value, fds, n_fds);
	/* A peer that waits for what was lost would wait for ever. */
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		(void)shutdown(channel->fd, SHUT_RDWR);
	return r;
}

int channel_send(struct channel *channel, uint16_t opcode, const void *value)
{
	return channel_send_fds(channel, opcode, value, NULL, 0);
}

int channel_unpack(const struct channel *channel, const struct channel_message *message,
		   void *ret_value, size_t value_size)
{
	return wire_unpack(channel->protocol, message->data, message->len, message->opcode,
			   ret_value, value_size);
}

int channel_pair(int *ret_ours, int *ret_theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

int channel_send_sync(int fd, const struct wire_protocol *protocol, uint16_t opcode,
		      const void *value)
{
	CLEANUP(free_charp)
	char *buf = malloc(WIRE_MAX_MESSAGE);
	int len;

	if (!buf)
		return -ENOMEM;
	len = wire_pack(protocol, opcode, value, buf, WIRE_MAX_MESSAGE);
	return len < 0 ? len : send_packet(fd, buf, (size_t)len, NULL, 0);
}

/* Of a packet that holds one whole message. */
static int check_packet(const void *buf, ssize_t n, size_t size, uint16_t *ret_opcode)
{
	uint32_t len;
	int r;

	if ((size_t)n > size)
		return -EMSGSIZE;
	r = wire_peek(buf, (size_t)n, ret_opcode, &len);
	if (r < 0)
		return r == -EAGAIN ? -EPROTO : r;
	return len == (uint32_t)n ? (int)n : -EPROTO;
}

int channel_receive_sync(int fd, void *buf, size_t size, uint16_t *ret_opcode)
{
	ssize_t n;

	do
		n = recv(fd, buf, size, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	return check_packet(buf, n, size, ret_opcode);
}

int channel_receive_fd_sync(int fd, void *buf, size_t size, uint16_t *ret_opcode, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { buf, size };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	const struct cmsghdr *cmsg;
	int received CLEANUP_FD
	= -1;
	ssize_t n;
	int r;

	do
		n = recvmsg(fd, &msg, MSG_TRUNC | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&received, CMSG_DATA(cmsg), sizeof(received));
	r = check_packet(buf, n, size, ret_opcode);
	if (r > 0)
		*ret_fd = TAKE_FD(received);
	return r;
}

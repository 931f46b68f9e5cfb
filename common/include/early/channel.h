/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/list.h"
#include "early/loop.h"
#include "early/unread.h"
#include "early/wire.h"

/*
 * A message link over SOCK_SEQPACKET, non-blocking on both sides. What the socket does not take at once is queued; a peer
 * that lets more than CHANNEL_QUEUE_MAX bytes pile up is treated as dead. End of file, a malformed message and a full queue
 * all end in @on_close, once, after which the channel is closed. A callback may close and free the channel.
 */
#define CHANNEL_QUEUE_MAX (1024 * 1024)
#define CHANNEL_MAX_FDS 8

/* The descriptor at which a helper of PID 1 finds its link. */
#define CHANNEL_HELPER_FD 3

struct channel;

/* What came: fields unpacked by the callback's own choice of struct, by channel_unpack(). */
struct channel_message {
	uint16_t opcode;
	const void *data;
	uint32_t len;
	int fds[CHANNEL_MAX_FDS]; /* the receiver takes one with TAKE_FD; the rest is closed after the callback */
	uint32_t n_fds;
};

struct channel {
	struct loop_source source;
	struct loop *loop;
	const struct wire_protocol *protocol;
	struct list queue; /* channel_packet::link */
	uint32_t queued_bytes;
	int fd;
	bool keeps;
	struct unread unread; /* if it keeps */
	bool *gone; /* set by channel_close while a callback of this channel runs */
	void (*on_message)(struct channel *channel, struct channel_message *message);
	void (*on_close)(struct channel *channel, int error); /* error: 0 for end of file */
	void *data;
};

/* Takes @fd over (also on failure) and makes it non-blocking and CLOEXEC. */
int channel_init(struct channel *channel, struct loop *loop, int fd,
		 const struct wire_protocol *protocol,
		 void (*on_message)(struct channel *channel, struct channel_message *message),
		 void (*on_close)(struct channel *channel, int error), void *data);

/*
 * From now on a message leaves the socket only when the turn in which it was handled is settled (early/unread.h), and so does the
 * socket itself if the channel is closed meanwhile.
 */
void channel_keep_unread(struct channel *channel);

/* Closes without calling on_close. Idempotent; zeroed memory with fd -1 is fine. */
void channel_close(struct channel *channel);

bool channel_is_open(const struct channel *channel);

/*
 * Receives what has arrived, @max messages at most, without waiting for the loop: for a peer that is known to be dead.
 * Callbacks come as usual; one may close the channel, which ends it.
 */
void channel_drain(struct channel *channel, uint32_t max);

/*
 * Sends, or queues. -ENOTCONN when closed, -ENOBUFS when the queue is full. A link that lost a message (that, or no memory) is
 * shut down: on_close follows. @fds stay the caller's.
 */
int channel_send(struct channel *channel, uint16_t opcode, const void *value);
int channel_send_fds(struct channel *channel, uint16_t opcode, const void *value, const int *fds,
		     uint32_t n_fds);

/* Unpacks a received message into @ret_value. */
int channel_unpack(const struct channel *channel, const struct channel_message *message,
		   void *ret_value, size_t value_size);

/* A connected pair, both CLOEXEC. */
int channel_pair(int *ret_ours, int *ret_theirs);

/*
 * Blocking forms for programs without a loop (earlyctl, one-shots): one message out, one message in. The received bytes
 * are in @buf. Return the length, 0 at end of file, negative errno.
 */
int channel_send_sync(int fd, const struct wire_protocol *protocol, uint16_t opcode,
		      const void *value);
int channel_receive_sync(int fd, void *buf, size_t size, uint16_t *ret_opcode);

/* The same with the one descriptor that may come along, which is the caller's then (CLOEXEC); -1: none. */
int channel_receive_fd_sync(int fd, void *buf, size_t size, uint16_t *ret_opcode, int *ret_fd);

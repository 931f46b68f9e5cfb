/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/loop.h"

/*
 * Messages of a socket that were handled but are still in it, until the loop settles: whoever takes the socket over from a
 * program that crashed before it could save what came of them reads them again.
 */
struct unread {
	struct loop_hook hook;
	int fd; /* the owner's */
	uint32_t n;
	size_t bytes;
};

/* Also for a socket that comes from another program: all that is in it is new. */
void unread_init(struct unread *unread, int fd);

/* Before a message is received by MSG_PEEK: it is the first one that was not noted yet. */
void unread_seek(const struct unread *unread);

/* One of @len bytes (the whole of it) is being handled. */
void unread_note(struct unread *unread, struct loop *loop, size_t len);

/* Before the owner lets go of the socket: how many there are. They are the closer's to take out now. */
uint32_t unread_forget(struct unread *unread);

/* Takes the first @n messages out of @fd. */
void unread_take_out(int fd, uint32_t n);

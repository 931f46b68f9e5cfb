/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A message is looked at and not taken out (MSG_PEEK); the next look begins behind it, which the kernel does by a number of bytes
 * (SO_PEEK_OFF). That number belongs to the socket and outlives an exec, so it is set whenever it counts.
 */
#include "early/unread.h"

#include <sys/socket.h>

static void set_offset(int fd, int offset)
{
	/* Fails for no socket of AF_UNIX. */
	(void)setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
}

void unread_init(struct unread *unread, int fd)
{
	*unread = (struct unread){ .fd = fd };
	set_offset(fd, -1);
}

void unread_seek(const struct unread *unread)
{
	if (unread->n > 0)
		set_offset(unread->fd, (int)unread->bytes);
}

void unread_take_out(int fd, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		(void)recv(fd, NULL, 0, MSG_DONTWAIT); /* its descriptors are closed */
}

static void take_out(struct loop_hook *hook)
{
	struct unread *unread = container_of(hook, struct unread, hook);

	unread_take_out(unread->fd, unread->n);
	unread->n = 0;
	unread->bytes = 0;
	set_offset(unread->fd, -1);
}

void unread_note(struct unread *unread, struct loop *loop, size_t len)
{
	unread->n++;
	unread->bytes += len;
	loop_hook_settled(loop, &unread->hook, take_out);
}

uint32_t unread_forget(struct unread *unread)
{
	uint32_t n = unread->n;

	loop_hook_cancel(&unread->hook);
	unread->n = 0;
	unread->bytes = 0;
	return n;
}

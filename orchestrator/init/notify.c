/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"

#include "crash.h"

/*
 * One socket for each service, because the sender may be dead, and its group gone, when the message is read: the socket says
 * whose it is. Anybody may connect to it (a service's user is not known here), so what a message may do is judged by the
 * credentials that the kernel puts beside it.
 *
 * What was read stays in the socket until the state is saved: READY=1 comes once, and a crash must not lose it.
 *
 * A sender that floods gets NOTIFY_BATCH messages for each turn of the loop, like everybody else.
 */
#define NOTIFY_BATCH 16
#define NOTIFY_DRAIN 512 /* a queue where net.unix.max_dgram_qlen was raised, as is usual */

static void close_fds(int *fds, size_t n_fds)
{
	for (size_t i = 0; i < n_fds; i++)
		fds[i] = fd_close(fds[i]);
}

/* Sorts out the control messages. */
static void read_control(struct msghdr *msg, struct notify_message *message, int *fds)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_RIGHTS) {
			message->n_fds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(cmsg), message->n_fds * sizeof(int));
		} else if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			struct ucred ucred;

			memcpy(&ucred, CMSG_DATA(cmsg), sizeof(ucred));
			message->pid = ucred.pid;
			message->uid = ucred.uid;
		}
	}
}

/* One datagram. False when there is none, or the socket is gone. */
static bool receive(struct notify *notify)
{
	static union {
		char buf[CMSG_SPACE(sizeof(int) * NOTIFY_MAX_FDS) +
			 CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	static int fds[NOTIFY_MAX_FDS];
	static char text[NOTIFY_MAX_BYTES + 1];
	struct iovec iov = { text, NOTIFY_MAX_BYTES };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct notify_message message = { .text = text, .fds = fds };
	ssize_t n;

	unread_seek(&notify->unread);
	n = recvmsg(notify->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_PEEK | MSG_TRUNC);
	if (n < 0)
		return errno == EINTR;
	unread_note(&notify->unread, notify->loop, (size_t)n);
	read_control(&msg, &message, fds);
	text[MIN(n, NOTIFY_MAX_BYTES)] = '\0';
	crash_note_message(notify->fd, notify->unread.n);
	if (message.pid > 0 && !(msg.msg_flags & MSG_TRUNC) && strlen(text) == (size_t)n)
		notify->fn(notify, &message);
	else
		log_debug("%s: broken message dropped", notify->path);
	crash_note_message(-1, 0);
	close_fds(fds, message.n_fds);
	return true;
}

static void receive_some(struct notify *notify, int max)
{
	for (int i = 0; i < max && notify->fd >= 0; i++)
		if (!receive(notify))
			return;
}

static void handle_readable(struct loop_source *source, uint32_t events)
{
	receive_some(container_of(source, struct notify, source), NOTIFY_BATCH);
}

void notify_drain(struct notify *notify)
{
	if (notify)
		receive_some(notify, NOTIFY_DRAIN);
}

static int bind_to(int fd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	(void)unlink(path); /* what a killed predecessor left, or nothing */
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (chmod(path, 0777) < 0)
		return -errno;
	return 0;
}

int notify_adopt(struct notify *notify, struct loop *loop, int fd, const char *path, notify_fn fn)
{
	int one = 1, r;

	notify->loop = loop;
	notify->fn = fn;
	notify->fd = fd;
	notify->path = strdup(path);
	unread_init(&notify->unread, fd);
	r = notify->path ? fd_set_cloexec(fd, true) : -ENOMEM;
	if (r == 0 && setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
		r = -errno;
	if (r == 0)
		r = loop_add(loop, &notify->source, fd, EPOLLIN, handle_readable);
	if (r < 0)
		notify_close(notify);
	return r;
}

int notify_new(struct notify **ret, void *data)
{
	struct notify *notify = calloc(1, sizeof(*notify));

	if (!notify)
		return -ENOMEM;
	notify->fd = -1;
	notify->data = data;
	*ret = notify;
	return 0;
}

int notify_open(struct notify *notify, struct loop *loop, const char *run_dir, const char *name,
		notify_fn fn)
{
	char path[512];
	int fd, r;

	if (notify->fd >= 0)
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/notify/%s", run_dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = bind_to(fd, path);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return notify_adopt(notify, loop, fd, path, fn);
}

int notify_fd(const struct notify *notify)
{
	return notify ? notify->fd : -1;
}

void notify_close(struct notify *notify)
{
	if (!notify)
		return;
	loop_remove(&notify->source);
	(void)unread_forget(&notify->unread); /* nobody waits for what it said */
	notify->fd = fd_close(notify->fd);
	if (notify->path)
		(void)unlink(notify->path); /* gone with its directory is just as well */
	free(notify->path);
	notify->path = NULL;
}

const char *notify_find(const char *text, const char *key, size_t *ret_len)
{
	size_t key_len = strlen(key);

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > key_len && strncmp(text, key, key_len) == 0 && text[key_len] == '=') {
			*ret_len = len - key_len - 1;
			return text + key_len + 1;
		}
		text += len + (text[len] == '\n');
	}
	return NULL;
}

bool notify_get(const char *text, const char *key, char *buf, size_t size)
{
	size_t len;
	const char *value = notify_find(text, key, &len);

	if (!value || size == 0)
		return false;
	len = MIN(len, size - 1);
	memcpy(buf, value, len);
	buf[len] = '\0';
	return true;
}

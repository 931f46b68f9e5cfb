/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two kinds of syslog daemon:
 *
 * One with a socket of its own beside the journal's (syslog.socket: rsyslog, syslog-ng as Debian has them). /dev/log stays early-log's,
 * and each message goes on to that socket, which somebody else may hold while the daemon is not there: nothing has a gap.
 *
 * One that binds /dev/log itself, over our link or over the socket that it leads to. It is told what came so far, and what comes by
 * other ways. Nobody tells when it dies without cleaning up: its socket is asked every two seconds, as long as it is there. Between
 * its unlink and its bind nothing of ours may get in the way, hence the pause before /dev/log is taken back.
 *
 * What is sent is out of the backlog before it is on its way, so nothing comes twice; a message that is on its way when early-log
 * is killed is lost with it.
 */
#include "forward.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define PAUSE_US (100 * USEC_PER_MSEC)
#define PROBE_US (2 * USEC_PER_SEC)
#define SENDS_PER_TURN 256
#define FACILITY_SYSLOG 5
#define LEVEL_WARNING 4

static int connect_to(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_FD
	= socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

bool forward_is_alive(const char *path)
{
	int fd = -1;
	int r = connect_to(path, &fd);

	fd_close(fd);
	return r == 0;
}

int forward_link(const char *dev_log, const char *socket)
{
	struct stat st;

	if (lstat(dev_log, &st) == 0 && S_ISSOCK(st.st_mode) && forward_is_alive(dev_log))
		return 0;
	(void)unlink(dev_log);
	return symlink(socket, dev_log) < 0 ? -errno : 0;
}

/* The path that a daemon has taken from us; NULL if it is ours. */
static const char *taken_path(const struct forward *forward)
{
	struct stat st;

	if (lstat(forward->dev_log, &st) == 0 && S_ISSOCK(st.st_mode))
		return forward->dev_log;
	if (lstat(forward->socket, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_ino != forward->socket_ino)
		return forward->socket;
	return NULL;
}

static void leave_daemon(struct forward *forward)
{
	int fd = forward->daemon.fd;

	loop_remove(&forward->daemon);
	fd_close(fd);
	forward->daemon.fd = -1;
}

/* --- sending --- */

/* The process that said it may be gone: then it goes as our own. */
static int send_as(int fd, const struct ucred *sender, char *bytes, size_t len)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec part = { bytes, len };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_CREDENTIALS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(*sender));
	memcpy(CMSG_DATA(cmsg), sender, sizeof(*sender));
	if (sender->pid > 0 && sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (sender->pid > 0 && errno != ESRCH && errno != EPERM)
		return -errno;
	message.msg_control = NULL;
	message.msg_controllen = 0;
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* True for what may end: a full queue, or a daemon that is gone. */
static bool comes_again(int error)
{
	return error == -EAGAIN || error == -ENOBUFS || error == -ENOMEM ||
	       error == -ECONNREFUSED || error == -ECONNRESET || error == -ENOTCONN ||
	       error == -EPIPE;
}

/* 0: sent; -ENOENT: there is nothing more. */
static int send_oldest(struct forward *forward)
{
	static char buf[BACKLOG_ENTRY_MAX]; /* one thread; too large for the stack */
	struct ucred sender;
	ssize_t len = backlog_oldest(&forward->backlog, &sender, buf);
	int r;

	if (len < 0)
		return (int)len;
	backlog_remove(&forward->backlog, (size_t)len);
	r = send_as(forward->daemon.fd, &sender, buf, (size_t)len);
	if (r == -EMSGSIZE)
		r = send_as(forward->daemon.fd, &sender, buf, MIN((size_t)len, (size_t)2048));
	if (r == 0 || !comes_again(r))
		return 0; /* nobody would ever take it */
	backlog_restore(&forward->backlog, (size_t)len);
	return r;
}

static void look(struct forward *forward);

static void send_backlog(struct forward *forward)
{
	int r = 0;

	for (int i = 0; i < SENDS_PER_TURN && r == 0; i++)
		r = send_oldest(forward);
	if (r == 0 || r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM) {
		(void)loop_modify(&forward->daemon, EPOLLOUT); /* else the next message goes on */
		return;
	}
	(void)loop_modify(&forward->daemon, 0); /* else it costs a turn */
	if (r == -ENOENT)
		return;
	leave_daemon(forward);
	look(forward); /* another may be there already */
}

static void handle_daemon(struct loop_source *source, uint32_t events)
{
	struct forward *forward = container_of(source, struct forward, daemon);

	(void)events;
	send_backlog(forward);
}

static void tell_dropped(struct forward *forward)
{
	uint64_t n = backlog_take_dropped(&forward->backlog);
	struct ucred sender = { .pid = 0 };
	char text[96];
	struct record record = {
		.identifier = "early-log", .pid = getpid(), .level = LEVEL_WARNING, .text = text
	};

	if (n == 0)
		return;
	record.len = (size_t)snprintf(
		text, sizeof(text), "%llu older messages were dropped: no syslog daemon took them",
		(unsigned long long)n);
	forward_record(forward, &sender, FACILITY_SYSLOG, &record);
}

static int find_daemon(struct forward *forward, const char *path)
{
	int fd = -1;
	int r;

	if (forward->daemon.fd >= 0)
		return 0;
	r = connect_to(path, &fd);
	if (r < 0)
		return r;
	r = loop_add(forward->loop, &forward->daemon, fd, 0, handle_daemon);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	forward->daemon.fd = fd;
	return 0;
}

/* --- who has /dev/log --- */

static void take_back(struct forward *forward)
{
	struct stat st;
	int r = 0;

	if (lstat(forward->socket, &st) < 0 || st.st_ino != forward->socket_ino)
		r = forward->listen(forward, forward->data);
	if (r == 0 && lstat(forward->dev_log, &st) < 0)
		r = forward_link(forward->dev_log, forward->socket);
	if (r < 0)
		(void)log_errno(r, "cannot take %s back", forward->dev_log);
}

static void handle_timer(struct loop_timer *timer)
{
	look(container_of(timer, struct forward, timer));
}

static void look_in(struct forward *forward, uint64_t span_us)
{
	(void)loop_timer_start(forward->loop, &forward->timer, clock_monotonic_us() + span_us,
			       handle_timer); /* else the next event looks */
}

static void look(struct forward *forward)
{
	const char *taken = taken_path(forward);

	if (taken && !forward_is_alive(taken)) {
		leave_daemon(forward);
		(void)unlink(taken); /* of a daemon that died without it */
		taken = NULL;
	}
	if (taken)
		look_in(forward, PROBE_US);
	else
		take_back(forward);
	if (!forward->is_enabled || find_daemon(forward, taken ? taken : forward->syslog) < 0)
		return;
	tell_dropped(forward);
	(void)loop_modify(&forward->daemon, EPOLLOUT); /* else the next message goes on */
}

static const char *file_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Returns whether it concerns a place of ours. */
static bool is_ours(const struct forward *forward, const struct inotify_event *event)
{
	return event->len > 0 && (strcmp(event->name, file_of(forward->dev_log)) == 0 ||
				  strcmp(event->name, file_of(forward->socket)) == 0 ||
				  strcmp(event->name, file_of(forward->syslog)) == 0);
}

static void handle_watch(struct loop_source *source, uint32_t events)
{
	struct forward *forward = container_of(source, struct forward, watch);
	union {
		char bytes[4096];
		struct inotify_event align;
	} buf;
	bool concerns = false;
	ssize_t len;

	(void)events;
	while ((len = read(source->fd, buf.bytes, sizeof(buf.bytes))) > 0)
		for (ssize_t at = 0; at < len;) {
			struct inotify_event event;

			memcpy(&event, buf.bytes + at, sizeof(event));
			concerns = concerns || (event.mask & IN_Q_OVERFLOW) ||
				   is_ours(forward,
					   (struct inotify_event *)(void *)(buf.bytes + at));
			at += (ssize_t)(sizeof(event) + event.len);
		}
	if (concerns)
		look_in(forward, PAUSE_US);
}

static int watch_dir_of(int fd, const char *path)
{
	char dir[FORWARD_PATH_SIZE];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(file_of(path) - path), path);
	return inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM) < 0
		       ? -errno
		       : 0;
}

int forward_init(struct forward *forward, struct loop *loop, int dir_fd)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int r = fd < 0 ? -errno : 0;

	forward->daemon.fd = -1;
	forward->watch.fd = fd;
	if (r == 0)
		r = watch_dir_of(fd, forward->dev_log);
	if (r == 0)
		r = watch_dir_of(fd, forward->syslog);
	if (r == 0)
		r = loop_add(loop, &forward->watch, fd, EPOLLIN, handle_watch);
	if (r < 0) {
		forward->watch.fd = fd_close(fd);
		return r;
	}
	forward->loop = loop;
	r = backlog_init(&forward->backlog, dir_fd);
	if (r < 0)
		log_warning_errno(r, "a syslog daemon will not get what comes before it");
	look_in(forward, PAUSE_US);
	return 0;
}

void forward_done(struct forward *forward)
{
	int fd = forward->watch.fd;

	if (!forward->loop)
		return;
	loop_timer_stop(&forward->timer);
	leave_daemon(forward);
	loop_remove(&forward->watch);
	forward->watch.fd = fd_close(fd);
	backlog_done(&forward->backlog);
	forward->loop = NULL;
}

void forward_enable(struct forward *forward)
{
	if (!forward->loop || forward->is_enabled)
		return;
	forward->is_enabled = true;
	look(forward);
}

void forward_raw(struct forward *forward, const struct ucred *sender, const char *bytes, size_t len)
{
	if (!forward->loop)
		return;
	backlog_add(&forward->backlog, sender, bytes, len);
	if (forward->daemon.fd >= 0)
		(void)loop_modify(&forward->daemon, EPOLLOUT); /* else the next message goes on */
}

void forward_record(struct forward *forward, const struct ucred *sender, int facility,
		    const struct record *record)
{
	static char line[BACKLOG_ENTRY_MAX]; /* one thread; too large for the stack */
	time_t now = time(NULL);
	struct tm tm;
	char when[32], process[16] = "";
	int len;

	if (!forward->loop || !localtime_r(&now, &tm) ||
	    strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm) == 0)
		return;
	if (record->pid > 0)
		(void)snprintf(process, sizeof(process), "[%d]", (int)record->pid);
	len = snprintf(line, sizeof(line), "<%d>%s %.128s%s: ", facility << 3 | record->level, when,
		       record->identifier ? record->identifier : record->service, process);
	if (len < 0)
		return;
	memcpy(line + len, record->text, MIN(record->len, sizeof(line) - (size_t)len));
	forward_raw(forward, sender, line, MIN((size_t)len + record->len, sizeof(line)));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/log and the journal's sockets: datagrams, and the socket that its clients connect to.
 *
 * A client is named by its cgroup (credentials that the kernel vouches for), not by what it says of itself; one that is in no
 * service's cgroup is filed under "syslog". The sockets are kept by early-init, so that what is sent while early-log is away
 * waits in them.
 */
#include "inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "inputs_internal.h"
#include "message.h"

#define READS_PER_TURN 16
#define DATAGRAM_MAX (256 * 1024)
#define MEMFD_MAX (1024 * 1024)
#define RECEIVE_BUFFER (8 * 1024 * 1024)
#define STRANGER SINK_REST
#define MAX_CONNECTIONS 256 /* of clients, to the journal's stdout; anybody may make them */
#define BACKLOG 128
#define PAUSE_US (500 * USEC_PER_MSEC) /* until somebody may have closed a file */
#define NAME_SIZE 256
#define LEVEL_WARNING 4

static const char *const socket_names[] = {
	[INPUT_SYSLOG] = "dev-log",
	[INPUT_NATIVE] = "socket",
	[INPUT_STDOUT] = "stdout",
};

void input_socket_free(struct input_socket *socket)
{
	int fd = socket->source.fd;

	loop_remove(&socket->source);
	list_remove(&socket->link);
	fd_close(fd);
	inputs_drop(socket->inputs, socket->kept);
	free(socket);
}

/* The service that a process belongs to, into @buf. */
static const char *service_of(pid_t pid, char *buf, size_t size)
{
	char path[64];
	char *text CLEANUP(free_charp)
	= NULL;
	const char *service = NULL;
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (pid > 0 && fs_read_file_at(AT_FDCWD, path, 16 * 1024, &text, &len) == 0)
		service = message_service_of_cgroup(text);
	(void)snprintf(buf, size, "%s", service ? service : STRANGER);
	return buf;
}

/* --- datagrams --- */

static void tell_storm(const char *name, uint32_t dropped, void *data)
{
	struct inputs *inputs = data;
	char text[128];
	struct record record = {
		.service = name,
		.identifier = SINK_OWN,
		.level = LEVEL_WARNING,
		.t_us = clock_boottime_us(),
		.text = text,
	};
	struct ucred sender = { .pid = 0 };

	record.len = (size_t)snprintf(
		text, sizeof(text), "%u messages were dropped: more than %u in %llu s", dropped,
		inputs->rate.burst, (unsigned long long)(inputs->rate.interval_us / USEC_PER_SEC));
	sink_write(inputs->sink, &record);
	forward_record(&inputs->forward, &sender, FACILITY_DAEMON, &record);
}

static void handle_rate(struct loop_timer *timer)
{
	struct inputs *inputs = container_of(timer, struct inputs, rate_timer);
	uint64_t next_us = rate_tell(&inputs->rate, clock_monotonic_us(), tell_storm, inputs);

	if (next_us > 0)
		(void)loop_timer_start(inputs->loop, timer, next_us,
				       handle_rate); /* else the next storm tells */
}

static bool is_too_many(struct inputs *inputs, const char *name)
{
	uint64_t now_us = clock_monotonic_us();

	if (rate_take(&inputs->rate, name, now_us))
		return false;
	if (!inputs->rate_timer.loop)
		(void)loop_timer_start(inputs->loop, &inputs->rate_timer,
				       now_us + inputs->rate.interval_us,
				       handle_rate); /* else the next one does */
	return true;
}

static void take_datagram(struct input_socket *socket, char *data, size_t len,
			  const struct ucred *sender)
{
	struct inputs *inputs = socket->inputs;
	char name[NAME_SIZE];
	struct message message;
	struct record record;

	if (is_too_many(inputs, service_of(sender->pid, name, sizeof(name))))
		return;
	if (socket->protocol == INPUT_SYSLOG) {
		forward_raw(&inputs->forward, sender, data, len);
		message_parse_syslog(data, len, &message);
	} else if (!message_parse_native(data, len, &message)) {
		return;
	}
	record = (struct record){
		.service = name,
		.identifier = message.identifier ? message.identifier : "?",
		.pid = sender->pid > 0 ? sender->pid : message.pid,
		.level = message.level,
		.t_us = clock_boottime_us(),
		.text = message.text,
		.len = message.len,
	};
	sink_write(inputs->sink, &record);
	if (socket->protocol == INPUT_NATIVE)
		forward_record(&inputs->forward, sender, message.facility, &record);
}

/* A large message comes as a sealed memfd; anything else could block or change while it is read. */
static void take_memfd(struct input_socket *socket, int fd, const struct ucred *sender)
{
	char *data CLEANUP(free_charp)
	= NULL;
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_WRITE) || fstat(fd, &st) < 0 || st.st_size <= 0 ||
	    st.st_size > MEMFD_MAX)
		return;
	data = malloc((size_t)st.st_size + 2);
	if (data && pread(fd, data, (size_t)st.st_size, 0) == st.st_size)
		take_datagram(socket, data, (size_t)st.st_size, sender);
}

struct received {
	struct ucred sender;
	int fd;
};

static struct received take_control(struct msghdr *message)
{
	struct received received = { .fd = -1 };

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg;
	     cmsg = CMSG_NXTHDR(message, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&received.sender, CMSG_DATA(cmsg), sizeof(received.sender));
		} else if (cmsg->cmsg_type == SCM_RIGHTS) {
			size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

			for (size_t i = 0; i < n; i++) {
				int fd;

				memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
				if (received.fd < 0)
					received.fd = fd;
				else
					fd_close(fd);
			}
		}
	}
	return received;
}

/* Returns false when there is nothing more. */
static bool read_datagram(struct input_socket *socket)
{
	static char data[DATAGRAM_MAX + 2];
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { data, DATAGRAM_MAX };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t len = recvmsg(socket->source.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct received received;

	if (len < 0)
		return errno == EINTR;
	received = take_control(&message);
	if (len > 0)
		take_datagram(socket, data, (size_t)len, &received.sender);
	else if (received.fd >= 0 && socket->protocol == INPUT_NATIVE)
		take_memfd(socket, received.fd, &received.sender);
	fd_close(received.fd);
	return true;
}

static void handle_datagrams(struct loop_source *source, uint32_t events)
{
	struct input_socket *socket = container_of(source, struct input_socket, source);

	(void)events;
	for (int i = 0; i < READS_PER_TURN && read_datagram(socket); i++)
		continue;
}

static void handle_pause(struct loop_timer *timer)
{
	struct inputs *inputs = container_of(timer, struct inputs, pause_timer);
	struct input_socket *socket;

	list_for_each (socket, &inputs->sockets, link) {
		if (socket->protocol == INPUT_STDOUT)
			(void)loop_modify(&socket->source, EPOLLIN);
	}
}

/* Without a descriptor for a client the socket stays readable: it would be asked again and again. */
static void pause_listening(struct input_socket *socket)
{
	if (loop_timer_start(socket->inputs->loop, &socket->inputs->pause_timer,
			     clock_monotonic_us() + PAUSE_US, handle_pause) >= 0)
		(void)loop_modify(&socket->source, 0);
}

static void handle_connection(struct loop_source *source, uint32_t events)
{
	struct input_socket *socket = container_of(source, struct input_socket, source);
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	char name[NAME_SIZE];
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_listening(socket);
		return;
	}
	if (socket->inputs->n_connections >= MAX_CONNECTIONS) {
		fd_close(fd);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer,
			 &size); /* pid 0 otherwise: a stranger */
	(void)input_stream_connect(socket->inputs, service_of(peer.pid, name, sizeof(name)),
				   peer.pid, fd); /* it sees the end of its connection */
}

/* --- the sockets themselves --- */

void input_socket_read(struct input_socket *socket)
{
	handle_datagrams(&socket->source, EPOLLIN);
}

static int bind_socket(const char *path, int type, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_FD
	= socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	int size = RECEIVE_BUFFER;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
			 sizeof(size)); /* else the default stands */
	(void)unlink(path); /* of an early-log before this one */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0)
		return -errno;
	if (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* @fd is taken over, also on failure. */
static int add_socket(struct inputs *inputs, enum input_protocol protocol, int fd,
		      struct input_socket **ret_socket)
{
	struct input_socket *socket = calloc(1, sizeof(*socket));
	int r;

	if (!socket) {
		fd_close(fd);
		return -ENOMEM;
	}
	list_init(&socket->link);
	socket->inputs = inputs;
	socket->protocol = protocol;
	socket->source.fd = fd;
	r = loop_add(inputs->loop, &socket->source, fd, EPOLLIN,
		     protocol == INPUT_STDOUT ? handle_connection : handle_datagrams);
	if (r < 0) {
		input_socket_free(socket);
		return r;
	}
	list_append(&inputs->sockets, &socket->link);
	*ret_socket = socket;
	return 0;
}

static int make_socket(struct inputs *inputs, enum input_protocol protocol, const char *path)
{
	struct kept kept = { .is_connection = false };
	struct input_socket *socket = NULL;
	struct stat st;
	int fd = -1;
	int r = bind_socket(path, protocol == INPUT_STDOUT ? SOCK_STREAM : SOCK_DGRAM, &fd);

	if (r == 0)
		r = add_socket(inputs, protocol, fd, &socket);
	if (r < 0)
		return log_errno(r, "cannot listen at %s", path);
	kept.number = lstat(path, &st) == 0 ? st.st_ino : 0;
	if (protocol == INPUT_SYSLOG)
		inputs->forward.socket_ino = kept.number;
	(void)snprintf(kept.name, sizeof(kept.name), "%s", socket_names[protocol]);
	inputs_keep(inputs, &kept, fd, &socket->kept);
	return 0;
}

static int restore_socket(struct inputs *inputs, const struct kept *kept, const char *name, int fd)
{
	struct input_socket *socket = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(socket_names); i++) {
		int r;

		if (strcmp(socket_names[i], kept->name) != 0)
			continue;
		r = add_socket(inputs, (enum input_protocol)i, fd, &socket);
		if (r < 0)
			return r;
		socket->kept = strdup(name); /* else early-init keeps it until its own end */
		if (i == INPUT_SYSLOG)
			inputs->forward.socket_ino = (ino_t)kept->number;
		return 0;
	}
	fd_close(fd);
	return -EPROTO;
}

int inputs_restore(struct inputs *inputs, const char *name, int fd)
{
	struct kept kept;

	if (!kept_parse(name, &kept)) {
		fd_close(fd);
		return -EPROTO;
	}
	return kept.is_connection ? input_stream_restore(inputs, &kept, name, fd)
				  : restore_socket(inputs, &kept, name, fd);
}

static bool has_socket(const struct inputs *inputs, enum input_protocol protocol)
{
	const struct input_socket *socket;

	list_for_each (socket, &inputs->sockets, link)
		if (socket->protocol == protocol)
			return true;
	return false;
}

/* The old one's path is gone: who is still connected to it connects anew. */
static int handle_listen(struct forward *forward, void *data)
{
	struct inputs *inputs = data;
	struct input_socket *socket, *next;

	list_for_each_safe (socket, next, &inputs->sockets, link)
		if (socket->protocol == INPUT_SYSLOG) {
			input_socket_read(socket);
			input_socket_free(socket);
		}
	return make_socket(inputs, INPUT_SYSLOG, forward->socket);
}

/* /dev/log is a link to a socket in /run, as on a stock boot: nothing of it is lost when /dev is mounted anew. */
static int begin_syslog(struct inputs *inputs, const char *run_dir, const char *dev_log)
{
	struct forward *forward = &inputs->forward;
	int r = 0;

	(void)snprintf(forward->dev_log, sizeof(forward->dev_log), "%s", dev_log);
	(void)snprintf(forward->socket, sizeof(forward->socket), "%s/%s", run_dir,
		       socket_names[INPUT_SYSLOG]);
	(void)snprintf(forward->syslog, sizeof(forward->syslog), "%s/syslog", run_dir);
	forward->listen = handle_listen;
	forward->data = inputs;
	if (!has_socket(inputs, INPUT_SYSLOG) && !forward_is_alive(forward->socket))
		r = make_socket(inputs, INPUT_SYSLOG, forward->socket);
	if (r == 0)
		r = forward_link(dev_log, forward->socket);
	if (r < 0)
		(void)log_errno(r, "cannot make %s", dev_log);
	r = forward_init(forward, inputs->loop, inputs->sink->dir_fd);
	if (r < 0)
		return log_errno(r, "cannot watch for a syslog daemon");
	return 0;
}

int inputs_listen(struct inputs *inputs, const char *run_dir, const char *dev_log)
{
	static const enum input_protocol protocols[] = { INPUT_NATIVE, INPUT_STDOUT };
	char path[FORWARD_PATH_SIZE];
	int result = fs_mkdir_p_at(AT_FDCWD, run_dir, 0755);
	int r;

	/* the queue's length is fixed when a socket is bound */
	(void)fs_write_at(AT_FDCWD, "/proc/sys/net/unix/max_dgram_qlen", "512");
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (has_socket(inputs, protocols[i]))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", run_dir, socket_names[protocols[i]]);
		r = make_socket(inputs, protocols[i], path);
		if (r < 0)
			result = r;
	}
	r = begin_syslog(inputs, run_dir, dev_log);
	return r < 0 ? r : result;
}

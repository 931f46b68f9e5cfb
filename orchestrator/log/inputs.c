/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The descriptors that early-log reads, each as far as it gives without waiting, but only so much in one turn that a service
 * that never stops talking does not keep the others waiting.
 *
 * A client is named by its cgroup (credentials that the kernel vouches for), not by what it says of itself; one that is in no
 * service's cgroup is filed under "syslog".
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
#include "lines.h"
#include "message.h"

#define READS_PER_TURN 16
#define DATAGRAM_MAX (256 * 1024)
#define MEMFD_MAX (1024 * 1024)
#define RECEIVE_BUFFER (8 * 1024 * 1024)
#define STREAM_HEADER_LINES 7
#define STRANGER SINK_REST
#define MAX_CONNECTIONS 256 /* of clients, to the journal's stdout; anybody may make them */
#define BACKLOG 128
#define NAME_SIZE 256

struct input_stream {
	struct loop_source source;
	struct list link; /* inputs::streams */
	struct inputs *inputs;
	char *service;
	char *identifier; /* NULL: the service itself */
	pid_t pid;
	int level;
	bool is_connection;
	int header_lines; /* of the journal's stream that are still to come */
	struct lines lines;
};

struct input_socket {
	struct loop_source source;
	struct list link; /* inputs::sockets */
	struct inputs *inputs;
	bool native; /* the journal's protocol; otherwise syslog's */
};

void inputs_init(struct inputs *inputs, struct loop *loop, struct sink *sink)
{
	*inputs = (struct inputs){ .loop = loop, .sink = sink };
	list_init(&inputs->streams);
	list_init(&inputs->sockets);
}

static void stream_free(struct input_stream *stream)
{
	int fd = stream->source.fd;

	loop_remove(&stream->source);
	list_remove(&stream->link);
	stream->inputs->n_connections -= stream->is_connection;
	fd_close(fd);
	free(stream->service);
	free(stream->identifier);
	free(stream);
}

static void socket_free(struct input_socket *socket)
{
	int fd = socket->source.fd;

	loop_remove(&socket->source);
	list_remove(&socket->link);
	fd_close(fd);
	free(socket);
}

void inputs_done(struct inputs *inputs)
{
	struct input_stream *stream, *next_stream;
	struct input_socket *socket, *next_socket;

	list_for_each_safe (stream, next_stream, &inputs->streams, link)
		stream_free(stream);
	list_for_each_safe (socket, next_socket, &inputs->sockets, link)
		socket_free(socket);
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

/* --- streams: pipes of services, and connections to the journal's stdout --- */

/* Header: identifier, unit, level, prefix yes or no, and three lines about forwarding. */
static void take_header_line(struct input_stream *stream, const char *text, size_t len)
{
	int number = STREAM_HEADER_LINES - stream->header_lines--;

	if (number == 0 && len > 0 && len < NAME_SIZE)
		stream->identifier = strndup(text, len);
	else if (number == 2 && len == 1 && *text >= '0' && *text <= '7')
		stream->level = *text - '0';
}

static void handle_line(const char *text, size_t len, void *data)
{
	struct input_stream *stream = data;
	struct record record = {
		.service = stream->service,
		.identifier = stream->identifier,
		.pid = stream->pid,
		.t_us = clock_boottime_us(),
	};

	if (stream->header_lines > 0) {
		take_header_line(stream, text, len);
		return;
	}
	record.level = message_take_level(&text, &len, stream->level);
	record.text = text;
	record.len = len;
	if (len > 0)
		sink_write(stream->inputs->sink, &record);
}

static void handle_stream(struct loop_source *source, uint32_t events)
{
	struct input_stream *stream = container_of(source, struct input_stream, source);
	char buf[4096];

	(void)events;
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t len = read(source->fd, buf, sizeof(buf));

		if (len > 0) {
			lines_feed(&stream->lines, buf, (size_t)len, handle_line, stream);
			continue;
		}
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		lines_finish(&stream->lines, handle_line, stream);
		stream_free(stream);
		return;
	}
}

static int add_stream(struct inputs *inputs, const char *service, int fd,
		      struct input_stream **ret_stream)
{
	struct input_stream *stream = calloc(1, sizeof(*stream));
	int r = stream ? fd_set_nonblock(fd, true) : -ENOMEM;

	if (stream) {
		list_init(&stream->link);
		stream->source.fd = fd;
		stream->inputs = inputs;
		stream->level = 6;
		stream->service = strdup(service);
		if (!stream->service)
			r = -ENOMEM;
	}
	if (r == 0)
		r = loop_add(inputs->loop, &stream->source, fd, EPOLLIN, handle_stream);
	if (r < 0) {
		if (stream)
			stream_free(stream);
		else
			fd_close(fd);
		return r;
	}
	list_append(&inputs->streams, &stream->link);
	*ret_stream = stream;
	return 0;
}

int inputs_add_service(struct inputs *inputs, const char *service, int fd)
{
	struct input_stream *stream;

	return add_stream(inputs, service, fd, &stream);
}

static void handle_connection(struct loop_source *source, uint32_t events)
{
	struct input_socket *socket = container_of(source, struct input_socket, source);
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	char name[NAME_SIZE];
	struct input_stream *stream;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return; /* gone again, or no descriptors left: the next turn tries anew */
	if (socket->inputs->n_connections >= MAX_CONNECTIONS) {
		fd_close(fd);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer,
			 &size); /* pid 0 otherwise: a stranger */
	if (add_stream(socket->inputs, service_of(peer.pid, name, sizeof(name)), fd, &stream) < 0)
		return;
	stream->is_connection = true;
	socket->inputs->n_connections++;
	stream->header_lines = STREAM_HEADER_LINES;
	stream->pid = peer.pid;
}

/* --- datagrams --- */

static void take_datagram(struct input_socket *socket, char *data, size_t len, pid_t pid)
{
	char name[NAME_SIZE];
	struct message message;
	struct record record;

	if (!socket->native)
		message_parse_syslog(data, len, &message);
	else if (!message_parse_native(data, len, &message))
		return;
	record = (struct record){
		.service = service_of(pid, name, sizeof(name)),
		.identifier = message.identifier ? message.identifier : "?",
		.pid = pid > 0 ? pid : message.pid,
		.level = message.level,
		.t_us = clock_boottime_us(),
		.text = message.text,
		.len = message.len,
	};
	sink_write(socket->inputs->sink, &record);
}

/* A large message comes as a sealed memfd; anything else could block or change while it is read. */
static void take_memfd(struct input_socket *socket, int fd, pid_t pid)
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
		take_datagram(socket, data, (size_t)st.st_size, pid);
}

struct received {
	pid_t pid;
	int fd;
};

static struct received take_control(struct msghdr *message)
{
	struct received received = { 0, -1 };

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg;
	     cmsg = CMSG_NXTHDR(message, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			struct ucred credentials;

			memcpy(&credentials, CMSG_DATA(cmsg), sizeof(credentials));
			received.pid = credentials.pid;
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
		take_datagram(socket, data, (size_t)len, received.pid);
	else if (received.fd >= 0 && socket->native)
		take_memfd(socket, received.fd, received.pid);
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

/* --- the sockets themselves --- */

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

static int add_socket(struct inputs *inputs, const char *path, int type, bool native)
{
	struct input_socket *socket = calloc(1, sizeof(*socket));
	int fd = -1;
	int r = socket ? bind_socket(path, type, &fd) : -ENOMEM;

	if (socket) {
		list_init(&socket->link);
		socket->source.fd = fd;
		socket->inputs = inputs;
		socket->native = native;
	}
	if (r == 0)
		r = loop_add(inputs->loop, &socket->source, fd, EPOLLIN,
			     type == SOCK_STREAM ? handle_connection : handle_datagrams);
	if (r < 0) {
		if (socket)
			socket_free(socket);
		return log_errno(r, "cannot listen at %s", path);
	}
	list_append(&inputs->sockets, &socket->link);
	return 0;
}

/* /dev/log is a link to a socket in /run, as on a stock boot: nothing of it is lost when /dev is mounted anew. */
static int link_dev_log(const char *target, const char *dev_log)
{
	(void)unlink(dev_log);
	if (symlink(target, dev_log) < 0)
		return log_errno(-errno, "cannot make %s", dev_log);
	return 0;
}

int inputs_listen(struct inputs *inputs, const char *run_dir, const char *dev_log)
{
	static const struct {
		const char *name;
		int type;
		bool native;
	} sockets[] = {
		{ "dev-log", SOCK_DGRAM, false },
		{ "socket", SOCK_DGRAM, true },
		{ "stdout", SOCK_STREAM, false },
	};
	char path[128];
	int result = fs_mkdir_p_at(AT_FDCWD, run_dir, 0755);

	/* the queue's length is fixed when a socket is bound */
	(void)fs_write_at(AT_FDCWD, "/proc/sys/net/unix/max_dgram_qlen", "512");
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		int r;

		(void)snprintf(path, sizeof(path), "%s/%s", run_dir, sockets[i].name);
		r = add_socket(inputs, path, sockets[i].type, sockets[i].native);
		if (r < 0)
			result = r;
	}
	(void)snprintf(path, sizeof(path), "%s/dev-log", run_dir);
	if (link_dev_log(path, dev_log) < 0)
		result = -EIO;
	return result;
}

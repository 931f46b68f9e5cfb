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
#include "stream_header.h"

#define READS_PER_TURN 16
#define DRAIN_TURNS 64 /* more datagrams than a queue holds */
#define DATAGRAM_MAX (256 * 1024)
#define MEMFD_MAX (1024 * 1024)
#define RECEIVE_BUFFER (8 * 1024 * 1024)
#define STRANGER SINK_REST
#define MAX_CONNECTIONS 256 /* of clients, to the journal's stdout; anybody may make them */
#define BACKLOG 128
#define NAME_SIZE 256

#define FACILITY_DAEMON 3
#define LEVEL_WARNING 4

enum input_protocol { INPUT_SYSLOG, INPUT_NATIVE, INPUT_STDOUT };

struct input_stream {
	struct loop_source source;
	struct list link; /* inputs::streams */
	struct inputs *inputs;
	char *service;
	char *identifier; /* NULL: the service itself */
	pid_t pid;
	int level;
	bool is_connection;
	bool wants_header; /* the journal's, which is still to come */
	bool is_prefixed; /* lines may begin with "<N>" */
	struct lines lines;
};

struct input_socket {
	struct loop_source source;
	struct list link; /* inputs::sockets */
	struct inputs *inputs;
	enum input_protocol protocol;
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
	forward_done(&inputs->forward);
	loop_timer_stop(&inputs->rate_timer);
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

static void handle_line(const char *text, size_t len, void *data)
{
	struct input_stream *stream = data;
	struct record record = {
		.service = stream->service,
		.identifier = stream->identifier,
		.pid = stream->pid,
		.t_us = clock_boottime_us(),
	};
	struct ucred sender = { .pid = stream->pid };

	record.level = stream->is_prefixed ? message_take_level(&text, &len, stream->level)
					   : stream->level;
	record.text = text;
	record.len = len;
	if (len == 0)
		return;
	sink_write(stream->inputs->sink, &record);
	forward_record(&stream->inputs->forward, &sender, FACILITY_DAEMON, &record);
}

/* The header gathers where lines will. False: it is no client of the journal. */
static bool take_header(struct input_stream *stream, const char *bytes, size_t len)
{
	struct lines *lines = &stream->lines;
	size_t taken = MIN(len, sizeof(lines->buf) - lines->len);
	struct stream_header header;
	size_t total, before;
	int n;

	memcpy(lines->buf + lines->len, bytes, taken);
	total = lines->len + taken;
	n = stream_header_parse(lines->buf, total, &header);
	lines->len = n > 0 ? 0 : total;
	if (n <= 0)
		return n == 0;
	stream->wants_header = false;
	stream->level = header.level;
	stream->is_prefixed = header.prefixed;
	if (header.identifier[0])
		stream->identifier = strdup(header.identifier); /* NULL: the service itself */
	before = total - taken; /* not the whole header: its end is in these bytes */
	lines_feed(lines, bytes + ((size_t)n - before), len - ((size_t)n - before), handle_line,
		   stream);
	return true;
}

static bool take_bytes(struct input_stream *stream, const char *bytes, size_t len)
{
	if (stream->wants_header)
		return take_header(stream, bytes, len);
	lines_feed(&stream->lines, bytes, len, handle_line, stream);
	return true;
}

static void handle_stream(struct loop_source *source, uint32_t events)
{
	struct input_stream *stream = container_of(source, struct input_stream, source);
	char buf[4096];

	(void)events;
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t len = read(source->fd, buf, sizeof(buf));

		if (len > 0 && take_bytes(stream, buf, (size_t)len))
			continue;
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (!stream->wants_header)
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
		stream->is_prefixed = true;
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
	stream->wants_header = true;
	stream->pid = peer.pid;
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

	record.len = (size_t)snprintf(text, sizeof(text),
				      "%u messages were dropped: more than %u in %llu s", dropped,
				      inputs->rate.burst,
				      (unsigned long long)(inputs->rate.interval_us / USEC_PER_SEC));
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

static int add_socket(struct inputs *inputs, const char *path, enum input_protocol protocol)
{
	struct input_socket *socket = calloc(1, sizeof(*socket));
	int type = protocol == INPUT_STDOUT ? SOCK_STREAM : SOCK_DGRAM;
	int fd = -1;
	int r = socket ? bind_socket(path, type, &fd) : -ENOMEM;

	if (socket) {
		list_init(&socket->link);
		socket->source.fd = fd;
		socket->inputs = inputs;
		socket->protocol = protocol;
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

static int listen_syslog(struct inputs *inputs)
{
	struct forward *forward = &inputs->forward;
	struct stat st;
	int r = add_socket(inputs, forward->socket, INPUT_SYSLOG);

	if (r == 0 && lstat(forward->socket, &st) == 0)
		forward->socket_ino = st.st_ino;
	return r;
}

/* The old one's path is gone: who is still connected to it connects anew. */
static int handle_listen(struct forward *forward, void *data)
{
	struct inputs *inputs = data;
	struct input_socket *socket, *next;

	list_for_each_safe (socket, next, &inputs->sockets, link)
		if (socket->protocol == INPUT_SYSLOG) {
			handle_datagrams(&socket->source, EPOLLIN);
			socket_free(socket);
		}
	return listen_syslog(inputs);
}

/* /dev/log is a link to a socket in /run, as on a stock boot: nothing of it is lost when /dev is mounted anew. */
static int begin_syslog(struct inputs *inputs, const char *run_dir, const char *dev_log)
{
	struct forward *forward = &inputs->forward;
	int r = 0;

	(void)snprintf(forward->dev_log, sizeof(forward->dev_log), "%s", dev_log);
	(void)snprintf(forward->socket, sizeof(forward->socket), "%s/dev-log", run_dir);
	(void)snprintf(forward->syslog, sizeof(forward->syslog), "%s/syslog", run_dir);
	forward->listen = handle_listen;
	forward->data = inputs;
	if (!forward_is_alive(forward->socket))
		r = listen_syslog(inputs);
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
	static const struct {
		const char *name;
		enum input_protocol protocol;
	} sockets[] = {
		{ "socket", INPUT_NATIVE },
		{ "stdout", INPUT_STDOUT },
	};
	char path[FORWARD_PATH_SIZE];
	int result = fs_mkdir_p_at(AT_FDCWD, run_dir, 0755);
	int r;

	/* the queue's length is fixed when a socket is bound */
	(void)fs_write_at(AT_FDCWD, "/proc/sys/net/unix/max_dgram_qlen", "512");
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", run_dir, sockets[i].name);
		r = add_socket(inputs, path, sockets[i].protocol);
		if (r < 0)
			result = r;
	}
	r = begin_syslog(inputs, run_dir, dev_log);
	return r < 0 ? r : result;
}

void inputs_drain(struct inputs *inputs)
{
	struct input_stream *stream, *next_stream;
	struct input_socket *socket;

	list_for_each (socket, &inputs->sockets, link)
		for (int i = 0; i < DRAIN_TURNS && socket->protocol != INPUT_STDOUT; i++)
			handle_datagrams(&socket->source, EPOLLIN);
	list_for_each_safe (stream, next_stream, &inputs->streams, link)
		handle_stream(&stream->source, EPOLLIN);
	list_for_each (stream, &inputs->streams, link)
		if (!stream->wants_header)
			lines_finish(&stream->lines, handle_line, stream);
}

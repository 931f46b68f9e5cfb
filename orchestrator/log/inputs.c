/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The descriptors that early-log reads, each as far as it gives without waiting, but only so much in one turn that a service
 * that never stops talking does not keep the others waiting.
 *
 * This file: streams, which are pipes of services and connections to the journal's stdout. What must outlast this early-log lies
 * with early-init: the pipes always, a connection as soon as its header is known (before it a client that loses it has said nothing).
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
#include "lines.h"
#include "message.h"
#include "stream_header.h"

#define READS_PER_TURN 1 /* of 4096 bytes: a line of another waits for so much of each */
#define DRAIN_READS 16 /* a full pipe */
#define DRAIN_TURNS 64 /* more datagrams than a queue holds */

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
	inputs_drop(stream->inputs, stream->kept);
	free(stream);
}

void inputs_done(struct inputs *inputs)
{
	struct input_stream *stream, *next_stream;
	struct input_socket *socket, *next_socket;

	list_for_each_safe (stream, next_stream, &inputs->streams, link)
		stream_free(stream);
	list_for_each_safe (socket, next_socket, &inputs->sockets, link)
		input_socket_free(socket);
	forward_done(&inputs->forward);
	loop_timer_stop(&inputs->rate_timer);
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

static void keep_stream(struct input_stream *stream)
{
	struct kept kept = {
		.is_connection = true,
		.number = clock_monotonic_us() << 8 | (stream->inputs->n_kept++ & 0xff),
		.pid = stream->pid,
		.level = stream->level,
		.is_prefixed = stream->is_prefixed,
	};

	(void)snprintf(kept.name, sizeof(kept.name), "%s", stream->service);
	(void)snprintf(kept.identifier, sizeof(kept.identifier), "%s",
		       stream->identifier ? stream->identifier : "");
	inputs_keep(stream->inputs, &kept, stream->source.fd, &stream->kept);
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
	keep_stream(stream);
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
	struct input_stream *stream = NULL;

	return add_stream(inputs, service, fd, &stream);
}

int input_stream_connect(struct inputs *inputs, const char *service, pid_t pid, int fd)
{
	struct input_stream *stream = NULL;
	int r = add_stream(inputs, service, fd, &stream);

	if (r < 0)
		return r;
	stream->is_connection = true;
	inputs->n_connections++;
	stream->wants_header = true;
	stream->pid = pid;
	return 0;
}

int input_stream_restore(struct inputs *inputs, const struct kept *kept, const char *name, int fd)
{
	struct input_stream *stream = NULL;
	int r = add_stream(inputs, kept->name, fd, &stream);

	if (r < 0)
		return r;
	stream->is_connection = true;
	inputs->n_connections++;
	stream->pid = kept->pid;
	stream->level = kept->level;
	stream->is_prefixed = kept->is_prefixed;
	stream->identifier = kept->identifier[0] ? strdup(kept->identifier) : NULL;
	stream->kept = strdup(name); /* else early-init keeps it until its own end */
	return 0;
}

void inputs_keep(struct inputs *inputs, const struct kept *kept, int fd, char **ret_name)
{
	char name[KEPT_TEXT_SIZE];

	*ret_name = NULL;
	if (!inputs->keep || !kept_format(kept, name, sizeof(name)))
		return;
	*ret_name = strdup(name);
	if (*ret_name)
		inputs->keep(name, fd, inputs->keep_data);
}

void inputs_drop(struct inputs *inputs, char *name)
{
	if (name && inputs->keep && !inputs->is_ending)
		inputs->keep(name, -1, inputs->keep_data);
	free(name);
}

void inputs_drain(struct inputs *inputs)
{
	struct input_stream *stream, *next_stream;
	struct input_socket *socket;

	list_for_each (socket, &inputs->sockets, link)
		for (int i = 0; i < DRAIN_TURNS && socket->protocol != INPUT_STDOUT; i++)
			input_socket_read(socket);
	for (int i = 0; i < DRAIN_READS; i++)
		list_for_each_safe (stream, next_stream, &inputs->streams, link)
			handle_stream(&stream->source, EPOLLIN);
	list_for_each (stream, &inputs->streams, link)
		if (!stream->wants_header)
			lines_finish(&stream->lines, handle_line, stream);
}

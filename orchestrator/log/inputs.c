/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The descriptors that early-log reads, each as far as it gives without waiting, but only so much in one turn that a service
 * that never stops talking does not keep the others waiting.
 *
 * This file: streams, which are pipes of services and connections to the journal's stdout. What must outlast this early-log lies
 * with early-init: the pipes always, a connection as soon as its header is known (before it a client that loses it has said nothing).
 *
 * What is read goes through the one batch (batch.h), in memory that outlives this early-log, too: there is no moment when a byte
 * is neither in its pipe, nor in the batch or the stream's rest, nor in the file. What an early-log before this one left there
 * comes first, by the same steps from where it was killed; only then a stream takes its rest. The syslog daemon is told after the
 * line is in its file, and a line that is there already is not told again: of the one in hand it may not hear.
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
#include "sink_torn.h"
#include "stream_header.h"

#define RESTS_US                                                                                   \
	(60 * USEC_PER_SEC) /* a busy machine hands over in seconds what takes milliseconds */
#define DRAIN_READS 16 /* a full pipe */
#define DRAIN_TURNS 64 /* more datagrams than a queue holds */

void inputs_init(struct inputs *inputs, struct loop *loop, struct sink *sink)
{
	*inputs = (struct inputs){ .loop = loop, .sink = sink, .rests_us = RESTS_US };
	list_init(&inputs->streams);
	list_init(&inputs->sockets);
	intake_init(&inputs->intake);
}

static void stream_free(struct input_stream *stream)
{
	int fd = stream->source.fd;

	loop_remove(&stream->source);
	list_remove(&stream->link);
	stream->inputs->n_connections -= stream->is_connection;
	fd_close(fd);
	intake_drop(&stream->inputs->intake, stream->rest);
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
	loop_timer_stop(&inputs->rest_timer);
	loop_timer_stop(&inputs->pause_timer);
	intake_done(&inputs->intake);
}

/* --- lines --- */

static void write_line(struct inputs *inputs, const struct line *line)
{
	struct batch *batch = inputs->intake.batch;
	const struct batch_origin *origin = &batch->origin;
	struct record record = {
		.service = origin->service,
		.identifier = origin->identifier[0] ? origin->identifier : NULL,
		.pid = origin->pid,
		.t_us = clock_boottime_us(),
	};
	struct ucred sender = { .pid = origin->pid };
	const char *text = line->text;
	size_t len = line->len;

	record.level = origin->is_prefixed ? message_take_level(&text, &len, origin->level)
					   : origin->level;
	record.text = text;
	record.len = len;
	if (len == 0)
		return;
	sink_write_marked(inputs->sink, &record, &batch->mark);
	forward_record(&inputs->forward, &sender, FACILITY_DAEMON, &record);
}

static void write_lines(struct inputs *inputs)
{
	struct batch *batch = inputs->intake.batch;
	struct line line;

	while (batch_next(batch, &line)) {
		if (batch->mark.written != batch->mark.number) /* by one that was killed */
			write_line(inputs, &line);
		batch_take(batch, &line);
	}
}

/* From here on the rest says again what of the stream is not written. */
static void keep_rest(struct inputs *inputs, struct batch_rest **rest)
{
	struct batch *batch = inputs->intake.batch;
	const char *bytes;
	size_t len = batch_left(batch, &bytes);

	if (len > 0 && !*rest)
		*rest = intake_new(&inputs->intake, &batch->origin);
	if (len > 0 && *rest) {
		memcpy((*rest)->text, bytes, len);
		sink_mark_publish(&(*rest)->len, len);
	} else {
		if (len > 0) { /* no memory: its end will be a line of its own */
			batch_set_last(batch);
			write_lines(inputs);
		}
		intake_drop(&inputs->intake, *rest);
		*rest = NULL;
	}
	batch_end(batch);
}

/* The stream's end is the end of its line. */
static void finish_rest(struct inputs *inputs, struct batch_rest **rest)
{
	if (!*rest)
		return;
	batch_begin(inputs->intake.batch, &(*rest)->origin, (*rest)->text, (*rest)->len);
	batch_set_last(inputs->intake.batch);
	write_lines(inputs);
	keep_rest(inputs, rest);
}

/* --- what an early-log before this one had read --- */

static void finish_found(struct inputs *inputs)
{
	struct batch_rest *rest;

	while ((rest = intake_take(&inputs->intake, NULL)))
		finish_rest(inputs, &rest);
}

/* early-init has handed over all streams long since: these are of services that are gone. */
static void handle_rest_timer(struct loop_timer *timer)
{
	struct inputs *inputs = container_of(timer, struct inputs, rest_timer);

	inputs_recover(inputs);
	finish_found(inputs);
}

void inputs_open_intake(struct inputs *inputs)
{
	struct intake *intake = &inputs->intake;
	int r = intake_open(intake, inputs->sink->dir_fd);

	if (r < 0)
		log_warning_errno(r, "what is read will be lost if early-log is killed");
	if (intake->batch->is_active)
		sink_settle(inputs->sink, intake->batch->origin.service,
			    batch_number(intake->batch), &intake->batch->mark);
	if (r != -EBUSY) /* else there is one that writes */
		sink_end_torn(inputs->sink);
	r = loop_timer_start(inputs->loop, &inputs->rest_timer,
			     clock_monotonic_us() + inputs->rests_us, handle_rest_timer);
	if (r < 0)
		log_warning_errno(r, "what services that are gone said last is written at the end");
}

static void recover_batch(struct inputs *inputs)
{
	struct batch_rest *rest = intake_take(&inputs->intake, &inputs->intake.batch->origin);

	write_lines(inputs);
	keep_rest(inputs, &rest);
	if (rest && !intake_leave(&inputs->intake, rest))
		finish_rest(inputs, &rest);
}

/* A rest is as the batch left it, so not before that. */
static void take_rest(struct input_stream *stream)
{
	struct inputs *inputs = stream->inputs;

	if (inputs->is_recovered && !stream->rest && !stream->wants_header)
		stream->rest = intake_take(&inputs->intake, &stream->origin);
}

void inputs_recover(struct inputs *inputs)
{
	struct input_stream *stream;

	if (inputs->is_recovered)
		return;
	inputs->is_recovered = true;
	if (inputs->intake.batch->is_active)
		recover_batch(inputs);
	list_for_each (stream, &inputs->streams, link)
		take_rest(stream);
}

/* --- streams: pipes of services, and connections to the journal's stdout --- */

static void keep_stream(struct input_stream *stream)
{
	const struct batch_origin *origin = &stream->origin;
	struct kept kept = {
		.is_connection = true,
		.number = clock_monotonic_us() << 8 | (stream->inputs->n_kept++ & 0xff),
		.pid = origin->pid,
		.level = origin->level,
		.is_prefixed = origin->is_prefixed,
	};

	(void)snprintf(kept.name, sizeof(kept.name), "%s", origin->service);
	(void)snprintf(kept.identifier, sizeof(kept.identifier), "%s", origin->identifier);
	inputs_keep(stream->inputs, &kept, stream->source.fd, &stream->kept);
}

/* What came behind the header was read to somewhere else than a batch. */
static void take_bytes(struct input_stream *stream, const char *bytes, size_t len)
{
	batch_begin(stream->inputs->intake.batch, &stream->origin, bytes, len);
	write_lines(stream->inputs);
	keep_rest(stream->inputs, &stream->rest);
}

/* The header gathers where a rest will. False: it is no client of the journal, or there is no memory. */
static bool take_header(struct input_stream *stream, const char *bytes, size_t len)
{
	struct batch_rest *rest = stream->rest;
	struct stream_header header;
	size_t taken, before;
	int n;

	if (!rest)
		rest = stream->rest = calloc(1, sizeof(*rest));
	if (!rest)
		return false;
	before = rest->len;
	taken = MIN(len, sizeof(rest->text) - before);
	memcpy(rest->text + before, bytes, taken);
	rest->len = before + taken;
	n = stream_header_parse(rest->text, rest->len, &header);
	if (n <= 0)
		return n == 0;
	stream->wants_header = false;
	stream->origin.level = header.level;
	stream->origin.is_prefixed = header.prefixed;
	(void)snprintf(stream->origin.identifier, sizeof(stream->origin.identifier), "%s",
		       header.identifier);
	free(rest);
	stream->rest = NULL;
	keep_stream(stream);
	take_bytes(stream, bytes + ((size_t)n - before), len - ((size_t)n - before));
	return true;
}

static ssize_t read_header(struct input_stream *stream)
{
	char buf[BATCH_READ_MAX];
	ssize_t len = read(stream->source.fd, buf, sizeof(buf));

	inputs_recover(stream->inputs);
	if (len < 0)
		return -errno;
	return len > 0 && take_header(stream, buf, (size_t)len) ? len : 0;
}

static ssize_t read_lines(struct input_stream *stream)
{
	struct batch *batch = stream->inputs->intake.batch;
	const struct batch_rest *rest;
	ssize_t len;

	inputs_recover(stream->inputs);
	rest = stream->rest;
	batch_begin(batch, &stream->origin, rest ? rest->text : "", rest ? rest->len : 0);
	len = read(stream->source.fd, batch_room(batch), BATCH_READ_MAX);
	if (len < 0)
		len = -errno;
	if (len == -EAGAIN || len == -EINTR) {
		batch_end(batch);
		return len;
	}
	if (len > 0)
		batch_add(batch, (size_t)len);
	else
		batch_set_last(batch);
	write_lines(stream->inputs);
	keep_rest(stream->inputs, &stream->rest);
	return len;
}

static void handle_stream(struct loop_source *source, uint32_t events)
{
	struct input_stream *stream = container_of(source, struct input_stream, source);
	ssize_t len;

	(void)events;
	len = stream->wants_header ? read_header(stream) : read_lines(stream);
	if (len <= 0 && len != -EAGAIN && len != -EINTR)
		stream_free(stream);
}

/* The same for each early-log, as long as the pipe or the connection is there. */
static int identify(int fd, uint64_t *ret_id)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_id = (uint64_t)st.st_dev << 32 ^ (uint64_t)st.st_ino;
	return 0;
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
		stream->origin.level = 6;
		stream->origin.is_prefixed = true;
		(void)snprintf(stream->origin.service, sizeof(stream->origin.service), "%s",
			       service);
	}
	if (r == 0)
		r = identify(fd, &stream->origin.id);
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
	int r;

	inputs_recover(inputs);
	r = add_stream(inputs, service, fd, &stream);
	if (r == 0)
		take_rest(stream);
	return r;
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
	stream->origin.pid = pid;
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
	stream->origin.pid = kept->pid;
	stream->origin.level = kept->level;
	stream->origin.is_prefixed = kept->is_prefixed;
	(void)snprintf(stream->origin.identifier, sizeof(stream->origin.identifier), "%s",
		       kept->identifier);
	take_rest(stream);
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

	inputs_recover(inputs);
	list_for_each (socket, &inputs->sockets, link)
		for (int i = 0; i < DRAIN_TURNS && socket->protocol != INPUT_STDOUT; i++)
			input_socket_read(socket);
	for (int i = 0; i < DRAIN_READS; i++)
		list_for_each_safe (stream, next_stream, &inputs->streams, link)
			handle_stream(&stream->source, EPOLLIN);
	list_for_each (stream, &inputs->streams, link)
		if (!stream->wants_header)
			finish_rest(inputs, &stream->rest);
	finish_found(inputs);
}

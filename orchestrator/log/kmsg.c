/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/kmsg gives a record with each read, and begins with the oldest that the kernel still has. Where we are is written to a file
 * *before* a record is appended, with the place that it is to take: an early-log that was killed in between sees by the file's size
 * whether the record got there. So a next one repeats none and leaves out none.
 *
 * What early-log itself told the kernel (errors of services) is not read back.
 */
#include "kmsg.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "generations.h"

#define READS_PER_TURN 64
#define RECORD_SIZE 8192
#define STATE_FILE ".kernel"
#define STATE_HEAD "early-log kmsg 1"

/* Smaller than a page and at its beginning: written as a whole or not at all. */
struct state {
	char head[sizeof(STATE_HEAD)];
	uint64_t sequence; /* of the record that was to be appended */
	uint64_t id; /* to this file (file_id.h) */
	uint64_t offset; /* from here on */
};

static bool take_number(const char **at, const char *end, char stop, uint64_t *ret)
{
	uint64_t value = 0;
	const char *begin = *at;

	while (*at < end && isdigit((unsigned char)**at) && *at - begin < 19)
		value = value * 10 + (uint64_t)(*(*at)++ - '0');
	if (*at == begin || *at >= end || **at != stop)
		return false;
	(*at)++;
	*ret = value;
	return true;
}

bool kmsg_parse(const char *bytes, size_t len, struct kmsg_record *ret_record)
{
	const char *at = bytes, *end = bytes + len;
	const char *text = memchr(bytes, ';', len);
	struct kmsg_record record = { .level = 0 };
	const char *newline;
	uint64_t priority;

	if (!text || !take_number(&at, text, ',', &priority) ||
	    !take_number(&at, text, ',', &record.sequence) ||
	    !take_number(&at, text + 1,
			 text > at && memchr(at, ',', (size_t)(text - at)) ? ',' : ';',
			 &record.t_us))
		return false;
	record.text = text + 1;
	newline = memchr(record.text, '\n', (size_t)(end - record.text)); /* then: its device */
	record.len = (size_t)((newline ? newline : end) - record.text);
	record.level = (int)(priority & 7);
	record.facility = (int)((priority >> 3) & 0xffff);
	*ret_record = record;
	return true;
}

static void keep_state(const struct kmsg *kmsg, uint64_t sequence)
{
	struct state state = { .head = STATE_HEAD, .sequence = sequence };
	struct sink_place place;

	if (sink_find_place(kmsg->sink, KMSG_SERVICE, RECORD_SIZE, &place) == 0) {
		state.id = place.id;
		state.offset = place.offset;
	}
	if (kmsg->state_fd >= 0 && pwrite(kmsg->state_fd, &state, sizeof(state), 0) < 0)
		log_debug("cannot keep where the kernel's log is read");
}

static void tell_missing(struct kmsg *kmsg, uint64_t n)
{
	char text[96];
	struct record record = {
		.service = KMSG_SERVICE,
		.identifier = SINK_OWN,
		.level = 4,
		.t_us = clock_boottime_us(),
		.text = text,
	};

	record.len = (size_t)snprintf(text, sizeof(text),
				      "%llu lines were lost here: the kernel overwrote them",
				      (unsigned long long)n);
	sink_write(kmsg->sink, &record);
}

static void take_record(struct kmsg *kmsg, const char *bytes, size_t len)
{
	struct kmsg_record parsed;
	struct record record = { .service = KMSG_SERVICE, .is_kernels = true };

	if (!kmsg_parse(bytes, len, &parsed) || parsed.sequence < kmsg->next)
		return;
	if (kmsg->is_begun && parsed.sequence > kmsg->next)
		tell_missing(kmsg, parsed.sequence - kmsg->next);
	kmsg->is_begun = true;
	kmsg->next = parsed.sequence + 1;
	if (parsed.facility == SINK_ECHO_FACILITY)
		return;
	record.level = parsed.level;
	record.t_us = parsed.t_us;
	record.text = parsed.text;
	record.len = parsed.len;
	keep_state(kmsg, parsed.sequence);
	sink_write(kmsg->sink, &record);
}

static void handle_kmsg(struct loop_source *source, uint32_t events)
{
	struct kmsg *kmsg = container_of(source, struct kmsg, source);
	char buf[RECORD_SIZE];

	(void)events;
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t len = read(source->fd, buf, sizeof(buf));
		int error = errno;

		if (len > 0)
			take_record(kmsg, buf, (size_t)len);
		else if (len < 0 && (error == EAGAIN || error == EINTR))
			return;
		else if (len == 0 || (error != EPIPE && error != EINVAL)) {
			loop_remove(source); /* there is no kernel's log any more */
			return;
		} /* EPIPE: overwritten, the next number says how many; EINVAL: too long for us */
	}
}

/* The file that it was, if it is still one of the two generations: was more appended than what came before the record? */
static bool was_appended(const struct kmsg *kmsg, const struct state *state)
{
	char name[GENERATIONS_NAME_SIZE];
	uint64_t size;

	if (generations_find(kmsg->sink->dir_fd, KMSG_SERVICE, state->id, name, &size) < 0)
		return true; /* rotated away since, so it was */
	return size > state->offset;
}

static void read_state(struct kmsg *kmsg)
{
	struct state state;

	if (kmsg->state_fd < 0 ||
	    pread(kmsg->state_fd, &state, sizeof(state), 0) != (ssize_t)sizeof(state) ||
	    memcmp(state.head, STATE_HEAD, sizeof(STATE_HEAD)) != 0)
		return;
	kmsg->is_begun = true;
	kmsg->next = state.sequence + (was_appended(kmsg, &state) ? 1 : 0);
}

int kmsg_init(struct kmsg *kmsg, struct loop *loop, struct sink *sink, int fd)
{
	int r;

	*kmsg = (struct kmsg){ .sink = sink, .source.fd = fd };
	kmsg->state_fd = openat(sink->dir_fd, STATE_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
				0600);
	read_state(kmsg);
	r = loop_add(loop, &kmsg->source, fd, EPOLLIN, handle_kmsg);
	if (r < 0)
		kmsg_done(kmsg);
	return r;
}

void kmsg_done(struct kmsg *kmsg)
{
	int fd = kmsg->source.fd;

	loop_remove(&kmsg->source);
	fd_close(fd);
	kmsg->source.fd = -1;
	kmsg->state_fd = fd_close(kmsg->state_fd);
}

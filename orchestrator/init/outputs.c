/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outputs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/channel.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/proto/logs.h"

#include "manager.h"
#include "spawn.h"

/*
 * The pipes are PID 1's: while early-log is away services write into them until they are full, and nothing is lost. One that
 * can't be started at all must not stop them for ever: after TRIES_MAX quick ends services that start write to PID 1's stderr,
 * and it is tried again more and more rarely; the pipes of those that run are kept for the one that lives.
 */

#define PAUSE_US (1 * USEC_PER_SEC)
#define PAUSE_DOUBLED 5U /* at most so often */
#define TRIES_MAX 5
#define STEADY_US (10 * USEC_PER_SEC)

struct outputs {
	struct loop *loop;
	struct manager *manager;
	struct channel channel;
	struct manager_listener listener;
	struct loop_timer timer;
	char *program;
	char *run_dir;
	uint64_t zero_us; /* CLOCK_BOOTTIME of the container's start */
	uint64_t started_us; /* CLOCK_MONOTONIC */
	unsigned int quick_ends;
	bool flush;
};

static void handle_stream(struct manager_listener *listener, const char *unit, int fd)
{
	struct outputs *outputs = container_of(listener, struct outputs, listener);
	struct logs_stream stream = { unit };

	if (!channel_is_open(&outputs->channel))
		return; /* the next early-log gets them all */
	if (channel_send_fds(&outputs->channel, LOGS_STREAM, &stream, &fd, 1) < 0)
		log_warning("%s: early-log does not take its output", unit);
}

static void handle_remark(struct manager_listener *listener, const char *unit, const char *text)
{
	struct outputs *outputs = container_of(listener, struct outputs, listener);
	struct logs_line line = { unit, LOG_LEVEL_WARNING, text };

	if (channel_is_open(&outputs->channel))
		(void)channel_send(&outputs->channel, LOGS_LINE, &line); /* it is in our log */
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	log_debug("early-log says what it should not");
}

static int start(struct outputs *outputs);

static void handle_pause(struct loop_timer *timer)
{
	struct outputs *outputs = container_of(timer, struct outputs, timer);
	int r = start(outputs);

	if (r == 0)
		return;
	log_warning_errno(r, "cannot start early-log, trying again");
	(void)loop_timer_start(outputs->loop, &outputs->timer, clock_monotonic_us() + PAUSE_US,
			       handle_pause); /* then there is none */
}

/* The first time at once. */
static uint64_t pause_us(const struct outputs *outputs)
{
	if (outputs->quick_ends <= 1)
		return 0;
	return PAUSE_US << MIN(outputs->quick_ends - 2, PAUSE_DOUBLED);
}

static void handle_close(struct channel *channel, int error)
{
	struct outputs *outputs = container_of(channel, struct outputs, channel);
	uint64_t now_us = clock_monotonic_us();

	outputs->quick_ends = now_us - outputs->started_us < STEADY_US ? outputs->quick_ends + 1
								       : 0;
	if (outputs->quick_ends >= TRIES_MAX) {
		log_warning("early-log ends again and again, doing without for a while");
		manager_set_streams(outputs->manager, false);
	} else {
		log_warning("early-log ended, starting it again");
	}
	(void)loop_timer_start(outputs->loop, &outputs->timer, now_us + pause_us(outputs),
			       handle_pause); /* then there is none */
}

static int start(struct outputs *outputs)
{
	char zero[32];
	char *argv[] = { (char *)"early-log", (char *)"--run", outputs->run_dir, zero, NULL };
	int fd, r;

	(void)snprintf(zero, sizeof(zero), "--zero=%" PRIu64, outputs->zero_us);
	r = spawn_linked(outputs->program, argv, &fd);
	if (r < 0)
		return r;
	outputs->started_us = clock_monotonic_us();
	r = channel_init(&outputs->channel, outputs->loop, fd, &logs_protocol, handle_message,
			 handle_close, outputs);
	if (r < 0)
		return r;
	manager_set_streams(outputs->manager, true);
	manager_each_stream(outputs->manager, &outputs->listener);
	if (outputs->flush)
		(void)channel_send(&outputs->channel, LOGS_FLUSH, NULL); /* its end is told */
	return 0;
}

int outputs_new(struct outputs **ret, struct loop *loop, struct manager *manager,
		const char *program, const char *run_dir, uint64_t zero_us)
{
	struct outputs *outputs = calloc(1, sizeof(*outputs));
	int r;

	if (!outputs)
		return -ENOMEM;
	outputs->loop = loop;
	outputs->zero_us = zero_us;
	outputs->manager = manager;
	outputs->channel.fd = -1;
	outputs->listener.stream = handle_stream;
	outputs->listener.remark = handle_remark;
	manager_listen(manager, &outputs->listener);
	outputs->program = strdup(program);
	outputs->run_dir = strdup(run_dir);
	r = outputs->program && outputs->run_dir ? start(outputs) : -ENOMEM;
	if (r < 0) {
		outputs_free(outputs);
		return r;
	}
	*ret = outputs;
	return 0;
}

void outputs_flush(struct outputs *outputs)
{
	outputs->flush = true;
	if (channel_is_open(&outputs->channel))
		(void)channel_send(&outputs->channel, LOGS_FLUSH, NULL); /* its end is told */
}

struct outputs *outputs_free(struct outputs *outputs)
{
	if (!outputs)
		return NULL;
	manager_unlisten(&outputs->listener);
	channel_close(&outputs->channel);
	loop_timer_stop(&outputs->timer);
	free(outputs->program);
	free(outputs->run_dir);
	free(outputs);
	return NULL;
}

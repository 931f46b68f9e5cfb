/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timer_link.h"

#include <errno.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/proto/timers.h"

#include "spawn.h"

/*
 * early-timer keeps nothing that is not on the disk, so it may end at any moment: what is unanswered is asked again. One that
 * ends again and again is waited for longer each time, for the machine has nobody else who knows the calendar.
 */

#define PAUSE_US (1 * USEC_PER_SEC)
#define PAUSE_MAX_US (300 * USEC_PER_SEC)
#define STEADY_US (10 * USEC_PER_SEC)

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct timer_link *link = container_of(channel, struct timer_link, channel);

	link->message(link, message);
}

static void handle_pause(struct loop_timer *timer)
{
	struct timer_link *link = container_of(timer, struct timer_link, pause);

	link->lost(link);
}

static void pause_it(struct timer_link *link)
{
	uint64_t now_us = clock_monotonic_us();
	uint64_t pause_us = PAUSE_US;

	link->quick_ends = now_us - link->started_us < STEADY_US ? link->quick_ends + 1 : 0;
	for (unsigned int i = 1; i < link->quick_ends && pause_us < PAUSE_MAX_US; i++)
		pause_us *= 2;
	(void)loop_timer_start(link->loop, &link->pause, now_us + MIN(pause_us, PAUSE_MAX_US),
			       handle_pause); /* then the next change of a timer starts it */
}

static void handle_close(struct channel *channel, int error)
{
	struct timer_link *link = container_of(channel, struct timer_link, channel);

	log_warning("early-timer ended, starting it again");
	pause_it(link);
}

static int start(struct timer_link *link)
{
	char *argv[] = { (char *)"early-timer", NULL };
	int fd, r;

	link->started_us = clock_monotonic_us();
	r = spawn_linked(link->program, argv, &fd);
	if (r < 0)
		return r;
	return channel_init(&link->channel, link->loop, fd, &timers_protocol, handle_message,
			    handle_close, link);
}

void timer_link_init(struct timer_link *link)
{
	link->channel.fd = -1;
}

void timer_link_done(struct timer_link *link)
{
	loop_timer_stop(&link->pause);
	channel_close(&link->channel);
}

bool timer_link_send(struct timer_link *link, uint16_t opcode, const void *value)
{
	int r;

	if (link->pause.loop)
		return false;
	if (!channel_is_open(&link->channel)) {
		r = start(link);
		if (r < 0) {
			log_warning_errno(r, "cannot start early-timer");
			pause_it(link);
			return false;
		}
	}
	r = channel_send(&link->channel, opcode, value);
	if (r < 0)
		log_warning_errno(r, "early-timer does not take a question");
	return r == 0;
}

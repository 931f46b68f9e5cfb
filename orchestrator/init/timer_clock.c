/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timer_clock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

/*
 * A timerfd of a clock is made when a timer first needs it, and set only when its moment changes: an idle machine makes no
 * call and wakes for nothing. One of CLOCK_REALTIME also ends its wait when somebody sets the clock (TFD_TIMER_CANCEL_ON_SET), and
 * when the machine was asleep.
 *
 * To wake the machine is a privilege. A kernel that refuses it still has the clock itself, so the timer elapses when somebody else
 * woke the machine.
 */

#define FAR_AWAY_S ((time_t)1 << 40)
#define RETRY_US (1 * USEC_PER_SEC)

void timer_clock_init(struct timer_clock *clock)
{
	for (size_t i = 0; i < TIMER_ALARM_COUNT; i++) {
		clock->sources[i].fd = -1;
		clock->sources[i].clock = clock;
	}
}

void timer_clock_done(struct timer_clock *clock)
{
	loop_timer_stop(&clock->monotonic);
	for (size_t i = 0; i < TIMER_ALARM_COUNT; i++) {
		loop_remove(&clock->sources[i].source);
		clock->sources[i].fd = fd_close(clock->sources[i].fd);
	}
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec now = { 0 };

	(void)clock_gettime(id, &now); /* clocks that every kernel has */
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

void timer_clock_read(struct timer_clocks *ret_now)
{
	*ret_now = (struct timer_clocks){
		.realtime_us = read_clock(CLOCK_REALTIME),
		.monotonic_us = clock_monotonic_us(),
		.boottime_us = clock_boottime_us(),
	};
}

/* --- ringing --- */

static void handle_monotonic(struct loop_timer *timer)
{
	struct timer_clock *clock = container_of(timer, struct timer_clock, monotonic);

	clock->woke(clock);
}

static void handle_alarm(struct loop_source *source, uint32_t events)
{
	struct timer_alarm_source *alarm = container_of(source, struct timer_alarm_source, source);
	struct timer_clock *clock = alarm->clock;
	uint64_t expirations;
	bool was_set = read(alarm->fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED;

	alarm->armed_us = was_set; /* then it is armed still, and not for what is wanted */
	if (was_set)
		clock->was_set(clock);
	clock->woke(clock);
}

/* --- setting --- */

static clockid_t clock_of(enum timer_alarm alarm, bool wakes)
{
	switch (alarm) {
	case TIMER_ALARM_MONOTONIC:
	case TIMER_ALARM_COUNT:
		break;
	case TIMER_ALARM_REALTIME:
		return CLOCK_REALTIME;
	case TIMER_ALARM_BOOTTIME_WAKE:
		return wakes ? CLOCK_BOOTTIME_ALARM : CLOCK_BOOTTIME;
	case TIMER_ALARM_REALTIME_WAKE:
		return wakes ? CLOCK_REALTIME_ALARM : CLOCK_REALTIME;
	}
	return CLOCK_MONOTONIC;
}

/* 0: none. */
static int set_alarm(struct timer_alarm_source *alarm, enum timer_alarm which, uint64_t when_us)
{
	struct itimerspec spec = {
		.it_value = { .tv_sec = (time_t)(when_us / USEC_PER_SEC),
			      .tv_nsec = (long)(when_us % USEC_PER_SEC) * 1000 },
	};
	int flags = TFD_TIMER_ABSTIME;

	if (when_us == TIMER_NEVER)
		spec.it_value = (struct timespec){ .tv_sec = FAR_AWAY_S };
	if (which != TIMER_ALARM_BOOTTIME_WAKE)
		flags |= TFD_TIMER_CANCEL_ON_SET;
	return timerfd_settime(alarm->fd, flags, &spec, NULL) < 0 ? -errno : 0;
}

static int open_alarm(struct timer_clock *clock, enum timer_alarm which, bool wakes,
		      uint64_t when_us)
{
	struct timer_alarm_source *alarm = &clock->sources[which];
	int r;

	alarm->fd = timerfd_create(clock_of(which, wakes), TFD_CLOEXEC | TFD_NONBLOCK);
	if (alarm->fd < 0)
		return -errno;
	r = set_alarm(alarm, which, when_us);
	if (r == 0)
		r = loop_add(clock->loop, &alarm->source, alarm->fd, EPOLLIN, handle_alarm);
	if (r < 0)
		alarm->fd = fd_close(alarm->fd);
	return r;
}

static int make_alarm(struct timer_clock *clock, enum timer_alarm which, uint64_t when_us)
{
	int r = open_alarm(clock, which, true, when_us);

	if (r == 0 || which == TIMER_ALARM_REALTIME)
		return r;
	if (!clock->refused)
		log_warning_errno(r, "WakeSystem=yes: the kernel refuses to wake the machine; its "
				     "timers elapse when it is awake");
	clock->refused = true;
	return open_alarm(clock, which, false, when_us);
}

/* 0 if it is as wanted. */
static int arm_alarm(struct timer_clock *clock, enum timer_alarm which, uint64_t when_us,
		     bool watch)
{
	struct timer_alarm_source *alarm = &clock->sources[which];
	int r;

	if (when_us == TIMER_NEVER && !watch) {
		if (alarm->armed_us > 0)
			(void)set_alarm(alarm, which, 0); /* no moment: it can't be refused */
		alarm->armed_us = 0;
		return 0;
	}
	if (alarm->fd >= 0 && alarm->armed_us == when_us)
		return 0;
	r = alarm->fd >= 0 ? set_alarm(alarm, which, when_us) : make_alarm(clock, which, when_us);
	alarm->armed_us = r == 0 ? when_us : 0;
	if (r ==
	    -ECANCELED) { /* the clock was set meanwhile; it is armed, and the mark is used up */
		clock->was_set(clock);
		clock->woke(clock);
		return 0;
	}
	return r;
}

/* No descriptor is left, or no memory: that passes, and nobody else would look at the timers then. */
static void note_result(struct timer_clock *clock, int r)
{
	if (r < 0 && !clock->failed)
		log_warning_errno(r, "cannot set a clock for timers, trying again");
	clock->failed = r < 0;
}

static void arm_monotonic(struct timer_clock *clock, uint64_t when_us)
{
	if (when_us == TIMER_NEVER)
		loop_timer_stop(&clock->monotonic);
	else if (!clock->monotonic.loop || clock->monotonic.deadline_us != when_us)
		(void)loop_timer_start(
			clock->loop, &clock->monotonic, when_us,
			handle_monotonic); /* fails without memory only: logged there */
}

void timer_clock_arm(struct timer_clock *clock, const uint64_t when_us[static TIMER_ALARM_COUNT],
		     bool watch)
{
	uint64_t monotonic_us = when_us[TIMER_ALARM_MONOTONIC];
	int result = 0;

	for (enum timer_alarm which = TIMER_ALARM_REALTIME; which < TIMER_ALARM_COUNT; which++) {
		int r = arm_alarm(clock, which, when_us[which],
				  watch && which == TIMER_ALARM_REALTIME);

		result = result < 0 ? result : r;
	}
	note_result(clock, result);
	if (result < 0)
		monotonic_us = MIN(monotonic_us, clock_monotonic_us() + RETRY_US);
	arm_monotonic(clock, monotonic_us);
}

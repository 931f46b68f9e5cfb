/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/loop.h"

#include "timer_next.h"

/* The clocks of all timers: one wake-up for each of them, whatever the number of timers. */
enum timer_alarm {
	TIMER_ALARM_MONOTONIC, /* the loop's own */
	TIMER_ALARM_REALTIME,
	TIMER_ALARM_BOOTTIME_WAKE, /* these two wake the machine */
	TIMER_ALARM_REALTIME_WAKE,
	TIMER_ALARM_COUNT,
};

struct timer_clock;

struct timer_alarm_source {
	struct loop_source source;
	struct timer_clock *clock;
	int fd; /* -1: not needed yet */
	uint64_t
		armed_us; /* TIMER_NEVER: no moment, but told of changes of the clock; 0: not armed */
};

struct timer_clock {
	struct loop *loop;
	struct loop_timer monotonic;
	struct timer_alarm_source sources[TIMER_ALARM_COUNT]; /* the first one is not used */
	bool refused; /* WakeSystem=: said once */
	bool failed; /* one could not be set: it is tried again soon */
	void (*woke)(struct timer_clock *clock);
	void (*was_set)(struct timer_clock *clock); /* CLOCK_REALTIME jumped */
};

void timer_clock_init(struct timer_clock *clock);
void timer_clock_done(struct timer_clock *clock);
void timer_clock_read(struct timer_clocks *ret_now);

/* What to wake for; TIMER_NEVER: nothing. Of the realtime one, TIMER_NEVER with @watch: only when the clock is set. */
void timer_clock_arm(struct timer_clock *clock, const uint64_t when_us[static TIMER_ALARM_COUNT],
		     bool watch);

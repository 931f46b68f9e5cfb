/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/proto/table.h"

/*
 * When a timer elapses next, of its manifest's lines and of what was. Pure: the clocks are arguments, and a calendar's next moment is
 * somebody else's answer.
 */

#define TIMER_NEVER UINT64_MAX

/* One moment by all clocks; all 0: it never was. */
struct timer_clocks {
	uint64_t realtime_us;
	uint64_t monotonic_us; /* stands still while the machine sleeps */
	uint64_t boottime_us;
};

/* What was. */
struct timer_past {
	struct timer_clocks activated; /* the timer was started */
	struct timer_clocks elapsed; /* it elapsed last, be it before this boot (realtime only) */
	struct timer_clocks unit_started; /* its service */
	struct timer_clocks unit_ended;
	struct timer_clocks origin_boot; /* what OnBootSec= counts from */
	struct timer_clocks origin_startup; /* and OnStartupSec= */
	uint64_t
		ready_us; /* CLOCK_REALTIME since when it waits: what was missed comes then, at the soonest */
	uint64_t random_us; /* of RandomizedDelaySec=, for the next elapse */
	bool running; /* it elapsed, and its service is not over yet */
};

struct timer_lines {
	const struct table_timer *lines;
	size_t n_lines;
};

/* The next elapse: whichever clock gets there first. */
struct timer_plan {
	uint64_t span_us; /* of the clock of its spans, timer_span_clock(); TIMER_NEVER: none */
	size_t span_line;
	uint64_t calendar_us; /* CLOCK_REALTIME */
	size_t calendar_line;
};

/* --- what the lines say --- */
uint32_t timer_flags(const struct timer_lines *lines);
uint64_t timer_accuracy_us(const struct timer_lines *lines);
uint64_t timer_randomized_us(const struct timer_lines *lines);
bool timer_has_kind(const struct timer_lines *lines, enum table_timer_kind kind);
/* The line that is the @nth OnCalendar=. */
size_t timer_calendar_line(const struct timer_lines *lines, size_t nth);

/* CLOCK_MONOTONIC, or with WakeSystem= CLOCK_BOOTTIME. */
uint64_t timer_span_clock(const struct timer_lines *lines, const struct timer_clocks *clocks);

/* --- the decision --- */

/* The moment after which a calendar is asked for the next. */
uint64_t timer_calendar_after(const struct timer_lines *lines, const struct timer_past *past,
			      const struct timer_clocks *now);

/* @calendar_us: the answer, TIMER_NEVER for none; @nth of which OnCalendar=. */
void timer_plan(const struct timer_lines *lines, const struct timer_past *past,
		uint64_t calendar_us, size_t nth, struct timer_plan *ret_plan);

bool timer_is_due(const struct timer_lines *lines, const struct timer_plan *plan,
		  const struct timer_clocks *now, size_t *ret_line);

/* False if nothing can make it elapse any more, @plan being empty. */
bool timer_can_come(const struct timer_lines *lines, const struct timer_past *past,
		    const struct timer_plan *plan);

/* When it elapses next, by CLOCK_REALTIME, as far as that is known; TIMER_NEVER: not at all. */
uint64_t timer_plan_realtime(const struct timer_lines *lines, const struct timer_plan *plan,
			     const struct timer_clocks *now);

/*
 * When to wake for something that may happen from @earliest_us on, @accuracy_us later at the latest: on a moment on which others wake,
 * too. @to_realtime_us is what CLOCK_REALTIME is ahead of its clock, so that all clocks share such moments.
 */
uint64_t timer_wake_us(uint64_t earliest_us, uint64_t accuracy_us, uint64_t to_realtime_us);

/* The clock was set: what lies in its future is moved to now. */
void timer_past_rewind(struct timer_past *past, const struct timer_clocks *now);

/* "OnCalendar", … */
const char *timer_kind_name(enum table_timer_kind kind);

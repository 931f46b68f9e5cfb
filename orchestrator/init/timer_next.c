/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timer_next.h"

#include "early/clock.h"
#include "early/macros.h"

/*
 * The next elapse
 *
 * Every line is a moment: a base plus a span, or what a calendar says. Nothing is crossed off: a line whose base happens once
 * (the boot, the start of the timer) is spent when its moment is not after the last elapse, and the bases of the others move on
 * by themselves. So the same past always gives the same plan, in this program and in the one that is executed in its place.
 *
 * A calendar counts from the last elapse: what was missed comes at once (systemd does the same). One that does not persist counts from its
 * start at the soonest. The random delay is rolled once for each elapse, and is part of the past for that reason.
 */

uint32_t timer_flags(const struct timer_lines *lines)
{
	return lines->n_lines > 0 ? lines->lines[0].flags : 0;
}

uint64_t timer_accuracy_us(const struct timer_lines *lines)
{
	return lines->n_lines > 0 ? lines->lines[0].accuracy_us : 0;
}

uint64_t timer_randomized_us(const struct timer_lines *lines)
{
	return lines->n_lines > 0 ? lines->lines[0].randomized_us : 0;
}

bool timer_has_kind(const struct timer_lines *lines, enum table_timer_kind kind)
{
	for (size_t i = 0; i < lines->n_lines; i++)
		if (lines->lines[i].kind == kind)
			return true;
	return false;
}

size_t timer_calendar_line(const struct timer_lines *lines, size_t nth)
{
	for (size_t i = 0; i < lines->n_lines; i++)
		if (lines->lines[i].kind == TABLE_TIMER_CALENDAR && nth-- == 0)
			return i;
	return 0;
}

uint64_t timer_span_clock(const struct timer_lines *lines, const struct timer_clocks *clocks)
{
	return timer_flags(lines) & TABLE_TIMER_WAKE_SYSTEM ? clocks->boottime_us
							    : clocks->monotonic_us;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > TIMER_NEVER - b ? TIMER_NEVER : a + b;
}

/* --- spans --- */

/* When the line elapses, without the delay; TIMER_NEVER if its base never was, or was used up. */
static uint64_t span_moment(const struct timer_lines *lines, const struct timer_past *past,
			    const struct table_timer *line)
{
	uint64_t elapsed_us = timer_span_clock(lines, &past->elapsed);
	uint64_t base_us = 0, moment_us;
	bool once = false;

	switch ((enum table_timer_kind)line->kind) {
	case TABLE_TIMER_ACTIVE:
		base_us = timer_span_clock(lines, &past->activated);
		once = true;
		break;
	case TABLE_TIMER_BOOT:
		base_us = timer_span_clock(lines, &past->origin_boot);
		once = true;
		break;
	case TABLE_TIMER_STARTUP:
		base_us = timer_span_clock(lines, &past->origin_startup);
		once = true;
		break;
	case TABLE_TIMER_UNIT_ACTIVE:
		base_us = MAX(timer_span_clock(lines, &past->unit_started), elapsed_us);
		break;
	case TABLE_TIMER_UNIT_INACTIVE:
		base_us = MAX(timer_span_clock(lines, &past->unit_ended), elapsed_us);
		break;
	case TABLE_TIMER_CALENDAR:
	case TABLE_TIMER_CLOCK_CHANGE:
	case TABLE_TIMER_TIMEZONE_CHANGE:
		return TIMER_NEVER;
	}
	if (!once && base_us == 0)
		return TIMER_NEVER;
	moment_us = add(base_us, line->span_us);
	return once && elapsed_us > 0 && moment_us <= elapsed_us ? TIMER_NEVER : moment_us;
}

/* --- the plan --- */

uint64_t timer_calendar_after(const struct timer_lines *lines, const struct timer_past *past,
			      const struct timer_clocks *now)
{
	uint64_t after_us = past->elapsed.realtime_us;

	if (after_us == 0 || !(timer_flags(lines) & TABLE_TIMER_PERSISTENT))
		after_us = MAX(after_us, past->activated.realtime_us);
	return MIN(after_us, now->realtime_us);
}

void timer_plan(const struct timer_lines *lines, const struct timer_past *past,
		uint64_t calendar_us, size_t nth, struct timer_plan *ret_plan)
{
	*ret_plan = (struct timer_plan){ .span_us = TIMER_NEVER, .calendar_us = TIMER_NEVER };
	if (past->running)
		return;
	for (size_t i = 0; i < lines->n_lines; i++) {
		uint64_t moment_us = span_moment(lines, past, &lines->lines[i]);

		if (moment_us >= ret_plan->span_us)
			continue;
		ret_plan->span_us = moment_us;
		ret_plan->span_line = i;
	}
	ret_plan->span_us = add(ret_plan->span_us, past->random_us);
	if (calendar_us == TIMER_NEVER)
		return;
	ret_plan->calendar_us = add(MAX(calendar_us, past->ready_us), past->random_us);
	ret_plan->calendar_line = timer_calendar_line(lines, nth);
}

bool timer_is_due(const struct timer_lines *lines, const struct timer_plan *plan,
		  const struct timer_clocks *now, size_t *ret_line)
{
	if (plan->span_us <= timer_span_clock(lines, now)) {
		*ret_line = plan->span_line;
		return true;
	}
	*ret_line = plan->calendar_line;
	return plan->calendar_us <= now->realtime_us;
}

bool timer_can_come(const struct timer_lines *lines, const struct timer_past *past,
		    const struct timer_plan *plan)
{
	return past->running || plan->span_us != TIMER_NEVER || plan->calendar_us != TIMER_NEVER ||
	       timer_has_kind(lines, TABLE_TIMER_UNIT_ACTIVE) ||
	       timer_has_kind(lines, TABLE_TIMER_UNIT_INACTIVE) ||
	       timer_has_kind(lines, TABLE_TIMER_CLOCK_CHANGE) ||
	       timer_has_kind(lines, TABLE_TIMER_TIMEZONE_CHANGE);
}

uint64_t timer_plan_realtime(const struct timer_lines *lines, const struct timer_plan *plan,
			     const struct timer_clocks *now)
{
	uint64_t clock_us = timer_span_clock(lines, now);
	uint64_t left_us = plan->span_us > clock_us ? plan->span_us - clock_us : 0;
	uint64_t span_us = plan->span_us == TIMER_NEVER ? TIMER_NEVER
							: add(now->realtime_us, left_us);

	return MIN(span_us, plan->calendar_us);
}

/* --- waking --- */

/*
 * The roundest moment that is early enough: who wakes on a full minute wakes with all that may. Beyond a minute roundness gathers
 * nobody any more, and only delays.
 */
uint64_t timer_wake_us(uint64_t earliest_us, uint64_t accuracy_us, uint64_t to_realtime_us)
{
	static const uint64_t grids_us[] = { 60 * USEC_PER_SEC, 10 * USEC_PER_SEC, USEC_PER_SEC,
					     250 * USEC_PER_MSEC };
	uint64_t latest_us = add(earliest_us, accuracy_us);

	if (earliest_us > TIMER_NEVER / 2 || to_realtime_us > TIMER_NEVER / 4)
		return earliest_us;
	for (size_t i = 0; i < ARRAY_SIZE(grids_us); i++) {
		uint64_t grid_us = grids_us[i];
		uint64_t real_us = earliest_us + to_realtime_us;
		uint64_t round_us = (real_us + grid_us - 1) / grid_us * grid_us - to_realtime_us;

		if (round_us <= latest_us)
			return round_us;
	}
	return latest_us;
}

/* --- the clock --- */

void timer_past_rewind(struct timer_past *past, const struct timer_clocks *now)
{
	past->elapsed.realtime_us = MIN(past->elapsed.realtime_us, now->realtime_us);
	past->activated.realtime_us = MIN(past->activated.realtime_us, now->realtime_us);
	past->ready_us = MIN(past->ready_us, now->realtime_us);
}

const char *timer_kind_name(enum table_timer_kind kind)
{
	switch (kind) {
	case TABLE_TIMER_CALENDAR:
		break;
	case TABLE_TIMER_ACTIVE:
		return "OnActiveSec";
	case TABLE_TIMER_BOOT:
		return "OnBootSec";
	case TABLE_TIMER_STARTUP:
		return "OnStartupSec";
	case TABLE_TIMER_UNIT_ACTIVE:
		return "OnUnitActiveSec";
	case TABLE_TIMER_UNIT_INACTIVE:
		return "OnUnitInactiveSec";
	case TABLE_TIMER_CLOCK_CHANGE:
		return "OnClockChange";
	case TABLE_TIMER_TIMEZONE_CHANGE:
		return "OnTimezoneChange";
	}
	return "OnCalendar";
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others are told of a timer: people, and the program that is executed in this one's place. */
#include "early/macros.h"

#include "service.h"
#include "state_proto.h"
#include "timer.h"

static const char *sub_state(const struct timer *timer, const struct timer_lines *lines)
{
	if (!service_state_is_active(timer->service->state))
		return "dead";
	if (timer->past.running)
		return "running";
	return timer->past.elapsed.realtime_us > 0 &&
			       !timer_can_come(lines, &timer->past, &timer->plan)
		       ? "elapsed"
		       : "waiting";
}

void timer_describe(const struct timer *timer, struct timer_facts *ret)
{
	const struct definition *definition = timer->service->definition;
	struct timer_lines lines = { definition->timers, definition->n_timers };
	struct timer_clocks now;
	uint64_t next_us;

	timer_clock_read(&now);
	next_us = timer_plan_realtime(&lines, &timer->plan, &now);
	*ret = (struct timer_facts){
		.sub_state = sub_state(timer, &lines),
		.unit = lines.n_lines > 0 ? lines.lines[0].unit : "",
		.next_us = next_us == TIMER_NEVER ? 0 : next_us,
		.last_us = timer->past.elapsed.realtime_us,
	};
}

static void clocks_save(const struct timer_clocks *clocks, struct state_clocks *ret)
{
	*ret = (struct state_clocks){ clocks->realtime_us, clocks->monotonic_us,
				      clocks->boottime_us };
}

static void clocks_restore(struct timer_clocks *ret, const struct state_clocks *state)
{
	*ret = (struct timer_clocks){ state->realtime_us, state->monotonic_us, state->boottime_us };
}

void timer_save(const struct timer *timer, struct state_timer *ret)
{
	const struct timer_past *past = &timer->past;

	*ret = (struct state_timer){
		.ready_us = past->ready_us,
		.random_us = past->random_us,
		.flags = (past->running ? STATE_TIMER_RUNNING : 0) |
			 (timer->stamp_known ? STATE_TIMER_STAMP_KNOWN : 0) |
			 (timer->stamp_due ? STATE_TIMER_STAMP_DUE : 0),
	};
	clocks_save(&past->activated, &ret->activated);
	clocks_save(&past->elapsed, &ret->elapsed);
	clocks_save(&past->unit_started, &ret->unit_started);
	clocks_save(&past->unit_ended, &ret->unit_ended);
	clocks_save(&past->origin_boot, &ret->origin_boot);
	clocks_save(&past->origin_startup, &ret->origin_startup);
}

void timer_restore(struct timer *timer, const struct state_timer *state)
{
	struct timer_past *past = &timer->past;

	past->ready_us = state->ready_us;
	past->random_us = state->random_us;
	past->running = state->flags & STATE_TIMER_RUNNING;
	timer->stamp_known = state->flags & STATE_TIMER_STAMP_KNOWN;
	timer->stamp_due = state->flags & STATE_TIMER_STAMP_DUE;
	clocks_restore(&past->activated, &state->activated);
	clocks_restore(&past->elapsed, &state->elapsed);
	clocks_restore(&past->unit_started, &state->unit_started);
	clocks_restore(&past->unit_ended, &state->unit_ended);
	clocks_restore(&past->origin_boot, &state->origin_boot);
	clocks_restore(&past->origin_startup, &state->origin_startup);
}

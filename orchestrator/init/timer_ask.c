/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/proto/timers.h"
#include "early/strbuf.h"

#include "manager_internal.h"
#include "timers_internal.h"

/*
 * What PID 1 asks early-timer, and what becomes of the answers
 *
 * A question has a number, and any change of what it was about gives the next one another: an answer to an old question is dropped.
 * The stamp comes before the calendar, because it says from when on the calendar counts.
 */

#define STAMP_RETRY_US (600 * USEC_PER_SEC) /* a full disk, or one that cannot be written at all */

/* --- chance --- */

static uint64_t hash_name(uint64_t seed, const char *name)
{
	for (; *name; name++)
		seed = (seed ^ (unsigned char)*name) * 0x100000001b3ULL;
	seed ^= seed >> 33;
	return seed * 0xff51afd7ed558ccdULL;
}

void timer_roll(const struct timers *timers, struct timer *timer)
{
	struct timer_lines lines = timer_lines_of(timer);
	uint64_t most_us = timer_randomized_us(&lines), number = 0;

	timer->past.random_us = 0;
	if (most_us == 0)
		return;
	if (timer_flags(&lines) & TABLE_TIMER_FIXED_RANDOM)
		number = hash_name(timers->seed, timer->service->name);
	else if (getrandom(&number, sizeof(number), GRND_INSECURE) < 0)
		number = hash_name(clock_monotonic_us(), timer->service->name);
	timer->past.random_us = number % most_us;
}

/* --- questions to early-timer --- */

void timer_forget_answer(struct timer *timer)
{
	timer->asked = timer->answered = false;
	timer->serial++;
	timer->calendar_us = TIMER_NEVER;
}

static void ask_calendar(struct timers *timers, struct timer *timer, const struct timer_clocks *now)
{
	struct timer_lines lines = timer_lines_of(timer);
	struct timers_next next = {
		.timer = timer->service->name,
		.serial = timer->serial,
		.after_us = timer_calendar_after(&lines, &timer->past, now),
	};
	struct strbuf list CLEANUP_STRBUF = STRBUF_INIT;

	for (size_t i = 0; i < lines.n_lines; i++)
		if (lines.lines[i].kind == TABLE_TIMER_CALENDAR)
			strbuf_add(&list, lines.lines[i].calendar,
				   strlen(lines.lines[i].calendar) + 1);
	if (strbuf_error(&list) < 0)
		return; /* no memory: at the next change */
	next.calendars = (struct wire_list){ list.data, (uint32_t)list.len };
	timer->asked = timer_link_send(&timers->link, TIMERS_NEXT, &next);
}

/* A timer that never elapsed has the stamp of when it began to wait. */
static uint64_t stamp_moment(const struct timer *timer)
{
	uint64_t elapsed_us = timer->past.elapsed.realtime_us;

	return elapsed_us > 0 ? elapsed_us : timer->past.ready_us;
}

static void ask_stamp(struct timers *timers, struct timer *timer, const struct timer_clocks *now)
{
	struct timers_stamp stamp = { .timer = timer->service->name };

	if (timer->stamp_asked || (timer->stamp_known && !timer->stamp_due))
		return;
	if (timer->stamp_known && timer->stamp_retry_us > now->monotonic_us)
		return;
	if (timer->stamp_known)
		stamp.at_us = stamp_moment(timer);
	timer->stamp_retry_us = 0;
	timer->stamp_asked = timer_link_send(&timers->link, TIMERS_STAMP, &stamp);
}

/* What is to be known before the calendar is. */
void timer_ask(struct timers *timers, struct timer *timer, const struct timer_clocks *now)
{
	struct timer_lines lines = timer_lines_of(timer);
	uint32_t flags = timer_flags(&lines);

	if (!timer_has_kind(&lines, TABLE_TIMER_CALENDAR)) {
		timer->stamp_due = false; /* it may have had one, until its words changed */
		/* Its news alone are wanted, of the zone and of the machine. */
		if ((timer_has_kind(&lines, TABLE_TIMER_TIMEZONE_CHANGE) ||
		     (flags & TABLE_TIMER_FIXED_RANDOM)) &&
		    !timer->asked)
			ask_calendar(timers, timer, now);
		return;
	}
	timer->stamp_known |= !(flags & TABLE_TIMER_PERSISTENT);
	ask_stamp(timers, timer, now);
	if (timer->stamp_known && !timer->asked)
		ask_calendar(timers, timer, now);
}

static struct timer *find_timer(struct timers *timers, const char *name)
{
	struct service *service = manager_find(timers->manager, name);

	return service ? service->times : NULL;
}

static void take_moment(struct timers *timers, const struct timers_moment *moment)
{
	struct timer *timer = find_timer(timers, moment->timer);

	if (!timer || moment->serial != timer->serial)
		return; /* the question is another one by now */
	timer->answered = true;
	timer->calendar_us = moment->at_us;
	timer->calendar_nth = moment->which;
}

static void take_stamp(struct timers *timers, const struct timers_stamp *stamp)
{
	struct timer *timer = find_timer(timers, stamp->timer);
	struct timer_clocks now;

	if (!timer)
		return;
	timer->stamp_asked = false;
	timer_clock_read(&now);
	if (stamp->error > 0)
		timer->stamp_retry_us = now.monotonic_us + STAMP_RETRY_US;
	if (stamp->written) {
		timer->stamp_due &= stamp->error > 0 || stamp_moment(timer) != stamp->at_us;
		return;
	}
	timer->stamp_known = true;
	timer->stamp_due |= stamp->error > 0;
	/* One of the future is of a clock that went wrong. */
	if (stamp->at_us > timer->past.elapsed.realtime_us && stamp->at_us <= now.realtime_us)
		timer->past.elapsed.realtime_us = stamp->at_us;
	timer_forget_answer(timer);
}

static void take_machine(struct timers *timers, const struct timers_machine *machine)
{
	struct timer *timer;

	if (timers->seed == machine->seed)
		return;
	timers->seed = machine->seed;
	list_for_each (timer, &timers->all, link) {
		struct timer_lines lines = timer_lines_of(timer);

		if (timer_flags(&lines) & TABLE_TIMER_FIXED_RANDOM)
			timer_roll(timers, timer);
	}
}

void timers_elapse_all(struct timers *timers, enum table_timer_kind cause)
{
	struct timer *timer;

	list_for_each (timer, &timers->all, link) {
		struct timer_lines lines = timer_lines_of(timer);

		timer_forget_answer(timer);
		if (!service_state_is_active(timer->service->state) ||
		    !timer_has_kind(&lines, cause))
			continue;
		timer->elapses_now = true;
		timer->cause = cause;
	}
}

void timers_handle_message(struct timer_link *link, struct channel_message *message)
{
	struct timers *timers = container_of(link, struct timers, link);
	union {
		struct timers_moment moment;
		struct timers_stamp stamp;
		struct timers_machine machine;
	} value;

	if (message->opcode != TIMERS_ZONE &&
	    channel_unpack(&link->channel, message, &value, sizeof(value)) < 0)
		return;
	switch ((enum timers_opcode)message->opcode) {
	case TIMERS_MOMENT:
		take_moment(timers, &value.moment);
		break;
	case TIMERS_STAMPED:
		take_stamp(timers, &value.stamp);
		break;
	case TIMERS_MACHINE:
		take_machine(timers, &value.machine);
		break;
	case TIMERS_ZONE:
		timers_elapse_all(timers, TABLE_TIMER_TIMEZONE_CHANGE);
		break;
	case TIMERS_NEXT:
	case TIMERS_STAMP:
		return; /* not its to say */
	}
	timers_note_change(timers);
}

void timers_handle_lost(struct timer_link *link)
{
	struct timers *timers = container_of(link, struct timers, link);
	struct timer *timer;

	list_for_each (timer, &timers->all, link) {
		timer->asked = false; /* asked again: it is who watches the time zone */
		timer->stamp_asked = false;
	}
	timers_note_change(timers);
}

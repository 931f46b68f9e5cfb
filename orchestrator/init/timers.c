/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "early/cause.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"

#include "manager_internal.h"
#include "timers_internal.h"

/*
 * Timers
 *
 * A .timer unit is a target to the manager: started, stopped, wanted and listed like any other. While it is active its timer asks
 * timer_next.c what comes next, and the manager starts its service when that moment is there. Whatever changes (a unit's state, a
 * clock, an answer of early-timer, a manifest) only marks the timers as due; they are looked at together before the loop sleeps, all of
 * them, for there are few and a plan costs nothing.
 *
 * Nothing elapses before the boot is complete: a boot's first need is the login, and only then do stamps and zones lie on real
 * storage. What was due by then comes then.
 */

#define RETRY_US (1 * USEC_PER_SEC)

/* --- one timer --- */

static const char *unit_of(const struct timer *timer)
{
	const struct definition *definition = timer->service->definition;

	return definition->n_timers > 0 ? definition->timers[0].unit : "";
}

static bool is_active(const struct timer *timer)
{
	return service_state_is_active(timer->service->state);
}

static bool is_open(const struct timers *timers)
{
	return !timers->manager->stopping &&
	       timeline_when(&timers->manager->timeline, "complete") > 0;
}

/* Its own name, if it is known by another. */
static const char *unit_name(const struct timers *timers, const struct timer *timer)
{
	const struct service *unit = manager_find(timers->manager, unit_of(timer));

	return unit ? unit->name : unit_of(timer);
}

int timers_add(struct timers *timers, struct service *service)
{
	size_t len = strlen(service->name);
	struct timer *timer;

	if (len <= strlen(".timer") ||
	    strcmp(service->name + len - strlen(".timer"), ".timer") != 0)
		return 0;
	timer = calloc(1, sizeof(*timer));
	if (!timer)
		return -ENOMEM;
	timer->service = service;
	timer->calendar_us = TIMER_NEVER;
	timer->plan.span_us = timer->plan.calendar_us = TIMER_NEVER;
	list_append(&timers->all, &timer->link);
	service->times = timer;
	return 0;
}

struct timer *timer_free(struct timer *timer)
{
	if (!timer)
		return NULL;
	timer->service->times = NULL;
	list_remove(&timer->link);
	free(timer);
	return NULL;
}

/* --- what happens to units --- */

/* Not to 0, which would be never. */
static uint64_t before(uint64_t clock_us, uint64_t ago_us)
{
	return clock_us > ago_us ? clock_us - ago_us : 1;
}

/* CLOCK_BOOTTIME of a moment ago by all clocks, as if none had jumped since. */
static struct timer_clocks moment_of(uint64_t boottime_us, const struct timer_clocks *now)
{
	uint64_t ago_us = now->boottime_us > boottime_us ? now->boottime_us - boottime_us : 0;

	return (struct timer_clocks){
		.realtime_us = before(now->realtime_us, ago_us),
		.monotonic_us = before(now->monotonic_us, ago_us),
		.boottime_us = before(now->boottime_us, ago_us),
	};
}

static void set_origins(const struct timers *timers, struct timer_past *past,
			const struct timer_clocks *now)
{
	struct manager *manager = timers->manager;
	uint64_t init_us = timeline_when(&manager->timeline, "init");

	past->origin_boot = past->origin_startup = (struct timer_clocks){ 0 };
	if (init_us > 0)
		past->origin_startup = moment_of(init_us, now);
	if (manager->options.container) /* its boot is its own start */
		past->origin_boot = past->origin_startup;
}

static void activate(struct timers *timers, struct timer *timer)
{
	struct service *unit = manager_find(timers->manager, unit_of(timer));
	struct timer_clocks now;

	timer_clock_read(&now);
	set_origins(timers, &timer->past, &now);
	timer->past.activated = now;
	timer->past.ready_us = now.realtime_us;
	timer->past.running = timer->gave_up = timer->elapses_now = false;
	timer->retry_us = 0;
	/* What its service did before it was looked at. */
	if (unit && unit->since_us > 0 && service_state_is_inactive(unit->state))
		timer->past.unit_ended = moment_of(unit->since_us, &now);
	else if (unit && unit->since_us > 0)
		timer->past.unit_started = moment_of(unit->since_us, &now);
	timer_roll(timers, timer);
	timer_forget_answer(timer);
}

static void note_unit(struct timer *timer, bool starts)
{
	struct timer_clocks now;

	timer_clock_read(&now);
	if (starts)
		timer->past.unit_started = now;
	else
		timer->past.unit_ended = now;
}

void timers_note_state(struct timers *timers, struct service *service, bool rested, bool rests)
{
	bool starts = rested && !rests;
	struct timer *timer;

	if (service->times && starts)
		activate(timers, service->times);
	if (service->times)
		timers_note_change(timers);
	if (rested == rests)
		return;
	list_for_each (timer, &timers->all, link) {
		if (manager_find(timers->manager, unit_of(timer)) != service)
			continue;
		note_unit(timer, starts);
		timers_note_change(timers);
	}
}

void timers_note_words(struct timers *timers, struct service *service)
{
	if (!service->times)
		return;
	timer_forget_answer(service->times);
	timers_note_change(timers);
}

static void handle_job_done(struct manager_listener *listener, uint32_t job, const char *name,
			    const char *result)
{
	struct timers *timers = container_of(listener, struct timers, listener);
	struct timer *timer;

	list_for_each (timer, &timers->all, link)
		if (timer->past.running && strcmp(unit_name(timers, timer), name) == 0)
			timers_note_change(timers);
}

static void handle_event(struct manager_listener *listener, const char *name, uint64_t t_us,
			 const char *why)
{
	if (strcmp(name, "complete") == 0)
		timers_note_change(container_of(listener, struct timers, listener));
}

void timers_note_change(struct timers *timers)
{
	if (list_empty(&timers->all))
		return;
	timers->due = true;
	manager_wake(timers->manager);
}

/* --- elapsing --- */

static bool is_busy(const struct timers *timers, const struct timer *timer)
{
	struct service *unit = manager_find(timers->manager, unit_of(timer));

	if (job_find(&timers->manager->jobs, unit_name(timers, timer)))
		return true;
	return unit && (!service_state_is_inactive(unit->state) || unit->prestart_pending);
}

/* "timed by a.timer: OnCalendar=*-*-* 00:00:00, 2026-01-02 00:00:00 UTC" */
static void tell_why(char *buf, size_t size, const struct timer *timer, size_t line,
		     const struct timer_clocks *now)
{
	const struct table_timer *words = &timer->service->definition->timers[line];
	time_t moment = (time_t)(now->realtime_us / USEC_PER_SEC);
	enum table_timer_kind kind = timer->elapses_now ? timer->cause : words->kind;
	char date[64] = "", value[CAUSE_MAX / 2] = "yes";
	struct tm tm;

	if (gmtime_r(&moment, &tm))
		(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (kind == TABLE_TIMER_CALENDAR)
		(void)snprintf(value, sizeof(value), "%s", words->calendar);
	else if (!timer->elapses_now)
		(void)snprintf(value, sizeof(value), "%llu.%03llus",
			       (unsigned long long)(words->span_us / USEC_PER_SEC),
			       (unsigned long long)(words->span_us / 1000 % 1000));
	(void)snprintf(buf, size, CAUSE_TIMER "%s: %s=%s, %s", timer->service->name,
		       timer_kind_name(kind), value, date);
}

static void give_up(struct timers *timers, struct timer *timer, const char *why)
{
	int r = manager_stop_unit(timers->manager, timer->service->name, why, NULL);

	timer->gave_up = true;
	if (r < 0 && r != -EALREADY)
		log_warning_errno(r, "cannot stop %s", timer->service->name);
}

/* No room for one more job, or no memory: that passes, and the timer is not at fault. */
static bool passes(int r)
{
	return r == -EAGAIN || r == -ENOMEM;
}

static void elapse_later(struct timer *timer, int r, const struct timer_clocks *now)
{
	if (timer->retry_us == 0)
		log_warning_errno(r, "%s: cannot start %s yet, trying again until it is possible",
				  timer->service->name, unit_of(timer));
	timer->retry_us = now->monotonic_us + RETRY_US;
}

static void elapse(struct timers *timers, struct timer *timer, size_t line,
		   const struct timer_clocks *now)
{
	struct timer_lines lines = timer_lines_of(timer);
	char why[CAUSE_MAX];
	int r;

	tell_why(why, sizeof(why), timer, line, now);
	r = manager_start_unit(timers->manager, unit_of(timer), why, NULL);
	if (passes(r)) {
		elapse_later(timer, r, now);
		return;
	}
	timer->past.elapsed = *now;
	timer->past.ready_us = now->realtime_us;
	timer->elapses_now = false;
	timer->retry_us = 0;
	timer->stamp_due = timer_flags(&lines) & TABLE_TIMER_PERSISTENT;
	timer->stamp_retry_us = 0;
	timer_roll(timers, timer);
	timer_forget_answer(timer);
	if (r < 0 && r != -EALREADY) {
		log_warning_errno(r, "%s: cannot start %s", timer->service->name, unit_of(timer));
		give_up(timers, timer, "what it starts cannot be started");
		return;
	}
	timer->past.running = is_busy(timers, timer);
}

/* --- all of them --- */

static void plan(struct timer *timer)
{
	struct timer_lines lines = timer_lines_of(timer);

	timer_plan(&lines, &timer->past, timer->answered ? timer->calendar_us : TIMER_NEVER,
		   timer->calendar_nth, &timer->plan);
}

/* True if there is nothing more to come and it is not to stay for that. */
static bool is_over(const struct timer *timer)
{
	struct timer_lines lines = timer_lines_of(timer);

	return (timer_flags(&lines) & TABLE_TIMER_FORGET) &&
	       (timer->answered || !timer_has_kind(&lines, TABLE_TIMER_CALENDAR)) &&
	       !timer_can_come(&lines, &timer->past, &timer->plan);
}

static bool elapses(const struct timer *timer, const struct timer_clocks *now, size_t *ret_line)
{
	struct timer_lines lines = timer_lines_of(timer);

	if (timer->retry_us > now->monotonic_us)
		return false;
	return timer_is_due(&lines, &timer->plan, now, ret_line) ||
	       (timer->elapses_now && !timer->past.running);
}

static void look_at(struct timers *timers, struct timer *timer, const struct timer_clocks *now)
{
	size_t line = 0;

	if (timer->past.running && !is_busy(timers, timer)) {
		timer->past.running = false;
		timer->past.ready_us = now->realtime_us;
	}
	plan(timer);
	if (elapses(timer, now, &line)) {
		elapse(timers, timer, line, now);
		plan(timer);
	} else if (timer->retry_us <= now->monotonic_us) {
		timer->retry_us = 0; /* it has nothing to start any more */
	}
	timer->elapses_now &= timer->retry_us > 0; /* that of a running unit is no other */
	if (!timer->gave_up && is_over(timer))
		give_up(timers, timer, "it elapsed, and RemainAfterElapse=no");
	timer_ask(timers, timer, now);
}

static void add_wake_ups(const struct timer *timer, const struct timer_clocks *now,
			 uint64_t when_us[static TIMER_ALARM_COUNT])
{
	struct timer_lines lines = timer_lines_of(timer);
	bool wakes = timer_flags(&lines) & TABLE_TIMER_WAKE_SYSTEM;
	uint64_t accuracy_us = timer_accuracy_us(&lines);
	uint64_t ahead_us = now->realtime_us - timer_span_clock(&lines, now);
	uint64_t *span_us = &when_us[wakes ? TIMER_ALARM_BOOTTIME_WAKE : TIMER_ALARM_MONOTONIC];
	uint64_t *real_us = &when_us[wakes ? TIMER_ALARM_REALTIME_WAKE : TIMER_ALARM_REALTIME];

	if (timer->stamp_due && timer->stamp_retry_us > 0)
		when_us[TIMER_ALARM_MONOTONIC] = MIN(when_us[TIMER_ALARM_MONOTONIC],
						     timer->stamp_retry_us);
	if (timer->retry_us > 0) {
		when_us[TIMER_ALARM_MONOTONIC] = MIN(when_us[TIMER_ALARM_MONOTONIC],
						     timer->retry_us);
		return;
	}
	if (timer->plan.span_us != TIMER_NEVER)
		*span_us = MIN(*span_us, timer_wake_us(timer->plan.span_us, accuracy_us, ahead_us));
	if (timer->plan.calendar_us != TIMER_NEVER)
		*real_us = MIN(*real_us, timer_wake_us(timer->plan.calendar_us, accuracy_us, 0));
}

static void arm(struct timers *timers, const struct timer_clocks *now)
{
	uint64_t when_us[TIMER_ALARM_COUNT];
	struct timer *timer;
	bool watch = false;

	for (size_t i = 0; i < TIMER_ALARM_COUNT; i++)
		when_us[i] = TIMER_NEVER;
	list_for_each (timer, &timers->all, link) {
		struct timer_lines lines = timer_lines_of(timer);

		if (!is_active(timer) || !is_open(timers))
			continue;
		add_wake_ups(timer, now, when_us);
		watch |= timer_has_kind(&lines, TABLE_TIMER_CLOCK_CHANGE) ||
			 timer_has_kind(&lines, TABLE_TIMER_CALENDAR);
	}
	timer_clock_arm(&timers->clock, when_us, watch);
}

static void tell_if_changed(struct timers *timers, struct timer *timer)
{
	struct timer_facts facts;
	struct state_timer saved;

	timer_describe(timer, &facts);
	if (timer->told != facts.sub_state)
		manager_note_touched(timers->manager, timer->service);
	timer->told = facts.sub_state;
	timer_save(timer, &saved);
	if (memcmp(&saved, &timer->saved, sizeof(saved)) != 0)
		manager_note_unsaved(timers->manager, timer->service);
	timer->saved = saved;
}

void timers_settle(struct timers *timers)
{
	struct timer *timer;
	struct timer_clocks now;

	if (!timers->due)
		return;
	timers->due = false;
	timer_clock_read(&now);
	list_for_each (timer, &timers->all, link) {
		if (is_active(timer) && is_open(timers))
			look_at(timers, timer, &now);
		else
			timer->plan.span_us = timer->plan.calendar_us = TIMER_NEVER;
		tell_if_changed(timers, timer);
	}
	arm(timers, &now);
}

static void handle_woke(struct timer_clock *clock)
{
	timers_note_change(container_of(clock, struct timers, clock));
}

static void handle_clock_set(struct timer_clock *clock)
{
	struct timers *timers = container_of(clock, struct timers, clock);
	struct timer_clocks now;
	struct timer *timer;

	timer_clock_read(&now);
	list_for_each (timer, &timers->all, link)
		timer_past_rewind(&timer->past, &now);
	timers_elapse_all(timers, TABLE_TIMER_CLOCK_CHANGE);
}

void timers_init(struct timers *timers, struct manager *manager)
{
	timers->manager = manager;
	list_init(&timers->all);
	timers->listener = (struct manager_listener){ .job_done = handle_job_done,
						      .event = handle_event };
	manager_listen(manager, &timers->listener);
	timer_clock_init(&timers->clock);
	timers->clock.loop = manager->loop;
	timers->clock.woke = handle_woke;
	timers->clock.was_set = handle_clock_set;
	timer_link_init(&timers->link);
	timers->link.loop = manager->loop;
	timers->link.message = timers_handle_message;
	timers->link.lost = timers_handle_lost;
}

void timers_done(struct timers *timers)
{
	struct timer *timer, *next;

	list_for_each_safe (timer, next, &timers->all, link)
		timer_free(timer);
	manager_unlisten(&timers->listener);
	timer_link_done(&timers->link);
	timer_clock_done(&timers->clock);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/list.h"
#include "early/loop.h"

#include "manager.h"
#include "state_proto.h"
#include "timer_clock.h"
#include "timer_link.h"
#include "timer_next.h"

struct manager;
struct service;
struct state_timer;

/*
 * What makes a .timer unit more than a target: it is active while its target is, and elapses then. It lives as long as its unit.
 */
struct timer {
	struct list link; /* timers::all */
	struct service *service; /* the .timer */
	struct timer_past past;
	struct timer_plan plan;

	uint64_t calendar_us; /* early-timer's answer */
	uint32_t calendar_nth;
	uint32_t serial; /* of the question */
	bool asked;
	bool answered;
	bool stamp_known; /* read in this boot, or not to be read */
	bool stamp_asked;
	bool stamp_due; /* to be written */
	uint64_t
		stamp_retry_us; /* CLOCK_MONOTONIC: not before, for it could not be written; 0: at once */
	bool gave_up; /* it is about to be stopped: it is over, or its unit cannot be started */
	uint64_t
		retry_us; /* CLOCK_MONOTONIC: its unit could not be started yet; 0: no such thing */
	bool elapses_now; /* the clock or the zone changed */
	enum table_timer_kind cause; /* and which of them */
	struct state_timer saved; /* what the image last got */
	const char *
		told; /* its sub-state when the listeners heard of it last; compared by its address */
};

/* All timers of a manager. */
struct timers {
	struct manager *manager;
	struct manager_listener listener;
	struct list all; /* timer::link */
	struct timer_clock clock;
	struct timer_link link;
	uint64_t seed; /* of the machine; 0: not told yet */
	bool due; /* something changed: look at them before the loop sleeps */
};

void timers_init(struct timers *timers, struct manager *manager);
void timers_done(struct timers *timers);

/* The unit is new; gives it its timer if it is one. */
int timers_add(struct timers *timers, struct service *service);
struct timer *timer_free(struct timer *timer);

/* What the manager tells: a unit's state and whether it was at rest, and is; new words of its manifest. */
void timers_note_state(struct timers *timers, struct service *service, bool rested, bool rests);
void timers_note_words(struct timers *timers, struct service *service);
void timers_note_change(struct timers *timers);

/* Before the loop sleeps. */
void timers_settle(struct timers *timers);

/* --- what is told about one --- */
struct timer_facts {
	const char *sub_state; /* waiting, running, elapsed, dead */
	const char *unit; /* that it starts */
	uint64_t next_us; /* CLOCK_REALTIME; 0: not known, or never */
	uint64_t last_us; /* 0: never */
};

void timer_describe(const struct timer *timer, struct timer_facts *ret);

/* --- over an exec --- */
void timer_save(const struct timer *timer, struct state_timer *ret);
void timer_restore(struct timer *timer, const struct state_timer *state);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What happened when: milestones, and `service:UNIT:start|ready|stop|…`. Bounded; the oldest service events go first. */
#define TIMELINE_MAX_EVENTS 2048
#define TIMELINE_NAME_MAX 300

enum timeline_what {
	TIMELINE_MILESTONE, /* or something else that only its name tells */
	TIMELINE_START,
	TIMELINE_READY,
	TIMELINE_STOP,
	TIMELINE_CRASH_LOOP,
	TIMELINE_SOFTWARE_RENDERING,
};

/* There are thousands: a unit's events share its name. */
struct timeline_event {
	uint64_t t_us : 56; /* CLOCK_BOOTTIME */
	uint64_t what : 8; /* enum timeline_what */
	const char *name; /* shared_text.h: of the unit, or all of it */
	const char *why; /* shared_text.h; may be NULL */
};

struct timeline {
	struct timeline_event *events; /* in the order of their coming */
	size_t n_events;
	size_t n_room;
	size_t n_dropped;
	size_t n_unsaved; /* manager's: the last so many are not in the image */
};

void timeline_init(struct timeline *timeline);
void timeline_done(struct timeline *timeline);

/* By its whole name. 0 or -ENOMEM. */
int timeline_add(struct timeline *timeline, const char *name, uint64_t t_us, const char *why);

/* @unit is a shared text, which is held. */
int timeline_add_of_unit(struct timeline *timeline, const char *unit, enum timeline_what what,
			 uint64_t t_us, const char *why);

/* The whole name, in @buf of TIMELINE_NAME_MAX bytes if it has to be put together. */
const char *timeline_event_name(const struct timeline_event *event, char *buf);

/* When the milestone @name was reached first; 0: not yet. */
uint64_t timeline_when(const struct timeline *timeline, const char *name);

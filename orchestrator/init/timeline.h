/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/list.h"

/* What happened when: milestones, and `service:NAME:start|ready|stop`. Bounded; the oldest service events go first. */
#define TIMELINE_MAX_EVENTS 2048

struct timeline_event {
	struct list link; /* timeline::events */
	uint64_t t_us; /* CLOCK_BOOTTIME */
	const char *why; /* shared_text.h; may be NULL */
	char name[];
};

struct timeline {
	struct list events; /* timeline_event::link, in the order of their coming */
	size_t n_events;
	size_t n_dropped;
	size_t n_unsaved; /* manager's: the last so many are not in the image */
};

void timeline_init(struct timeline *timeline);
void timeline_done(struct timeline *timeline);
int timeline_add(struct timeline *timeline, const char *name, uint64_t t_us, const char *why);

/* When @name happened first; 0: not yet. */
uint64_t timeline_when(const struct timeline *timeline, const char *name);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shared_text.h"

/*
 * A machine that runs for months starts services for ever, but its milestones are what the timeline is for. So when the list
 * is full the oldest service event goes, and a milestone only when nothing else is left.
 */

static struct timeline_event *event_free(struct timeline_event *event)
{
	if (!event)
		return NULL;
	shared_text_free(event->why);
	free(event);
	return NULL;
}

static void drop(struct timeline *timeline, struct timeline_event *event)
{
	list_remove(&event->link);
	event_free(event);
	timeline->n_events--;
}

static bool is_service_event(const struct timeline_event *event)
{
	return strncmp(event->name, "service:", strlen("service:")) == 0;
}

static void make_room(struct timeline *timeline)
{
	struct timeline_event *event;

	if (timeline->n_events < TIMELINE_MAX_EVENTS)
		return;
	timeline->n_dropped++;
	list_for_each (event, &timeline->events, link) {
		if (!is_service_event(event))
			continue;
		drop(timeline, event);
		return;
	}
	/* It is full, so there is a first one. */
	drop(timeline, container_of(timeline->events.next, struct timeline_event, link));
}

void timeline_init(struct timeline *timeline)
{
	list_init(&timeline->events);
	timeline->n_events = 0;
	timeline->n_dropped = 0;
	timeline->n_unsaved = 0;
}

void timeline_done(struct timeline *timeline)
{
	struct timeline_event *event, *next;

	list_for_each_safe (event, next, &timeline->events, link)
		drop(timeline, event);
}

int timeline_add(struct timeline *timeline, const char *name, uint64_t t_us, const char *why)
{
	size_t size = strlen(name) + 1;
	struct timeline_event *event = malloc(sizeof(*event) + size);

	if (!event)
		return -ENOMEM;
	list_init(&event->link);
	event->t_us = t_us;
	event->why = why && why[0] ? shared_text_new(why) : NULL;
	memcpy(event->name, name, size);
	if (why && why[0] && !event->why) {
		event_free(event);
		return -ENOMEM;
	}
	make_room(timeline);
	list_append(&timeline->events, &event->link);
	timeline->n_events++;
	timeline->n_unsaved++;
	return 0;
}

uint64_t timeline_when(const struct timeline *timeline, const char *name)
{
	const struct timeline_event *event;

	list_for_each (event, &timeline->events, link)
		if (strcmp(event->name, name) == 0)
			return event->t_us;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "shared_text.h"

/*
 * A machine that runs for months starts services for ever, but its milestones are what the timeline is for. So when the list
 * is full the oldest service event goes, and a milestone only when nothing else is left.
 */

#define PREFIX "service:"
#define ROOM_STEP 16

static const char *const words[] = {
	[TIMELINE_START] = "start",
	[TIMELINE_READY] = "ready",
	[TIMELINE_STOP] = "stop",
	[TIMELINE_CRASH_LOOP] = "crash-loop",
	[TIMELINE_SOFTWARE_RENDERING] = "software-rendering",
};

static void event_done(struct timeline_event *event)
{
	shared_text_free(event->name);
	shared_text_free(event->why);
}

static bool is_of_service(const struct timeline_event *event)
{
	return event->what != TIMELINE_MILESTONE ||
	       strncmp(event->name, PREFIX, strlen(PREFIX)) == 0;
}

static void make_room(struct timeline *timeline)
{
	size_t i = 0;

	if (timeline->n_events < TIMELINE_MAX_EVENTS)
		return;
	while (i < timeline->n_events && !is_of_service(&timeline->events[i]))
		i++;
	if (i == timeline->n_events)
		i = 0;
	event_done(&timeline->events[i]);
	timeline->n_events--;
	timeline->n_dropped++;
	memmove(timeline->events + i, timeline->events + i + 1,
		(timeline->n_events - i) * sizeof(*timeline->events));
}

static int append(struct timeline *timeline, const struct timeline_event *event)
{
	struct timeline_event *events;
	size_t room = timeline->n_room + timeline->n_room / 8 + ROOM_STEP;

	make_room(timeline);
	if (timeline->n_events == timeline->n_room) {
		events = reallocarray(timeline->events, room, sizeof(*events));
		if (!events)
			return -ENOMEM;
		timeline->events = events;
		timeline->n_room = room;
	}
	timeline->events[timeline->n_events++] = *event;
	timeline->n_unsaved++;
	return 0;
}

void timeline_init(struct timeline *timeline)
{
	*timeline = (struct timeline){ 0 };
}

void timeline_done(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->n_events; i++)
		event_done(&timeline->events[i]);
	free(timeline->events);
	timeline_init(timeline);
}

/* @name is taken, also when there is no memory (or it is NULL). */
static int add(struct timeline *timeline, const char *name, enum timeline_what what, uint64_t t_us,
	       const char *why)
{
	bool has_why = why && why[0];
	struct timeline_event event = { t_us, what, name, has_why ? shared_text_new(why) : NULL };
	int r = -ENOMEM;

	if (name && (event.why || !has_why))
		r = append(timeline, &event);
	if (r < 0)
		event_done(&event);
	return r;
}

/* "service:UNIT:WORD": the word's number, and in @unit the part between. */
static enum timeline_what split(const char *name, char *unit, size_t size)
{
	const char *word = strrchr(name, ':');
	size_t len;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return TIMELINE_MILESTONE;
	name += strlen(PREFIX);
	len = word >= name ? (size_t)(word - name) : size;
	if (len >= size)
		return TIMELINE_MILESTONE;
	memcpy(unit, name, len);
	unit[len] = '\0';
	for (enum timeline_what what = TIMELINE_START; what < ARRAY_SIZE(words); what++)
		if (strcmp(word + 1, words[what]) == 0)
			return what;
	return TIMELINE_MILESTONE;
}

int timeline_add(struct timeline *timeline, const char *name, uint64_t t_us, const char *why)
{
	char unit[TIMELINE_NAME_MAX];
	enum timeline_what what = split(name, unit, sizeof(unit));

	return add(timeline, shared_text_new(what == TIMELINE_MILESTONE ? name : unit), what, t_us,
		   why);
}

int timeline_add_of_unit(struct timeline *timeline, const char *unit, enum timeline_what what,
			 uint64_t t_us, const char *why)
{
	return add(timeline, shared_text_hold(unit), what, t_us, why);
}

const char *timeline_event_name(const struct timeline_event *event, char *buf)
{
	if (event->what == TIMELINE_MILESTONE)
		return event->name;
	(void)snprintf(buf, TIMELINE_NAME_MAX, PREFIX "%s:%s", event->name, words[event->what]);
	return buf;
}

uint64_t timeline_when(const struct timeline *timeline, const char *name)
{
	for (size_t i = 0; i < timeline->n_events; i++)
		if (timeline->events[i].what == TIMELINE_MILESTONE &&
		    strcmp(timeline->events[i].name, name) == 0)
			return timeline->events[i].t_us;
	return 0;
}

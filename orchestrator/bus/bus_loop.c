/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libdbus has one watch for reading and one for writing, both on the connection's socket; epoll takes a descriptor once. So
 * the watches are slots of one loop_source whose events are the union of what the enabled ones want. A watch may be removed
 * while another is handled: the slots are read anew at each step. Timeouts are loop_timers, each the data of its
 * DBusTimeout. Messages are dispatched by a hook before the loop sleeps.
 */
#include "bus_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"

#define WATCHES_MAX 4

struct bus_loop {
	struct loop *loop;
	DBusConnection *connection;
	struct loop_source source;
	struct loop_hook hook;
	DBusWatch *watches[WATCHES_MAX];
};

struct bus_timeout {
	struct loop_timer timer;
	struct loop *loop;
	DBusTimeout *timeout;
};

static uint32_t wanted_events(const struct bus_loop *bus_loop)
{
	uint32_t events = 0;

	for (size_t i = 0; i < WATCHES_MAX; i++) {
		DBusWatch *watch = bus_loop->watches[i];
		unsigned int flags;

		if (watch == NULL || !dbus_watch_get_enabled(watch))
			continue;
		flags = dbus_watch_get_flags(watch);
		events |= flags & DBUS_WATCH_READABLE ? EPOLLIN : 0;
		events |= flags & DBUS_WATCH_WRITABLE ? EPOLLOUT : 0;
	}
	return events;
}

static void schedule_dispatch(struct bus_loop *bus_loop);

static void handle_socket(struct loop_source *source, uint32_t events)
{
	struct bus_loop *bus_loop = container_of(source, struct bus_loop, source);
	unsigned int flags = 0;

	flags |= events & EPOLLIN ? DBUS_WATCH_READABLE : 0;
	flags |= events & EPOLLOUT ? DBUS_WATCH_WRITABLE : 0;
	flags |= events & EPOLLHUP ? DBUS_WATCH_HANGUP : 0;
	flags |= events & EPOLLERR ? DBUS_WATCH_ERROR : 0;
	for (size_t i = 0; i < WATCHES_MAX; i++) {
		DBusWatch *watch = bus_loop->watches[i];

		if (watch == NULL || !dbus_watch_get_enabled(watch))
			continue;
		/* Out of memory: the event is level-triggered and comes again. */
		(void)dbus_watch_handle(watch, flags & (dbus_watch_get_flags(watch) |
							DBUS_WATCH_HANGUP | DBUS_WATCH_ERROR));
	}
	schedule_dispatch(bus_loop);
}

/* Brings the loop's source to what the watches want. */
static int apply_watches(struct bus_loop *bus_loop)
{
	int fd = -1;

	for (size_t i = 0; i < WATCHES_MAX; i++) {
		if (bus_loop->watches[i] != NULL)
			fd = dbus_watch_get_unix_fd(bus_loop->watches[i]);
	}
	if (fd < 0) {
		loop_remove(&bus_loop->source);
		return 0;
	}
	if (bus_loop->source.loop == NULL)
		return loop_add(bus_loop->loop, &bus_loop->source, fd, wanted_events(bus_loop),
				handle_socket);
	return loop_modify(&bus_loop->source, wanted_events(bus_loop));
}

static dbus_bool_t add_watch(DBusWatch *watch, void *data)
{
	struct bus_loop *bus_loop = data;

	for (size_t i = 0; i < WATCHES_MAX; i++) {
		if (bus_loop->watches[i] != NULL)
			continue;
		bus_loop->watches[i] = watch;
		if (apply_watches(bus_loop) >= 0)
			return TRUE;
		bus_loop->watches[i] = NULL;
		return FALSE;
	}
	return FALSE;
}

static void remove_watch(DBusWatch *watch, void *data)
{
	struct bus_loop *bus_loop = data;

	for (size_t i = 0; i < WATCHES_MAX; i++) {
		if (bus_loop->watches[i] == watch)
			bus_loop->watches[i] = NULL;
	}
	(void)apply_watches(bus_loop); /* fewer events than before: nothing to do about it */
}

static void toggle_watch(DBusWatch *watch, void *data)
{
	int r = apply_watches(data);

	if (r < 0)
		log_warning_errno(r, "cannot change the events of the bus socket");
}

static void handle_timeout(struct loop_timer *timer)
{
	struct bus_timeout *timeout = container_of(timer, struct bus_timeout, timer);
	uint64_t next_us = clock_monotonic_us() +
			   (uint64_t)dbus_timeout_get_interval(timeout->timeout) * USEC_PER_MSEC;

	/* A DBusTimeout fires again and again until it is removed; handling it may do so and free this. */
	(void)loop_timer_start(timeout->loop, timer, next_us, handle_timeout);
	(void)dbus_timeout_handle(timeout->timeout);
}

static void toggle_timeout(DBusTimeout *timeout, void *data)
{
	struct bus_timeout *entry = dbus_timeout_get_data(timeout);
	uint64_t interval_us = (uint64_t)dbus_timeout_get_interval(timeout) * USEC_PER_MSEC;

	if (entry == NULL)
		return;
	loop_timer_stop(&entry->timer);
	if (dbus_timeout_get_enabled(timeout))
		(void)loop_timer_start(entry->loop, &entry->timer,
				       clock_monotonic_us() + interval_us, handle_timeout);
}

static void free_timeout(void *data)
{
	struct bus_timeout *entry = data;

	loop_timer_stop(&entry->timer);
	free(entry);
}

static dbus_bool_t add_timeout(DBusTimeout *timeout, void *data)
{
	struct bus_loop *bus_loop = data;
	struct bus_timeout *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return FALSE;
	entry->loop = bus_loop->loop;
	entry->timeout = timeout;
	dbus_timeout_set_data(timeout, entry, free_timeout);
	toggle_timeout(timeout, data);
	return TRUE;
}

static void remove_timeout(DBusTimeout *timeout, void *data)
{
	dbus_timeout_set_data(timeout, NULL, NULL);
}

static void handle_dispatch(struct loop_hook *hook)
{
	struct bus_loop *bus_loop = container_of(hook, struct bus_loop, hook);

	while (dbus_connection_dispatch(bus_loop->connection) == DBUS_DISPATCH_DATA_REMAINS)
		;
}

static void schedule_dispatch(struct bus_loop *bus_loop)
{
	loop_hook_schedule(bus_loop->loop, &bus_loop->hook, handle_dispatch);
}

static void handle_dispatch_status(DBusConnection *connection, DBusDispatchStatus status,
				   void *data)
{
	if (status == DBUS_DISPATCH_DATA_REMAINS)
		schedule_dispatch(data);
}

int bus_loop_new(struct loop *loop, DBusConnection *connection, struct bus_loop **ret_bus_loop)
{
	struct bus_loop *bus_loop = calloc(1, sizeof(*bus_loop));

	if (bus_loop == NULL)
		return -ENOMEM;
	bus_loop->loop = loop;
	bus_loop->connection = connection;
	bus_loop->source.fd = -1;
	dbus_connection_set_dispatch_status_function(connection, handle_dispatch_status, bus_loop,
						     NULL);
	if (!dbus_connection_set_watch_functions(connection, add_watch, remove_watch, toggle_watch,
						 bus_loop, NULL) ||
	    !dbus_connection_set_timeout_functions(connection, add_timeout, remove_timeout,
						   toggle_timeout, bus_loop, NULL)) {
		bus_loop_free(bus_loop);
		return -ENOMEM;
	}
	schedule_dispatch(bus_loop);
	*ret_bus_loop = bus_loop;
	return 0;
}

struct bus_loop *bus_loop_free(struct bus_loop *bus_loop)
{
	DBusConnection *connection;

	if (bus_loop == NULL)
		return NULL;
	connection = bus_loop->connection;
	/* Setting no functions cannot fail. */
	(void)dbus_connection_set_watch_functions(connection, NULL, NULL, NULL, NULL, NULL);
	(void)dbus_connection_set_timeout_functions(connection, NULL, NULL, NULL, NULL, NULL);
	dbus_connection_set_dispatch_status_function(connection, NULL, NULL, NULL);
	loop_remove(&bus_loop->source);
	loop_hook_cancel(&bus_loop->hook);
	free(bus_loop);
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A name's process is asked from the bus, and meanwhile the name may change hands again: each name has at most one query
 * under way, and a newer change cancels it, so that PID 1 never hears of an owner after its loss.
 */
#include "owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/log.h"
#include "early/macros.h"
#include "early/proto/bus.h"

#include "bus.h"
#include "client.h"

struct owner_query {
	struct list link; /* bus::owner_queries */
	struct bus *bus;
	char *name;
	DBusPendingCall *pending;
};

static void send_owner(struct bus *bus, const char *name, uint32_t pid)
{
	const struct bus_owner message = { .name = name, .pid = pid };
	int r = channel_send(&bus->link, BUS_OWNER, &message);

	if (r < 0)
		log_warning_errno(r, "cannot tell PID 1 who owns %s", name);
}

static void query_free(struct owner_query *query)
{
	if (query->pending != NULL) {
		dbus_pending_call_cancel(query->pending);
		dbus_pending_call_unref(query->pending);
	}
	list_remove(&query->link);
	free(query->name);
	free(query);
}

static void cancel_query(struct bus *bus, const char *name)
{
	struct owner_query *query, *next;

	list_for_each_safe (query, next, &bus->owner_queries, link) {
		if (strcmp(query->name, name) == 0)
			query_free(query);
	}
}

static void handle_credentials(DBusPendingCall *pending, void *data)
{
	struct owner_query *query = data;
	DBusMessage *reply = dbus_pending_call_steal_reply(pending);
	uint32_t uid, pid;

	credentials_read(reply, &uid, &pid);
	if (reply != NULL)
		dbus_message_unref(reply);
	send_owner(query->bus, query->name, pid);
	query_free(query);
}

/* @who: the name itself, or its owner's unique name. */
static int query_new(struct bus *bus, const char *name, const char *who)
{
	struct owner_query *query = calloc(1, sizeof(*query));
	int r;

	if (query == NULL)
		return -ENOMEM;
	list_init(&query->link);
	query->bus = bus;
	query->name = strdup(name);
	r = query->name == NULL ? -ENOMEM
				: bus_call(bus, bus_daemon_method("GetConnectionCredentials", who),
					   handle_credentials, query, &query->pending);
	if (r < 0) {
		query_free(query);
		return r;
	}
	list_append(&bus->owner_queries, &query->link);
	return 0;
}

static bool is_foreign(const char *name)
{
	return name[0] != ':' && strcmp(name, BUS_NAME) != 0 &&
	       strcmp(name, DBUS_SERVICE_DBUS) != 0;
}

void owner_changed(struct bus *bus, DBusMessage *signal)
{
	const char *name, *before, *after;
	int r = 0;

	if (!dbus_message_get_args(signal, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &before,
				   DBUS_TYPE_STRING, &after, DBUS_TYPE_INVALID))
		return;
	if (name[0] == ':' && *after == '\0')
		client_free(client_find(bus, name));
	if (!is_foreign(name))
		return;
	cancel_query(bus, name);
	if (*after == '\0')
		send_owner(bus, name, 0);
	else
		r = query_new(bus, name, after);
	if (r < 0)
		log_warning_errno(r, "cannot ask the bus who owns %s", name);
}

static void handle_names(DBusPendingCall *pending, void *data)
{
	struct bus *bus = data;
	DBusMessage *reply = dbus_pending_call_steal_reply(pending);
	char **names = NULL;
	int n = 0;

	dbus_pending_call_unref(pending);
	if (reply == NULL)
		return;
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN &&
	    dbus_message_get_args(reply, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &names, &n,
				  DBUS_TYPE_INVALID)) {
		for (int i = 0; i < n; i++) {
			if (!is_foreign(names[i]))
				continue;
			bus->others_before_us = true;
			if (query_new(bus, names[i], names[i]) < 0)
				log_warning("cannot ask the bus who owns %s", names[i]);
		}
		dbus_free_string_array(names);
	}
	dbus_message_unref(reply);
}

int owner_ask_all(struct bus *bus)
{
	DBusPendingCall *pending; /* its reference ends in the callback */

	return bus_call(bus, bus_daemon_method("ListNames", NULL), handle_names, bus, &pending);
}

void owner_done(struct bus *bus)
{
	struct owner_query *query, *next;

	list_for_each_safe (query, next, &bus->owner_queries, link)
		query_free(query);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection. libdbus's own helpers for Hello and RequestName block, so both are plain calls with a callback here, and
 * the whole start is a chain: connect -> Hello -> matches, RequestName -> NameAcquired -> link_ready(). Only connecting to the
 * socket itself is done in place, with a retry timer while there is no bus. When the bus goes, the process ends: its successor
 * begins with an empty mirror, which is simpler than to reconcile an old one.
 */
#include "bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/parse.h"

#include "activation.h"
#include "bus_loop.h"
#include "call.h"
#include "client.h"
#include "link.h"
#include "owner.h"
#include "special.h"

#define RETRY_US (50 * USEC_PER_MSEC)
#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"
/* Requests of a NameAcquired that never comes are no reason to wait for ever. */
#define CALL_TIMEOUT_MS 20000

static int apply_address(void *target, const char *value)
{
	struct bus *bus = target;

	bus->address = value;
	return 0;
}

static int apply_activation_timeout(void *target, const char *value)
{
	struct bus *bus = target;

	return parse_span_us(value, &bus->activation_timeout_us);
}

static int apply_help(void *target, const char *value)
{
	((struct bus *)target)->help = true;
	return 0;
}

const struct opt bus_opts[] = {
	{ 0, "address", "ADDRESS", "D-Bus address of the system bus", apply_address },
	{ 0, "activation-timeout", "SPAN", "how long a service may take to start (25s)",
	  apply_activation_timeout },
	{ 'h', "help", NULL, "show this help", apply_help },
};
const size_t bus_n_opts = ARRAY_SIZE(bus_opts);

void bus_send(struct bus *bus, DBusMessage *message)
{
	if (message == NULL) {
		log_errno(-ENOMEM, "a D-Bus message was lost");
		return;
	}
	if (!dbus_connection_send(bus->connection, message, NULL))
		log_errno(-ENOMEM, "a D-Bus message was lost");
	dbus_message_unref(message);
}

DBusMessage *bus_daemon_method(const char *member, const char *argument)
{
	DBusMessage *message = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
							    DBUS_INTERFACE_DBUS, member);

	if (message != NULL && argument != NULL &&
	    !dbus_message_append_args(message, DBUS_TYPE_STRING, &argument, DBUS_TYPE_INVALID)) {
		dbus_message_unref(message);
		return NULL;
	}
	return message;
}

int bus_call(struct bus *bus, DBusMessage *message, DBusPendingCallNotifyFunction fn, void *data,
	     DBusPendingCall **ret_pending)
{
	DBusPendingCall *pending = NULL;
	bool sent;

	if (message == NULL)
		return -ENOMEM;
	sent = dbus_connection_send_with_reply(bus->connection, message, &pending, CALL_TIMEOUT_MS);
	dbus_message_unref(message);
	if (!sent)
		return -ENOMEM;
	if (pending == NULL)
		return -ENOTCONN;
	if (!dbus_pending_call_set_notify(pending, fn, data, NULL)) {
		dbus_pending_call_cancel(pending);
		dbus_pending_call_unref(pending);
		return -ENOMEM;
	}
	*ret_pending = pending;
	return 0;
}

static void give_up(struct bus *bus, int error, const char *what)
{
	loop_exit(bus->loop, 1);
	(void)log_errno(error, "%s", what);
}

/* --- what comes from the bus --- */

static bool is_from_daemon(DBusMessage *message, const char *iface, const char *member)
{
	return dbus_message_has_sender(message, DBUS_SERVICE_DBUS) &&
	       dbus_message_is_signal(message, iface, member);
}

static void handle_signal(struct bus *bus, DBusMessage *signal)
{
	const char *name = "";

	if (is_from_daemon(signal, DBUS_INTERFACE_DBUS, "NameOwnerChanged")) {
		owner_changed(bus, signal);
		return;
	}
	if (is_from_daemon(signal, "org.freedesktop.systemd1.Activator", "ActivationRequest")) {
		activation_request(bus, signal);
		return;
	}
	if (is_from_daemon(signal, DBUS_INTERFACE_DBUS, "NameAcquired") ||
	    is_from_daemon(signal, DBUS_INTERFACE_DBUS, "NameLost"))
		(void)dbus_message_get_args(signal, NULL, DBUS_TYPE_STRING, &name,
					    DBUS_TYPE_INVALID); /* "" then */
	if (strcmp(name, BUS_NAME) != 0)
		return;
	if (dbus_message_has_member(signal, "NameAcquired") && !bus->owns_name) {
		bus->owns_name = true;
		link_ready(bus);
	} else if (dbus_message_has_member(signal, "NameLost")) {
		give_up(bus, -EADDRINUSE, "somebody took the name " BUS_NAME);
	}
}

static DBusHandlerResult handle_message(DBusConnection *connection, DBusMessage *message,
					void *data)
{
	struct bus *bus = data;

	if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected")) {
		log_info("the bus is gone");
		loop_exit(bus->loop, 0);
		return DBUS_HANDLER_RESULT_HANDLED;
	}
	switch (dbus_message_get_type(message)) {
	case DBUS_MESSAGE_TYPE_METHOD_CALL:
		if (dbus_message_get_path(message) == NULL ||
		    dbus_message_get_sender(message) == NULL)
			return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
		call_start(bus, message);
		return DBUS_HANDLER_RESULT_HANDLED;
	case DBUS_MESSAGE_TYPE_SIGNAL:
		handle_signal(bus, message);
		return DBUS_HANDLER_RESULT_HANDLED;
	}
	return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

/* --- the start --- */

static void handle_name(DBusPendingCall *pending, void *data)
{
	struct bus *bus = data;
	DBusMessage *reply = dbus_pending_call_steal_reply(pending);

	dbus_pending_call_unref(pending);
	if (reply == NULL || dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		give_up(bus, -EACCES,
			"the bus does not let us own " BUS_NAME
			" (does a policy in system.d allow it to root?)");
	if (reply != NULL)
		dbus_message_unref(reply);
}

/* Queues for the name: a predecessor that is about to die may still have it. NameAcquired says when it is ours. */
static int request_name(struct bus *bus)
{
	DBusMessage *message = bus_daemon_method("RequestName", BUS_NAME);
	dbus_uint32_t flags = 0;
	DBusPendingCall *pending;

	if (message != NULL &&
	    !dbus_message_append_args(message, DBUS_TYPE_UINT32, &flags, DBUS_TYPE_INVALID)) {
		dbus_message_unref(message);
		return -ENOMEM;
	}
	return bus_call(bus, message, handle_name, bus, &pending);
}

static void handle_hello(DBusPendingCall *pending, void *data)
{
	struct bus *bus = data;
	DBusMessage *reply = dbus_pending_call_steal_reply(pending);
	const char *name;
	int r = -ENOMEM;

	dbus_pending_call_unref(pending);
	if (reply != NULL && dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN &&
	    dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) &&
	    dbus_bus_set_unique_name(bus->connection, name)) {
		dbus_bus_add_match(bus->connection,
				   "type='signal',sender='org.freedesktop.DBus',"
				   "interface='org.freedesktop.DBus',member='NameOwnerChanged'",
				   NULL);
		r = owner_ask_all(bus);
		if (r >= 0)
			r = request_name(bus);
	}
	if (reply != NULL)
		dbus_message_unref(reply);
	if (r < 0)
		give_up(bus, r, "the bus did not take us");
}

static void disconnect(struct bus *bus)
{
	if (bus->connection == NULL)
		return;
	bus->bus_loop = bus_loop_free(bus->bus_loop);
	dbus_connection_close(bus->connection);
	dbus_connection_unref(bus->connection);
	bus->connection = NULL;
}

static int connect_once(struct bus *bus)
{
	DBusPendingCall *pending;
	int r;

	bus->connection = dbus_connection_open_private(bus->address, NULL);
	if (bus->connection == NULL)
		return -ENOTCONN;
	dbus_connection_set_exit_on_disconnect(bus->connection, FALSE);
	dbus_connection_set_route_peer_messages(bus->connection, TRUE);
	r = bus_loop_new(bus->loop, bus->connection, &bus->bus_loop);
	if (r >= 0 && !dbus_connection_add_filter(bus->connection, handle_message, bus, NULL))
		r = -ENOMEM;
	if (r >= 0)
		r = bus_call(bus, bus_daemon_method("Hello", NULL), handle_hello, bus, &pending);
	if (r < 0)
		disconnect(bus);
	return r;
}

static void handle_retry(struct loop_timer *timer)
{
	struct bus *bus = container_of(timer, struct bus, retry_timer);
	int r = connect_once(bus);

	if (r >= 0)
		return;
	r = loop_timer_start(bus->loop, timer, clock_monotonic_us() + RETRY_US, handle_retry);
	if (r < 0)
		give_up(bus, r, "cannot wait for the bus");
}

int bus_init(struct bus *bus, struct loop *loop, int link_fd)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusAddressEntry **entries;
	int n, r;

	bus->loop = loop;
	if (bus->address == NULL)
		bus->address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	if (bus->address == NULL)
		bus->address = DEFAULT_ADDRESS;
	if (bus->activation_timeout_us == 0)
		bus->activation_timeout_us = ACTIVATION_TIMEOUT_US;
	mirror_init(&bus->mirror);
	list_init(&bus->waiting);
	list_init(&bus->finishing);
	list_init(&bus->owner_queries);
	list_init(&bus->clients);
	list_init(&bus->requests);
	list_init(&bus->activations);
	r = link_init(bus, link_fd);
	if (r < 0)
		return log_errno(r, "descriptor %d is no link to PID 1", link_fd);
	if (!dbus_parse_address(bus->address, &entries, &n, &error)) {
		log_error("'%s' is no D-Bus address: %s; give one like unix:path=/run/dbus/"
			  "system_bus_socket",
			  bus->address, error.message);
		dbus_error_free(&error);
		return -EINVAL;
	}
	dbus_address_entries_free(entries);
	r = special_add(&bus->mirror);
	if (r < 0)
		return log_errno(r, "cannot set up the mirror");
	handle_retry(&bus->retry_timer);
	return 0;
}

static void free_calls(struct list *calls)
{
	struct call *call, *next;

	list_for_each_safe (call, next, calls, link)
		call_free(call);
}

/* Calls that wait for PID 1 belong to their requests. */
static void free_requests(struct bus *bus)
{
	struct request *request, *next;

	request_cancel(&bus->mirror_request);
	list_for_each_safe (request, next, &bus->requests, link)
		call_free(container_of(request, struct call, request));
}

void bus_done(struct bus *bus)
{
	struct client *client, *next;

	activation_done(bus);
	owner_done(bus);
	free_calls(&bus->waiting);
	free_calls(&bus->finishing);
	list_for_each_safe (client, next, &bus->clients, link)
		client_free(client);
	free_requests(bus);
	loop_timer_stop(&bus->retry_timer);
	disconnect(bus);
	channel_close(&bus->link);
	mirror_done(&bus->mirror);
	free(bus->virtualization);
}

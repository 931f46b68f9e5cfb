/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call goes through its steps in order: its method is found and its arguments checked; a caller who wants to change
 * something is root; the mirror is whole; its unit is known. Each step either goes on, answers, or parks the call with
 * whoever will run it again. Nothing here waits: every answer that can be given is given at once, and what PID 1 or the bus must
 * be asked has a deadline in request.c or in libdbus.
 */
#include "call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/log.h"

#include "bus.h"
#include "client.h"
#include "errors.h"
#include "iface.h"
#include "object_path.h"
#include "objects.h"
#include "unit_name.h"
#include "utf8.h"

#define ERROR_TEXT_MAX 512

struct call *call_free(struct call *call)
{
	if (call == NULL)
		return NULL;
	request_cancel(&call->request);
	list_remove(&call->link);
	dbus_message_unref(call->message);
	unit_free(call->ghost);
	free(call->path_unit);
	free(call->job_unit);
	free(call);
	return NULL;
}

enum call_result call_park(struct call *call, struct list *list)
{
	list_append(list, &call->link);
	return CALL_KEPT;
}

enum call_result call_reply_empty(struct call *call)
{
	if (!dbus_message_get_no_reply(call->message))
		bus_send(call->bus, dbus_message_new_method_return(call->message));
	return CALL_DONE;
}

enum call_result call_reply(struct call *call, int first_type, ...)
{
	DBusMessage *reply = dbus_message_new_method_return(call->message);
	va_list args;
	bool complete;

	va_start(args, first_type);
	complete = reply != NULL && dbus_message_append_args_valist(reply, first_type, args);
	va_end(args);
	return call_reply_end(call, reply, complete);
}

DBusMessage *call_reply_begin(struct call *call, DBusMessageIter *ret_iter)
{
	DBusMessage *reply = dbus_message_new_method_return(call->message);

	if (reply != NULL)
		dbus_message_iter_init_append(reply, ret_iter);
	return reply;
}

enum call_result call_reply_end(struct call *call, DBusMessage *reply, bool complete)
{
	if (reply == NULL || !complete) {
		if (reply != NULL)
			dbus_message_unref(reply);
		return call_fail(call, DBUS_ERROR_NO_MEMORY, "Out of memory");
	}
	if (dbus_message_get_no_reply(call->message))
		dbus_message_unref(reply);
	else
		bus_send(call->bus, reply);
	return CALL_DONE;
}

static enum call_result fail(struct call *call, const char *error, char *text)
{
	utf8_make_valid(text);
	log_debug("%s from %s: %s: %s", dbus_message_get_member(call->message),
		  dbus_message_get_sender(call->message), error, text);
	if (!dbus_message_get_no_reply(call->message))
		bus_send(call->bus, dbus_message_new_error(call->message, error, text));
	return CALL_DONE;
}

enum call_result call_fail(struct call *call, const char *error, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return fail(call, error, text);
}

enum call_result call_fail_errno(struct call *call, int error, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX], name[64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return fail(call, error_name(error, name, sizeof(name)), text);
}

/* --- the steps --- */

static enum call_result find_object(struct call *call)
{
	const char *path = dbus_message_get_path(call->message);
	int r = object_parse(path, &call->kind, &call->path_unit, &call->path_job);

	if (r == -ENOMEM)
		return call_fail(call, DBUS_ERROR_NO_MEMORY, "Out of memory");
	if (r < 0 || (call->kind == OBJECT_JOB &&
		      mirror_find_job(&call->bus->mirror, call->path_job) == NULL))
		return call_fail(call, DBUS_ERROR_UNKNOWN_OBJECT, "Unknown object '%s'.", path);
	return CALL_ON;
}

static enum call_result find_method(struct call *call)
{
	const char *member = dbus_message_get_member(call->message);
	const char *iface = dbus_message_get_interface(call->message);

	call->method = object_find_method(call->kind, call->path_unit, iface, member, &call->iface);
	if (call->method == NULL)
		return call_fail(call, DBUS_ERROR_UNKNOWN_METHOD,
				 "Unknown method %s or interface %s.", member,
				 iface != NULL ? iface : "(null)");
	if (!dbus_message_has_signature(call->message, call->method->in))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS,
				 "Invalid arguments '%s' to call %s.%s(), expecting '%s'.",
				 dbus_message_get_signature(call->message), call->iface->name,
				 member, call->method->in);
	return CALL_ON;
}

static enum call_result check_caller(struct call *call)
{
	struct client *client;
	int r;

	if (!(call->method->flags & METHOD_CHANGES))
		return CALL_ON;
	r = client_get(call->bus, dbus_message_get_sender(call->message), &client);
	if (r >= 0)
		r = client_ask(client);
	if (r < 0)
		return call_fail_errno(call, r, "Cannot ask the bus who the caller is.");
	if (!client->known)
		return call_park(call, &client->calls);
	if (client->uid != 0)
		return call_fail(call, DBUS_ERROR_ACCESS_DENIED,
				 "Permission denied: %s is for root only.", call->method->name);
	return CALL_ON;
}

/* The unit that find_unit() looks for. */
static const char *asked_unit(const struct call *call)
{
	const char *name = call->path_unit;

	if (call->method->flags & METHOD_LOADS)
		(void)dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &name,
					    DBUS_TYPE_INVALID); /* was read once already */
	return name;
}

static void handle_loaded(struct request *request, const struct answer *answer)
{
	struct call *call = container_of(request, struct call, request);
	int r = answer->error;

	/* PID 1 may know it by another name; under the asked one it must be found the next time. */
	if (r >= 0 && answer->unit != NULL)
		r = mirror_add_alias(answer->unit, asked_unit(call));
	else if (r >= 0)
		r = unit_new(answer->message, &call->ghost);
	if (r < 0) {
		call_fail_errno(call, r, "PID 1 could not load the unit: %s.", strerror(-r));
		call_free(call);
		return;
	}
	call_run(call);
}

/*
 * logind waits for user@UID.service before it opens the greeter's session. PID 1 knows by the name what is to be done and
 * whether the unit must be read at all, so the greeter does not wait for early-load here.
 */
static bool is_known_by_name(const struct call *call, const char *name)
{
	CLEANUP(free_charp)
	char *template = NULL;

	return call->method->flags & METHOD_CHANGES && unit_name_template(name, &template) >= 0 &&
	       strcmp(template, "user@.service") == 0;
}

static int assume(struct call *call, const char *name, const char *load_state)
{
	const struct bus_unit message = {
		.unit = name,
		.description = name,
		.load_state = load_state,
		.active_state = "inactive",
		.sub_state = "dead",
		.path = "",
		.cgroup = "",
	};

	return unit_new(&message, &call->ghost);
}

/* The unit called @name, from PID 1 if it is not mirrored. */
static enum call_result need_unit(struct call *call, const char *name, struct unit **ret_unit)
{
	bool is_scope;
	int r;

	*ret_unit = call->ghost != NULL ? call->ghost : mirror_find(&call->bus->mirror, name);
	if (*ret_unit != NULL)
		return CALL_ON;
	/* A scope has no file: what is not in the whole mirror is gone. logind asks this at each logout. */
	is_scope = unit_name_has_suffix(name, ".scope");
	if (is_scope && !call->bus->mirrored)
		return call_park(call, &call->bus->waiting);
	if (is_scope || is_known_by_name(call, name)) {
		r = assume(call, name, is_scope ? "not-found" : "loaded");
		if (r < 0)
			return call_fail_errno(call, r, "Out of memory");
		*ret_unit = call->ghost;
		return CALL_ON;
	}
	r = request_load(call->bus, &call->request, name, handle_loaded);
	if (r < 0)
		return call_fail_errno(call, r, "PID 1 cannot be asked for unit %s.", name);
	return CALL_KEPT;
}

static enum call_result find_argument_unit(struct call *call, struct unit **ret_unit)
{
	const char *name = NULL;

	/* The signature was checked: it begins with s. */
	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "A unit's name is expected.");
	if (call->method->flags & METHOD_LOADED) {
		*ret_unit = mirror_find(&call->bus->mirror, name);
		if (*ret_unit == NULL)
			return call_fail(call, ERROR_NO_SUCH_UNIT, "Unit %s not loaded.", name);
		return CALL_ON;
	}
	if (!unit_name_is_valid(name))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Unit name %s is not valid.", name);
	if (unit_name_is_template(name))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS,
				 "Unit name %s is missing the instance name.", name);
	return need_unit(call, name, ret_unit);
}

static enum call_result find_unit(struct call *call, struct unit **ret_unit)
{
	*ret_unit = NULL;
	if (call->method->flags & (METHOD_LOADS | METHOD_LOADED))
		return find_argument_unit(call, ret_unit);
	if (call->kind == OBJECT_UNIT && object_needs_unit(call->iface))
		return need_unit(call, call->path_unit, ret_unit);
	return CALL_ON;
}

static enum call_result step(struct call *call)
{
	enum call_result result = CALL_ON;
	struct unit *unit;

	if (call->method == NULL) {
		result = find_object(call);
		if (result == CALL_ON)
			result = find_method(call);
	}
	if (result == CALL_ON)
		result = check_caller(call);
	if (result != CALL_ON)
		return result;
	if (call->method->flags & (METHOD_MIRROR | METHOD_LOADED) && !call->bus->mirrored)
		return call_park(call, &call->bus->waiting);
	result = find_unit(call, &unit);
	if (result != CALL_ON)
		return result;
	return call->method->fn(call, unit);
}

void call_run(struct call *call)
{
	if (step(call) == CALL_DONE)
		call_free(call);
}

void call_start(struct bus *bus, DBusMessage *message)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL) {
		bus_send(bus,
			 dbus_message_new_error(message, DBUS_ERROR_NO_MEMORY, "Out of memory"));
		return;
	}
	list_init(&call->link);
	call->bus = bus;
	call->message = dbus_message_ref(message);
	call_run(call);
}

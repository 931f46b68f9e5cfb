/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "early/fs.h"
#include "early/strbuf.h"

#include "bus.h"
#include "introspect.h"
#include "object_path.h"
#include "unit_name.h"

static const char *const parents[] = {
	"/", "/org", "/org/freedesktop", MANAGER_PATH "/unit", MANAGER_PATH "/job",
};

int object_parse(const char *path, enum object_kind *ret_kind, char **ret_unit, uint32_t *ret_job)
{
	CLEANUP(free_charp)
	char *unit = NULL;
	int r;

	if (strcmp(path, MANAGER_PATH) == 0) {
		*ret_kind = OBJECT_MANAGER;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		if (strcmp(path, parents[i]) != 0)
			continue;
		*ret_kind = OBJECT_PARENT;
		return 0;
	}
	if (job_path_parse(path, ret_job) >= 0) {
		*ret_kind = OBJECT_JOB;
		return 0;
	}
	r = unit_path_parse(path, &unit);
	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	if (!unit_name_is_valid(unit) || unit_name_is_template(unit))
		return -ENOENT;
	*ret_kind = OBJECT_UNIT;
	*ret_unit = TAKE_PTR(unit);
	return 0;
}

/* --- org.freedesktop.DBus.Properties --- */

static const struct iface *find_iface(const struct call *call, const char *name)
{
	const struct iface *iface;

	for (size_t i = 0; (iface = object_iface(call->kind, call->path_unit, i)) != NULL; i++) {
		if (strcmp(iface->name, name) == 0)
			return iface;
	}
	return NULL;
}

static struct target call_target(struct call *call, struct unit *unit)
{
	return (struct target){
		.bus = call->bus,
		.unit = unit,
		.job = call->kind == OBJECT_JOB
			       ? mirror_find_job(&call->bus->mirror, call->path_job)
			       : NULL,
	};
}

/* By interface and name; an empty interface means any. */
static const struct property *find_property(const struct call *call, const char *iface_name,
					    const char *name)
{
	const struct iface *iface;

	for (size_t i = 0; (iface = object_iface(call->kind, call->path_unit, i)) != NULL; i++) {
		const struct property *property;

		if (*iface_name != '\0' && strcmp(iface->name, iface_name) != 0)
			continue;
		property = property_find(iface->properties, name);
		if (property != NULL)
			return property;
	}
	return NULL;
}

static enum call_result handle_get(struct call *call, struct unit *unit)
{
	struct target target = call_target(call, unit);
	const struct property *property;
	const char *iface = "", *name = "";
	DBusMessageIter iter;
	DBusMessage *reply;

	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &iface, DBUS_TYPE_STRING,
				   &name, DBUS_TYPE_INVALID))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Two strings are expected.");
	property = find_property(call, iface, name);
	if (property == NULL)
		return call_fail(call, DBUS_ERROR_UNKNOWN_PROPERTY,
				 "Unknown interface %s or property %s.", iface, name);
	reply = call_reply_begin(call, &iter);
	return call_reply_end(call, reply,
			      reply != NULL && property_append_variant(&target, property, &iter));
}

static bool append_all(const struct target *target, const struct property *properties,
		       DBusMessageIter *dict)
{
	for (const struct property *property = properties; property->name != NULL; property++) {
		DBusMessageIter entry;

		if (!dbus_message_iter_open_container(dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry) ||
		    !append_basic(&entry, DBUS_TYPE_STRING, &property->name) ||
		    !property_append_variant(target, property, &entry) ||
		    !dbus_message_iter_close_container(dict, &entry))
			return false;
	}
	return true;
}

static enum call_result handle_get_all(struct call *call, struct unit *unit)
{
	struct target target = call_target(call, unit);
	const struct iface *iface;
	const char *name = "";
	DBusMessageIter iter, dict;
	DBusMessage *reply;
	bool complete;

	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "A string is expected.");
	if (*name != '\0' && find_iface(call, name) == NULL)
		return call_fail(call, DBUS_ERROR_UNKNOWN_INTERFACE, "Unknown interface '%s'.",
				 name);
	reply = call_reply_begin(call, &iter);
	complete = reply != NULL &&
		   dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
	for (size_t i = 0; (iface = object_iface(call->kind, call->path_unit, i)) != NULL; i++) {
		if (complete && (*name == '\0' || strcmp(iface->name, name) == 0))
			complete = append_all(&target, iface->properties, &dict);
	}
	if (complete)
		complete = dbus_message_iter_close_container(&iter, &dict);
	return call_reply_end(call, reply, complete);
}

static enum call_result handle_set(struct call *call, struct unit *unit)
{
	const char *iface = "", *name = "";
	DBusMessageIter iter;

	/* The signature was checked: ssv. */
	dbus_message_iter_init(call->message, &iter);
	dbus_message_iter_get_basic(&iter, &iface);
	dbus_message_iter_next(&iter);
	dbus_message_iter_get_basic(&iter, &name);
	if (find_property(call, iface, name) == NULL)
		return call_fail(call, DBUS_ERROR_UNKNOWN_PROPERTY,
				 "Unknown interface %s or property %s.", iface, name);
	return call_fail(call, DBUS_ERROR_PROPERTY_READ_ONLY, "Property '%s' is not writable.",
			 name);
}

/* --- org.freedesktop.DBus.Peer, org.freedesktop.DBus.Introspectable --- */

static enum call_result handle_ping(struct call *call, struct unit *unit)
{
	return call_reply_empty(call);
}

static enum call_result handle_machine_id(struct call *call, struct unit *unit)
{
	CLEANUP(free_charp)
	char *id = NULL;
	int r = fs_read_line_at(AT_FDCWD, "/etc/machine-id", &id);

	if (r < 0)
		return call_fail_errno(call, r, "/etc/machine-id cannot be read.");
	return call_reply(call, DBUS_TYPE_STRING, &id, DBUS_TYPE_INVALID);
}

static enum call_result handle_introspect(struct call *call, struct unit *unit)
{
	CLEANUP(free_charp)
	char *xml = NULL;
	int r = introspect(call->bus, call->kind, call->path_unit,
			   dbus_message_get_path(call->message), &xml);

	if (r < 0)
		return call_fail_errno(call, r, "The description cannot be made.");
	return call_reply(call, DBUS_TYPE_STRING, &xml, DBUS_TYPE_INVALID);
}

static const struct method properties_methods[] = {
	{ "Get", "ss", "v", 0, handle_get, 0 },
	{ "GetAll", "s", "a{sv}", 0, handle_get_all, 0 },
	{ "Set", "ssv", "", METHOD_CHANGES, handle_set, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};
static const struct signal properties_signals[] = {
	{ "PropertiesChanged", "sa{sv}as" },
	{ NULL, NULL },
};
static const struct method introspectable_methods[] = {
	{ "Introspect", "", "s", 0, handle_introspect, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};
static const struct method peer_methods[] = {
	{ "Ping", "", "", 0, handle_ping, 0 },
	{ "GetMachineId", "", "s", 0, handle_machine_id, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};
static const struct property no_properties[] = { { NULL, NULL, NULL, NULL, 0 } };
static const struct signal no_signals[] = { { NULL, NULL } };

static const struct iface peer_iface = { DBUS_INTERFACE_PEER, peer_methods, no_properties,
					 no_signals, NULL };
static const struct iface introspectable_iface = { DBUS_INTERFACE_INTROSPECTABLE,
						   introspectable_methods, no_properties,
						   no_signals, NULL };
static const struct iface properties_iface = { DBUS_INTERFACE_PROPERTIES, properties_methods,
					       no_properties, properties_signals, NULL };

static const struct iface *const standard_ifaces[] = {
	&peer_iface,
	&introspectable_iface,
	&properties_iface,
};

/* The @i-th interface that is not a standard one. */
static const struct iface *own_iface(enum object_kind kind, const char *unit, size_t i)
{
	switch (kind) {
	case OBJECT_PARENT:
		return NULL;
	case OBJECT_MANAGER:
		return i == 0 ? &manager_iface : NULL;
	case OBJECT_JOB:
		return i == 0 ? &job_iface : NULL;
	case OBJECT_UNIT:
		break;
	}
	for (size_t j = 0; unit_ifaces[j] != NULL; j++) {
		const char *suffix = unit_ifaces[j]->suffix;

		if (suffix != NULL && !unit_name_has_suffix(unit, suffix))
			continue;
		if (i-- == 0)
			return unit_ifaces[j];
	}
	return NULL;
}

const struct iface *object_iface(enum object_kind kind, const char *unit, size_t i)
{
	if (i < ARRAY_SIZE(standard_ifaces))
		return standard_ifaces[i];
	return own_iface(kind, unit, i - ARRAY_SIZE(standard_ifaces));
}

const struct method *object_find_method(enum object_kind kind, const char *unit,
					const char *iface_name, const char *member,
					const struct iface **ret_iface)
{
	const struct iface *iface;

	for (size_t i = 0; (iface = object_iface(kind, unit, i)) != NULL; i++) {
		const struct method *method;

		if (iface_name != NULL && strcmp(iface->name, iface_name) != 0)
			continue;
		method = method_find(iface->methods, member);
		if (method == NULL)
			continue;
		*ret_iface = iface;
		return method;
	}
	return NULL;
}

bool object_needs_unit(const struct iface *iface)
{
	return iface != &peer_iface && iface != &introspectable_iface;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "signals.h"

#include <stdlib.h>
#include <string.h>

#include "early/log.h"
#include "early/macros.h"

#include "bus.h"
#include "iface.h"
#include "object_path.h"
#include "unit_name.h"

#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"

static bool is_anybody_listening(const struct bus *bus)
{
	return bus->n_subscribed > 0 || bus->others_before_us;
}

/* Sends, or drops what could not be built. */
static void emit(struct bus *bus, DBusMessage *signal, bool complete)
{
	if (signal != NULL && !complete) {
		dbus_message_unref(signal);
		signal = NULL;
	}
	bus_send(bus, signal);
}

static DBusMessage *manager_signal(const char *member)
{
	return dbus_message_new_signal(MANAGER_PATH, MANAGER_INTERFACE, member);
}

void signal_job_new(struct bus *bus, const struct job *job)
{
	CLEANUP(free_charp)
	char *path = NULL;
	const char *unit = job->unit;
	DBusMessage *signal;
	uint32_t id = job->id;

	if (bus->connection == NULL)
		return;
	signal = manager_signal("JobNew");
	emit(bus, signal,
	     signal != NULL && job_path_new(id, &path) >= 0 &&
		     dbus_message_append_args(signal, DBUS_TYPE_UINT32, &id, DBUS_TYPE_OBJECT_PATH,
					      &path, DBUS_TYPE_STRING, &unit, DBUS_TYPE_INVALID));
}

void signal_job_removed(struct bus *bus, uint32_t job, const char *unit, const char *result)
{
	CLEANUP(free_charp)
	char *path = NULL;
	DBusMessage *signal;

	if (bus->connection == NULL)
		return;
	signal = manager_signal("JobRemoved");
	emit(bus, signal,
	     signal != NULL && job_path_new(job, &path) >= 0 &&
		     dbus_message_append_args(signal, DBUS_TYPE_UINT32, &job, DBUS_TYPE_OBJECT_PATH,
					      &path, DBUS_TYPE_STRING, &unit, DBUS_TYPE_STRING,
					      &result, DBUS_TYPE_INVALID));
}

static void signal_unit(struct bus *bus, const char *member, const char *unit)
{
	CLEANUP(free_charp)
	char *path = NULL;
	DBusMessage *signal;

	if (bus->connection == NULL || !is_anybody_listening(bus))
		return;
	signal = manager_signal(member);
	emit(bus, signal,
	     signal != NULL && unit_path_new(unit, &path) >= 0 &&
		     dbus_message_append_args(signal, DBUS_TYPE_STRING, &unit,
					      DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID));
}

void signal_unit_new(struct bus *bus, const struct unit *unit)
{
	signal_unit(bus, "UnitNew", unit->name);
}

void signal_unit_removed(struct bus *bus, const char *unit)
{
	signal_unit(bus, "UnitRemoved", unit);
}

void signal_reloading(struct bus *bus, bool active)
{
	dbus_bool_t value = active;
	DBusMessage *signal;

	if (bus->connection == NULL)
		return;
	signal = manager_signal("Reloading");
	emit(bus, signal,
	     signal != NULL && dbus_message_append_args(signal, DBUS_TYPE_BOOLEAN, &value,
							DBUS_TYPE_INVALID));
}

void signal_unit_files_changed(struct bus *bus)
{
	if (bus->connection != NULL)
		bus_send(bus, manager_signal("UnitFilesChanged"));
}

/* --- PropertiesChanged --- */

static const char *const state_properties[] = {
	"ActiveState",
	"SubState",
	"StateChangeTimestamp",
	"StateChangeTimestampMonotonic",
	"InactiveExitTimestamp",
	"InactiveExitTimestampMonotonic",
	"ActiveEnterTimestamp",
	"ActiveEnterTimestampMonotonic",
	"ActiveExitTimestamp",
	"ActiveExitTimestampMonotonic",
	"InactiveEnterTimestamp",
	"InactiveEnterTimestampMonotonic",
	NULL,
};
static const char *const job_properties[] = { "Job", NULL };
static const char *const process_properties[] = { "MainPID", "ControlGroup", "Result", NULL };

static bool append_changed(DBusMessageIter *iter, const struct target *target,
			   const struct iface *iface, const char *const *names)
{
	DBusMessageIter dict, entry;

	if (!dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, "{sv}", &dict))
		return false;
	for (; *names != NULL; names++) {
		const struct property *property = property_find(iface->properties, *names);

		if (property == NULL)
			continue;
		if (!dbus_message_iter_open_container(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry) ||
		    !append_basic(&entry, DBUS_TYPE_STRING, names) ||
		    !property_append_variant(target, property, &entry) ||
		    !dbus_message_iter_close_container(&dict, &entry))
			return false;
	}
	return dbus_message_iter_close_container(iter, &dict);
}

static void signal_properties(struct bus *bus, struct unit *unit, const struct iface *iface,
			      const char *const *names)
{
	const struct target target = { .bus = bus, .unit = unit };
	CLEANUP(free_charp)
	char *path = NULL;
	DBusMessageIter iter, invalidated;
	DBusMessage *signal = NULL;
	bool complete;

	if (bus->connection == NULL || !is_anybody_listening(bus))
		return;
	if (unit_path_new(unit->name, &path) >= 0)
		signal = dbus_message_new_signal(path, DBUS_INTERFACE_PROPERTIES,
						 "PropertiesChanged");
	if (signal != NULL)
		dbus_message_iter_init_append(signal, &iter);
	complete = signal != NULL && append_basic(&iter, DBUS_TYPE_STRING, &iface->name) &&
		   append_changed(&iter, &target, iface, names) &&
		   dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "s", &invalidated) &&
		   dbus_message_iter_close_container(&iter, &invalidated);
	emit(bus, signal, complete);
}

/* unit_ifaces[0] is Unit; the others belong to a suffix. */
static const struct iface *kind_iface(const struct unit *unit)
{
	for (size_t i = 1; unit_ifaces[i] != NULL; i++) {
		if (unit_name_has_suffix(unit->name, unit_ifaces[i]->suffix))
			return unit_ifaces[i];
	}
	return NULL;
}

void signal_unit_changed(struct bus *bus, struct unit *unit, int changes)
{
	const struct iface *kind = kind_iface(unit);

	/* The result goes with the state: "failed" is both. */
	if (kind != NULL && changes & (UNIT_CHANGE_PROCESS | UNIT_CHANGE_STATE))
		signal_properties(bus, unit, kind, process_properties);
	if (changes & UNIT_CHANGE_STATE)
		signal_properties(bus, unit, unit_ifaces[0], state_properties);
}

void signal_unit_job(struct bus *bus, struct unit *unit)
{
	signal_properties(bus, unit, unit_ifaces[0], job_properties);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manager's properties that people and programs read. A default that systemd would have (90 s, kill after a stop's timeout) is what
 * early-load fills into the table too.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/macros.h"

#include "bus.h"
#include "machine.h"
#include "manager_methods.h"

#define UNIT_PATHS                                                                                 \
	"/etc/early/services.d", "/run/early/services.d", "/usr/lib/early/services.d",             \
		"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",     \
		"/lib/systemd/system"

static bool append_virtualization(const struct target *target, const struct property *property,
				  DBusMessageIter *iter)
{
	struct bus *bus = target->bus;

	if (bus->virtualization == NULL && machine_virtualization(&bus->virtualization) < 0)
		return false;
	return append_basic(iter, DBUS_TYPE_STRING, &bus->virtualization);
}

static bool append_architecture(const struct target *target, const struct property *property,
				DBusMessageIter *iter)
{
	const char *architecture = machine_architecture();

	return append_basic(iter, DBUS_TYPE_STRING, &architecture);
}

static bool append_system_state(const struct target *target, const struct property *property,
				DBusMessageIter *iter)
{
	const struct bus *bus = target->bus;
	const char *state = "running";

	if (!bus->mirrored)
		state = "initializing";
	else if (mirror_count_failed(&bus->mirror) > 0)
		state = "degraded";
	return append_basic(iter, DBUS_TYPE_STRING, &state);
}

static bool append_n_names(const struct target *target, const struct property *property,
			   DBusMessageIter *iter)
{
	return append_basic(iter, DBUS_TYPE_UINT32, &target->bus->mirror.n_units);
}

static bool append_n_jobs(const struct target *target, const struct property *property,
			  DBusMessageIter *iter)
{
	return append_basic(iter, DBUS_TYPE_UINT32, &target->bus->mirror.n_jobs);
}

static bool append_n_failed(const struct target *target, const struct property *property,
			    DBusMessageIter *iter)
{
	uint32_t failed = mirror_count_failed(&target->bus->mirror);

	return append_basic(iter, DBUS_TYPE_UINT32, &failed);
}

/* PID 1 gave us its own environment. */
static bool append_environment(const struct target *target, const struct property *property,
			       DBusMessageIter *iter)
{
	return append_strv(iter, environ);
}

static bool append_unit_path(const struct target *target, const struct property *property,
			     DBusMessageIter *iter)
{
	static const char *const paths[] = { UNIT_PATHS };
	DBusMessageIter array;

	if (!dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, "s", &array))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (!append_basic(&array, DBUS_TYPE_STRING, &paths[i]))
			return false;
	}
	return dbus_message_iter_close_container(iter, &array);
}

#define SECONDS(n) ((n)*1000000ULL)

const struct property manager_properties[] = {
	{ "Version", "s", append_text, "early " EARLY_VERSION, 0 },
	{ "Features", "s", append_text, "", 0 },
	{ "Virtualization", "s", append_virtualization, NULL, 0 },
	{ "Architecture", "s", append_architecture, NULL, 0 },
	{ "Tainted", "s", append_text, "", 0 },
	{ "SystemState", "s", append_system_state, NULL, 0 },
	{ "NNames", "u", append_n_names, NULL, 0 },
	{ "NFailedUnits", "u", append_n_failed, NULL, 0 },
	{ "NJobs", "u", append_n_jobs, NULL, 0 },
	{ "Environment", "as", append_environment, NULL, 0 },
	{ "ConfirmSpawn", "b", append_bool, NULL, 0 },
	{ "ShowStatus", "b", append_bool, NULL, 0 },
	{ "UnitPath", "as", append_unit_path, NULL, 0 },
	{ "DefaultStandardOutput", "s", append_text, "journal", 0 },
	{ "DefaultStandardError", "s", append_text, "inherit", 0 },
	{ "DefaultTimeoutStartUSec", "t", append_u64, NULL, SECONDS(90) },
	{ "DefaultTimeoutStopUSec", "t", append_u64, NULL, SECONDS(90) },
	{ "DefaultRestartUSec", "t", append_u64, NULL, 100000 },
	{ "DefaultStartLimitIntervalUSec", "t", append_u64, NULL, SECONDS(10) },
	{ "DefaultStartLimitBurst", "u", append_u32, NULL, 5 },
	{ "ControlGroup", "s", append_text, "", 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

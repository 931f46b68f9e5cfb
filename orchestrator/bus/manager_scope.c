/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * StartTransientUnit, for scopes: processes that are there already are put into a cgroup of their own. Of the properties only
 * Slice, Description and PIDs have a meaning here. Those that logind and desktops send as a matter of course (dependencies, limits of
 * cgroup controllers) are taken and have no effect; any other is refused by name, as systemd refuses one that it does not know.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/log.h"
#include "early/macros.h"
#include "early/strv.h"

#include "bus.h"
#include "client.h"
#include "jobs.h"
#include "manager_methods.h"
#include "unit_methods.h"
#include "unit_name.h"

struct scope_settings {
	const char *slice; /* within the message */
	const char *description;
	char **pids;
};

static void scope_settings_done(struct scope_settings *settings)
{
	strv_free(settings->pids);
}

static const char *const harmless[] = {
	/* Dependencies: a scope's processes run already. */
	"Wants",
	"After",
	"Before",
	"Requires",
	"BindsTo",
	"PartOf",
	"Conflicts",
	"RequiresMountsFor",
	"DefaultDependencies",
	"PropagatesStopTo",
	"StopPropagatedFrom",
	/* How it ends; PID 1 kills what is left as it does for every scope. */
	"SendSIGHUP",
	"SendSIGKILL",
	"KillMode",
	"KillSignal",
	"TimeoutStopUSec",
	"RuntimeMaxUSec",
	"OOMPolicy",
	"CollectMode",
	"AddRef",
	"Controller",
	"Delegate",
	"SourcePath",
	"Documentation",
	/* Limits and weights. */
	"TasksMax",
	"MemoryMin",
	"MemoryLow",
	"MemoryHigh",
	"MemoryMax",
	"MemorySwapMax",
	"CPUWeight",
	"StartupCPUWeight",
	"IOWeight",
	"StartupIOWeight",
	"CPUQuotaPerSecUSec",
	"TasksAccounting",
	"MemoryAccounting",
	"CPUAccounting",
	"IOAccounting",
	"ManagedOOMSwap",
	"ManagedOOMMemoryPressure",
	"ManagedOOMPreference",
};

static bool is_harmless(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		if (strcmp(harmless[i], name) == 0)
			return true;
	}
	return false;
}

/* "au"; 0 stands for the caller itself. */
static int read_pids(DBusMessageIter *value, uint32_t caller_pid, char ***pids)
{
	DBusMessageIter array;
	int r = 0;

	dbus_message_iter_recurse(value, &array);
	while (r >= 0 && dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_UINT32) {
		dbus_uint32_t pid;

		dbus_message_iter_get_basic(&array, &pid);
		if (pid == 0)
			pid = caller_pid;
		if (pid == 0 || pid > INT32_MAX)
			return -EINVAL;
		r = strv_appendf(pids, "%u", pid);
		dbus_message_iter_next(&array);
	}
	return r;
}

/* -EINVAL: wrong type or value, -EPROTO: no such property. */
static int read_setting(struct scope_settings *settings, const char *name, DBusMessageIter *value,
			uint32_t caller_pid)
{
	int type = dbus_message_iter_get_arg_type(value);

	if (strcmp(name, "PIDs") == 0) {
		if (type != DBUS_TYPE_ARRAY ||
		    dbus_message_iter_get_element_type(value) != DBUS_TYPE_UINT32)
			return -EINVAL;
		return read_pids(value, caller_pid, &settings->pids);
	}
	if (strcmp(name, "Slice") == 0) {
		if (type != DBUS_TYPE_STRING)
			return -EINVAL;
		dbus_message_iter_get_basic(value, &settings->slice);
		return unit_name_is_valid(settings->slice) &&
				       unit_name_has_suffix(settings->slice, ".slice")
			       ? 0
			       : -EINVAL;
	}
	if (strcmp(name, "Description") == 0) {
		if (type != DBUS_TYPE_STRING)
			return -EINVAL;
		dbus_message_iter_get_basic(value, &settings->description);
		return 0;
	}
	return is_harmless(name) ? 0 : -EPROTO;
}

static enum call_result read_settings(struct call *call, DBusMessageIter *argument,
				      struct scope_settings *settings)
{
	const struct client *client = client_find(call->bus,
						  dbus_message_get_sender(call->message));
	DBusMessageIter array;

	dbus_message_iter_recurse(argument, &array);
	while (dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_STRUCT) {
		DBusMessageIter fields, value;
		const char *name;
		int r;

		dbus_message_iter_recurse(&array, &fields);
		dbus_message_iter_get_basic(&fields, &name);
		dbus_message_iter_next(&fields);
		dbus_message_iter_recurse(&fields, &value);
		r = read_setting(settings, name, &value, client->pid);
		if (r == -EPROTO)
			return call_fail(call, DBUS_ERROR_PROPERTY_READ_ONLY,
					 "Cannot set property %s, or unknown property.", name);
		if (r < 0)
			return call_fail_errno(call, r, "Invalid value for property %s.", name);
		dbus_message_iter_next(&array);
	}
	return CALL_ON;
}

static bool is_taken(const struct unit *unit)
{
	if (unit == NULL || strcmp(unit->active_state, "inactive") == 0)
		return false;
	return strcmp(unit->active_state, "failed") != 0;
}

static enum call_result check_name(struct call *call, const char *name, const char *mode)
{
	if (!unit_name_is_valid(name) || unit_name_is_template(name))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Unit name %s is not valid.", name);
	if (!unit_job_mode_is_valid(mode))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Job mode %s is invalid.", mode);
	if (!unit_name_has_suffix(name, ".scope"))
		return call_fail(call, DBUS_ERROR_NOT_SUPPORTED,
				 "%s: only scopes can be made by StartTransientUnit under Early; "
				 "write a manifest to /run/early/services.d instead.",
				 name);
	if (is_taken(mirror_find(&call->bus->mirror, name)))
		return call_fail(call, ERROR_UNIT_EXISTS,
				 "Unit %s was already loaded or has a fragment file.", name);
	return CALL_ON;
}

enum call_result handle_start_transient(struct call *call, struct unit *unit)
{
	CLEANUP(scope_settings_done)
	struct scope_settings settings = { .slice = "system.slice", .description = "" };
	const char *name = "", *mode = "";
	enum call_result result;
	DBusMessageIter iter;

	/* The signature was checked. */
	dbus_message_iter_init(call->message, &iter);
	dbus_message_iter_get_basic(&iter, &name);
	dbus_message_iter_next(&iter);
	dbus_message_iter_get_basic(&iter, &mode);
	dbus_message_iter_next(&iter);
	result = check_name(call, name, mode);
	if (result == CALL_ON)
		result = read_settings(call, &iter, &settings);
	if (result != CALL_ON)
		return result;
	if (strv_length(settings.pids) == 0)
		return call_fail(call, ERROR_BAD_UNIT_SETTING, "Scope %s has no PIDs. Refusing.",
				 name);
	return jobs_start_scope(call, name, settings.slice, settings.description, settings.pids);
}

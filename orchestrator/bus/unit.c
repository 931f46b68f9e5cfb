/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The objects of units and jobs. A property is in the tables only if its value is known or true of every unit here: a missing one
 * is an error that callers can handle, an invented one is a lie that they can't see.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/proto/bus.h"
#include "early/strbuf.h"

#include "bus.h"
#include "iface.h"
#include "object_path.h"
#include "process.h"
#include "text.h"
#include "unit_files.h"
#include "unit_methods.h"
#include "unit_name.h"

/* --- values --- */

static bool append_mirrored(const struct target *target, const struct property *property,
			    DBusMessageIter *iter)
{
	const char *const *text =
		(const void *)((const char *)target->unit + (size_t)property->number);

	return append_basic(iter, DBUS_TYPE_STRING, text);
}

#define MIRRORED(field) append_mirrored, NULL, offsetof(struct unit, field)

static bool append_time(const struct target *target, const struct property *property,
			DBusMessageIter *iter)
{
	return append_basic(iter, DBUS_TYPE_UINT64,
			    (const char *)target->unit + (size_t)property->number);
}

#define TIME(field, clock) append_time, NULL, offsetof(struct unit, times.field[clock])

static bool append_names(const struct target *target, const struct property *property,
			 DBusMessageIter *iter)
{
	const struct unit *unit = target->unit;
	DBusMessageIter array;

	if (!dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, "s", &array) ||
	    !append_basic(&array, DBUS_TYPE_STRING, &unit->name))
		return false;
	for (size_t i = 0; unit->aliases != NULL && unit->aliases[i] != NULL; i++) {
		if (!append_basic(&array, DBUS_TYPE_STRING, &unit->aliases[i]))
			return false;
	}
	return dbus_message_iter_close_container(iter, &array);
}

static bool append_job(const struct target *target, const struct property *property,
		       DBusMessageIter *iter)
{
	return append_job_struct(iter, mirror_find_job_of(&target->bus->mirror, target->unit));
}

static bool append_file_state(const struct target *target, const struct property *property,
			      DBusMessageIter *iter)
{
	CLEANUP_FD
	int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *state = "";

	/* A unit without a file has no state. */
	if (root_fd >= 0 && *target->unit->path != '\0')
		(void)unit_files_state(root_fd, target->unit->name, &state);
	return append_basic(iter, DBUS_TYPE_STRING, &state);
}

static bool is_loaded(const struct unit *unit)
{
	return strcmp(unit->load_state, "loaded") == 0;
}

static bool append_is_loaded(const struct target *target, const struct property *property,
			     DBusMessageIter *iter)
{
	dbus_bool_t value = is_loaded(target->unit);

	return append_basic(iter, DBUS_TYPE_BOOLEAN, &value);
}

static bool append_is_scope(const struct target *target, const struct property *property,
			    DBusMessageIter *iter)
{
	dbus_bool_t value = unit_name_has_suffix(target->unit->name, ".scope");

	return append_basic(iter, DBUS_TYPE_BOOLEAN, &value);
}

static bool append_load_error(const struct target *target, const struct property *property,
			      DBusMessageIter *iter)
{
	const struct unit *unit = target->unit;
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
	const char *name = "", *message = "";
	DBusMessageIter fields;

	if (strcmp(unit->load_state, "not-found") == 0) {
		name = ERROR_NO_SUCH_UNIT;
		strbuf_printf(&text, "Unit %s not found.", unit->name);
	} else if (strcmp(unit->load_state, "masked") == 0) {
		name = ERROR_UNIT_MASKED;
		strbuf_printf(&text, "Unit %s is masked.", unit->name);
	} else if (!is_loaded(unit)) {
		name = ERROR_LOAD_FAILED;
		strbuf_printf(&text, "Unit %s could not be read.", unit->name);
	}
	if (strbuf_error(&text) < 0)
		return false;
	if (text.data != NULL)
		message = text.data;
	return dbus_message_iter_open_container(iter, DBUS_TYPE_STRUCT, NULL, &fields) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &name) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &message) &&
	       dbus_message_iter_close_container(iter, &fields);
}

static bool append_main_pid(const struct target *target, const struct property *property,
			    DBusMessageIter *iter)
{
	return append_basic(iter, DBUS_TYPE_UINT32, &target->unit->main_pid);
}

/* PID 1's reasons are finer; over this link comes only that it failed. */
static bool append_result(const struct target *target, const struct property *property,
			  DBusMessageIter *iter)
{
	const char *result = strcmp(target->unit->active_state, "failed") == 0 ? "failed"
									       : "success";

	return append_basic(iter, DBUS_TYPE_STRING, &result);
}

/* The innermost slice above the unit's own group. */
static bool append_slice(const struct target *target, const struct property *property,
			 DBusMessageIter *iter)
{
	CLEANUP(free_charp)
	char *parent = NULL;
	const char *slice = "";
	char *slash;

	if (text_copy(target->unit->cgroup, &parent) < 0)
		return false;
	slash = strrchr(parent, '/');
	if (slash != NULL) {
		*slash = '\0';
		slash = strrchr(parent, '/');
		slice = slash != NULL ? slash + 1 : "-.slice";
	}
	return append_basic(iter, DBUS_TYPE_STRING, &slice);
}

static bool append_cgroup_number(const struct target *target, const struct property *property,
				 DBusMessageIter *iter)
{
	uint64_t number = process_read_cgroup_number(target->unit->cgroup, property->text);

	return append_basic(iter, DBUS_TYPE_UINT64, &number);
}

/* --- org.freedesktop.systemd1.Unit --- */

static const struct property unit_properties[] = {
	{ "Id", "s", MIRRORED(name) },
	{ "Names", "as", append_names, NULL, 0 },
	{ "Following", "s", append_text, "", 0 },
	{ "Description", "s", MIRRORED(description) },
	{ "LoadState", "s", MIRRORED(load_state) },
	{ "ActiveState", "s", MIRRORED(active_state) },
	{ "FreezerState", "s", append_text, "running", 0 },
	{ "SubState", "s", MIRRORED(sub_state) },
	{ "FragmentPath", "s", MIRRORED(path) },
	{ "UnitFileState", "s", append_file_state, NULL, 0 },
	{ "StateChangeTimestamp", "t", TIME(state_change_us, 0) },
	{ "StateChangeTimestampMonotonic", "t", TIME(state_change_us, 1) },
	{ "InactiveExitTimestamp", "t", TIME(inactive_exit_us, 0) },
	{ "InactiveExitTimestampMonotonic", "t", TIME(inactive_exit_us, 1) },
	{ "ActiveEnterTimestamp", "t", TIME(active_enter_us, 0) },
	{ "ActiveEnterTimestampMonotonic", "t", TIME(active_enter_us, 1) },
	{ "ActiveExitTimestamp", "t", TIME(active_exit_us, 0) },
	{ "ActiveExitTimestampMonotonic", "t", TIME(active_exit_us, 1) },
	{ "InactiveEnterTimestamp", "t", TIME(inactive_enter_us, 0) },
	{ "InactiveEnterTimestampMonotonic", "t", TIME(inactive_enter_us, 1) },
	{ "CanStart", "b", append_is_loaded, NULL, 0 },
	{ "CanStop", "b", append_bool, NULL, 1 },
	{ "CanIsolate", "b", append_bool, NULL, 0 },
	{ "CanFreeze", "b", append_bool, NULL, 0 },
	{ "Job", "(uo)", append_job, NULL, 0 },
	{ "LoadError", "(ss)", append_load_error, NULL, 0 },
	{ "Transient", "b", append_is_scope, NULL, 0 },
	{ "Perpetual", "b", append_bool, NULL, 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

static const struct method unit_methods[] = {
	{ "Start", "s", "o", METHOD_CHANGES, handle_unit_job, BUS_VERB_START },
	{ "Stop", "s", "o", METHOD_CHANGES, handle_unit_job, BUS_VERB_STOP },
	{ "Reload", "s", "o", METHOD_CHANGES, handle_unit_job, BUS_VERB_RELOAD },
	{ "Restart", "s", "o", METHOD_CHANGES, handle_unit_job, BUS_VERB_RESTART },
	{ "TryRestart", "s", "o", METHOD_CHANGES, handle_unit_job, BUS_VERB_TRY_RESTART },
	{ "ReloadOrRestart", "s", "o", METHOD_CHANGES, handle_unit_job,
	  BUS_VERB_RELOAD_OR_RESTART },
	{ "ReloadOrTryRestart", "s", "o", METHOD_CHANGES, handle_unit_reload_or_try, 0 },
	{ "Kill", "si", "", METHOD_CHANGES, handle_unit_kill, 0 },
	{ "ResetFailed", "", "", METHOD_CHANGES, handle_unit_reset_failed, 0 },
	{ "SetProperties", "ba(sv)", "", METHOD_CHANGES, handle_unsupported, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};

static const struct signal no_signals[] = { { NULL, NULL } };

/* --- what kinds of units have more --- */

static const struct property service_properties[] = {
	{ "MainPID", "u", append_main_pid, NULL, 0 },
	{ "ExecMainPID", "u", append_main_pid, NULL, 0 },
	{ "Result", "s", append_result, NULL, 0 },
	{ "Slice", "s", append_slice, NULL, 0 },
	{ "ControlGroup", "s", MIRRORED(cgroup) },
	{ "MemoryCurrent", "t", append_cgroup_number, "memory.current", 0 },
	{ "TasksCurrent", "t", append_cgroup_number, "pids.current", 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

static const struct property scope_properties[] = {
	{ "Controller", "s", append_text, "", 0 },
	{ "Result", "s", append_result, NULL, 0 },
	{ "Slice", "s", append_slice, NULL, 0 },
	{ "ControlGroup", "s", MIRRORED(cgroup) },
	{ "MemoryCurrent", "t", append_cgroup_number, "memory.current", 0 },
	{ "TasksCurrent", "t", append_cgroup_number, "pids.current", 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

static const struct property slice_properties[] = {
	{ "ControlGroup", "s", MIRRORED(cgroup) },
	{ "MemoryCurrent", "t", append_cgroup_number, "memory.current", 0 },
	{ "TasksCurrent", "t", append_cgroup_number, "pids.current", 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

static const struct property no_properties[] = { { NULL, NULL, NULL, NULL, 0 } };

static const struct method group_methods[] = {
	{ "GetProcesses", "", "a(sus)", 0, handle_unit_processes, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};

static const struct method scope_methods[] = {
	{ "Abandon", "", "", METHOD_CHANGES, handle_unit_abandon, 0 },
	{ "GetProcesses", "", "a(sus)", 0, handle_unit_processes, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};

static const struct method no_methods[] = { { NULL, NULL, NULL, 0, NULL, 0 } };

static const struct signal scope_signals[] = { { "RequestStop", "" }, { NULL, NULL } };

static const struct iface unit_iface = { "org.freedesktop.systemd1.Unit", unit_methods,
					 unit_properties, no_signals, NULL };
static const struct iface service_iface = { "org.freedesktop.systemd1.Service", group_methods,
					    service_properties, no_signals, ".service" };
static const struct iface scope_iface = { "org.freedesktop.systemd1.Scope", scope_methods,
					  scope_properties, scope_signals, ".scope" };
static const struct iface target_iface = { "org.freedesktop.systemd1.Target", no_methods,
					   no_properties, no_signals, ".target" };
static const struct iface slice_iface = { "org.freedesktop.systemd1.Slice", group_methods,
					  slice_properties, no_signals, ".slice" };

const struct iface *const unit_ifaces[] = {
	&unit_iface, &service_iface, &scope_iface, &target_iface, &slice_iface, NULL,
};

/* --- jobs --- */

static bool append_job_id(const struct target *target, const struct property *property,
			  DBusMessageIter *iter)
{
	return append_basic(iter, DBUS_TYPE_UINT32, &target->job->id);
}

static bool append_job_unit(const struct target *target, const struct property *property,
			    DBusMessageIter *iter)
{
	CLEANUP(free_charp)
	char *path = NULL;
	DBusMessageIter fields;

	return unit_path_new(target->job->unit, &path) >= 0 &&
	       dbus_message_iter_open_container(iter, DBUS_TYPE_STRUCT, NULL, &fields) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &target->job->unit) &&
	       append_basic(&fields, DBUS_TYPE_OBJECT_PATH, &path) &&
	       dbus_message_iter_close_container(iter, &fields);
}

static bool append_job_type(const struct target *target, const struct property *property,
			    DBusMessageIter *iter)
{
	return append_basic(iter, DBUS_TYPE_STRING, &target->job->type);
}

static const struct property job_properties[] = {
	{ "Id", "u", append_job_id, NULL, 0 },
	{ "Unit", "(so)", append_job_unit, NULL, 0 },
	{ "JobType", "s", append_job_type, NULL, 0 },
	{ "State", "s", append_text, "running", 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

static const struct method job_methods[] = {
	{ "Cancel", "", "", METHOD_CHANGES, handle_unsupported, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};

const struct iface job_iface = { "org.freedesktop.systemd1.Job", job_methods, job_properties,
				 no_signals, NULL };

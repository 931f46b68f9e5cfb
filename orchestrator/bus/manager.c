/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "early/log.h"
#include "early/proto/bus.h"

#include "bus.h"
#include "client.h"
#include "iface.h"
#include "jobs.h"
#include "manager_methods.h"
#include "unit_methods.h"

static enum call_result handle_subscribe(struct call *call, struct unit *unit)
{
	struct client *client;
	int r = client_get(call->bus, dbus_message_get_sender(call->message), &client);

	if (r < 0)
		return call_fail_errno(call, r, "Out of memory");
	if (client->subscribed)
		return call_fail(call, ERROR_ALREADY_SUBSCRIBED, "Client is already subscribed.");
	client_set_subscribed(client, true);
	return call_reply_empty(call);
}

static enum call_result handle_unsubscribe(struct call *call, struct unit *unit)
{
	struct client *client = client_find(call->bus, dbus_message_get_sender(call->message));

	if (client == NULL || !client->subscribed)
		return call_fail(call, ERROR_NOT_SUBSCRIBED, "Client is not subscribed.");
	client_set_subscribed(client, false);
	return call_reply_empty(call);
}

static enum call_result handle_reload(struct call *call, struct unit *unit)
{
	return jobs_start_and_wait(call, BUS_VERB_RELOAD_MANIFESTS, "");
}

/* One message for each failed unit, under no cookie: nobody waits for the answers. */
static enum call_result handle_reset_all_failed(struct call *call, struct unit *unknown)
{
	const struct unit *unit;

	list_for_each (unit, &call->bus->mirror.units, link) {
		const struct bus_job message = {
			.verb = BUS_VERB_RESET_FAILED,
			.unit = unit->name,
			.why = call->method->name,
		};
		int r = 0;

		if (strcmp(unit->active_state, "failed") == 0)
			r = channel_send(&call->bus->link, BUS_JOB, &message);
		if (r < 0)
			return call_fail_errno(call, r, "PID 1 cannot be told: %s.", strerror(-r));
	}
	return call_reply_empty(call);
}

enum power {
	POWER_OFF,
	POWER_REBOOT,
	POWER_HALT,
	POWER_KEXEC,
};

static enum call_result handle_power(struct call *call, struct unit *unit)
{
	static const char *const targets[] = {
		[POWER_OFF] = "poweroff.target",
		[POWER_REBOOT] = "reboot.target",
		[POWER_HALT] = "halt.target",
		[POWER_KEXEC] = "kexec.target",
	};

	return jobs_start_silent(call, BUS_VERB_START, targets[call->method->number]);
}

#define CHANGES METHOD_CHANGES
#define CHANGES_UNIT (METHOD_CHANGES | METHOD_LOADS)
#define CHANGES_LOADED (METHOD_CHANGES | METHOD_LOADED)

static const struct method methods[] = {
	{ "GetUnit", "s", "o", METHOD_LOADED, handle_get_unit, 0 },
	{ "LoadUnit", "s", "o", METHOD_LOADS, handle_get_unit, 0 },
	{ "GetUnitByPID", "u", "o", METHOD_MIRROR, handle_get_unit_by_pid, 0 },
	{ "GetUnitProcesses", "s", "a(sus)", METHOD_LOADED, handle_unit_processes, 0 },
	{ "ListUnits", "", "a(ssssssouso)", METHOD_MIRROR, handle_list_units, 0 },
	{ "ListUnitsFiltered", "as", "a(ssssssouso)", METHOD_MIRROR, handle_list_units_filtered,
	  0 },
	{ "ListUnitsByPatterns", "asas", "a(ssssssouso)", METHOD_MIRROR,
	  handle_list_units_by_patterns, 0 },
	{ "ListUnitsByNames", "as", "a(ssssssouso)", METHOD_MIRROR, handle_list_units_by_names, 0 },

	{ "StartUnit", "ss", "o", CHANGES_UNIT, handle_unit_job, BUS_VERB_START },
	{ "StopUnit", "ss", "o", CHANGES_UNIT, handle_unit_job, BUS_VERB_STOP },
	{ "ReloadUnit", "ss", "o", CHANGES_UNIT, handle_unit_job, BUS_VERB_RELOAD },
	{ "RestartUnit", "ss", "o", CHANGES_UNIT, handle_unit_job, BUS_VERB_RESTART },
	{ "TryRestartUnit", "ss", "o", CHANGES_UNIT, handle_unit_job, BUS_VERB_TRY_RESTART },
	{ "ReloadOrRestartUnit", "ss", "o", CHANGES_UNIT, handle_unit_job,
	  BUS_VERB_RELOAD_OR_RESTART },
	{ "ReloadOrTryRestartUnit", "ss", "o", CHANGES_UNIT, handle_unit_reload_or_try, 0 },
	{ "StartTransientUnit", "ssa(sv)a(sa(sv))", "o", CHANGES, handle_start_transient, 0 },
	{ "AbandonScope", "s", "", CHANGES_LOADED, handle_unit_abandon, 0 },
	{ "KillUnit", "ssi", "", CHANGES_LOADED, handle_unit_kill, 0 },
	{ "ResetFailedUnit", "s", "", CHANGES_LOADED, handle_unit_reset_failed, 0 },
	{ "ResetFailed", "", "", CHANGES | METHOD_MIRROR, handle_reset_all_failed, 0 },
	{ "SetUnitProperties", "sba(sv)", "", CHANGES_LOADED, handle_unsupported, 0 },

	{ "GetJob", "u", "o", 0, handle_get_job, 0 },
	{ "ListJobs", "", "a(usssoo)", 0, handle_list_jobs, 0 },
	{ "CancelJob", "u", "", CHANGES, handle_unsupported, 0 },
	{ "ClearJobs", "", "", CHANGES, handle_unsupported, 0 },

	{ "Subscribe", "", "", 0, handle_subscribe, 0 },
	{ "Unsubscribe", "", "", 0, handle_unsubscribe, 0 },
	{ "Reload", "", "", CHANGES, handle_reload, 0 },
	{ "Reexecute", "", "", CHANGES, handle_unsupported, 0 },
	{ "PowerOff", "", "", CHANGES, handle_power, POWER_OFF },
	{ "Reboot", "", "", CHANGES, handle_power, POWER_REBOOT },
	{ "Halt", "", "", CHANGES, handle_power, POWER_HALT },
	{ "KExec", "", "", CHANGES, handle_power, POWER_KEXEC },
	{ "SetEnvironment", "as", "", CHANGES, handle_unsupported, 0 },
	{ "UnsetEnvironment", "as", "", CHANGES, handle_unsupported, 0 },
	{ "UnsetAndSetEnvironment", "asas", "", CHANGES, handle_unsupported, 0 },

	{ "ListUnitFiles", "", "a(ss)", METHOD_MIRROR, handle_list_unit_files, 0 },
	{ "ListUnitFilesByPatterns", "asas", "a(ss)", METHOD_MIRROR,
	  handle_list_unit_files_by_patterns, 0 },
	{ "GetUnitFileState", "s", "s", 0, handle_unit_file_state, 0 },
	{ "EnableUnitFiles", "asbb", "ba(sss)", CHANGES, handle_change_unit_files, FILES_ENABLE },
	{ "ReenableUnitFiles", "asbb", "ba(sss)", CHANGES, handle_change_unit_files,
	  FILES_REENABLE },
	{ "DisableUnitFiles", "asb", "a(sss)", CHANGES, handle_change_unit_files, FILES_DISABLE },
	{ "MaskUnitFiles", "asbb", "a(sss)", CHANGES, handle_change_unit_files, FILES_MASK },
	{ "UnmaskUnitFiles", "asb", "a(sss)", CHANGES, handle_change_unit_files, FILES_UNMASK },
	{ "PresetUnitFiles", "asbb", "ba(sss)", CHANGES, handle_change_unit_files, FILES_PRESET },
	{ "GetDefaultTarget", "", "s", 0, handle_default_target, 0 },
	{ "SetDefaultTarget", "sb", "a(sss)", CHANGES, handle_set_default_target, 0 },
	{ NULL, NULL, NULL, 0, NULL, 0 },
};

static const struct signal signals[] = {
	{ "UnitNew", "so" },      { "UnitRemoved", "so" },    { "JobNew", "uos" },
	{ "JobRemoved", "uoss" }, { "UnitFilesChanged", "" }, { "Reloading", "b" },
	{ NULL, NULL },
};

const struct iface manager_iface = { "org.freedesktop.systemd1.Manager", methods,
				     manager_properties, signals, NULL };

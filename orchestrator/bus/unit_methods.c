/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit_methods.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "early/log.h"
#include "early/proto/bus.h"

#include "bus.h"
#include "iface.h"
#include "jobs.h"
#include "process.h"
#include "unit_name.h"

bool unit_job_mode_is_valid(const char *mode)
{
	static const char *const modes[] = { "replace",
					     "fail",
					     "isolate",
					     "flush",
					     "ignore-dependencies",
					     "ignore-requirements",
					     "replace-irreversibly",
					     "triggering" };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(modes[i], mode) == 0)
			return true;
	}
	return false;
}

/* The last string argument. */
static const char *read_last_text(struct call *call)
{
	const char *text = "";
	DBusMessageIter iter;

	dbus_message_iter_init(call->message, &iter);
	do {
		if (dbus_message_iter_get_arg_type(&iter) == DBUS_TYPE_STRING)
			dbus_message_iter_get_basic(&iter, &text);
	} while (dbus_message_iter_next(&iter));
	return text;
}

static bool is_inactive(const struct unit *unit)
{
	return strcmp(unit->active_state, "inactive") == 0 ||
	       strcmp(unit->active_state, "failed") == 0;
}

/* Refuses what systemd refuses by the unit's load state. */
static enum call_result check_load_state(struct call *call, const struct unit *unit, int verb)
{
	bool is_missing = strcmp(unit->load_state, "not-found") == 0;
	bool is_broken = strcmp(unit->load_state, "error") == 0 ||
			 strcmp(unit->load_state, "bad-setting") == 0;

	if (verb == BUS_VERB_STOP) {
		if ((is_missing || is_broken) && is_inactive(unit))
			return call_fail(call, ERROR_NO_SUCH_UNIT, "Unit %s not loaded.",
					 unit->name);
		return CALL_ON;
	}
	if (is_missing)
		return call_fail(call, ERROR_NO_SUCH_UNIT, "Unit %s not found.", unit->name);
	if (strcmp(unit->load_state, "masked") == 0)
		return call_fail(call, ERROR_UNIT_MASKED, "Unit %s is masked.", unit->name);
	if (is_broken)
		return call_fail(call, ERROR_LOAD_FAILED,
				 "Unit %s could not be read; `earlyctl verify %s` says why.",
				 unit->name, unit->path);
	return CALL_ON;
}

static enum call_result start_job(struct call *call, struct unit *unit, int verb)
{
	const char *mode = read_last_text(call);
	enum call_result result;

	if (!unit_job_mode_is_valid(mode))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Job mode %s invalid", mode);
	result = check_load_state(call, unit, verb);
	if (result != CALL_ON)
		return result;
	return jobs_start(call, (enum bus_verb)verb, unit->name);
}

enum call_result handle_unit_job(struct call *call, struct unit *unit)
{
	return start_job(call, unit, call->method->number);
}

enum call_result handle_unit_reload_or_try(struct call *call, struct unit *unit)
{
	/* PID 1 answers "nothing to do" to a try-restart of what does not run. */
	return start_job(call, unit,
			 is_inactive(unit) ? BUS_VERB_TRY_RESTART : BUS_VERB_RELOAD_OR_RESTART);
}

enum call_result handle_unit_kill(struct call *call, struct unit *unit)
{
	bool is_main;
	const char *whom = "";
	struct bus_kill message = { .unit = unit->name };
	DBusMessageIter iter;
	int r;

	/* "si" of a unit, "ssi" of the manager: the two last arguments are the same. */
	dbus_message_iter_init(call->message, &iter);
	do {
		if (dbus_message_iter_get_arg_type(&iter) == DBUS_TYPE_STRING)
			dbus_message_iter_get_basic(&iter, &whom);
		else
			dbus_message_iter_get_basic(&iter, &message.signo);
	} while (dbus_message_iter_next(&iter));
	is_main = strcmp(whom, "main") == 0 || strcmp(whom, "main-fail") == 0;
	if (!is_main && *whom != '\0' && strcmp(whom, "all") != 0 && strcmp(whom, "all-fail") != 0)
		return call_fail(call, DBUS_ERROR_INVALID_ARGS,
				 "Invalid who argument %s: main and all are understood.", whom);
	if (message.signo <= 0 || message.signo > SIGRTMAX)
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Signal number out of range.");
	if (is_main && unit->main_pid == 0)
		return call_fail(call, ERROR_NO_SUCH_PROCESS, "No main process to kill");
	if (is_main)
		r = process_kill((pid_t)unit->main_pid, unit->cgroup, message.signo);
	else
		r = channel_send(&call->bus->link, BUS_KILL, &message);
	if (r < 0)
		return call_fail_errno(call, r, "Failed to send a signal to %s: %s.", unit->name,
				       strerror(-r));
	return call_reply_empty(call);
}

enum call_result handle_unit_reset_failed(struct call *call, struct unit *unit)
{
	return jobs_start_silent(call, BUS_VERB_RESET_FAILED, unit->name);
}

enum call_result handle_unit_abandon(struct call *call, struct unit *unit)
{
	const struct bus_abandon message = { .unit = unit->name };
	int r;

	if (!unit_name_has_suffix(unit->name, ".scope"))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "%s is not a scope unit.",
				 unit->name);
	if (is_inactive(unit))
		return call_fail(call, ERROR_SCOPE_NOT_RUNNING,
				 "Scope %s is not running, cannot abandon.", unit->name);
	r = channel_send(&call->bus->link, BUS_ABANDON, &message);
	if (r < 0)
		return call_fail_errno(call, r, "PID 1 cannot be told to abandon %s.", unit->name);
	return call_reply_empty(call);
}

static int append_process(const char *cgroup, uint32_t pid, const char *comm, void *data)
{
	DBusMessageIter *array = data, fields;

	if (!dbus_message_iter_open_container(array, DBUS_TYPE_STRUCT, NULL, &fields) ||
	    !append_basic(&fields, DBUS_TYPE_STRING, &cgroup) ||
	    !append_basic(&fields, DBUS_TYPE_UINT32, &pid) ||
	    !append_basic(&fields, DBUS_TYPE_STRING, &comm) ||
	    !dbus_message_iter_close_container(array, &fields))
		return -ENOMEM;
	return 0;
}

/* With the name instead of the command line: reading that one waits for a process that hangs. */
enum call_result handle_unit_processes(struct call *call, struct unit *unit)
{
	DBusMessageIter iter, array;
	DBusMessage *reply = call_reply_begin(call, &iter);
	bool complete = reply != NULL &&
			dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "(sus)", &array) &&
			process_walk_cgroup(unit->cgroup, append_process, &array) >= 0 &&
			dbus_message_iter_close_container(&iter, &array);

	return call_reply_end(call, reply, complete);
}

enum call_result handle_unsupported(struct call *call, struct unit *unit)
{
	return call_fail(call, DBUS_ERROR_NOT_SUPPORTED, "%s is not supported by Early.",
			 call->method->name);
}

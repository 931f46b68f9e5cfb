/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/macros.h"
#include "early/strv.h"

#include "bus.h"
#include "manager_methods.h"
#include "object_path.h"
#include "process.h"
#include "unit_name.h"

static enum call_result reply_unit_path(struct call *call, const char *name)
{
	CLEANUP(free_charp)
	char *path = NULL;
	int r = unit_path_new(name, &path);

	if (r < 0)
		return call_fail_errno(call, r, "Out of memory");
	return call_reply(call, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID);
}

enum call_result handle_get_unit(struct call *call, struct unit *unit)
{
	return reply_unit_path(call, unit->name);
}

enum call_result handle_get_unit_by_pid(struct call *call, struct unit *unit)
{
	CLEANUP(free_charp)
	char *cgroup = NULL;
	CLEANUP(free_charp)
	char *name = NULL;
	dbus_uint32_t pid = 0;
	int r;

	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_UINT32, &pid, DBUS_TYPE_INVALID))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "A process id is expected.");
	if (pid == 0 || pid > INT32_MAX)
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Invalid PID %u", pid);
	r = process_get_cgroup((pid_t)pid, &cgroup);
	if (r >= 0)
		r = unit_name_from_cgroup(cgroup, &name);
	if (r == -ENOMEM)
		return call_fail_errno(call, r, "Out of memory");
	if (r < 0 || mirror_find(&call->bus->mirror, name) == NULL)
		return call_fail(call, ERROR_NO_UNIT_FOR_PID,
				 "PID %u does not belong to any loaded unit.", pid);
	return reply_unit_path(call, name);
}

/* --- lists of units --- */

struct filter {
	char **states;
	char **patterns;
	char **names;
};

static void filter_done(struct filter *filter)
{
	dbus_free_string_array(filter->states);
	dbus_free_string_array(filter->patterns);
	dbus_free_string_array(filter->names);
}

static bool has_alias_in(const struct unit *unit, char *const *names)
{
	for (size_t i = 0; i < strv_length(unit->aliases); i++) {
		if (strv_contains(names, unit->aliases[i]))
			return true;
	}
	return false;
}

static bool is_wanted(const struct unit *unit, const struct filter *filter)
{
	char *const *states = filter->states;

	if (unit->special && filter->names == NULL)
		return false;
	if (filter->names != NULL)
		return strv_contains(filter->names, unit->name) ||
		       has_alias_in(unit, filter->names);
	if (strv_length(states) > 0 && !strv_contains(states, unit->load_state) &&
	    !strv_contains(states, unit->active_state) && !strv_contains(states, unit->sub_state))
		return false;
	return unit_name_matches(unit->name, unit->aliases, filter->patterns);
}

static bool append_unit(DBusMessageIter *array, const struct mirror *mirror,
			const struct unit *unit)
{
	const struct job *job = mirror_find_job_of(mirror, unit);
	const char *job_type = job != NULL ? job->type : "";
	const char *job_path = "/", *following = "";
	CLEANUP(free_charp)
	char *made_path = NULL;
	CLEANUP(free_charp)
	char *unit_path = NULL;
	uint32_t job_id = job != NULL ? job->id : 0;
	DBusMessageIter fields;

	if (unit_path_new(unit->name, &unit_path) < 0 ||
	    (job != NULL && job_path_new(job_id, &made_path) < 0))
		return false;
	if (made_path != NULL)
		job_path = made_path;
	return dbus_message_iter_open_container(array, DBUS_TYPE_STRUCT, NULL, &fields) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &unit->name) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &unit->description) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &unit->load_state) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &unit->active_state) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &unit->sub_state) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &following) &&
	       append_basic(&fields, DBUS_TYPE_OBJECT_PATH, &unit_path) &&
	       append_basic(&fields, DBUS_TYPE_UINT32, &job_id) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &job_type) &&
	       append_basic(&fields, DBUS_TYPE_OBJECT_PATH, &job_path) &&
	       dbus_message_iter_close_container(array, &fields);
}

/* Names that were asked for and are not mirrored are listed as what they are: not found. */
static bool append_missing(DBusMessageIter *array, const struct mirror *mirror,
			   const struct filter *filter)
{
	for (size_t i = 0; i < strv_length(filter->names); i++) {
		struct unit missing = {
			.name = filter->names[i],
			.description = filter->names[i],
			.load_state = (char[]){ "not-found" },
			.active_state = (char[]){ "inactive" },
			.sub_state = (char[]){ "dead" },
		};

		if (mirror_find(mirror, missing.name) != NULL || !unit_name_is_valid(missing.name))
			continue;
		if (!append_unit(array, mirror, &missing))
			return false;
	}
	return true;
}

static enum call_result reply_units(struct call *call, const struct filter *filter)
{
	const struct mirror *mirror = &call->bus->mirror;
	DBusMessageIter iter, array;
	const struct unit *unit;
	DBusMessage *reply = call_reply_begin(call, &iter);
	bool complete = reply != NULL && dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY,
									  "(ssssssouso)", &array);

	list_for_each (unit, &mirror->units, link) {
		if (complete && is_wanted(unit, filter))
			complete = append_unit(&array, mirror, unit);
	}
	if (complete)
		complete = append_missing(&array, mirror, filter) &&
			   dbus_message_iter_close_container(&iter, &array);
	return call_reply_end(call, reply, complete);
}

enum call_result handle_list_units(struct call *call, struct unit *unit)
{
	const struct filter filter = { NULL, NULL, NULL };

	return reply_units(call, &filter);
}

/* Reads up to two arrays of strings; the signature was checked. */
static bool read_lists(struct call *call, char ***first, char ***second)
{
	int n;

	if (second == NULL)
		return dbus_message_get_args(call->message, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING,
					     first, &n, DBUS_TYPE_INVALID);
	return dbus_message_get_args(call->message, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, first,
				     &n, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, second, &n,
				     DBUS_TYPE_INVALID);
}

enum call_result handle_list_units_filtered(struct call *call, struct unit *unit)
{
	CLEANUP(filter_done)
	struct filter filter = { NULL, NULL, NULL };

	if (!read_lists(call, &filter.states, NULL))
		return call_fail_errno(call, -ENOMEM, "Out of memory");
	return reply_units(call, &filter);
}

enum call_result handle_list_units_by_patterns(struct call *call, struct unit *unit)
{
	CLEANUP(filter_done)
	struct filter filter = { NULL, NULL, NULL };

	if (!read_lists(call, &filter.states, &filter.patterns))
		return call_fail_errno(call, -ENOMEM, "Out of memory");
	return reply_units(call, &filter);
}

enum call_result handle_list_units_by_names(struct call *call, struct unit *unit)
{
	CLEANUP(filter_done)
	struct filter filter = { NULL, NULL, NULL };

	if (!read_lists(call, &filter.names, NULL))
		return call_fail_errno(call, -ENOMEM, "Out of memory");
	return reply_units(call, &filter);
}

/* --- jobs --- */

enum call_result handle_get_job(struct call *call, struct unit *unit)
{
	CLEANUP(free_charp)
	char *path = NULL;
	dbus_uint32_t id = 0;

	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_UINT32, &id, DBUS_TYPE_INVALID))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "A job's id is expected.");
	if (mirror_find_job(&call->bus->mirror, id) == NULL)
		return call_fail(call, ERROR_NO_SUCH_JOB, "Job %u does not exist.", id);
	if (job_path_new(id, &path) < 0)
		return call_fail_errno(call, -ENOMEM, "Out of memory");
	return call_reply(call, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID);
}

static bool append_job(DBusMessageIter *array, const struct job *job)
{
	CLEANUP(free_charp)
	char *unit_path = NULL;
	CLEANUP(free_charp)
	char *job_path = NULL;
	const char *state = "running";
	DBusMessageIter fields;

	return unit_path_new(job->unit, &unit_path) >= 0 && job_path_new(job->id, &job_path) >= 0 &&
	       dbus_message_iter_open_container(array, DBUS_TYPE_STRUCT, NULL, &fields) &&
	       append_basic(&fields, DBUS_TYPE_UINT32, &job->id) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &job->unit) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &job->type) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &state) &&
	       append_basic(&fields, DBUS_TYPE_OBJECT_PATH, &job_path) &&
	       append_basic(&fields, DBUS_TYPE_OBJECT_PATH, &unit_path) &&
	       dbus_message_iter_close_container(array, &fields);
}

enum call_result handle_list_jobs(struct call *call, struct unit *unit)
{
	DBusMessageIter iter, array;
	const struct job *job;
	DBusMessage *reply = call_reply_begin(call, &iter);
	bool complete = reply != NULL && dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY,
									  "(usssoo)", &array);

	list_for_each (job, &call->bus->mirror.jobs, link) {
		if (complete)
			complete = append_job(&array, job);
	}
	if (complete)
		complete = dbus_message_iter_close_container(&iter, &array);
	return call_reply_end(call, reply, complete);
}

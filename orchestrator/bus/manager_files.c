/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"

#include "bus.h"
#include "install.h"
#include "manager_methods.h"
#include "signals.h"
#include "unit_files.h"
#include "unit_name.h"

static int open_root(void)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* --- questions --- */

static bool append_file(DBusMessageIter *array, const char *path, const char *state)
{
	DBusMessageIter fields;

	return dbus_message_iter_open_container(array, DBUS_TYPE_STRUCT, NULL, &fields) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &path) &&
	       append_basic(&fields, DBUS_TYPE_STRING, &state) &&
	       dbus_message_iter_close_container(array, &fields);
}

static bool state_is_wanted(const char *state, char *const *states)
{
	if (states == NULL || states[0] == NULL)
		return true;
	for (; *states != NULL; states++) {
		if (strcmp(*states, state) == 0)
			return true;
	}
	return false;
}

/* The files of the units that PID 1 knows. */
static enum call_result reply_files(struct call *call, char *const *states, char *const *patterns)
{
	CLEANUP_FD
	int root_fd = open_root();
	DBusMessageIter iter, array;
	const struct unit *unit;
	DBusMessage *reply;
	bool complete;

	if (root_fd < 0)
		return call_fail_errno(call, root_fd, "The root directory cannot be opened.");
	reply = call_reply_begin(call, &iter);
	complete = reply != NULL &&
		   dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "(ss)", &array);
	list_for_each (unit, &call->bus->mirror.units, link) {
		const char *state;

		if (!complete || *unit->path == '\0' ||
		    !unit_name_matches(unit->name, unit->aliases, patterns) ||
		    unit_files_state(root_fd, unit->name, &state) < 0 ||
		    !state_is_wanted(state, states))
			continue;
		complete = append_file(&array, unit->path, state);
	}
	if (complete)
		complete = dbus_message_iter_close_container(&iter, &array);
	return call_reply_end(call, reply, complete);
}

enum call_result handle_list_unit_files(struct call *call, struct unit *unit)
{
	return reply_files(call, NULL, NULL);
}

enum call_result handle_list_unit_files_by_patterns(struct call *call, struct unit *unit)
{
	char **states = NULL, **patterns = NULL;
	enum call_result result;
	int n;

	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &states,
				   &n, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &patterns, &n,
				   DBUS_TYPE_INVALID))
		return call_fail_errno(call, -ENOMEM, "Out of memory");
	result = reply_files(call, states, patterns);
	dbus_free_string_array(states);
	dbus_free_string_array(patterns);
	return result;
}

enum call_result handle_unit_file_state(struct call *call, struct unit *unit)
{
	CLEANUP_FD
	int root_fd = open_root();
	const char *name = "", *state;
	int r = root_fd;

	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "A unit's name is expected.");
	if (!unit_name_is_valid(name))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "Unit name %s is not valid.", name);
	if (r >= 0)
		r = unit_files_state(root_fd, name, &state);
	if (r < 0)
		return call_fail_errno(call, r, "%s", strerror(-r));
	return call_reply(call, DBUS_TYPE_STRING, &state, DBUS_TYPE_INVALID);
}

enum call_result handle_default_target(struct call *call, struct unit *unit)
{
	CLEANUP_FD
	int root_fd = open_root();
	CLEANUP(free_charp)
	char *path = NULL;
	char target[PATH_MAX];
	const char *name = target;
	ssize_t len = -1;
	int r = root_fd;

	if (r >= 0)
		r = unit_files_find(root_fd, "default.target", &path);
	if (r < 0)
		return call_fail_errno(call, r, "There is no default.target: %s.", strerror(-r));
	len = readlinkat(root_fd, path + 1, target, sizeof(target) - 1);
	if (len < 0)
		name = "default.target";
	else
		target[len] = '\0';
	if (strrchr(name, '/') != NULL)
		name = strrchr(name, '/') + 1;
	if (!unit_name_is_valid(name))
		return call_fail_errno(call, -EINVAL, "default.target links to no unit.");
	return call_reply(call, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
}

/* --- changes --- */

static bool append_changes(DBusMessageIter *iter, const struct install *install)
{
	DBusMessageIter array, fields;

	if (!dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, "(sss)", &array))
		return false;
	for (size_t i = 0; i < install->n_changes; i++) {
		const struct install_change *change = &install->changes[i];
		const char *source = change->source;

		if (!dbus_message_iter_open_container(&array, DBUS_TYPE_STRUCT, NULL, &fields) ||
		    !append_basic(&fields, DBUS_TYPE_STRING, &change->type) ||
		    !append_basic(&fields, DBUS_TYPE_STRING, &change->path) ||
		    !append_basic(&fields, DBUS_TYPE_STRING, &source) ||
		    !dbus_message_iter_close_container(&array, &fields))
			return false;
	}
	return dbus_message_iter_close_container(iter, &array);
}

static enum call_result fail_install(struct call *call, const struct install *install, int error)
{
	const char *path = install->failed_path != NULL ? install->failed_path : "unit file";

	switch (error) {
	case -ENOENT:
		return call_fail_errno(call, error, "Unit file %s does not exist.", path);
	case -ERFKILL:
		return call_fail(call, ERROR_UNIT_MASKED, "Unit file %s is masked.", path);
	case -EEXIST:
		return call_fail(call, ERROR_UNIT_EXISTS, "File %s already exists.", path);
	case -EROFS:
		return call_fail_errno(call, error,
				       "%s: the root is still read-only; try again when the disks "
				       "are ready (earlyctl status).",
				       path);
	}
	return call_fail_errno(call, error, "%s: %s", path, strerror(-error));
}

/* "a(sss)", with the flag in front where the method has one. */
static enum call_result reply_changes(struct call *call, const struct install *install)
{
	bool has_flag = call->method->out[0] == 'b';
	dbus_bool_t carries_info = install->carries_info;
	DBusMessageIter iter;
	DBusMessage *reply;
	bool complete;

	if (install->n_changes > 0)
		signal_unit_files_changed(call->bus);
	reply = call_reply_begin(call, &iter);
	complete = reply != NULL &&
		   (!has_flag || append_basic(&iter, DBUS_TYPE_BOOLEAN, &carries_info)) &&
		   append_changes(&iter, install);
	return call_reply_end(call, reply, complete);
}

static int apply(struct install *install, enum file_operation operation, const char *name)
{
	int r;

	switch (operation) {
	case FILES_ENABLE:
		return install_enable(install, name);
	case FILES_REENABLE:
		r = install_disable(install, name);
		return r < 0 ? r : install_enable(install, name);
	case FILES_DISABLE:
		return install_disable(install, name);
	case FILES_MASK:
		return install_mask(install, name);
	case FILES_UNMASK:
		return install_unmask(install, name);
	case FILES_PRESET:
		return install_preset(install, name);
	}
	return -EINVAL;
}

/* "as", then runtime and, for some, force. */
static bool read_arguments(struct call *call, char ***ret_names, struct install *install)
{
	dbus_bool_t runtime = FALSE, force = FALSE;
	int n;

	if (strcmp(call->method->in, "asbb") == 0) {
		if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING,
					   ret_names, &n, DBUS_TYPE_BOOLEAN, &runtime,
					   DBUS_TYPE_BOOLEAN, &force, DBUS_TYPE_INVALID))
			return false;
	} else if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING,
					  ret_names, &n, DBUS_TYPE_BOOLEAN, &runtime,
					  DBUS_TYPE_INVALID)) {
		return false;
	}
	install->config_dir = runtime ? UNIT_FILES_RUNTIME : UNIT_FILES_CONFIG;
	install->force = force;
	return true;
}

enum call_result handle_change_unit_files(struct call *call, struct unit *unit)
{
	CLEANUP_FD
	int root_fd = open_root();
	CLEANUP(install_done)
	struct install install = { .root_fd = root_fd };
	enum call_result result = CALL_ON;
	char **names = NULL;

	if (root_fd < 0)
		return call_fail_errno(call, root_fd, "The root directory cannot be opened.");
	if (!read_arguments(call, &names, &install))
		return call_fail_errno(call, -ENOMEM, "Out of memory");
	for (size_t i = 0; result == CALL_ON && names[i] != NULL; i++) {
		enum file_operation operation = (enum file_operation)call->method->number;
		int r;

		if (!unit_name_is_valid(names[i])) {
			result = call_fail(call, DBUS_ERROR_INVALID_ARGS,
					   "Unit name %s is not valid.", names[i]);
			break;
		}
		r = apply(&install, operation, names[i]);
		if (r < 0)
			result = fail_install(call, &install, r);
	}
	dbus_free_string_array(names);
	if (result != CALL_ON)
		return result;
	return reply_changes(call, &install);
}

enum call_result handle_set_default_target(struct call *call, struct unit *unit)
{
	CLEANUP_FD
	int root_fd = open_root();
	CLEANUP(install_done)
	struct install install = { .root_fd = root_fd, .config_dir = UNIT_FILES_CONFIG };
	dbus_bool_t force = FALSE;
	const char *name = "";
	int r = root_fd;

	if (!dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_BOOLEAN,
				   &force, DBUS_TYPE_INVALID))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "A target is expected.");
	if (!unit_name_is_valid(name) || !unit_name_has_suffix(name, ".target"))
		return call_fail(call, DBUS_ERROR_INVALID_ARGS, "%s is no target.", name);
	install.force = force;
	if (r >= 0)
		r = install_set_default(&install, name);
	if (r < 0)
		return fail_install(call, &install, r);
	return reply_changes(call, &install);
}

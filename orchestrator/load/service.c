/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model of a unit, and what follows from several keys together: its type, and whether PID 1 may execute its program by itself.
 *
 * PID 1 does no look-up of users, touches no file system and runs no PAM; it can give a child its arguments, its literal environment,
 * /dev/null as stdin, the log as stdout, its sockets and its cgroup. Whatever goes beyond that sets NEEDS_EXEC. The rule errs on
 * the side of early-exec: a key that is not listed here as plain belongs to it. A command with variables needs it too, but says so by
 * its own flag.
 */
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "resource.h"
#include "settings.h"

#define DEFAULT_TIMEOUT_US (90 * USEC_PER_SEC)
#define DEFAULT_START_LIMIT_INTERVAL_US (10 * USEC_PER_SEC)
#define DEFAULT_START_LIMIT_BURST 5

static const struct table_service defaults = {
	.load_state = TABLE_LOAD_LOADED,
	.type = TABLE_TYPE_SIMPLE,
	.stage = TABLE_STAGE_DEMAND,
	.start_timeout_us = 0, /* not given: service_finish() */
	.stop_timeout_us = DEFAULT_TIMEOUT_US,
	.start_limit_burst = DEFAULT_START_LIMIT_BURST,
	.start_limit_interval_us = DEFAULT_START_LIMIT_INTERVAL_US,
	.kill_mode = TABLE_KILL_CONTROL_GROUP,
	.kill_signal = SIGTERM,
	.runtime_directory_mode = 0755,
	.state_directory_mode = 0755,
	.cache_directory_mode = 0755,
	.logs_directory_mode = 0755,
	.umask = 0022,
};

int service_new(const char *name, struct service **ret_service)
{
	struct service *service = calloc(1, sizeof(*service));

	if (!service)
		return -ENOMEM;
	service->fields = defaults;
	activation_init(&service->activation);
	service->cpu_quota_us = UINT64_MAX;
	service->name = strdup(name);
	if (!service->name) {
		service_free(service);
		return -ENOMEM;
	}
	*ret_service = service;
	return 0;
}

static void exec_line_done(struct exec_line *exec)
{
	free(exec->program);
	strv_free(exec->argv);
}

void service_drop_execs(struct service *service, uint32_t phase)
{
	size_t kept = 0;

	for (size_t i = 0; i < service->n_execs; i++) {
		if (service->execs[i].phase == phase)
			exec_line_done(&service->execs[i]);
		else
			service->execs[kept++] = service->execs[i];
	}
	service->n_execs = kept;
}

int service_add_exec(struct service *service, uint32_t phase, uint32_t flags, char *program,
		     char **argv)
{
	struct exec_line line = { phase, flags, program, argv };
	struct exec_line *execs = reallocarray(service->execs, service->n_execs + 1,
					       sizeof(*execs));

	if (!execs) {
		exec_line_done(&line);
		return -ENOMEM;
	}
	service->execs = execs;
	service->execs[service->n_execs++] = line;
	return 0;
}

static void free_strings(struct service *service)
{
	char *const strings[] = {
		service->name,
		service->description,
		service->path,
		service->load_error,
		service->bus_name,
		service->slice,
		service->seat,
		service->on_give_up,
		service->pid_file,
		service->user,
		service->group,
		service->pam_name,
		service->working_directory,
		service->root_directory,
		service->standard_input,
		service->standard_output,
		service->standard_error,
		service->tty_path,
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(strings[i]);
}

static void free_lists(struct service *service)
{
	char **const lists[] = {
		service->aliases,
		service->success_codes,
		service->restart_prevent_codes,
		service->after,
		service->before,
		service->requires,
		service->wants,
		service->conflicts,
		service->binds_to,
		service->conditions,
		service->supplementary_groups,
		service->search_path,
		service->environment,
		service->environment_files,
		service->pass_environment,
		service->unset_environment,
		service->runtime_directory,
		service->state_directory,
		service->cache_directory,
		service->logs_directory,
		service->limits,
		service->capabilities,
		service->ambient_capabilities,
		service->settings,
		service->restart_force_codes,
		service->requisite,
		service->part_of,
		service->stop_to,
		service->stop_from,
		service->reload_to,
		service->reload_from,
		service->on_failure,
		service->on_success,
		service->cgroup,
		service->delegate,
		service->devices,
		service->addresses,
		service->upholds,
		service->socket_units,
		service->wanted_by,
		service->install_aliases,
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_free(lists[i]);
}

struct service *service_free(struct service *service)
{
	if (!service)
		return NULL;
	for (size_t i = 0; i < service->n_execs; i++)
		exec_line_done(&service->execs[i]);
	free(service->execs);
	activation_done(&service->activation);
	free_strings(service);
	free_lists(service);
	free(service);
	return NULL;
}

void service_freep(struct service **service)
{
	*service = service_free(*service);
}

static bool is_plain_stream(const char *value)
{
	return !value || strcmp(value, "inherit") == 0;
}

static bool has_directories(const struct service *service)
{
	return service->runtime_directory || service->state_directory || service->cache_directory ||
	       service->logs_directory;
}

static bool has_identity(const struct service *service)
{
	return service->user || service->group || service->supplementary_groups ||
	       service->pam_name || service->has_capabilities || service->ambient_capabilities;
}

static bool has_surroundings(const struct service *service)
{
	return service->working_directory || service->root_directory ||
	       service->environment_files || service->unset_environment || service->tty_path ||
	       service->limits || service->has_nice || service->has_umask ||
	       service->has_oom_score_adjust ||
	       (service->standard_input && strcmp(service->standard_input, "null") != 0) ||
	       !is_plain_stream(service->standard_output) ||
	       !is_plain_stream(service->standard_error);
}

bool service_needs_exec(const struct service *service)
{
	return service->settings || service->conditions || has_directories(service) ||
	       has_identity(service) || has_surroundings(service) ||
	       (service->fields.flags & TABLE_FLAG_SET_LOGIN_ENVIRONMENT);
}

static size_t count_execs(const struct service *service, uint32_t phase)
{
	size_t n = 0;

	for (size_t i = 0; i < service->n_execs; i++)
		n += service->execs[i].phase == phase;
	return n;
}

static const char *check_commands(const struct service *service)
{
	size_t starts = count_execs(service, TABLE_PHASE_START);

	if (service->fields.type == TABLE_TYPE_TARGET)
		return NULL;
	if (starts == 0 && count_execs(service, TABLE_PHASE_STOP) == 0)
		return "the service has neither ExecStart= nor ExecStop=";
	if (starts == 0 && (service->fields.type != TABLE_TYPE_ONESHOT ||
			    !(service->fields.flags & TABLE_FLAG_REMAIN_AFTER_EXIT)))
		return "the service has no ExecStart=: only one with ExecStop=, Type=oneshot and "
		       "RemainAfterExit=yes may do without";
	if (starts > 1 && service->fields.type != TABLE_TYPE_ONESHOT)
		return "more than one ExecStart= is for Type=oneshot only";
	if (service->fields.type == TABLE_TYPE_DBUS && !service->bus_name)
		return "Type=dbus needs BusName=";
	return NULL;
}

static bool leaves_something(const struct service *service)
{
	static const char *const keys[] = { "DynamicUser", "LoadCredential",   "PrivateTmp",
					    "RemoveIPC",   "SetCredential",    "TTYReset",
					    "TTYVHangup",  "TTYVTDisallocate", "UtmpIdentifier" };

	if (service->runtime_directory &&
	    !(service->fields.flags & TABLE_FLAG_PRESERVE_RUNTIME_DIRECTORY))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (settings_get(service, keys[i]))
			return true;
	return false;
}

/* The command line that no manifest has: early-exec cleans up after the last process. */
static int add_clean(struct service *service)
{
	char *program = strdup(EARLY_LIBEXECDIR "/early-exec");
	char **argv = NULL;
	int r = program ? strv_append(&argv, "early-exec") : -ENOMEM;

	if (r < 0) {
		free(program);
		return r;
	}
	return service_add_exec(service, TABLE_PHASE_CLEAN, 0, program, argv);
}

/* "auto" alone restricts nothing; with something allowed, or a /dev of the service's own, it is "closed". */
static int settle_devices(struct service *service)
{
	const char *policy = service->device_policy ? service->device_policy : "auto";

	if (strcmp(policy, "auto") == 0) {
		if (!service->devices && !settings_get(service, "PrivateDevices"))
			return 0;
		policy = "closed";
	}
	return strv_appendf(&service->devices, "policy=%s", policy);
}

/* ExecSearchPath= is the PATH of the commands as well, in front of what sets another one. */
static int settle_path(struct service *service)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	char **all = NULL;
	int r;

	if (!service->search_path || strv_contains(service->pass_environment, "PATH"))
		return 0;
	for (size_t i = 0; service->search_path[i]; i++)
		strbuf_printf(&path, "%s%s", i ? ":" : "PATH=", service->search_path[i]);
	r = strbuf_error(&path) < 0 ? -ENOMEM : strv_append(&all, path.data);
	for (size_t i = 0; r == 0 && service->environment && service->environment[i]; i++)
		r = strv_append(&all, service->environment[i]);
	if (r < 0) {
		strv_free(all);
		return r;
	}
	strv_free(service->environment);
	service->environment = all;
	return 0;
}

int service_finish(struct service *service, const char **ret_error)
{
	struct table_service *fields = &service->fields;
	const char *error;
	int r = resource_put_quota(&service->cgroup, service->cpu_quota_us, service->cpu_period_us);

	if (r == 0)
		r = settle_devices(service);
	if (r == 0)
		r = settle_path(service);
	if (r < 0)
		return r;
	for (size_t i = 0; service->permissions_start_only && i < service->n_execs; i++)
		if (service->execs[i].phase != TABLE_PHASE_START)
			service->execs[i].flags |= TABLE_EXEC_FULL_PRIVILEGE;
	if (!service->type_given && fields->type != TABLE_TYPE_TARGET) {
		if (service->bus_name)
			fields->type = TABLE_TYPE_DBUS;
		else if (count_execs(service, TABLE_PHASE_START) == 0)
			fields->type = TABLE_TYPE_ONESHOT;
	}
	if (fields->start_timeout_us == 0)
		fields->start_timeout_us = fields->type == TABLE_TYPE_ONESHOT ? UINT64_MAX
									      : DEFAULT_TIMEOUT_US;
	if (service->activation.n_sockets > 0)
		fields->flags |= TABLE_FLAG_LISTEN_FDS;
	if (service_needs_exec(service))
		fields->flags |= TABLE_FLAG_NEEDS_EXEC;
	if (leaves_something(service) && add_clean(service) < 0)
		return -ENOMEM;
	error = check_commands(service);
	if (error) {
		*ret_error = error;
		return -EINVAL;
	}
	return 0;
}

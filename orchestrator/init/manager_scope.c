/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/log.h"

#include "manager_internal.h"

/* The manager's scopes: made for others' processes, told like any unit, gone with the last process. */

static void handle_scope_empty(struct scope *scope)
{
	struct manager *manager = scope->data;
	char *name CLEANUP(free_charp)
	= TAKE_PTR(scope->name);

	if (scope->stop_job != 0)
		manager_job_ended(manager, scope->stop_job, name, JOB_DONE, 0, NULL);
	manager->n_scopes--;
	scope_free(scope);
	manager_wake(manager);
	MANAGER_TELL(manager, unit_gone, name);
}

int manager_add_scope(struct manager *manager, const char *name, const char *slice,
		      const char *description, struct scope **ret)
{
	int r;

	if (!definition_name_is_valid(name))
		return -EINVAL;
	if (manager_find(manager, name) || manager_find_scope(manager, name))
		return -EEXIST;
	if (manager->n_scopes >= SCOPE_MAX)
		return -E2BIG;
	r = scope_new(ret, manager->cgroups, name, slice && slice[0] ? slice : "system.slice",
		      description ? description : "", handle_scope_empty, manager);
	if (r < 0)
		return r;
	list_append(&manager->scopes, &(*ret)->link);
	manager->n_scopes++;
	return 0;
}

int manager_scope_new(struct manager *manager, const char *name, const char *slice,
		      const char *description, const pid_t *pids, size_t n_pids)
{
	struct manager_unit unit;
	struct scope *scope;
	int r;

	if (manager->stopping)
		return -ESHUTDOWN;
	r = manager_add_scope(manager, name, slice, description, &scope);
	if (r < 0)
		return r;
	r = scope_add(scope, pids, n_pids);
	if (r < 0) {
		manager->n_scopes--;
		scope_free(scope);
		return r;
	}
	manager_wake(manager);
	manager_describe_scope(scope, &unit);
	MANAGER_TELL(manager, unit_changed, &unit);
	return 0;
}

int manager_scope_abandon(struct manager *manager, const char *name)
{
	struct scope *scope = manager_find_scope(manager, name);
	struct manager_unit unit;

	if (!scope)
		return -ENOENT;
	scope->abandoned = true;
	manager_wake(manager);
	manager_describe_scope(scope, &unit);
	MANAGER_TELL(manager, unit_changed, &unit);
	return 0;
}

static void handle_stop_deadline(struct loop_timer *timer)
{
	struct scope *scope = container_of(timer, struct scope, deadline);

	log_warning("%s: does not end by itself, killing it", scope->name);
	(void)cgroup_kill(&scope->group, SIGKILL, 0); /* its end is told when it comes */
}

int manager_scope_stop(struct manager *manager, struct scope *scope, uint32_t *ret_job)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGCONT };
	struct manager_unit unit;

	if (scope->stop_job == 0) {
		manager->jobs.last_id = manager->jobs.last_id == UINT32_MAX
						? 1
						: manager->jobs.last_id + 1;
		scope->stop_job = manager->jobs.last_id;
	}
	*ret_job = scope->stop_job;
	scope->stopping = true;
	manager_wake(manager);
	manager_describe_scope(scope, &unit);
	MANAGER_TELL(manager, unit_changed, &unit);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)cgroup_kill(&scope->group, signals[i], 0); /* empty: told already */
	return loop_timer_start(manager->loop, &scope->deadline,
				clock_monotonic_us() + SCOPE_STOP_DEADLINE_US,
				handle_stop_deadline);
}

int manager_scope_kill(struct manager *manager, const char *name)
{
	struct scope *scope = manager_find_scope(manager, name);
	struct manager_unit unit;

	if (!scope)
		return -ENOENT;
	scope->stopping = true;
	manager_wake(manager);
	manager_describe_scope(scope, &unit);
	MANAGER_TELL(manager, unit_changed, &unit);
	return cgroup_kill(&scope->group, SIGKILL, 0);
}

bool manager_has_job(struct manager *manager, uint32_t id)
{
	const struct ended_job *ended;
	const struct scope *scope;

	if (job_find_id(&manager->jobs, id))
		return true;
	list_for_each (scope, &manager->scopes, link)
		if (scope->stop_job == id)
			return true;
	list_for_each (ended, &manager->ended, link)
		if (ended->id == id)
			return true;
	return false;
}

void manager_scope_each(struct manager *manager, const char *name,
			bool (*fn)(pid_t pid, void *data), void *data)
{
	struct scope *scope = manager_find_scope(manager, name);

	if (scope)
		cgroup_each(&scope->group, fn, data);
}

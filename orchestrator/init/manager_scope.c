/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "manager_internal.h"

/* The manager's scopes: made for others' processes, told like any unit, gone with the last process. */

static void handle_scope_empty(struct scope *scope)
{
	struct manager *manager = scope->data;
	char *name CLEANUP(free_charp) = TAKE_PTR(scope->name);

	manager->n_scopes--;
	scope_free(scope);
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
	manager_describe_scope(scope, &unit);
	MANAGER_TELL(manager, unit_changed, &unit);
	return 0;
}

int manager_scope_kill(struct manager *manager, const char *name)
{
	struct scope *scope = manager_find_scope(manager, name);
	struct manager_unit unit;

	if (!scope)
		return -ENOENT;
	scope->stopping = true;
	manager_describe_scope(scope, &unit);
	MANAGER_TELL(manager, unit_changed, &unit);
	return cgroup_kill(&scope->group, SIGKILL, 0);
}

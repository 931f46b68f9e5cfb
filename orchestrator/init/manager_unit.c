/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"

#include "manager_internal.h"

/* The manager's units: describing, and what is done to one of them at once. */

/* --- describing --- */

static const char *active_state(const struct service *service)
{
	return service->prestart_pending ? "activating" : service_active_state_name(service->state);
}

static const char *sub_state(const struct service *service)
{
	struct timer_facts facts;

	if (service->times) {
		timer_describe(service->times, &facts);
		return facts.sub_state;
	}
	if (service_is_target(service))
		return service->state == SERVICE_RUNNING ? "active" : "dead";
	return service->prestart_pending ? "start-pre" : service_sub_state_name(service->state);
}

static const char *detail_of(const struct service *service)
{
	const struct definition_words *words = &service->definition->service;

	if (service->detail)
		return service->detail;
	if (words->load_state == TABLE_LOAD_ERROR)
		return words->rare->load_error;
	return service->status_text ? service->status_text : "";
}

void manager_describe(const struct service *service, struct manager_unit *ret)
{
	const struct definition_words *words = &service->definition->service;

	*ret = (struct manager_unit){
		.name = service->name,
		.description = words->description,
		.load_state = definition_load_state_name(words->load_state),
		.active_state = active_state(service),
		.sub_state = sub_state(service),
		.path = words->path,
		.cgroup = service_is_target(service) ? "" : service->group.path,
		.result = verdict_name(service->result),
		.detail = detail_of(service),
		.stage = definition_stage_name(words->stage),
		.seat = words->rare->seat,
		.on_give_up = words->rare->on_give_up,
		.screen_at_start = words->flags & TABLE_FLAG_SCREEN_AT_START,
		.main_pid = service->main.pid,
		.since_us = service->since_us,
		.remarks = words->remarks,
	};
}

void manager_describe_scope(const struct scope *scope, struct manager_unit *ret)
{
	*ret = (struct manager_unit){
		.name = scope->name,
		.description = scope->description,
		.load_state = "loaded",
		.active_state = scope->stopping ? "deactivating" : "active",
		.sub_state = scope->stopping    ? "stop-sigterm"
			     : scope->abandoned ? "abandoned"
						: "running",
		.path = "",
		.cgroup = scope->group.path,
		.result = "success",
		.detail = "",
		.stage = "demand",
		.seat = "",
		.on_give_up = "",
		.since_us = scope->since_us,
	};
}

bool manager_unit(struct manager *manager, const char *name, struct manager_unit *ret_unit)
{
	struct service *service = manager_find(manager, name);
	struct scope *scope;

	if (service) {
		manager_describe(service, ret_unit);
		return true;
	}
	scope = manager_find_scope(manager, name);
	if (!scope)
		return false;
	manager_describe_scope(scope, ret_unit);
	return true;
}

void manager_each_unit(struct manager *manager,
		       void (*fn)(const struct manager_unit *unit, void *data), void *data)
{
	struct manager_unit unit;
	struct service *service;
	struct scope *scope;

	list_for_each (service, &manager->services, link) {
		manager_describe(service, &unit);
		fn(&unit, data);
	}
	list_for_each (scope, &manager->scopes, link) {
		manager_describe_scope(scope, &unit);
		fn(&unit, data);
	}
}

/* --- the table's words --- */

static void note_conflicts(struct manager *manager, const struct definition *definition)
{
	if (definition->service.conflicts.len > 0)
		manager->jobs.has_conflicts = true;
}

int manager_add_service(struct manager *manager, struct definition *definition,
			struct service **ret)
{
	struct service *service;
	int r;

	if (manager->n_services >= MANAGER_MAX_SERVICES)
		return -E2BIG;
	r = service_new(&service, &manager->host, definition);
	if (r < 0)
		return r;
	r = timers_add(&manager->timers, service);
	if (r < 0) {
		service_free(service);
		return r;
	}
	list_append(&manager->services, &service->link);
	manager_names_add(manager, service);
	manager->n_services++;
	manager_note(manager, service);
	note_conflicts(manager, definition);
	manager->garbage_due |= definition->service.load_state == TABLE_LOAD_NOT_FOUND;
	manager_wake(manager);
	*ret = service;
	return 0;
}

static void note_not_found(struct manager *manager, const char *name)
{
	if (strv_contains(manager->not_found, name) ||
	    strv_length(manager->not_found) >= MANAGER_MAX_NOT_FOUND)
		return;
	(void)strv_append(&manager->not_found, name); /* then it is asked for again */
}

/* Consumes the reference. */
int manager_add_definition(struct manager *manager, struct definition *definition)
{
	struct service *service = manager_find(manager, definition->service.name);
	bool found = definition->service.load_state != TABLE_LOAD_NOT_FOUND;
	int r = 0;

	if (!found && !service) {
		note_not_found(manager, definition->service.name);
		definition_unref(definition);
	} else if (!service) {
		r = manager_add_service(manager, definition, &service);
		definition_unref(definition);
	} else if (strcmp(service->name, definition->service.name) == 0) {
		if (service->definition->service.rare->aliases.len > 0 ||
		    definition->service.rare->aliases.len > 0)
			manager_aliases_forget(manager);
		note_conflicts(manager, definition);
		manager->garbage_due |= !found;
		r = service_set_definition(service, definition);
		job_words_changed(&manager->jobs, service);
		timers_note_words(&manager->timers, service);
	} else {
		/* The name of another unit's alias: what was there first keeps it. */
		definition_unref(definition);
	}
	return r;
}

/* --- single units --- */

int manager_kill_unit(struct manager *manager, const char *name, int signo)
{
	struct service *service = manager_find(manager, name);
	struct scope *scope = service ? NULL : manager_find_scope(manager, name);

	if (signo < 1 || signo > SIGRTMAX)
		return -EINVAL;
	if (service)
		return service_kill(service, signo);
	if (scope)
		return cgroup_kill(&scope->group, signo, 0);
	return -ENOENT;
}

int manager_climb(struct manager *manager, const char *name)
{
	struct service *service = manager_find(manager, name);

	return service ? service_climb(service) : -ENOENT;
}

void manager_gate(struct manager *manager, bool closed)
{
	struct service *service;

	manager->host.gated = closed;
	manager_wake(manager);
	if (closed)
		return;
	list_for_each (service, &manager->services, link)
		service_raise(service);
}

void manager_prestart_done(struct manager *manager, const char *name)
{
	struct service *service = manager_find(manager, name);

	if (service)
		service_prestart_done(service);
}

void manager_owner_changed(struct manager *manager, const char *bus_name, pid_t pid)
{
	struct service *service;

	list_for_each (service, &manager->services, link)
		if (strcmp(service->definition->service.rare->bus_name, bus_name) == 0)
			service_owner_changed(service, pid);
}

void manager_reset_failed(struct manager *manager, const char *name)
{
	struct service *service;

	list_for_each (service, &manager->services, link)
		if (!name || !name[0] || strcmp(service->name, name) == 0)
			service_reset_failed(service);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "manager_internal.h"

/*
 * Units by their names, and by those of others that they have as well. Both tables are made when somebody asks. A new unit is added
 * to them, so that a table of units is read in a time that grows with their number and no faster; when one goes both are dropped,
 * and when one gets other words the aliases are, for their texts are the words'.
 */

static int add_aliases(struct manager *manager, struct service *service)
{
	const char *alias = NULL;
	int r = 0;

	while (r == 0 &&
	       (alias = wire_list_next(&service->definition->service.rare->aliases, alias)))
		r = nametable_add(&manager->aliases, alias, service);
	return r;
}

static int make_names(struct manager *manager)
{
	struct service *service;
	int r = 0;

	if (manager->names.n_entries > 0)
		return 0;
	list_for_each (service, &manager->services, link)
		if (r == 0)
			r = nametable_add(&manager->names, service->name, service);
	if (r < 0)
		nametable_clear(&manager->names);
	return r;
}

static int make_aliases(struct manager *manager)
{
	struct service *service;
	int r = 0;

	if (manager->aliases_known)
		return 0;
	list_for_each (service, &manager->services, link)
		if (r == 0)
			r = add_aliases(manager, service);
	if (r < 0)
		nametable_clear(&manager->aliases);
	manager->aliases_known = r == 0;
	return r;
}

void manager_names_forget(struct manager *manager)
{
	nametable_clear(&manager->names);
	manager_aliases_forget(manager);
}

void manager_aliases_forget(struct manager *manager)
{
	nametable_clear(&manager->aliases);
	manager->aliases_known = false;
}

void manager_names_add(struct manager *manager, struct service *service)
{
	int r = 0;

	if (manager->names.n_entries > 0)
		r = nametable_add(&manager->names, service->name, service);
	if (r == 0 && manager->aliases_known)
		r = add_aliases(manager, service);
	if (r < 0)
		manager_names_forget(manager); /* no memory: they are made again */
}

static struct service *find_slowly(struct manager *manager, const char *name)
{
	struct service *service;

	list_for_each (service, &manager->services, link)
		if (strcmp(service->name, name) == 0)
			return service;
	return NULL;
}

/* A unit's own name wins over another's alias. */
struct service *manager_find(struct manager *manager, const char *name)
{
	struct service *service;

	if (make_names(manager) < 0)
		return find_slowly(manager, name); /* no memory: without aliases */
	service = nametable_find(&manager->names, name);
	if (service || make_aliases(manager) < 0)
		return service;
	return nametable_find(&manager->aliases, name);
}

struct scope *manager_find_scope(struct manager *manager, const char *name)
{
	struct scope *scope;

	list_for_each (scope, &manager->scopes, link)
		if (strcmp(scope->name, name) == 0)
			return scope;
	return NULL;
}

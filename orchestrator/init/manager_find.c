/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "manager_internal.h"

/* Units by their names: a table that is made when somebody asks and dropped when a unit comes or goes. */

static int add_aliases(struct manager *manager, struct service *service)
{
	const char *alias = NULL;
	int r = 0;

	while (r == 0 && (alias = wire_list_next(&service->definition->service.aliases, alias)))
		r = nametable_add(&manager->names, alias, service);
	return r;
}

/* A unit's own name wins over another's alias. */
static int make_names(struct manager *manager)
{
	struct service *service;
	int r = 0;

	list_for_each (service, &manager->services, link)
		if (r == 0)
			r = nametable_add(&manager->names, service->name, service);
	list_for_each (service, &manager->services, link)
		if (r == 0)
			r = add_aliases(manager, service);
	if (r < 0)
		nametable_clear(&manager->names);
	return r;
}

static struct service *find_slowly(struct manager *manager, const char *name)
{
	struct service *service;

	list_for_each (service, &manager->services, link)
		if (strcmp(service->name, name) == 0)
			return service;
	return NULL;
}

struct service *manager_find(struct manager *manager, const char *name)
{
	if (manager->names.n_entries == 0 && make_names(manager) < 0)
		return find_slowly(manager, name); /* no memory: without aliases */
	return nametable_find(&manager->names, name);
}

struct scope *manager_find_scope(struct manager *manager, const char *name)
{
	struct scope *scope;

	list_for_each (scope, &manager->scopes, link)
		if (strcmp(scope->name, name) == 0)
			return scope;
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which .socket units belong to a service: those that Sockets= names, the one of its own name, and those whose Service= names
 * it. Their addresses become the service's own, so that PID 1 knows nothing of socket units. An Early manifest gets its
 * addresses by [Activate] or Import=, so only Sockets= counts for it.
 */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "directive.h"
#include "early/strbuf.h"
#include "early/strv.h"

/* Remarks go to @diags: a look at a unit that turns out to be another service's must leave none. */
static int read_socket_unit(struct loader *loader, const char *name, struct diags *diags,
			    struct service **ret_unit)
{
	struct service *unit CLEANUP_SERVICE = NULL;
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	struct specifiers specifiers = loader->host;
	struct unit_place place;
	char **dropins CLEANUP_STRV = NULL;
	int r = unit_index_resolve(&loader->index, name, UNIT_FAMILY_ANY, &place);

	if (r < 0)
		return r;
	if (!place.path || place.masked) {
		unit_place_done(&place);
		return -ENOENT;
	}
	specifiers.name = place.name;
	r = unit_index_dropins(&loader->index, place.name, UNIT_FAMILY_ANY, &dropins);
	for (size_t i = 0; r == 0 && i <= strv_length(dropins); i++) {
		const char *path = i == 0 ? place.path : dropins[i - 1];
		char *data CLEANUP(free_charp)
		= NULL;
		size_t len;

		r = unit_index_read(loader->index.root_fd, path, &data, &len);
		if (r == 0)
			r = unit_file_parse(path, data, len, &lines, diags);
	}
	if (r == 0)
		r = service_new(place.name, &unit);
	if (r == 0)
		r = directives_apply(unit, &lines, &specifiers, loader->index.root_fd, diags);
	unit_place_done(&place);
	if (r == 0)
		*ret_unit = TAKE_PTR(unit);
	return r;
}

static int take_text(char **member, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	if (copy) {
		free(*member);
		*member = copy;
	}
	return 0;
}

static int take_addresses(struct loader *loader, struct service *service,
			  const struct service *unit)
{
	int r = 0;

	if (unit->socket_accept) {
		diags_add(&loader->diags, unit->name, 0, DIAG_WARNING, "Accept",
			  "a process for each connection is not supported yet");
		return 0;
	}
	for (size_t i = 0; r == 0 && i < unit->n_sockets; i++)
		r = service_add_socket(service, unit->sockets[i].kind, unit->sockets[i].address);
	service->socket_mode = unit->socket_mode;
	if (r == 0)
		r = take_text(&service->socket_user, unit->socket_user);
	if (r == 0)
		r = take_text(&service->socket_group, unit->socket_group);
	if (r == 0)
		r = take_text(&service->socket_fd_name, unit->socket_fd_name);
	return r;
}

/* foo.socket for foo.service */
static int own_socket_name(const char *service_name, char **ret_name)
{
	struct strbuf name = STRBUF_INIT;

	strbuf_printf(&name, "%.*s.socket", (int)(strlen(service_name) - strlen(".service")),
		      service_name);
	*ret_name = strbuf_take(&name);
	return *ret_name ? 0 : -ENOMEM;
}

static bool names_service(const struct service *service, const char *name)
{
	return strcmp(service->name, name) == 0 || strv_contains(service->aliases, name);
}

/* True if the socket unit starts @service: by its Service=, or else by its name. */
static bool socket_is_for(const struct service *unit, const struct service *service,
			  const char *own_name)
{
	if (unit->socket_service)
		return names_service(service, unit->socket_service);
	return strcmp(unit->name, own_name) == 0;
}

/* Calls for each socket unit of the directories that starts @service. */
static int for_each_socket(struct loader *loader, struct service *service,
			   int (*fn)(struct loader *loader, struct service *service,
				     const struct service *unit, void *data),
			   void *data)
{
	char *own_name CLEANUP(free_charp)
	= NULL;
	int r = own_socket_name(service->name, &own_name);

	for (size_t i = 0; r == 0 && i < loader->index.n_entries; i++) {
		const struct unit_entry *entry = &loader->index.entries[i];
		struct service *unit CLEANUP_SERVICE = NULL;
		struct diags scratch CLEANUP_DIAGS = { 0 };

		if (strcmp(unit_name_suffix(entry->name), ".socket") != 0 || entry->target ||
		    unit_name_is_template(entry->name))
			continue;
		if (i > 0 && strcmp(loader->index.entries[i - 1].name, entry->name) == 0)
			continue; /* the first directory decides */
		r = read_socket_unit(loader, entry->name, &scratch, &unit);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		if (r == 0 && socket_is_for(unit, service, own_name))
			r = fn(loader, service, unit, data);
	}
	return r;
}

static int attach_one(struct loader *loader, struct service *service, const struct service *unit,
		      void *data)
{
	struct service *again CLEANUP_SERVICE = NULL;
	int r;

	(void)data;
	if (strv_contains(service->socket_units, unit->name))
		return 0; /* attached already, by Sockets= */
	r = read_socket_unit(loader, unit->name, &loader->diags, &again); /* now with its remarks */
	return r < 0 ? r : take_addresses(loader, service, again);
}

int sockets_attach(struct loader *loader, struct service *service, enum unit_family family)
{
	int r = 0;

	for (size_t i = 0; r == 0 && service->socket_units && service->socket_units[i]; i++) {
		struct service *unit CLEANUP_SERVICE = NULL;

		r = read_socket_unit(loader, service->socket_units[i], &loader->diags, &unit);
		if (r == 0)
			r = take_addresses(loader, service, unit);
		else if (r != -ENOMEM)
			r = 0; /* there is no such socket unit: nothing to hand over */
	}
	if (r == 0 && family == UNIT_FAMILY_STOCK && !service->sockets_given)
		r = for_each_socket(loader, service, attach_one, NULL);
	return r;
}

static int check_enabled(struct loader *loader, struct service *service, const struct service *unit,
			 void *data)
{
	bool *enabled = data;
	char **names CLEANUP_STRV = NULL;
	int r = unit_index_links(&loader->index, "sockets.target", ".wants", &names);

	(void)service;
	if (r == 0 && strv_contains(names, unit->name))
		*enabled = true;
	return r;
}

int sockets_find_enabled(struct loader *loader, const struct service *service, bool *ret_enabled)
{
	bool enabled = false;
	int r = for_each_socket(loader, (struct service *)service, check_enabled, &enabled);

	if (r == 0)
		*ret_enabled = enabled;
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which .socket, .path and .timer units belong to a service: those that Sockets= names, those of its own name, and those whose
 * Service= or Unit= names it. What sockets and paths say becomes the service's own, so that PID 1 knows nothing of such units.
 * Sockets count whenever they are there; a path only if its unit is enabled, since it starts the service without anybody's
 * asking. An Early manifest gets all that by [Activate] or Import=, so only Sockets= counts for it. A timer stays a unit of its
 * own (timers.c); here it only counts as what starts a service that is enabled as well.
 *
 * All such units are read once, when the first service asks; they live as long as the loader, because lines keep their options.
 */
#include "triggers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "directive.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "timers.h"

static const char *const trigger_suffixes[] = { ".socket", ".path", ".timer" };

static bool is_trigger(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(trigger_suffixes); i++)
		if (strcmp(unit_name_suffix(name), trigger_suffixes[i]) == 0)
			return true;
	return false;
}

void trigger_free(struct trigger *trigger)
{
	if (!trigger)
		return;
	service_free(trigger->unit);
	diags_done(&trigger->diags);
	free(trigger);
}

/* --- reading them --- */

static int read_files(struct loader *loader, const struct unit_place *place, struct diags *diags,
		      struct unit_lines *lines)
{
	char **dropins CLEANUP_STRV = NULL;
	int r = unit_index_dropins(&loader->index, place->name, UNIT_FAMILY_ANY, &dropins);

	for (size_t i = 0; r == 0 && i <= strv_length(dropins); i++) {
		const char *path = i == 0 ? place->path : dropins[i - 1];
		char *data CLEANUP(free_charp)
		= NULL;
		size_t len;

		r = unit_index_read(loader->index.root_fd, path, &data, &len);
		if (r == 0)
			r = unit_file_parse(path, data, len, lines, diags);
		if (r < 0 && r != -ENOMEM && i > 0)
			r = 0; /* the unit goes without this drop-in */
	}
	return r;
}

static int read_trigger(struct loader *loader, const struct unit_place *place,
			struct trigger *trigger)
{
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	struct specifiers specifiers = loader->host;
	int r = service_new(place->name, &trigger->unit);

	specifiers.name = place->name;
	specifiers.path = place->path;
	if (r == 0)
		r = read_files(loader, place, &trigger->diags, &lines);
	if (r == 0)
		r = directives_apply(trigger->unit, &lines, &specifiers, loader->index.root_fd,
				     &trigger->diags);
	return r;
}

static int find_enabled(struct loader *loader, struct trigger *trigger)
{
	static const char *const targets[] = { "sockets.target", "timers.target",
					       "paths.target",   "multi-user.target",
					       "basic.target",   "graphical.target",
					       "sysinit.target" };

	for (size_t i = 0; i < ARRAY_SIZE(targets) && !trigger->enabled; i++) {
		char **names CLEANUP_STRV = NULL;
		int r = unit_index_links(&loader->index, targets[i], ".wants", &names);

		if (r < 0)
			return r;
		trigger->enabled = strv_contains(names, trigger->unit->name);
	}
	return 0;
}

static int keep_trigger(struct loader *loader, struct trigger *trigger)
{
	struct trigger **triggers = reallocarray(loader->triggers, loader->n_triggers + 1,
						 sizeof(struct trigger *));

	if (!triggers) {
		trigger_free(trigger);
		return -ENOMEM;
	}
	loader->triggers = triggers;
	triggers[loader->n_triggers++] = trigger;
	return 0;
}

/* The unit at @place; one that cannot be read is as good as absent, and is told as such. */
static int add_trigger(struct loader *loader, const struct unit_place *place)
{
	struct trigger *trigger = calloc(1, sizeof(*trigger));
	int r = trigger ? read_trigger(loader, place, trigger) : -ENOMEM;

	if (r == 0)
		r = find_enabled(loader, trigger);
	if (r == 0)
		return keep_trigger(loader, trigger);
	trigger_free(trigger);
	if (r == -ENOMEM)
		return r;
	diags_add(&loader->diags, place->path, 0, DIAG_ERROR, NULL, "the file cannot be read: %s",
		  strerror(-r));
	return 0;
}

static struct trigger *find_trigger(const struct loader *loader, const char *name)
{
	for (size_t i = 0; i < loader->n_triggers; i++)
		if (strcmp(loader->triggers[i]->unit->name, name) == 0)
			return loader->triggers[i];
	return NULL;
}

/* The trigger of that name, read if need be; NULL if there is none. */
static int obtain_trigger(struct loader *loader, const char *name, struct trigger **ret_trigger)
{
	struct unit_place place;
	int r = unit_index_resolve(&loader->index, name, UNIT_FAMILY_ANY, &place);

	*ret_trigger = NULL;
	if (r < 0)
		return r;
	if (!find_trigger(loader, place.name) && place.path && !place.masked)
		r = add_trigger(loader, &place);
	if (r == 0)
		*ret_trigger = find_trigger(loader, place.name);
	unit_place_done(&place);
	return r;
}

static int read_all(struct loader *loader)
{
	int r = 0;

	if (loader->triggers_read)
		return 0;
	loader->triggers_read = true;
	for (size_t i = 0; r == 0 && i < loader->index.n_entries; i++) {
		const struct unit_entry *entry = &loader->index.entries[i];
		struct trigger *trigger;

		if (is_trigger(entry->name) && unit_name_is_valid(entry->name) &&
		    !unit_name_is_template(entry->name))
			r = obtain_trigger(loader, entry->name, &trigger);
	}
	return r;
}

/* --- whose they are --- */

static bool names_service(const struct service *service, const char *name)
{
	return strcmp(service->name, name) == 0 || strv_contains(service->aliases, name);
}

/* True if the unit starts @service: by its Service= or Unit=, or else by its name. */
static bool is_for(const struct service *unit, const struct service *service)
{
	size_t len = strlen(unit->name) - strlen(unit_name_suffix(unit->name));

	if (unit->activation.unit)
		return names_service(service, unit->activation.unit);
	return strlen(service->name) == len + strlen(".service") &&
	       strncmp(service->name, unit->name, len) == 0;
}

static bool is_socket(const struct service *unit)
{
	return strcmp(unit_name_suffix(unit->name), ".socket") == 0;
}

static int attach(struct loader *loader, struct service *service, struct trigger *trigger)
{
	int r = diags_take(&loader->diags, &trigger->diags);

	if (r == 0 && !(trigger->unit->activation.socket.flags & TABLE_SOCKET_ACCEPT))
		r = activation_take(&service->activation, &trigger->unit->activation);
	return r;
}

static int attach_named(struct loader *loader, struct service *service)
{
	int r = 0;

	for (size_t i = 0; r == 0 && service->socket_units && service->socket_units[i]; i++) {
		struct trigger *trigger;

		r = obtain_trigger(loader, service->socket_units[i], &trigger);
		if (r == 0 && trigger)
			r = attach(loader, service, trigger);
	}
	return r;
}

int triggers_attach(struct loader *loader, struct service *service, enum unit_family family)
{
	int r = attach_named(loader, service);

	if (r == 0 && family == UNIT_FAMILY_STOCK)
		r = read_all(loader);
	for (size_t i = 0; r == 0 && family == UNIT_FAMILY_STOCK && i < loader->n_triggers; i++) {
		struct trigger *trigger = loader->triggers[i];
		bool wanted = is_socket(trigger->unit) ? !service->sockets_given : trigger->enabled;

		if (wanted && !timers_is_timer(trigger->unit->name) &&
		    is_for(trigger->unit, service) &&
		    !strv_contains(service->socket_units, trigger->unit->name))
			r = attach(loader, service, trigger);
	}
	return r;
}

int triggers_find_enabled(struct loader *loader, const struct service *service, bool *ret_enabled)
{
	bool enabled = false;
	int r = read_all(loader);

	for (size_t i = 0; r == 0 && i < loader->n_triggers; i++)
		enabled |= loader->triggers[i]->enabled &&
			   is_for(loader->triggers[i]->unit, service);
	if (r == 0)
		*ret_enabled = enabled;
	return r;
}

int triggers_find_timer(struct loader *loader, const struct service *service, bool *ret_found)
{
	for (size_t i = 0; i < loader->index.n_entries; i++) {
		const struct unit_entry *entry = &loader->index.entries[i];
		struct trigger *trigger;
		int r;

		if (loader->index.families[entry->rank] != UNIT_FAMILY_EARLY ||
		    !timers_is_timer(entry->name) || unit_name_is_template(entry->name))
			continue;
		r = obtain_trigger(loader, entry->name, &trigger);
		if (r < 0)
			return r;
		if (trigger && is_for(trigger->unit, service)) {
			*ret_found = true;
			return 0;
		}
	}
	return 0;
}

int triggers_tell(struct loader *loader, const char *name)
{
	struct trigger *trigger;
	int r;

	if (!is_trigger(name))
		return 0;
	r = obtain_trigger(loader, name, &trigger);
	return r < 0 || !trigger ? r : diags_take(&loader->diags, &trigger->diags);
}

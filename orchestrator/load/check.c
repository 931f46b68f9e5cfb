/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"
#include "owner.h"

/*
 * A name is looked for where the start would find it: a program in the root that is read, a user in its /etc/passwd, a unit in the
 * directories of units, or beside the file that is checked, for manifests are written and checked before they are installed.
 * What a manifest itself says may be missing ("-", a condition on the path, a root of its own) is not spoken of.
 */

/* The line of @key whose value has @word in it; of the unit as a whole if there is none. */
static const struct unit_line *find_line(const struct unit_lines *lines, const char *key,
					 const char *word)
{
	for (size_t i = lines->n_items; i-- > 0;)
		if (strncmp(lines->items[i].key, key, strlen(key)) == 0 &&
		    strstr(lines->items[i].value, word))
			return &lines->items[i];
	return NULL;
}

static void tell(struct loader *loader, const struct service *service, const struct unit_line *line,
		 const char *key, const char *what, const char *name)
{
	diags_add(&loader->diags, line ? line->file : service->path, line ? line->line : 0,
		  DIAG_FAULT, line ? line->key : key, "there is no %s %s", what, name);
}

/* --- programs --- */

static bool has_own_root(const struct service *service)
{
	if (service->root_directory && *service->root_directory)
		return true;
	for (size_t i = 0; service->settings && service->settings[i]; i++)
		if (strncmp(service->settings[i], "RootImage=", strlen("RootImage=")) == 0)
			return true;
	return false;
}

static bool has_condition_on(const struct service *service, const char *path)
{
	for (size_t i = 0; service->conditions && service->conditions[i]; i++)
		if (strstr(service->conditions[i], path))
			return true;
	return false;
}

static void check_programs(struct loader *loader, const struct service *service,
			   const struct unit_lines *lines)
{
	for (size_t i = 0; i < service->n_execs; i++) {
		const struct exec_line *exec = &service->execs[i];

		if (exec->phase == TABLE_PHASE_CLEAN || !exec->program ||
		    (exec->flags & TABLE_EXEC_IGNORE_FAILURE) ||
		    has_condition_on(service, exec->program) ||
		    unit_index_changed(loader->index.root_fd, exec->program) > 0)
			continue;
		tell(loader, service, find_line(lines, "Exec", exec->program), "ExecStart",
		     "program", exec->program);
	}
}

/* --- users --- */

static int check_owner(struct loader *loader, const struct service *service,
		       const struct unit_lines *lines, const char *key, const char *file,
		       const char *name)
{
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;
	uint32_t id;
	int r;

	if (!name || !*name)
		return 0;
	r = unit_index_read(loader->index.root_fd, file, &text, &len);
	if (r == -ENOMEM)
		return r;
	/* Where there is no such file nothing is known; a name with '%' could not be expanded. */
	if (r == 0 && owner_find(text, name, &id) == -ENOENT)
		tell(loader, service, find_line(lines, key, name), key,
		     strcmp(key, "User") == 0 ? "user" : "group", name);
	return 0;
}

static bool is_dynamic(const struct service *service)
{
	return strv_contains(service->settings, "DynamicUser=yes") ||
	       strv_contains(service->settings, "DynamicUser=1");
}

/* --- units --- */

/* @path is of the unit that is checked. */
static bool lies_beside(const struct loader *loader, const char *path, const char *name)
{
	struct strbuf sibling CLEANUP_STRBUF = STRBUF_INIT;
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!slash)
		return false;
	strbuf_printf(&sibling, "%.*s/%s", (int)(slash - path), path, name);
	return strbuf_error(&sibling) == 0 &&
	       unit_index_changed(loader->index.root_fd, sibling.data) > 0;
}

static int check_units(struct loader *loader, const struct service *service,
		       const struct unit_lines *lines, const char *key, char *const *names)
{
	for (size_t i = 0; names && names[i]; i++) {
		bool found = lies_beside(loader, service->path, names[i]);
		int r = found ? 0 : loader_knows(loader, names[i], &found);

		if (r < 0)
			return r;
		if (!found)
			tell(loader, service, find_line(lines, key, names[i]), key, "unit",
			     names[i]);
	}
	return 0;
}

int check_names(struct loader *loader, const struct service *service,
		const struct unit_lines *lines)
{
	int r = 0;

	if (service->fields.load_state != TABLE_LOAD_LOADED)
		return 0;
	if (!has_own_root(service)) {
		check_programs(loader, service, lines);
		if (!is_dynamic(service)) {
			r = check_owner(loader, service, lines, "User", "/etc/passwd",
					service->user);
			if (r == 0)
				r = check_owner(loader, service, lines, "Group", "/etc/group",
						service->group);
		}
	}
	if (r == 0)
		r = check_units(loader, service, lines, "Requires", service->requires);
	if (r == 0)
		r = check_units(loader, service, lines, "BindsTo", service->binds_to);
	return r;
}

/* --- order --- */

struct walk {
	struct loader *loader;
	unsigned char *seen; /* of each service: 1 on the way, 2 done */
	size_t *way; /* indexes of services */
	size_t n_way;
};

static bool is_named(const struct service *service, char *const *names)
{
	if (strv_contains(names, service->name))
		return true;
	for (size_t i = 0; service->aliases && service->aliases[i]; i++)
		if (strv_contains(names, service->aliases[i]))
			return true;
	return false;
}

/* @late waits for @early. */
static bool waits_for(const struct service *late, const struct service *early)
{
	return is_named(early, late->after) || is_named(late, early->before);
}

static void tell_circle(struct walk *walk, size_t to)
{
	struct service *const *services = walk->loader->services;
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	size_t first = 0;

	while (walk->way[first] != to)
		first++;
	for (size_t i = first; i < walk->n_way; i++)
		strbuf_printf(&path, "%s -> ", services[walk->way[i]]->name);
	strbuf_puts(&path, services[to]->name);
	if (strbuf_error(&path) == 0)
		diags_add(&walk->loader->diags, services[to]->path, 0, DIAG_FAULT, "After",
			  "each waits for the next by After= or Before=, in a circle, so one will "
			  "not wait: %s",
			  path.data);
}

static void visit(struct walk *walk, size_t at)
{
	const struct loader *loader = walk->loader;

	walk->seen[at] = 1;
	walk->way[walk->n_way++] = at;
	for (size_t i = 0; i < loader->n_services; i++) {
		if (walk->seen[i] == 2 || i == at ||
		    !waits_for(loader->services[at], loader->services[i]))
			continue;
		if (walk->seen[i] == 1)
			tell_circle(walk, i);
		else
			visit(walk, i);
	}
	walk->n_way--;
	walk->seen[at] = 2;
}

int check_order(struct loader *loader)
{
	struct walk walk = {
		.loader = loader,
		.seen = calloc(loader->n_services + 1, 1),
		.way = calloc(loader->n_services + 1, sizeof(*walk.way)),
	};
	bool good = walk.seen && walk.way;

	for (size_t i = 0; good && i < loader->n_services; i++)
		if (!walk.seen[i])
			visit(&walk, i);
	free(walk.seen);
	free(walk.way);
	return good ? 0 : -ENOMEM;
}

static int load_neighbour(struct loader *probe, const struct service *service, const char *name)
{
	struct strbuf sibling CLEANUP_STRBUF = STRBUF_INIT;
	bool found = false;
	int r;

	if (!lies_beside(probe, service->path, name)) {
		r = loader_knows(probe, name, &found);
		return r == 0 && found ? loader_load(probe, name) : r;
	}
	if (loader_find(probe, name))
		return 0;
	strbuf_printf(&sibling, "%.*s/%s", (int)(strrchr(service->path, '/') - service->path),
		      service->path, name);
	r = strbuf_error(&sibling);
	return r < 0 ? r : loader_load_file(probe, sibling.data, sibling.data);
}

static bool speaks_of(const char *text, const struct loader *loader)
{
	for (size_t i = 0; i < loader->n_services; i++)
		if (strstr(text, loader->services[i]->name))
			return true;
	return false;
}

int check_order_around(struct loader *loader, struct loader *probe)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < probe->n_services; i++) { /* grows while it runs */
		char *const *lists[] = { probe->services[i]->after, probe->services[i]->before };

		for (size_t j = 0; j < ARRAY_SIZE(lists); j++)
			for (size_t k = 0; r == 0 && lists[j] && lists[j][k]; k++)
				r = load_neighbour(probe, probe->services[i], lists[j][k]);
	}
	if (r == 0)
		r = check_order(probe);
	for (size_t i = 0; r == 0 && i < probe->diags.n_items; i++) {
		const struct diag *diag = &probe->diags.items[i];

		if (diag->level == DIAG_FAULT && speaks_of(diag->text, loader))
			diags_add(&loader->diags, diag->file, diag->line, DIAG_FAULT,
				  diag->directive, "%s", diag->text);
	}
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From names to units. A unit is its file, then its drop-ins; an Early manifest with Import= begins with the lines of the stock units
 * that it names (with their drop-ins), less those keys that it gives itself: own keys win, whole keys at a time.
 *
 * Services, timers, the targets between them and slices are read; a slice needs no file. Mounts, devices and paths exist here by their names: they
 * count as present, so that ordering and requirements on them hold. So do the targets of systemd's own boot, whose place Early's stages
 * have taken: what they pull in on a stock boot is not pulled in here.
 */
#include "loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "directive.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "owner.h"
#include "seats.h"
#include "sources.h"
#include "stages.h"
#include "sysv.h"
#include "timers.h"
#include "triggers.h"

static const char *const boot_targets[] = {
	"basic.target",        "sysinit.target",        "multi-user.target",
	"graphical.target",    "default.target",        "local-fs.target",
	"local-fs-pre.target", "swap.target",           "sockets.target",
	"timers.target",       "paths.target",          "slices.target",
	"shutdown.target",     "umount.target",         "final.target",
	"poweroff.target",     "reboot.target",         "halt.target",
	"kexec.target",        "exit.target",           "emergency.target",
	"rescue.target",       "cryptsetup.target",     "cryptsetup-pre.target",
	"veritysetup.target",  "integritysetup.target",
};

static const char *const name_only_suffixes[] = { ".mount", ".automount", ".swap",
						  ".path",  ".scope",     ".device" };

static bool is_among(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

static bool exists_by_name(const char *name)
{
	return is_among(name, boot_targets, ARRAY_SIZE(boot_targets)) ||
	       is_among(unit_name_suffix(name), name_only_suffixes, ARRAY_SIZE(name_only_suffixes));
}

static bool is_slice(const char *name)
{
	return strcmp(unit_name_suffix(name), ".slice") == 0;
}

int loader_init(struct loader *loader, int root_fd, char *const *early_dirs,
		char *const *stock_dirs)
{
	int r;

	*loader = (struct loader){ .own_imports = stock_dirs == NULL };
	r = unit_index_init(&loader->index, root_fd, early_dirs, stock_dirs);
	return r < 0 || !stock_dirs ? r : seats_add_alias(&loader->index);
}

void loader_done(struct loader *loader)
{
	nametable_clear(&loader->names);
	nametable_clear(&loader->aliases);
	for (size_t i = 0; i < loader->n_services; i++)
		service_free(loader->services[i]);
	free(loader->services);
	for (size_t i = 0; i < loader->n_triggers; i++)
		trigger_free(loader->triggers[i]); /* after those that use their options */
	free(loader->triggers);
	unit_index_done(&loader->index);
	diags_done(&loader->diags);
	*loader = (struct loader){ .index.root_fd = -1 };
}

struct service *loader_find(const struct loader *loader, const char *name)
{
	return nametable_find(&loader->names, name);
}

static int index_names(struct loader *loader, struct service *service)
{
	int r = nametable_add(&loader->names, service->name, service);

	for (size_t i = 0; r == 0 && service->aliases && service->aliases[i]; i++)
		r = nametable_add(&loader->aliases, service->aliases[i], service);
	return r;
}

int loader_keep(struct loader *loader, struct service *service)
{
	struct service **services = reallocarray(loader->services, loader->n_services + 1,
						 sizeof(*services));
	int r;

	if (!services)
		return -ENOMEM;
	loader->services = services;
	r = index_names(loader, service);
	if (r < 0)
		return r;
	services[loader->n_services++] = service;
	return 0;
}

/* --- one unit --- */

static int set_text(char **member, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}

/* @line 0: of the file as a whole. */
static int set_error(struct loader *loader, struct service *service, uint32_t line,
		     enum table_load state, const char *text)
{
	struct strbuf error = STRBUF_INIT;

	strbuf_puts(&error, service->path ? service->path : service->name);
	if (line > 0)
		strbuf_printf(&error, ":%u", line);
	strbuf_printf(&error, ": %s", text);
	free(service->load_error);
	service->load_error = strbuf_take(&error);
	service->fields.load_state = state;
	if (state == TABLE_LOAD_ERROR)
		diags_add(&loader->diags, service->path, line, DIAG_ERROR, NULL, "%s", text);
	return service->load_error ? 0 : -ENOMEM;
}

static int add_links(struct loader *loader, struct service *service)
{
	static const char *const suffixes[] = { ".wants", ".requires" };
	char ***lists[] = { &service->wants, &service->requires };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char **names CLEANUP_STRV = NULL;
		int r = unit_index_links(&loader->index, service->name, suffixes[i], &names);

		for (size_t j = 0; r == 0 && names && names[j]; j++)
			if (!strv_contains(*lists[i], names[j]))
				r = strv_append(lists[i], names[j]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A unit that counts as present without being read. */
static void make_nameplate(struct service *service)
{
	service->fields.type = TABLE_TYPE_TARGET;
	service->fields.start_timeout_us = UINT64_MAX;
}

/* A user's name becomes a number; one that nobody has is told, and the socket is root's. */
static int settle_owner(struct loader *loader, const struct service *service, const char *file,
			char **name)
{
	struct strbuf number CLEANUP_STRBUF = STRBUF_INIT;
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;
	uint32_t id;
	int r;

	if (!*name)
		return 0;
	r = unit_index_read(loader->index.root_fd, file, &text, &len);
	if (r == -ENOMEM)
		return r;
	if (owner_find(r == 0 ? text : "", *name, &id) < 0) {
		diags_add(&loader->diags, service->path ? service->path : service->name, 0,
			  DIAG_WARNING, NULL, "\"%s\" is not in %s: the socket stays root's", *name,
			  file);
		free(*name);
		*name = NULL;
		return 0;
	}
	strbuf_printf(&number, "%u", id);
	if (strbuf_error(&number) < 0)
		return -ENOMEM;
	return set_text(name, number.data);
}

static int settle_owners(struct loader *loader, struct service *service)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < service->activation.n_sockets; i++) {
		struct socket_options *options = service->activation.sockets[i].options;

		r = settle_owner(loader, service, "/etc/passwd", &options->user);
		if (r == 0)
			r = settle_owner(loader, service, "/etc/group", &options->group);
	}
	return r;
}

bool loader_is_script(const struct service *service)
{
	return service->path && strncmp(service->path, SYSV_DIR "/", strlen(SYSV_DIR "/")) == 0;
}

static int settle_service(struct loader *loader, struct service *service, enum unit_family family,
			  uint32_t line, bool import_missing)
{
	const char *text = NULL;
	int r = 0;

	/* Links make the aliases of a stock unit; a manifest and a script have none. */
	for (size_t i = 0; r == 0 && (family == UNIT_FAMILY_EARLY || loader_is_script(service)) &&
			   service->install_aliases && service->install_aliases[i];
	     i++)
		if (strcmp(service->install_aliases[i], service->name) != 0 &&
		    !strv_contains(service->aliases, service->install_aliases[i]))
			r = strv_append(&service->aliases, service->install_aliases[i]);
	if (r == 0)
		r = add_links(loader, service);
	if (r == 0 && strcmp(unit_name_suffix(service->name), ".service") == 0)
		r = triggers_attach(loader, service, family);
	if (r == 0)
		r = settle_owners(loader, service);
	if (r < 0)
		return r;
	r = timers_is_timer(service->name) ? timers_finish(loader, service, &text) : 0;
	if (r == 0)
		r = service_finish(service, &text);
	if (r == -EINVAL)
		r = set_error(loader, service, line,
			      import_missing ? TABLE_LOAD_NOT_FOUND : TABLE_LOAD_ERROR, text);
	else if (r == 0 && timers_is_timer(service->name))
		r = timers_add_conditions(service);
	if (r == 0)
		r = stages_default(loader, service, family);
	return r;
}

/* @line is that of [Service], for what is wrong with the unit as a whole. */
static int apply_lines(struct loader *loader, struct service *service,
		       const struct unit_lines *lines, enum unit_family family, uint32_t line,
		       bool import_missing)
{
	struct specifiers specifiers = loader->host;
	int r;

	specifiers.name = service->name;
	specifiers.path = service->path;
	service->fields.changed_us = lines->changed_us;
	r = directives_apply(service, lines, &specifiers, loader->index.root_fd, &loader->diags);
	if (r == 0)
		r = settle_service(loader, service, family, line, import_missing);
	if (r == 0 && loader->checks)
		r = check_names(loader, service, lines);
	return r;
}

static int fill_service(struct loader *loader, struct service *service, const char *path,
			enum unit_family family)
{
	struct unit_lines own CLEANUP_UNIT_LINES = { 0 };
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	bool import_missing = false;
	int r = set_text(&service->path, path);

	if (r == 0)
		r = sources_read(loader, service->name, path, family, &own);
	if (r == 0)
		r = sources_import(loader, service->name, path, &own, &lines, &import_missing);
	if (r < 0)
		return r == -ENOMEM ? r
				    : set_error(loader, service, 0, TABLE_LOAD_ERROR, strerror(-r));
	if (own.n_bytes == 0 && (strcmp(unit_name_suffix(service->name), ".service") == 0 ||
				 timers_is_timer(service->name))) {
		service->fields.load_state = TABLE_LOAD_MASKED; /* an empty file is a mask, too */
		return 0;
	}
	return apply_lines(loader, service, &lines, family, own.service_line ? own.service_line : 1,
			   import_missing);
}

int loader_knows(struct loader *loader, const char *name, bool *ret_found)
{
	struct service *script CLEANUP_SERVICE = NULL;
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	struct unit_place place;
	int r;

	*ret_found = true;
	if (!unit_name_is_valid(name) || exists_by_name(name) || is_slice(name))
		return 0;
	r = unit_index_resolve(&loader->index, name, UNIT_FAMILY_ANY, &place);
	if (r < 0)
		return r;
	*ret_found = place.path || place.masked;
	unit_place_done(&place);
	if (*ret_found || strcmp(unit_name_suffix(name), ".service") != 0)
		return 0;
	r = service_new(name, &script);
	if (r == 0)
		r = sources_read_script(loader, name, &script->path, &lines);
	*ret_found = r == 0;
	return r == -ENOMEM ? r : 0;
}

/* A service without a unit may have a script. */
static int fill_from_script(struct loader *loader, struct service *service)
{
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	int r = sources_read_script(loader, service->name, &service->path, &lines);

	if (r == 0)
		return apply_lines(loader, service, &lines, UNIT_FAMILY_STOCK, 1, false);
	if (r != -ENOMEM)
		service->fields.load_state = TABLE_LOAD_NOT_FOUND;
	return r == -ENOMEM ? r : 0;
}

/* A slice needs no file, and may have drop-ins all the same: "user-.slice.d" is for every user's. */
static int fill_from_dropins(struct loader *loader, struct service *service)
{
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	int r = sources_read_dropins(loader, service->name, UNIT_FAMILY_ANY, &lines);

	return r < 0 ? r : apply_lines(loader, service, &lines, UNIT_FAMILY_STOCK, 1, false);
}

static int fill_from_place(struct loader *loader, struct service *service,
			   const struct unit_place *place)
{
	const char *suffix = unit_name_suffix(service->name);

	if (strcmp(suffix, ".service") != 0)
		make_nameplate(service);
	if (place->masked) {
		service->fields.load_state = TABLE_LOAD_MASKED;
		return set_text(&service->path, "/dev/null");
	}
	if (exists_by_name(service->name) && !place->is_file)
		return triggers_tell(loader, service->name);
	if (!place->path && strcmp(suffix, ".service") == 0)
		return fill_from_script(loader, service);
	if (!place->path && is_slice(service->name))
		return fill_from_dropins(loader, service);
	if (!place->path) {
		service->fields.load_state = TABLE_LOAD_NOT_FOUND;
		return 0;
	}
	if (strcmp(suffix, ".socket") == 0 && !place->is_file) {
		int r = triggers_tell(loader, service->name);

		return r < 0 ? r : set_text(&service->path, place->path);
	}
	return fill_service(loader, service, place->path, place->family);
}

/* True if a timer is to be made of it. */
static bool has_times(const struct loader *loader, const struct service *service)
{
	struct strbuf timer CLEANUP_STRBUF = STRBUF_INIT;

	if (service->activation.n_timers == 0 || timers_is_timer(service->name) ||
	    service->fields.load_state != TABLE_LOAD_LOADED)
		return false;
	strbuf_printf(&timer, "%.*s.timer",
		      (int)(strlen(service->name) - strlen(unit_name_suffix(service->name))),
		      service->name);
	return strbuf_error(&timer) == 0 && !loader_find(loader, timer.data);
}

static int load_place(struct loader *loader, const struct unit_place *place)
{
	struct service *loaded;
	struct service *service CLEANUP_SERVICE = NULL;
	size_t first_diag = loader->diags.n_items;
	int r = service_new(place->name, &service);

	if (r == 0)
		r = unit_index_aliases(&loader->index, place->name, &service->aliases);
	if (r == 0)
		r = fill_from_place(loader, service, place);
	if (r == 0)
		r = diags_claim(&loader->diags, first_diag, service->name,
				&service->fields.remarks);
	if (r == 0)
		r = loader_keep(loader, service);
	if (r < 0)
		return r;
	loaded = TAKE_PTR(service); /* the loader's now */
	return has_times(loader, loaded) ? timers_make(loader, loaded) : 0;
}

/* The name that was asked for is among the names that the record answers to. */
static int add_alias(struct loader *loader, const char *own_name, const char *name)
{
	struct service *service = loader_find(loader, own_name);
	int r;

	if (!service || strcmp(own_name, name) == 0 || strv_contains(service->aliases, name))
		return 0;
	r = strv_append(&service->aliases, name);
	return r < 0 ? r : index_names(loader, service);
}

int loader_load(struct loader *loader, const char *name)
{
	struct unit_place place;
	int r;

	if (!unit_name_is_valid(name) || unit_name_is_template(name)) {
		diags_add(&loader->diags, NULL, 0, DIAG_ERROR, NULL,
			  unit_name_is_template(name) ? "%s is a template: name an instance of it"
						      : "\"%s\" is no name of a unit",
			  name);
		return 0;
	}
	if (loader_find(loader, name) || nametable_find(&loader->aliases, name))
		return 0;
	r = timers_is_timer(name) ? timers_load_maker(loader, name) : 0;
	if (r < 0 || loader_find(loader, name))
		return r;
	r = unit_index_resolve(&loader->index, name, UNIT_FAMILY_ANY, &place);
	if (r < 0)
		return r;
	if (!loader_find(loader, place.name))
		r = load_place(loader, &place);
	if (r == 0)
		r = add_alias(loader, place.name, name);
	unit_place_done(&place);
	return r;
}

int loader_load_file(struct loader *loader, const char *path, const char *name)
{
	const char *base = strrchr(name, '/');
	struct unit_place place = { .family = UNIT_FAMILY_EARLY, .is_file = true };
	int r;

	base = base ? base + 1 : name;
	if (!unit_name_is_valid(base)) {
		diags_add(&loader->diags, path, 0, DIAG_ERROR, NULL,
			  "the file's name is no name of a unit: NAME.service is needed");
		return 0;
	}
	/* a template is checked by way of an instance */
	r = unit_name_is_template(base)   ? unit_name_instantiate(base, "instance", &place.name)
	    : (place.name = strdup(base)) ? 0
					  : -ENOMEM;
	place.masked = strcmp(path, "/dev/null") == 0;
	if (r == 0 && !place.masked)
		r = (place.path = strdup(path)) ? 0 : -ENOMEM;
	if (r == 0)
		r = load_place(loader, &place);
	unit_place_done(&place);
	return r;
}

int loader_load_family(struct loader *loader, unsigned int families)
{
	const struct unit_index *index = &loader->index;

	for (size_t i = 0; i < index->n_entries; i++) {
		const struct unit_entry *entry = &index->entries[i];
		int r;

		if (!(index->families[entry->rank] & families) ||
		    !unit_name_is_valid(entry->name) || unit_name_is_template(entry->name))
			continue;
		r = loader_load(loader, entry->name);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A slice of which nothing is written is not worth a record. */
static int load_slice(struct loader *loader, const char *name)
{
	char **dropins CLEANUP_STRV = NULL;
	struct unit_place place;
	int r = unit_index_resolve(&loader->index, name, UNIT_FAMILY_ANY, &place);

	if (r < 0)
		return r;
	r = unit_index_dropins(&loader->index, name, UNIT_FAMILY_ANY, &dropins);
	if (r == 0 && (place.path || dropins))
		r = loader_load(loader, name);
	unit_place_done(&place);
	return r;
}

/* a-b.slice lies in a.slice. */
static int load_slices(struct loader *loader, const char *slice)
{
	size_t len = strlen(slice) - strlen(".slice");

	for (size_t i = 1; i <= len; i++) {
		struct strbuf name CLEANUP_STRBUF = STRBUF_INIT;
		int r;

		if (i < len && slice[i] != '-')
			continue;
		strbuf_printf(&name, "%.*s.slice", (int)i, slice);
		r = strbuf_error(&name);
		if (r == 0 && unit_name_is_valid(name.data))
			r = load_slice(loader, name.data);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_own_slices(struct loader *loader, const struct service *service)
{
	const char *slice = service->slice ? service->slice : "system.slice";

	if (service->fields.type == TABLE_TYPE_TARGET || !is_slice(slice))
		return 0;
	return load_slices(loader, slice);
}

int loader_close(struct loader *loader)
{
	for (size_t i = 0; i < loader->n_services; i++) { /* grows while it runs */
		char **const lists[] = { loader->services[i]->requires, loader->services[i]->wants,
					 loader->services[i]->binds_to };

		int r = load_own_slices(loader, loader->services[i]);

		for (size_t j = 0; r == 0 && j < ARRAY_SIZE(lists); j++)
			for (size_t k = 0; r == 0 && lists[j] && lists[j][k]; k++)
				r = loader_load(loader, lists[j][k]);
		if (r < 0)
			return r;
	}
	return 0;
}

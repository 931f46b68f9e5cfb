/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From files to lines. A unit is its file, then its drop-ins; an Early manifest with Import= begins with the lines of the stock units
 * that it names (with their drop-ins), less those keys that it gives itself: own keys win, whole keys at a time. Of a .socket, .path or
 * .timer unit only its own section is taken: its [Unit] and [Install] speak about that unit and not about the service.
 */
#include "sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"
#include "sysv.h"
#include "words.h"

/* Before it is read: what is changed meanwhile is newer. */
static void note_change(struct loader *loader, const char *path, struct unit_lines *lines)
{
	uint64_t changed_us = unit_index_changed(loader->index.root_fd, path);

	lines->changed_us = MAX(lines->changed_us, changed_us);
}

static int read_lines(struct loader *loader, const char *path, struct unit_lines *lines)
{
	char *data CLEANUP(free_charp)
	= NULL;
	size_t len = 0;
	int r;

	note_change(loader, path, lines);
	r = unit_index_read(loader->index.root_fd, path, &data, &len);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		diags_add(&loader->diags, path, 0, DIAG_ERROR, NULL, "the file cannot be read: %s",
			  strerror(-r));
		return r;
	}
	return unit_file_parse(path, data, len, lines, &loader->diags);
}

int sources_read_dropins(struct loader *loader, const char *name, unsigned int families,
			 struct unit_lines *lines)
{
	char **paths CLEANUP_STRV = NULL;
	int r = unit_index_dropins(&loader->index, name, families, &paths);

	for (size_t i = 0; r == 0 && paths && paths[i]; i++) {
		r = read_lines(loader, paths[i], lines);
		if (r < 0 && r != -ENOMEM)
			r = 0; /* told; the unit goes without this drop-in */
	}
	return r;
}

/* A stock unit takes drop-ins from everywhere, an Early manifest from Early's directories only. */
int sources_read(struct loader *loader, const char *name, const char *path, enum unit_family family,
		 struct unit_lines *lines)
{
	int r = read_lines(loader, path, lines);

	if (r < 0)
		return r;
	return sources_read_dropins(
		loader, name, family == UNIT_FAMILY_STOCK ? UNIT_FAMILY_ANY : UNIT_FAMILY_EARLY,
		lines);
}

/* --- SysV scripts --- */

int sources_read_script(struct loader *loader, const char *name, char **ret_path,
			struct unit_lines *lines)
{
	struct strbuf unit CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	char *text CLEANUP(free_charp)
	= NULL;
	size_t stem = strlen(name) - strlen(unit_name_suffix(name));
	size_t len;
	int r;

	strbuf_printf(&path, SYSV_DIR "/%.*s", (int)stem, name);
	if (strbuf_error(&path) < 0)
		return -ENOMEM;
	if (loader->own_imports || !sysv_is_script_name(path.data + strlen(SYSV_DIR "/")))
		return -ENOENT;
	r = unit_index_read(loader->index.root_fd, path.data, &text, &len);
	if (r == -ENOENT) { /* foo.sh is foo.service as well */
		strbuf_puts(&path, ".sh");
		r = strbuf_error(&path) < 0
			    ? -ENOMEM
			    : unit_index_read(loader->index.root_fd, path.data, &text, &len);
	}
	if (r == 0) {
		note_change(loader, path.data, lines);
		r = sysv_unit(path.data, text, &unit);
	}
	if (r == 0)
		r = unit_file_parse(path.data, unit.data, unit.len, lines, &loader->diags);
	if (r == 0)
		r = sources_read_dropins(loader, name, UNIT_FAMILY_ANY, lines);
	if (r == 0)
		r = (*ret_path = strbuf_take(&path)) ? 0 : -ENOMEM;
	return r;
}

/* --- Import= --- */

void sources_keep_own(const char *name, struct unit_lines *lines)
{
	static const struct {
		const char *suffix;
		const char *section;
	} kinds[] = { { ".socket", "Socket" }, { ".path", "Path" }, { ".timer", "Timer" } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(unit_name_suffix(name), kinds[i].suffix) == 0)
			unit_lines_keep(lines, kinds[i].section);
}

static int import_unit(struct loader *loader, const char *unit, const char *importer,
		       const struct unit_lines *own, struct unit_lines *lines, bool *missing)
{
	struct unit_lines imported CLEANUP_UNIT_LINES = { 0 };
	struct unit_place place;
	unsigned int families = loader->own_imports ? UNIT_FAMILY_EARLY : UNIT_FAMILY_STOCK;
	int r = unit_index_resolve(&loader->index, unit, families, &place);

	if (r < 0)
		return r;
	if (!place.path || place.masked || strcmp(place.path, importer) == 0) {
		diags_add(&loader->diags, importer, 0, DIAG_WARNING, "Import",
			  "there is no unit %s to import", unit);
		*missing = true;
		unit_place_done(&place);
		return 0;
	}
	r = sources_read(loader, place.name, place.path, place.family, &imported);
	if (r == 0)
		sources_keep_own(place.name, &imported);
	unit_place_done(&place);
	if (r < 0)
		return r;
	return unit_lines_import(lines, &imported, own);
}

/* Puts the imported lines, then the own ones, into @ret_lines. */
int sources_import(struct loader *loader, const char *name, const char *path,
		   const struct unit_lines *own, struct unit_lines *lines, bool *missing)
{
	const char *value = unit_lines_last(own, "Unit", "Import");
	struct specifiers specifiers = loader->host;
	char *expanded CLEANUP(free_charp)
	= NULL;
	char **units CLEANUP_STRV = NULL;
	int r = 0;

	specifiers.name = name;
	specifiers.path = path;
	if (value) {
		r = specifiers_expand(&specifiers, value, &expanded, NULL);
		if (r == 0)
			r = words_split(expanded, false, &units);
		if (r == -EINVAL) {
			diags_add(&loader->diags, path, 0, DIAG_WARNING, "Import",
				  "the value \"%s\" is not understood", value);
			r = 0;
		}
	}
	for (size_t i = 0; r == 0 && units && units[i]; i++)
		r = import_unit(loader, units[i], path, own, lines, missing);
	if (r == 0)
		r = unit_lines_append(lines, own);
	return r;
}

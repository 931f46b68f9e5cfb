/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stock units as a manifest, for those who want to change them, or to be free of them. The lines are copied as they stand, in their order, so
 * that resets and repetitions mean what they meant; only their sections change. Each is applied to a service that nobody uses, whose
 * remarks tell which of them are to become comments.
 */
#include "manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "directive.h"
#include "early/log.h"
#include "early/strv.h"
#include "sources.h"

struct writing {
	struct loader *loader;
	struct unit_lines lines;
	char **sources; /* files, for the head */
	char *name;
};

static bool is_trigger_name(const char *name)
{
	const char *suffix = unit_name_suffix(name);

	return strcmp(suffix, ".socket") == 0 || strcmp(suffix, ".path") == 0 ||
	       strcmp(suffix, ".timer") == 0;
}

static int add_place(struct writing *writing, const struct unit_place *place)
{
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	int r;

	if (writing->name && !is_trigger_name(place->name)) {
		log_error("%s and %s are two units: each needs a manifest of its own",
			  writing->name, place->name);
		return -EINVAL;
	}
	r = sources_read(writing->loader, place->name, place->path, place->family, &lines);

	if (r < 0)
		return r;
	sources_keep_own(place->name, &lines);
	if (!writing->name && !is_trigger_name(place->name))
		r = (writing->name = strdup(place->name)) ? 0 : -ENOMEM;
	if (r == 0)
		r = strv_append(&writing->sources, place->path);
	return r < 0 ? r : unit_lines_append(&writing->lines, &lines);
}

/* 1 if it was added, 0 if there is no such unit. */
static int add_unit(struct writing *writing, const char *unit)
{
	struct unit_place place;
	int r = unit_index_resolve(&writing->loader->index, unit, UNIT_FAMILY_STOCK, &place);

	if (r < 0)
		return r;
	if (place.path && !place.masked)
		r = add_place(writing, &place);
	r = r < 0 ? r : place.path && !place.masked;
	unit_place_done(&place);
	return r;
}

static int add_file(struct writing *writing, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct unit_place place = { .name = strdup(slash + 1), .path = realpath(path, NULL) };
	int r = -ENOENT;

	if (!place.name)
		r = -ENOMEM;
	else if (place.path && unit_name_is_valid(place.name))
		r = add_place(writing, &place);
	unit_place_done(&place);
	return r < 0 ? r : 1;
}

/* "cups": cups.service, and the socket, the path and the timer of that name. */
static int add_family(struct writing *writing, const char *name)
{
	static const char *const suffixes[] = { ".service", ".socket", ".path", ".timer" };
	int found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		struct strbuf unit CLEANUP_STRBUF = STRBUF_INIT;
		int r;

		strbuf_printf(&unit, "%s%s", name, suffixes[i]);
		r = strbuf_error(&unit);
		if (r == 0)
			r = add_unit(writing, unit.data);
		if (r < 0)
			return r;
		if (i == 0 && r == 0)
			return 0;
		found |= r;
	}
	return found;
}

static int add_operand(struct writing *writing, const char *unit)
{
	int r;

	if (strchr(unit, '/'))
		r = add_file(writing, unit);
	else if (*unit_name_suffix(unit))
		r = add_unit(writing, unit);
	else
		r = add_family(writing, unit);
	if (r == 0)
		r = -ENOENT;
	if (r == -ENOENT)
		log_error("there is no unit %s", unit);
	return r < 0 ? r : 0;
}

/* --- the text --- */

static const char *section_of(const struct unit_line *line)
{
	return directive_is_activation(line->section) ? "Activate" : line->section;
}

/* What is of no use in a manifest: which unit starts which, and other people's keys. */
static bool is_left_out(const struct unit_line *line)
{
	if (strncmp(line->section, "X-", 2) == 0 || strncmp(line->key, "X-", 2) == 0)
		return true;
	return directive_is_activation(line->section) &&
	       (strcmp(line->key, "Service") == 0 || strcmp(line->key, "Unit") == 0);
}

/* Why this one line is refused; NULL if it is not. The text lives as long as @diags. */
static int judge(struct writing *writing, struct service *scratch, struct unit_line *line,
		 struct diags *diags, const char **ret_reason)
{
	struct unit_lines one = { .items = line, .n_items = 1 };
	struct specifiers specifiers = writing->loader->host;
	int r;

	specifiers.name = writing->name;
	r = directives_apply(scratch, &one, &specifiers, writing->loader->index.root_fd, diags);
	*ret_reason = NULL;
	for (size_t i = 0; r == 0 && i < diags->n_items; i++)
		if (diags->items[i].level <= DIAG_WARNING)
			*ret_reason = diags->items[i].text;
	return r;
}

/* Refused only because early-init does not act on it yet: it stays, for the day when it does. */
static bool is_taken(const struct unit_line *line, const char *reason)
{
	const struct directive *directive = directive_find(line->section, line->key);

	return directive && directive->class == DIRECTIVE_REFUSED && directive->fn &&
	       strcmp(directive->reason, reason) == 0;
}

static int write_line(struct writing *writing, struct service *scratch, struct unit_line *line,
		      struct strbuf *text)
{
	struct diags diags CLEANUP_DIAGS = { 0 };
	const char *reason;
	int r = judge(writing, scratch, line, &diags, &reason);

	if (r < 0)
		return r;
	if (reason)
		strbuf_printf(text, "# refused: %s:%u: %s\n%s", line->file, line->line, reason,
			      is_taken(line, reason) ? "" : "#");
	strbuf_printf(text, "%s=%s\n", line->key, line->value);
	return 0;
}

static int write_section(struct writing *writing, struct service *scratch, const char *section,
			 struct strbuf *text)
{
	bool begun = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < writing->lines.n_items; i++) {
		struct unit_line *line = &writing->lines.items[i];

		if (strcmp(section_of(line), section) != 0 || is_left_out(line))
			continue;
		if (!begun)
			strbuf_printf(text, "\n[%s]\n", section);
		begun = true;
		r = write_line(writing, scratch, line, text);
	}
	return r;
}

static int write_all(struct writing *writing, struct strbuf *text)
{
	static const char *const sections[] = { "Unit", "Service", "Activate", "Slice", "Install" };
	struct service *scratch CLEANUP_SERVICE = NULL;
	int r = service_new(writing->name, &scratch);

	strbuf_puts(text, "# Imported from:\n");
	for (size_t i = 0; writing->sources && writing->sources[i]; i++)
		strbuf_printf(text, "# %s\n", writing->sources[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sections); i++)
		r = write_section(writing, scratch, sections[i], text);
	return r < 0 ? r : strbuf_error(text);
}

int manifest_write(struct loader *loader, char *const *units, size_t n_units, struct strbuf *text,
		   char **ret_name)
{
	struct writing writing = { .loader = loader };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_units; i++)
		r = add_operand(&writing, units[i]);
	if (r == 0 && !writing.name) {
		log_error("a socket, path or timer is no manifest: name its service too");
		r = -EINVAL;
	}
	if (r == 0)
		r = write_all(&writing, text);
	if (r == 0)
		*ret_name = TAKE_PTR(writing.name);
	unit_lines_done(&writing.lines);
	strv_free(writing.sources);
	free(writing.name);
	return r;
}

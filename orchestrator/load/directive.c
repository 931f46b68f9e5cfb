/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies the lines of a unit through the table of directives, and tells what becomes of each. */
#include "directive.h"

#include <errno.h>
#include <string.h>

/* What such units ask for is early-disks' business, and comes from fstab. */
static const char *const foreign_sections[] = { "Mount", "Automount", "Swap" };

static bool is_of_disks(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign_sections); i++)
		if (strcmp(foreign_sections[i], section) == 0)
			return true;
	return false;
}

static void tell(struct diags *diags, const struct unit_line *line, enum diag_level level,
		 const char *text)
{
	diags_add(diags, line->file, line->line, level, line->key, "%s", text);
}

static void tell_bad_value(const struct apply *apply)
{
	diags_add(apply->diags, apply->line->file, apply->line->line, DIAG_WARNING,
		  apply->line->key, "the value \"%s\" is not understood", apply->line->value);
}

static int apply_honoured(const struct apply *apply)
{
	int r = apply->directive->fn(apply, apply->line->value);

	if (r == -ENOMEM)
		return r;
	if (r == 0)
		tell(apply->diags, apply->line, DIAG_HONOURED, "honoured");
	else if (r != -EALREADY)
		tell_bad_value(apply);
	return 0;
}

/* What is refused may be checked and told to PID 1 nevertheless. */
static int apply_refused(const struct apply *apply)
{
	int r = apply->directive->fn ? apply->directive->fn(apply, apply->line->value) : 0;

	if (r == -ENOMEM)
		return r;
	if (r == 0)
		tell(apply->diags, apply->line, DIAG_WARNING, apply->directive->reason);
	else if (r != -EALREADY)
		tell_bad_value(apply);
	return 0;
}

/* Anybody's own keys: "X-…" in any section, and any key of a section "X-…". */
static bool is_foreign(const struct unit_line *line)
{
	return strncmp(line->key, "X-", 2) == 0 || strncmp(line->section, "X-", 2) == 0;
}

static int apply_line(const struct apply *apply)
{
	const struct unit_line *line = apply->line;

	if (is_foreign(line)) {
		tell(apply->diags, line, DIAG_NOTE, "somebody's own key");
		return 0;
	}
	if (is_of_disks(line->section)) {
		tell(apply->diags, line, DIAG_WARNING,
		     "such units are not acted on: put it into /etc/fstab");
		return 0;
	}
	if (!apply->directive) {
		diags_add(apply->diags, line->file, line->line, DIAG_WARNING, line->key,
			  "not understood in [%s]", line->section);
		return 0;
	}
	switch (apply->directive->class) {
	case DIRECTIVE_HONOURED:
		return apply_honoured(apply);
	case DIRECTIVE_HARMLESS:
		tell(apply->diags, line, DIAG_NOTE, apply->directive->reason);
		return 0;
	case DIRECTIVE_REFUSED:
		if (!*line->value && !apply->directive->fn) {
			tell(apply->diags, line, DIAG_NOTE, "nothing is asked for");
			return 0;
		}
		return apply_refused(apply);
	}
	return 0;
}

/* Where programs are searched must be known before the command lines, which may stand above it. */
static bool comes_first(const struct directive *directive)
{
	return directive && directive->fn == apply_search_path;
}

static int apply_lines(struct service *service, const struct unit_lines *lines,
		       const struct specifiers *specifiers, int root_fd, struct diags *diags,
		       bool first)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < lines->n_items; i++) {
		const struct unit_line *line = &lines->items[i];
		struct apply apply = {
			.service = service,
			.specifiers = specifiers,
			.diags = diags,
			.line = line,
			.directive = directive_find(line->section, line->key),
			.root_fd = root_fd,
		};

		if (comes_first(apply.directive) == first)
			r = apply_line(&apply);
	}
	return r;
}

int directives_apply(struct service *service, const struct unit_lines *lines,
		     const struct specifiers *specifiers, int root_fd, struct diags *diags)
{
	int r = apply_lines(service, lines, specifiers, root_fd, diags, true);

	return r < 0 ? r : apply_lines(service, lines, specifiers, root_fd, diags, false);
}

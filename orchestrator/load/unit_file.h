/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diags.h"
#include "early/macros.h"

/* One assignment of a unit file, in the order of the file. */
struct unit_line {
	const char *file; /* unit_lines::files */
	uint32_t line; /* where it begins */
	char *section;
	char *key;
	char *value; /* trimmed, continuation lines joined by one space each */
};

/* All assignments of one unit: of its file, its drop-ins and its imports. */
struct unit_lines {
	struct unit_line *items;
	size_t n_items;
	char **files; /* owns the names that the lines point to */
	size_t n_bytes; /* of all files; 0: an empty file, which is a mask */
	uint64_t changed_us; /* CLOCK_REALTIME: when the newest of the files was */
	uint32_t service_line; /* where [Service] begins in the first file, 0: nowhere */
};

void unit_lines_done(struct unit_lines *lines);
#define CLEANUP_UNIT_LINES CLEANUP(unit_lines_done)

/*
 * Appends the assignments in @data. What is no assignment is told to @diags and left out, as systemd does. Fails only
 * without memory.
 */
int unit_file_parse(const char *file, const char *data, size_t len, struct unit_lines *lines,
		    struct diags *diags);

/* Appends copies of those assignments of @from that no line of @own speaks about by section and key. */
int unit_lines_import(struct unit_lines *lines, const struct unit_lines *from,
		      const struct unit_lines *own);

/* Appends copies of all assignments of @from. */
int unit_lines_append(struct unit_lines *lines, const struct unit_lines *from);

/* Drops all assignments of other sections. */
void unit_lines_keep(struct unit_lines *lines, const char *section);

bool unit_lines_have(const struct unit_lines *lines, const char *section, const char *key);

/* The last value given for a key, NULL for none. */
const char *unit_lines_last(const struct unit_lines *lines, const char *section, const char *key);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "loader.h"
#include "unit_file.h"

/* The lines of a unit's file and drop-ins. What cannot be read is told; an error is one of the unit's own file. */
int sources_read(struct loader *loader, const char *name, const char *path, enum unit_family family,
		 struct unit_lines *lines);

int sources_read_dropins(struct loader *loader, const char *name, unsigned int families,
			 struct unit_lines *lines);

/* Puts what the unit at @path imports, then its @own lines, into @lines. */
int sources_import(struct loader *loader, const char *name, const char *path,
		   const struct unit_lines *own, struct unit_lines *lines, bool *missing);

/* The lines of the unit that stands for the script of /etc/init.d with that name; -ENOENT: there is none. */
int sources_read_script(struct loader *loader, const char *name, char **ret_path,
			struct unit_lines *lines);

/* Leaves of a .socket, .path or .timer unit what says when the service starts. */
void sources_keep_own(const char *name, struct unit_lines *lines);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/strbuf.h"

/*
 * Unit files and the links that enable them, below a root directory. Names are valid names of units; paths are absolute
 * within the root. These read directories of the disk: milliseconds, when somebody asks for them.
 */

#define UNIT_FILES_CONFIG "/etc/systemd/system"
#define UNIT_FILES_RUNTIME "/run/systemd/system"

/* The file or link that counts for @name (an instance falls back to its template). -ENOENT. Free *ret_path. */
int unit_files_find(int root_fd, const char *name, char **ret_path);

/* A link to /dev/null. */
bool unit_files_is_masked(int root_fd, const char *path);

/* The file's text, following links. Free *ret_text. */
int unit_files_read(int root_fd, const char *path, char **ret_text);

/* "enabled", "disabled", "static", "masked", … -ENOENT when there is no such file. */
int unit_files_state(int root_fd, const char *name, const char **ret_state);

/*
 * Calls @fn for each link below @config_dir that enables @name: in *.wants and *.requires, and aliases beside them.
 * Returns what @fn returned when that was not 0, else 0.
 */
typedef int (*unit_files_link_fn)(int dir_fd, const char *link, const char *path, void *data);
int unit_files_for_each_link(int root_fd, const char *config_dir, const char *name,
			     unit_files_link_fn fn, void *data);

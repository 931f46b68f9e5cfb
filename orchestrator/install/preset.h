/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What the distribution and the administrator want enabled: the files in system-preset. */

/* The verdict of one preset file's text. 1: *ret_wanted is set, 0: nothing is said of @name. Pure. */
int preset_parse(const char *text, const char *name, bool *ret_wanted);

/* All files in the order of their names; true when none speaks of @name. */
int preset_query(int root_fd, const char *name, bool *ret_wanted);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/list.h"

/* Names of the real tree that a merge takes away, kept until all that it puts there is on the disk. */

/* A name in @dirfd (which stays the caller's) goes on the list. @path: how people call it. */
int removals_add(struct list *removals, int dirfd, const char *name, const char *path);

/* Removes each with all beneath it; stops at the first failure, whose path is in *ret_path (free) then. */
int removals_perform(struct list *removals, char **ret_path);

/* Forgets those that are left. */
void removals_done(struct list *removals);

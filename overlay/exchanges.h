/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/list.h"

/*
 * What a merge has put in the place of something that a rename can't replace (a directory, and something else). The old one waits
 * in the staging directory: until the merge has worked it may be the disk's only copy.
 */

/* staging/@kept was @name of @dirfd (which stays the caller's). */
int exchanges_add(struct list *exchanges, int dirfd, const char *name, const char *kept);

/* The merge has failed: all old ones get their names again, and what took their place is in the staging directory. */
int exchanges_undo(struct list *exchanges, int staging_fd);

/* Forgets them. */
void exchanges_done(struct list *exchanges);

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

/*
 * Where a file system can't exchange, the old one is moved away first. Before that, what is to be staging/@kept is written down with its
 * @path from the real directory, for exchanges_replay().
 */
int exchanges_note(int staging_fd, const char *kept, const char *path);

/*
 * After a merge that was killed: what was moved away from a name that nothing has taken is moved back, or kept beside as a conflict. The
 * rest has been replaced. 0 or negative errno: then the staging directory must stay.
 */
int exchanges_replay(int real_fd);

/* Forgets them. */
void exchanges_done(struct list *exchanges);

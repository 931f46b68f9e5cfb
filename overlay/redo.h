/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct merge;
struct node;
struct stat;

/*
 * A file with several names can't be replaced by a rename: it is rewritten, and a power cut could leave it half old, half new.
 * So its new content is on the disk beside it first, and the next merge finishes what was interrupted.
 */

/* Rewrites the file behind @real_fd (O_PATH) with the upper file of @node, which is as @st says. */
int redo_rewrite(struct merge *merge, struct node *node, int real_fd, const struct stat *st);

/* Finishes what a merge into @real_fd was interrupted in. Must come before its staging directory is removed. */
int redo_replay(int real_fd);

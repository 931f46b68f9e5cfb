/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "early/macros.h"

struct tree;

/*
 * The directories that a machine's files are taken from (--early-root, then --root), seen as one tree in which the first
 * that has a path wins; where one has a directory and a later one a link, the link wins, because it is the machine's
 * layout (a staging tree has a plain /lib where the machine has usr/lib).
 */
struct roots {
	char **dirs;
};

struct roots_found {
	char *path; /* canonical, without a leading slash */
	char *host; /* on this machine */
	mode_t mode;
	size_t len;
};

void roots_found_done(struct roots_found *found);
#define CLEANUP_FOUND CLEANUP(roots_found_done)

/*
 * Follows @path, links within the roots included, to what is no link; -ENOENT, -ELOOP, -ENOTDIR as open(2) has them.
 * The directories and links on the way are added to @tree unless it is NULL.
 */
int roots_find(const struct roots *roots, const char *path, struct tree *tree,
	       struct roots_found *ret);

/* Names in directory @path of any root, sorted, each once. A directory that is nowhere is empty. */
int roots_list(const struct roots *roots, const char *path, char ***ret_names);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree.h"

struct roots;

/* Files and all that they need to run, from the roots into the tree. */
struct closure {
	const struct roots *roots;
	struct tree *tree;
	char **configured_dirs; /* of ld.so.conf, besides the loader's own */
	char **pending; /* canonical paths whose needs were not looked at yet */
};

/* Reads the roots' ld.so.conf. @roots and @tree must live as long. Errors are logged here and below. */
int closure_init(struct closure *closure, const struct roots *roots, struct tree *tree);
void closure_done(struct closure *closure);
#define CLEANUP_CLOSURE CLEANUP(closure_done)

/*
 * Adds the file at @path; when it is a program or a library, also its loader and its libraries, recursively. @wanted_by is
 * for the message when it is not there.
 */
int closure_add(struct closure *closure, const char *path, enum tree_group group,
		const char *wanted_by);

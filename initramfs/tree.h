/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "early/macros.h"

/*
 * What will be in the image: entries sorted by path, so that directories precede what they hold and the same input gives
 * the same bytes. Paths are canonical (no link in them) and have no leading slash.
 */
enum tree_group {
	TREE_GROUP_LAYOUT, /* directories, links, nodes */
	TREE_GROUP_PROGRAMS,
	TREE_GROUP_LIBRARIES,
	TREE_GROUP_MODULES,
	TREE_GROUP_FIRMWARE,
	TREE_GROUP_FILES, /* lists and --add */
	TREE_N_GROUPS,
};

struct tree_entry {
	char *path;
	mode_t mode; /* type and permissions */
	enum tree_group group;
	char *source; /* a file's path on this machine; NULL: it is in @data */
	char *data; /* a made file's contents, a link's target */
	size_t len; /* of the file or of @data */
	unsigned int major; /* of a device */
	unsigned int minor;
};

struct tree {
	struct tree_entry *entries;
	size_t n_entries;
	size_t size;
};

void tree_done(struct tree *tree);
#define CLEANUP_TREE CLEANUP(tree_done)

/*
 * Parents are made where they are missing. An entry that is there already stays as it is; -EEXIST if it is of another
 * type. TREE_ADDED for a new one, 0 for a known one.
 */
#define TREE_ADDED 1
int tree_add_dir(struct tree *tree, const char *path);
int tree_add_link(struct tree *tree, const char *path, const char *target);
int tree_add_file(struct tree *tree, const char *path, const char *source, size_t len,
		  bool executable, enum tree_group group);
int tree_add_text(struct tree *tree, const char *path, const char *text, enum tree_group group);
int tree_add_device(struct tree *tree, const char *path, mode_t mode, unsigned int major,
		    unsigned int minor);

const struct tree_entry *tree_find(const struct tree *tree, const char *path);

const char *tree_group_name(enum tree_group group);

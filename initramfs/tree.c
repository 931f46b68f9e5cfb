/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void entry_done(struct tree_entry *entry)
{
	free(TAKE_PTR(entry->path));
	free(TAKE_PTR(entry->source));
	free(TAKE_PTR(entry->data));
}

void tree_done(struct tree *tree)
{
	for (size_t i = 0; i < tree->n_entries; i++)
		entry_done(&tree->entries[i]);
	free(tree->entries);
	*tree = (struct tree){ 0 };
}

/* The index of @path, or of the first entry after it. */
static size_t position(const struct tree *tree, const char *path, bool *ret_found)
{
	size_t low = 0;
	size_t high = tree->n_entries;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(tree->entries[middle].path, path);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct tree_entry *tree_find(const struct tree *tree, const char *path)
{
	bool found;
	size_t at = position(tree, path, &found);

	return found ? &tree->entries[at] : NULL;
}

static int grow(struct tree *tree)
{
	size_t size = tree->size ? tree->size * 2 : 64;
	struct tree_entry *entries;

	if (tree->n_entries < tree->size)
		return 0;
	entries = reallocarray(tree->entries, size, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	tree->entries = entries;
	tree->size = size;
	return 0;
}

/* Takes @entry's strings over, also on failure. */
static int insert(struct tree *tree, struct tree_entry *entry)
{
	bool found;
	size_t at = position(tree, entry->path, &found);
	int r;

	if (found) {
		mode_t known = tree->entries[at].mode;

		r = (known & S_IFMT) == (entry->mode & S_IFMT) ? 0 : -EEXIST;
		entry_done(entry);
		return r;
	}
	r = grow(tree);
	if (r < 0) {
		entry_done(entry);
		return r;
	}
	memmove(&tree->entries[at + 1], &tree->entries[at],
		(tree->n_entries - at) * sizeof(*tree->entries));
	tree->entries[at] = *entry;
	tree->n_entries++;
	return TREE_ADDED;
}

static int add_parents(struct tree *tree, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct tree_entry dir = { .mode = S_IFDIR | 0755 };
		int r;

		dir.path = strndup(path, (size_t)(slash - path));
		if (!dir.path)
			return -ENOMEM;
		r = insert(tree, &dir);
		if (r < 0)
			return r == -EEXIST ? -ENOTDIR : r;
	}
	return 0;
}

/* Adds @entry under a copy of @path; what the caller allocated for it is gone on failure. */
static int add(struct tree *tree, const char *path, struct tree_entry *entry)
{
	int r = add_parents(tree, path);

	if (r >= 0) {
		entry->path = strdup(path);
		if (entry->path)
			return insert(tree, entry);
		r = -ENOMEM;
	}
	entry_done(entry);
	return r;
}

int tree_add_dir(struct tree *tree, const char *path)
{
	struct tree_entry entry = { .mode = S_IFDIR | 0755 };

	return add(tree, path, &entry);
}

int tree_add_link(struct tree *tree, const char *path, const char *target)
{
	struct tree_entry entry = { .mode = S_IFLNK | 0777, .len = strlen(target) };

	entry.data = strdup(target);
	if (!entry.data)
		return -ENOMEM;
	return add(tree, path, &entry);
}

int tree_add_file(struct tree *tree, const char *path, const char *source, size_t len,
		  bool executable, enum tree_group group)
{
	struct tree_entry entry = {
		.mode = S_IFREG | (executable ? 0755 : 0644),
		.group = group,
		.len = len,
	};

	entry.source = strdup(source);
	if (!entry.source)
		return -ENOMEM;
	return add(tree, path, &entry);
}

int tree_add_text(struct tree *tree, const char *path, const char *text, enum tree_group group)
{
	struct tree_entry entry = { .mode = S_IFREG | 0644, .group = group, .len = strlen(text) };

	entry.data = strdup(text);
	if (!entry.data)
		return -ENOMEM;
	return add(tree, path, &entry);
}

int tree_add_device(struct tree *tree, const char *path, mode_t mode, unsigned int major,
		    unsigned int minor)
{
	struct tree_entry entry = { .mode = mode, .major = major, .minor = minor };

	return add(tree, path, &entry);
}

const char *tree_group_name(enum tree_group group)
{
	static const char *const names[TREE_N_GROUPS] = {
		[TREE_GROUP_LAYOUT] = "layout",       [TREE_GROUP_PROGRAMS] = "programs",
		[TREE_GROUP_LIBRARIES] = "libraries", [TREE_GROUP_MODULES] = "modules",
		[TREE_GROUP_FIRMWARE] = "firmware",   [TREE_GROUP_FILES] = "files",
	};

	return names[group];
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The merged list of a directory: the upper layer's names first, then those of each lower layer that no layer above has,
 * be it as a whiteout. Names are kept in one buffer; a set of offsets tells what was seen, and is made only where several
 * layers are read.
 */
#include "dirlist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "early/dir.h"
#include "early/fd.h"
#include "overlay.h"

/* Offsets of names plus one, open addressing. */
struct name_set {
	size_t *slots;
	size_t size;
	size_t n;
};

static size_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	return (size_t)(h ^ h >> 32);
}

static size_t *set_slot(struct name_set *set, const struct strbuf *names, const char *text)
{
	size_t i = hash(text) & (set->size - 1);

	while (set->slots[i] && strcmp(names->data + set->slots[i] - 1, text) != 0)
		i = (i + 1) & (set->size - 1);
	return &set->slots[i];
}

static int set_grow(struct name_set *set, const struct strbuf *names)
{
	struct name_set bigger = { .size = set->size ? set->size * 4 : 256, .n = set->n };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++) {
		if (set->slots[i])
			*set_slot(&bigger, names, names->data + set->slots[i] - 1) = set->slots[i];
	}
	free(set->slots);
	*set = bigger;
	return 0;
}

static int add_name(struct dirlist *list, const char *text, size_t *ret_offset)
{
	*ret_offset = list->names.len;
	strbuf_add(&list->names, text, strlen(text) + 1);
	return strbuf_error(&list->names);
}

/* 1: new; 0: seen before. */
static int set_add(struct name_set *set, struct dirlist *list, const char *text, size_t *ret_offset)
{
	size_t *slot;
	int r = 0;

	if (set->n * 2 >= set->size)
		r = set_grow(set, &list->names);
	if (r < 0)
		return r;
	slot = set_slot(set, &list->names, text);
	if (*slot)
		return 0;
	r = add_name(list, text, ret_offset);
	if (r < 0)
		return r;
	*slot = *ret_offset + 1;
	set->n++;
	return 1;
}

static int add_entry(struct dirlist *list, size_t name, uint64_t ino, unsigned char type)
{
	if (list->n == list->size) {
		size_t size = list->size ? list->size * 2 : 64;
		struct dirlist_entry *bigger = realloc(list->items, size * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		list->size = size;
	}
	list->items[list->n++] = (struct dirlist_entry){ ino, name, type };
	return 0;
}

static bool is_dot(const char *text)
{
	return text[0] == '.' && (!text[1] || (text[1] == '.' && !text[2]));
}

static bool is_whiteout(int fd, const struct dirent *entry)
{
	struct stat st;

	return entry->d_type == DT_CHR &&
	       fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && marks_is_whiteout(&st);
}

struct reading {
	struct dirlist *list;
	struct name_set *set; /* NULL: one layer only */
	enum marks_layer layer;
	bool whiteouts; /* are looked for */
};

static int read_entry(struct reading *reading, int fd, const struct dirent *entry)
{
	size_t name;
	int r;

	if (is_dot(entry->d_name) || marks_is_hidden_name(entry->d_name))
		return 0;
	if (reading->set)
		r = set_add(reading->set, reading->list, entry->d_name, &name);
	else if (reading->whiteouts && is_whiteout(fd, entry))
		return 0;
	else
		r = add_name(reading->list, entry->d_name, &name) ?: 1;
	if (r <= 0)
		return r;
	if (reading->set && reading->whiteouts && is_whiteout(fd, entry))
		return 0;
	return add_entry(reading->list, name, marks_ino(reading->layer, entry->d_ino),
			 entry->d_type);
}

static int read_layer(struct reading *reading, int fd)
{
	struct dirent *entry;
	CLEANUP_DIR
	DIR *dir = NULL;
	int r = dir_open_at(fd, ".", &dir);

	if (r < 0)
		return r;
	errno = 0;
	while (r == 0 && (entry = readdir(dir))) {
		r = read_entry(reading, dirfd(dir), entry);
		errno = 0;
	}
	if (r == 0 && errno)
		r = -errno;
	return r;
}

void dirlist_done(struct dirlist *list)
{
	free(list->items);
	strbuf_done(&list->names);
	memset(list, 0, sizeof(*list));
}

/* A file that is known has the number that it had when it was first seen. */
static void set_known_numbers(struct overlay *overlay, struct node *dir, struct dirlist *list)
{
	pthread_mutex_lock(&overlay->table.lock);
	for (size_t i = 0; i < list->n; i++) {
		struct name *name = table_find_name(&overlay->table, dir, dirlist_name(list, i));

		if (name && name->node)
			list->items[i].ino = name->node->ino;
	}
	pthread_mutex_unlock(&overlay->table.lock);
}

int dirlist_read(struct overlay *overlay, struct node *dir, struct dirlist *list)
{
	int upper = node_upper_fd(dir);
	int n_lower = node_n_lower(dir);
	bool merged = overlay_is_merged(overlay);
	struct name_set set = { 0 };
	struct reading reading = { .list = list, .whiteouts = !merged };
	int r = 0;

	dirlist_done(list);
	if (n_lower + (upper >= 0) > 1)
		reading.set = &set;
	if (upper >= 0) {
		reading.layer = merged ? MARKS_LAYER_REAL : MARKS_LAYER_UPPER;
		r = read_layer(&reading, upper);
	}
	reading.layer = MARKS_LAYER_LOWER;
	for (int i = 0; r == 0 && i < n_lower; i++)
		r = read_layer(&reading, dir->lower_fds[i]);
	free(set.slots);
	if (r < 0)
		dirlist_done(list);
	else
		set_known_numbers(overlay, dir, list);
	return r;
}

int dirlist_read_plain(int fd, struct dirlist *list)
{
	struct reading reading = { .list = list, .layer = MARKS_LAYER_LOWER };

	dirlist_done(list);
	return read_layer(&reading, fd);
}

int dirlist_count(int fd)
{
	struct dirlist list = { 0 };
	int r = dirlist_read_plain(fd, &list);
	int n = (int)list.n;

	dirlist_done(&list);
	return r < 0 ? r : n;
}

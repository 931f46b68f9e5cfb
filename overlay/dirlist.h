/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/strbuf.h"

struct overlay;
struct node;

/* What a directory of the union shows, without "." and "..": a snapshot, so that reading goes on over the merge. */
struct dirlist_entry {
	uint64_t ino;
	size_t name; /* offset in names */
	unsigned char type; /* DT_* */
};

struct dirlist {
	struct dirlist_entry *items;
	size_t n;
	size_t size;
	struct strbuf names;
};

void dirlist_done(struct dirlist *list);

/* Replaces what @list holds. The gate is held. */
int dirlist_read(struct overlay *overlay, struct node *dir, struct dirlist *list);

static inline const char *dirlist_name(const struct dirlist *list, size_t i)
{
	return list->names.data + list->items[i].name;
}

/* Names in the directory behind an O_PATH descriptor, or negative errno. */
int dirlist_count(int fd);

/* The bare names of one directory, hidden ones and whiteouts included: types are what readdir said. */
int dirlist_read_plain(int fd, struct dirlist *list);

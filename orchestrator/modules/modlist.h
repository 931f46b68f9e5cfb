/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"

/* The modules of an image as modules.list has them (early-modules(8)). */
#define MODLIST_PATH "/usr/lib/early/modules.list"
#define MODLIST_NONE SIZE_MAX

struct modlist_relation {
	const char *names; /* separated by spaces; cut into words by modlist_read */
	uint32_t first; /* in modlist::related */
	uint32_t count;
};

struct modlist_module {
	const char *name;
	uint32_t bytes; /* of the file: a measure of the work */
	const char *path; /* below /lib/modules/VERSION */
	const char *options; /* "" for none */
	struct modlist_relation needs; /* in load order */
	struct modlist_relation before; /* soft */
	struct modlist_relation after; /* soft */
};

struct modlist_alias {
	const char *pattern;
	uint32_t module;
};

struct modlist {
	char *text; /* what all strings point into */
	const char *version; /* of the kernel */
	struct modlist_module *modules; /* sorted by name */
	size_t n_modules;
	struct modlist_alias *aliases;
	size_t n_aliases;
	uint32_t *related; /* indexes of modules */
	size_t n_related;
};

/* Why and where a list was refused. */
struct modlist_complaint {
	unsigned int line;
	const char *why; /* static */
};

/*
 * Reads a list, of which nothing is trusted. Takes @text over (malloc'd, NUL-terminated), also on failure. -EBADMSG with
 * *ret_complaint for what is no list.
 */
int modlist_read(struct modlist *list, char *text, struct modlist_complaint *ret_complaint);
void modlist_done(struct modlist *list);
#define CLEANUP_MODLIST CLEANUP(modlist_done)

/* The module of that name, or MODLIST_NONE. */
size_t modlist_find(const struct modlist *list, const char *name);

/* The first module from alias @from on (0 at first; *ret_next for the next call) that has @text covered; or MODLIST_NONE. */
size_t modlist_match(const struct modlist *list, const char *text, size_t from, size_t *ret_next);

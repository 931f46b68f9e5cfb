/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where units are: all names in the directories of units, read once. */

enum unit_family {
	UNIT_FAMILY_EARLY = 1, /* services.d directories, or those of --services */
	UNIT_FAMILY_STOCK = 2, /* systemd's */
};
#define UNIT_FAMILY_ANY (UNIT_FAMILY_EARLY | UNIT_FAMILY_STOCK)

struct unit_entry {
	char *name;
	char *target; /* of a symbolic link; NULL: none */
	unsigned int rank; /* unit_index::dirs; a lower one wins */
};

struct unit_index {
	int root_fd; /* the caller's */
	char **dirs; /* absolute, in the order of the search */
	enum unit_family *families; /* of each directory */
	struct unit_entry *entries; /* sorted by name, then rank */
	size_t n_entries;
	char **dropin_aliases; /* links to a unit with a directory NAME.d of their own */
	char **masked; /* names that are masked whatever the directories have; the index's own */
};

/* Directories that do not exist are left out. */
int unit_index_init(struct unit_index *index, int root_fd, char *const *early_dirs,
		    char *const *stock_dirs);
void unit_index_done(struct unit_index *index);

/* A link that the directories have not got, or one that leads nowhere; it goes before theirs. */
int unit_index_add_alias(struct unit_index *index, const char *name, const char *target);

/* What a name leads to. */
struct unit_place {
	char *name; /* the unit's own name, aliases resolved */
	char *path; /* NULL: no such unit */
	enum unit_family family;
	bool masked;
	bool is_file; /* named by its path: read whatever its type is */
};

void unit_place_done(struct unit_place *place);

/* Follows aliases, templates and masks among the @families (or-ed). */
int unit_index_resolve(const struct unit_index *index, const char *name, unsigned int families,
		       struct unit_place *ret_place);

/* The other names of a unit: links to it. */
int unit_index_aliases(const struct unit_index *index, const char *name, char ***ret_names);

/* The drop-in files of a unit, and of its aliases if stock ones count, in the order in which they are read. */
int unit_index_dropins(const struct unit_index *index, const char *name, unsigned int families,
		       char ***ret_paths);

/* Names in NAME.wants or NAME.requires; @suffix with its dot. */
int unit_index_links(const struct unit_index *index, const char *name, const char *suffix,
		     char ***ret_names);

/* Reads a file of the root, following links within it. */
int unit_index_read(int root_fd, const char *path, char **ret_data, size_t *ret_len);

/* When it was changed last, CLOCK_REALTIME in microseconds; 0: it cannot be seen. */
uint64_t unit_index_changed(int root_fd, const char *path);

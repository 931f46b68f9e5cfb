/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Names to values by a hash. Names are not copied: clear the table before one of them goes. The first value of a name stays. */
struct nametable_entry {
	const char *name; /* NULL: free */
	void *value;
};

struct nametable {
	struct nametable_entry *entries;
	size_t size; /* a power of two, or 0 */
	size_t n_entries;
};

uint64_t nametable_hash(const char *name);
int nametable_add(struct nametable *table, const char *name, void *value);
void *nametable_find(const struct nametable *table, const char *name);
void nametable_clear(struct nametable *table);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/nametable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing, at most half full. FNV-1a: names are the administrator's, not an attacker's. */

uint64_t nametable_hash(const char *name)
{
	uint64_t hash = 14695981039346656037ULL;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
	return hash;
}

static size_t slot_of(const struct nametable *table, const char *name)
{
	size_t slot = (size_t)nametable_hash(name) & (table->size - 1);

	while (table->entries[slot].name && strcmp(table->entries[slot].name, name) != 0)
		slot = (slot + 1) & (table->size - 1);
	return slot;
}

static int grow(struct nametable *table)
{
	struct nametable bigger = { .size = table->size ? table->size * 2 : 64 };

	bigger.entries = calloc(bigger.size, sizeof(*bigger.entries));
	if (!bigger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < table->size; i++)
		if (table->entries[i].name)
			bigger.entries[slot_of(&bigger, table->entries[i].name)] =
				table->entries[i];
	bigger.n_entries = table->n_entries;
	free(table->entries);
	*table = bigger;
	return 0;
}

int nametable_add(struct nametable *table, const char *name, void *value)
{
	struct nametable_entry *entry;
	int r;

	if ((table->n_entries + 1) * 2 > table->size) {
		r = grow(table);
		if (r < 0)
			return r;
	}
	entry = &table->entries[slot_of(table, name)];
	if (entry->name)
		return 0;
	*entry = (struct nametable_entry){ name, value };
	table->n_entries++;
	return 0;
}

void *nametable_find(const struct nametable *table, const char *name)
{
	return table->size ? table->entries[slot_of(table, name)].value : NULL;
}

void nametable_clear(struct nametable *table)
{
	free(table->entries);
	*table = (struct nametable){ 0 };
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The node table. A node lives as long as the kernel knows it (n_lookup), the daemon holds it (n_pins), or a name beneath it
 * is known (n_children). Positive names keep their parent alive, so that the way to a file's directory is known whenever the
 * file must be copied up; negative names are kept so that the kernel can be told to forget them at the merge.
 */
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/fd.h"
#include "early/macros.h"
#include "layer.h"

#define FIRST_BUCKETS 1024
#define NEGATIVE_MAX 100000

static int buckets_init(struct bucket_table *table, size_t n)
{
	table->buckets = reallocarray(NULL, n, sizeof(*table->buckets));
	if (!table->buckets)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		list_init(&table->buckets[i]);
	table->n_buckets = n;
	return 0;
}

static size_t hash_key(dev_t dev, ino_t ino)
{
	uint64_t h = (uint64_t)ino * 0x9e3779b97f4a7c15ULL ^ (uint64_t)dev * 0xc2b2ae3d27d4eb4fULL;

	return (size_t)(h ^ h >> 29);
}

static size_t hash_name(const struct node *parent, const char *text)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ (uint64_t)(uintptr_t)parent * 0x9e3779b97f4a7c15ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	return (size_t)(h ^ h >> 31);
}

static struct list *key_bucket(struct bucket_table *table, dev_t dev, ino_t ino)
{
	return &table->buckets[hash_key(dev, ino) & (table->n_buckets - 1)];
}

static struct list *name_bucket(struct bucket_table *table, const struct node *parent,
				const char *text)
{
	return &table->buckets[hash_name(parent, text) & (table->n_buckets - 1)];
}

/* A table that can't grow gets slower, nothing else. */
static void buckets_grow(struct bucket_table *table, bool is_names)
{
	struct bucket_table bigger = { .n = table->n };

	if (table->n < table->n_buckets * 2 || buckets_init(&bigger, table->n_buckets * 4) < 0)
		return;
	for (size_t i = 0; i < table->n_buckets; i++) {
		while (!list_empty(&table->buckets[i])) {
			struct list *link = table->buckets[i].next;
			struct list *to;

			list_remove(link);
			if (is_names) {
				struct name *name = container_of(link, struct name, link);

				to = name_bucket(&bigger, name->parent, name->text);
			} else {
				struct node_key *key = container_of(link, struct node_key, link);

				to = key_bucket(&bigger, key->dev, key->ino);
			}
			list_append(to, link);
		}
	}
	free(table->buckets);
	*table = bigger;
}

int table_init(struct table *table)
{
	int r;

	memset(table, 0, sizeof(*table));
	list_init(&table->all);
	table->next_generation = 1;
	r = buckets_init(&table->keys, FIRST_BUCKETS);
	if (r == 0)
		r = buckets_init(&table->names, FIRST_BUCKETS);
	if (r < 0)
		return r;
	return -pthread_mutex_init(&table->lock, NULL);
}

int node_new(struct table *table, mode_t type, uint64_t ino, struct node **ret_node)
{
	pthread_rwlockattr_t attr;
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return -ENOMEM;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&node->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&node->dirty_lock, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(node->keys); i++) {
		list_init(&node->keys[i].link);
		node->keys[i].node = node;
	}
	list_init(&node->names);
	list_init(&node->negatives);
	list_init(&node->handles);
	list_init(&node->owners);
	node->table = table;
	node->ino = ino;
	node->type = type & S_IFMT;
	node->upper_fd = node->next_fd = -1;
	node->n_pins = 1;
	node->generation = table->next_generation++;
	list_append(&table->all, &node->all_link);
	table->n_nodes++;
	*ret_node = node;
	return 0;
}

static void node_free(struct node *node)
{
	for (size_t i = 0; i < ARRAY_SIZE(node->keys); i++) {
		list_remove(&node->keys[i].link);
		node->table->keys.n -= node->keys[i].used;
	}
	list_remove(&node->all_link);
	node->table->n_nodes--;
	fd_close(node->upper_fd);
	fd_close(node->next_fd);
	for (int i = 0; i < node->n_lower_open; i++)
		fd_close(node->lower_fds[i]);
	free(node->lower_fds);
	ranges_done(&node->dirty);
	pthread_rwlock_destroy(&node->lock);
	pthread_mutex_destroy(&node->dirty_lock);
	free(node);
}

static void name_free(struct table *table, struct name *name)
{
	list_remove(&name->node_link);
	table->n_negative -= !name->node;
	list_remove(&name->link);
	table->names.n--;
	name->parent->n_children--;
	free(name);
}

void node_put_locked(struct node *node)
{
	struct table *table = node->table;

	while (node && !node->n_pins && !node->n_lookup && node != table->root) {
		struct node *parent = NULL;
		struct name *name;

		while ((name = list_first(&node->negatives, struct name, node_link)))
			name_free(table, name);
		if (node->n_children)
			return;
		while ((name = list_first(&node->names, struct name, node_link))) {
			if (parent && parent != name->parent)
				node_put_locked(parent);
			parent = name->parent;
			name_free(table, name);
		}
		node_free(node);
		node = parent;
	}
}

void table_done(struct table *table)
{
	struct node *node;

	for (size_t i = 0; i < table->names.n_buckets; i++) {
		struct name *name;

		while ((name = list_first(&table->names.buckets[i], struct name, link)))
			name_free(table, name);
	}
	while ((node = list_first(&table->all, struct node, all_link)))
		node_free(node);
	free(table->keys.buckets);
	free(table->names.buckets);
	pthread_mutex_destroy(&table->lock);
}

struct node *table_find(struct table *table, dev_t dev, ino_t ino)
{
	struct node_key *key;

	list_for_each (key, key_bucket(&table->keys, dev, ino), link) {
		if (key->dev == dev && key->ino == ino)
			return key->node;
	}
	return NULL;
}

void node_set_key(struct node *node, enum node_key_kind kind, dev_t dev, ino_t ino)
{
	struct node_key *key = &node->keys[kind];

	list_remove(&key->link);
	if (!key->used)
		node->table->keys.n++;
	key->used = true;
	key->dev = dev;
	key->ino = ino;
	list_append(key_bucket(&node->table->keys, dev, ino), &key->link);
	buckets_grow(&node->table->keys, false);
}

struct name *table_find_name(struct table *table, const struct node *parent, const char *text)
{
	struct name *name;

	list_for_each (name, name_bucket(&table->names, parent, text), link) {
		if (name->parent == parent && strcmp(name->text, text) == 0)
			return name;
	}
	return NULL;
}

static void name_point(struct table *table, struct name *name, struct node *node)
{
	table->n_negative -= !name->node;
	table->n_negative += !node;
	list_remove(&name->node_link);
	name->node = node;
	list_append(node ? &node->names : &name->parent->negatives, &name->node_link);
}

void node_release_locked(struct node *node)
{
	node->n_pins -= (uint32_t)node->kept + (uint32_t)node->has_placed;
	node->kept = node->has_placed = false;
}

/* A name of @node went. */
static void name_lost(struct node *node)
{
	if (list_empty(&node->names))
		node_release_locked(node);
	node_put_locked(node);
}

void node_keep_locked(struct node *node)
{
	if (node->kept)
		return;
	node->kept = true;
	node->n_pins++;
}

void node_set_placed(struct node *node, const struct stat *st)
{
	pthread_mutex_lock(&node->table->lock);
	node->placed = marks_stamp_of(st);
	node->n_pins += !node->has_placed;
	node->has_placed = true;
	pthread_mutex_unlock(&node->table->lock);
}

void node_lose_lower_name_locked(struct node *node)
{
	struct stat st;

	node->nlink_bias--;
	if (node->counted || node_is_dir(node) || layer_stat(node_fd(node), &st) < 0 ||
	    (int64_t)st.st_nlink + node->nlink_bias <= 0)
		return;
	node->counted = true;
	node->n_pins++;
}

int table_set_name(struct table *table, struct node *parent, const char *text, struct node *node)
{
	struct name *name = table_find_name(table, parent, text);
	size_t size = strlen(text) + 1;

	if (name) {
		struct node *old = name->node;

		if (old == node)
			return 0;
		name_point(table, name, node);
		if (old)
			name_lost(old);
		return 0;
	}
	if (!node && table->n_negative >= NEGATIVE_MAX)
		return -ENOBUFS;
	name = calloc(1, sizeof(*name) + size);
	if (!name)
		return -ENOMEM;
	memcpy(name->text, text, size);
	name->parent = parent;
	name->node = node;
	table->n_negative += !node;
	list_append(node ? &node->names : &parent->negatives, &name->node_link);
	parent->n_children++;
	list_append(name_bucket(&table->names, parent, text), &name->link);
	table->names.n++;
	buckets_grow(&table->names, true);
	return 0;
}

void table_drop_name(struct table *table, struct node *parent, const char *text)
{
	struct name *name = table_find_name(table, parent, text);
	struct node *old;

	if (!name)
		return;
	old = name->node;
	name_free(table, name);
	if (old)
		name_lost(old);
}

void node_pin(struct node *node)
{
	pthread_mutex_lock(&node->table->lock);
	node->n_pins++;
	pthread_mutex_unlock(&node->table->lock);
}

void node_put(struct node *node)
{
	struct table *table;

	if (!node)
		return;
	table = node->table;
	pthread_mutex_lock(&table->lock);
	node->n_pins--;
	node_put_locked(node);
	pthread_mutex_unlock(&table->lock);
}

void node_forget(struct node *node, uint64_t n)
{
	struct table *table = node->table;

	pthread_mutex_lock(&table->lock);
	node->n_lookup -= MIN(n, node->n_lookup);
	node_put_locked(node);
	pthread_mutex_unlock(&table->lock);
}

int node_get_place(struct node *node, struct node **ret_parent, char **ret_text)
{
	struct table *table = node->table;
	struct name *name;
	char *text = NULL;
	int r = -ENOENT;

	pthread_mutex_lock(&table->lock);
	name = list_first(&node->names, struct name, node_link);
	if (name) {
		text = strdup(name->text);
		r = text ? 0 : -ENOMEM;
	}
	if (r == 0) {
		name->parent->n_pins++;
		*ret_parent = name->parent;
		*ret_text = text;
	}
	pthread_mutex_unlock(&table->lock);
	return r;
}

void node_set_upper(struct node *node, int fd)
{
	__atomic_store_n(&node->upper_fd, fd, __ATOMIC_RELEASE);
}

void node_note_write(struct node *node, uint64_t start, uint64_t end)
{
	if (!__atomic_load_n(&node->tracking, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&node->dirty_lock);
	if (!node->dirty_all && ranges_set(&node->dirty, start, end, 0) < 0)
		node->dirty_all = true;
	pthread_mutex_unlock(&node->dirty_lock);
}

void node_note_truncate(struct node *node)
{
	if (__atomic_load_n(&node->tracking, __ATOMIC_ACQUIRE))
		node->dirty_all = true;
}

void node_note_meta(struct node *node)
{
	if (__atomic_load_n(&node->tracking, __ATOMIC_ACQUIRE))
		node->meta_dirty = true;
}

void node_track(struct node *node, bool on)
{
	pthread_mutex_lock(&node->dirty_lock);
	ranges_done(&node->dirty);
	node->dirty_all = false;
	node->meta_dirty = false;
	__atomic_store_n(&node->tracking, on, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&node->dirty_lock);
}

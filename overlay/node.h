/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "early/list.h"
#include "marks.h"
#include "ranges.h"

/*
 * The inode objects: one for each file, however many names it has and whichever layer holds it. A node is found by the
 * (device, inode) of each backing file that it has had, and by its names. Its own number, reported as st_ino, never changes.
 *
 * The table's lock protects the hash chains, names, counts and pins; the backing descriptors are set once before the merge
 * (from -1) and exchanged only with the gate held for writing (see overlay.h).
 */
struct table;
struct node;
struct staged;

struct node_key {
	struct list link; /* table::keys */
	struct node *node;
	dev_t dev;
	ino_t ino;
	bool used;
};

/* A name that the kernel or the daemon has seen. @node is NULL for one that is known not to exist. */
struct name {
	struct list link; /* table::names */
	struct list node_link; /* node::names, or its parent's node::negatives */
	struct node *parent;
	struct node *node;
	char text[];
};

struct node {
	struct node_key keys[3]; /* lower, upper, real */
	struct list all_link; /* table::all */
	struct list names; /* name::node_link */
	struct list negatives; /* name::node_link: what is known not to be in this directory */
	struct list handles; /* handle::link, under @lock */
	struct list owners; /* lock_owner::link, under the locks' mutex */
	struct table *table;
	uint64_t ino;
	uint64_t generation;
	uint64_t n_lookup; /* the kernel's references */
	uint32_t n_children; /* names beneath */
	uint32_t n_pins; /* the daemon's own references */
	bool kept; /* one pin for as long as it has a name: its number is not its backing file's */
	mode_t type; /* S_IFMT bits */

	int upper_fd; /* O_PATH; -1: none. After the merge: the real file */
	int *lower_fds; /* O_PATH, uppermost first; more than one for a merged directory only */
	int n_lower; /* those that still shine through */
	int n_lower_open; /* those to be closed */
	int nlink_bias; /* names that the backing's link count does not tell */

	pthread_rwlock_t lock; /* readers use the backing file, a writer exchanges it */
	struct ranges dirty; /* written since @tracking began, under @dirty_lock */
	pthread_mutex_t dirty_lock;
	bool tracking;
	bool dirty_all;
	bool meta_dirty;
	bool counted; /* one pin: @nlink_bias must not be forgotten while other lower names remain */
	bool locked; /* fcntl locks were set: a database, likely */
	bool mapped; /* the kernel has written pages of a mapping back */

	/* The merge's own. */
	struct staged *staged;
	struct marks_stamp placed; /* the real file that a merge has put there */
	bool has_placed; /* one pin for as long as it has a name: a merge that is tried again must know */
	uint64_t
		rewriting_ino; /* of the real file that a merge has begun to change, but failed; 0: none */
	int next_fd; /* what upper_fd becomes; -1: none */
};

enum node_key_kind { NODE_KEY_LOWER, NODE_KEY_UPPER, NODE_KEY_REAL };

struct bucket_table {
	struct list *buckets;
	size_t n_buckets;
	size_t n;
};

struct table {
	pthread_mutex_t lock;
	struct bucket_table keys;
	struct bucket_table names;
	struct list all; /* node::all_link */
	struct node *root;
	uint64_t next_generation;
	size_t n_nodes;
	size_t n_negative;
};

int table_init(struct table *table);
void table_done(struct table *table);

/* A node with no name, one pin, and no key. Descriptors are filled in by the caller before node_set_key. */
int node_new(struct table *table, mode_t type, uint64_t ino, struct node **ret_node);

/* With the table's lock held. */
struct node *table_find(struct table *table, dev_t dev, ino_t ino);
void node_set_key(struct node *node, enum node_key_kind kind, dev_t dev, ino_t ino);
struct name *table_find_name(struct table *table, const struct node *parent, const char *text);
/* Makes the name say @node (NULL: nothing there). */
int table_set_name(struct table *table, struct node *parent, const char *text, struct node *node);
void table_drop_name(struct table *table, struct node *parent, const char *text);
void node_put_locked(struct node *node);
void node_keep_locked(struct node *node);
/* It may go again when nobody uses it; not freed here. */
void node_release_locked(struct node *node);
/* A merge has made of it the real file that is as @st says. Takes the lock. */
void node_set_placed(struct node *node, const struct stat *st);
/* A name that only the lower layer had is hidden now. */
void node_lose_lower_name_locked(struct node *node);

/* These take the lock. */
void node_pin(struct node *node);
void node_put(struct node *node); /* drops a pin */
void node_forget(struct node *node, uint64_t n);
/* The first name of @node: its parent, pinned, and the text (free). -ENOENT for one without. */
int node_get_place(struct node *node, struct node **ret_parent, char **ret_text);

static inline bool node_is_dir(const struct node *node)
{
	return S_ISDIR(node->type);
}

static inline int node_upper_fd(const struct node *node)
{
	return __atomic_load_n(&node->upper_fd, __ATOMIC_ACQUIRE);
}

static inline int node_n_lower(const struct node *node)
{
	return __atomic_load_n(&node->n_lower, __ATOMIC_ACQUIRE);
}

/* The O_PATH descriptor of what is seen. */
static inline int node_fd(const struct node *node)
{
	int upper = node_upper_fd(node);

	return upper >= 0 ? upper : node->lower_fds[0];
}

void node_set_upper(struct node *node, int fd);

/* Says that bytes were changed, for a copy that is under way. */
void node_note_write(struct node *node, uint64_t start, uint64_t end);
void node_note_truncate(struct node *node);
void node_note_meta(struct node *node);
void node_track(struct node *node, bool on);

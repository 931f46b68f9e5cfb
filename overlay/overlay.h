/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "node.h"

/*
 * The union: layers, node table and the two locks over them.
 *
 * Order of locks: gate, node::lock, change, table::lock. Every request holds the gate for reading; the merge holds it for
 * writing while it exchanges the backing of all nodes at once. After that a node's "upper" is the real file, there is no
 * lower, and the very same code serves the real tree.
 */
struct overlay {
	struct table table;
	pthread_rwlock_t gate;
	pthread_mutex_t
		change; /* changes of names in the upper layer, copies of directories into it */
	int upper_fd; /* O_PATH of the upper directory, -1: read-only union */
	int work_fd;
	int *lower_fds; /* roots, uppermost first */
	int n_lower;
	int beneath_fd; /* clone of what the mount point hides */
	int beneath_attached_fd; /* the same directory in its own, attached mount */
	atomic_uint_fast64_t next_temp;
	atomic_bool merged; /* nodes are backed by the real tree */
	atomic_uint n_handles;
	bool upper_takes_user; /* user.* attributes */
	bool foreign_upper; /* the upper was filled by somebody who leaves no stamps */
	bool volatile_upper;
	bool read_only;
};

int overlay_init(struct overlay *overlay);
void overlay_done(struct overlay *overlay);

/* Makes the root node from the layers' roots, once these are filled in. Looks at what the upper layer can. */
int overlay_open_root(struct overlay *overlay);

static inline void overlay_enter(struct overlay *overlay)
{
	pthread_rwlock_rdlock(&overlay->gate);
}

static inline void overlay_leave(struct overlay *overlay)
{
	pthread_rwlock_unlock(&overlay->gate);
}

static inline bool overlay_is_merged(struct overlay *overlay)
{
	return atomic_load_explicit(&overlay->merged, memory_order_acquire);
}

/* --- lookup.c: the gate is held --- */

/*
 * The node of a name that the kernel asks for: with one more reference of the kernel's. -ENOENT; *ret_cacheable: that may be
 * remembered.
 */
int overlay_lookup(struct overlay *overlay, struct node *parent, const char *text,
		   struct node **ret_node, bool *ret_cacheable);

/* The same for the daemon itself: with one more pin. Takes `change`, since no lock of the kernel's keeps the names as they are. */
int overlay_find(struct overlay *overlay, struct node *parent, const char *text,
		 struct node **ret_node);

/* The node of a file just made at @parent/@text in the upper layer; takes @fd over. */
int overlay_adopt(struct overlay *overlay, struct node *parent, const char *text, int fd,
		  const struct stat *st, struct node **ret_node);

/* Something lies beneath that name in the lower layers of @parent. Its stat, and 1; 0 if nothing. */
int overlay_find_lower(struct overlay *overlay, struct node *parent, const char *text,
		       struct stat *ret_st);

/* What fstat shows. */
int overlay_stat(struct overlay *overlay, struct node *node, struct stat *ret_st);

/* --- copyup.c --- */

/* After this the node has an upper_fd. @with_data: false if all of it is about to be cut off. */
int overlay_copy_up(struct overlay *overlay, struct node *node, bool with_data);

/* A directory and all beneath it; afterwards nothing of the lower shines through. */
int overlay_copy_up_tree(struct overlay *overlay, struct node *dir);

/* --- change.c: names. Credentials are those of the caller for new files --- */
struct new_file {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	const char *target; /* of a symbolic link */
};

/* Makes a file of any kind. *ret_fd, if wanted, is a descriptor with @open_flags (regular files). */
int overlay_create(struct overlay *overlay, struct node *parent, const char *text,
		   const struct new_file *file, int open_flags, int *ret_fd,
		   struct node **ret_node);
int overlay_link(struct overlay *overlay, struct node *node, struct node *parent, const char *text);
int overlay_unlink(struct overlay *overlay, struct node *parent, const char *text);
int overlay_rmdir(struct overlay *overlay, struct node *parent, const char *text);

/* --- rename.c --- */
int overlay_rename(struct overlay *overlay, struct node *from_parent, const char *from,
		   struct node *to_parent, const char *to, unsigned int flags);

/* --- helpers of change.c, for rename.c and copyup.c; `change` is held --- */
struct temp_name {
	char text[32];
};
struct temp_name overlay_temp_name(struct overlay *overlay);
/* What could not get its name goes from the work directory. */
void overlay_drop_temp(struct overlay *overlay, const struct temp_name *temp);
/*
 * Hides a lower object that has @hidden's stat: a whiteout in place of what the upper has at that name, if anything. In two
 * steps, of which only the first needs room; or in one.
 */
int overlay_make_whiteout(struct overlay *overlay, const struct stat *hidden,
			  struct temp_name *ret_temp);
int overlay_place_whiteout(struct overlay *overlay, const struct temp_name *temp,
			   struct node *parent, const char *text);
int overlay_put_whiteout(struct overlay *overlay, struct node *parent, const char *text,
			 const struct stat *hidden);
int overlay_set_opaque(int fd);
int overlay_set_stamp(int fd, const struct stat *hidden);
/* The name is still one of @node's. */
bool overlay_shows(struct overlay *overlay, struct node *parent, const char *text,
		   const struct node *node);
/*
 * Lets a name exist in the upper layer if it shows @node (hard links of a lower file that was copied up by another name).
 */
int overlay_materialize(struct overlay *overlay, struct node *parent, const char *text,
			struct node *node);
/*
 * Before a name of @node goes: if it is the last that the upper layer has while lower names remain, the file is kept in the
 * work directory, so that those can still be brought up.
 */
int overlay_keep_linkable(struct overlay *overlay, struct node *node);
/* -ENOTEMPTY, or 0 if the union shows nothing in the directory. */
int overlay_check_empty(struct overlay *overlay, struct node *dir);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

#include "node.h"

struct overlay;

/* What the ops_*.c files share. FUSE's headers are used in these and in session.c only. */

static inline struct overlay *ops_overlay(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

struct node *ops_node(struct overlay *overlay, fuse_ino_t ino);
fuse_ino_t ops_ino(struct overlay *overlay, const struct node *node);

/* Attributes as they are shown, and how long the kernel may keep them. */
int ops_attr(struct overlay *overlay, struct node *node, struct stat *ret_st, double *ret_timeout);
int ops_entry(struct overlay *overlay, struct node *node, struct fuse_entry_param *ret_entry);

void ops_add_names(struct fuse_lowlevel_ops *ops); /* ops_name.c */
void ops_add_attrs(struct fuse_lowlevel_ops *ops); /* ops_attr.c */
void ops_add_files(struct fuse_lowlevel_ops *ops); /* ops_file.c */
void ops_add_dirs(struct fuse_lowlevel_ops *ops); /* ops_dir.c */
void ops_add_locks(struct fuse_lowlevel_ops *ops); /* ops_lock.c */

/* The thread that answers waiting locks. */
int ops_lock_start(struct overlay *overlay);

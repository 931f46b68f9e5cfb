/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/list.h"

struct overlay;
struct node;

/*
 * An open file: its own descriptor of the backing file. To exchange the backing, the new file is opened with the handle's own
 * flags and put over the old descriptor by dup3, so that the number stays and nobody sees a moment without.
 */
struct handle {
	struct list link; /* node::handles */
	struct node *node;
	int fd;
	int next_fd; /* opened, waits for handle_commit; -1: none */
	int flags; /* of open(2), without what only matters when opening */
	int flock_type; /* LOCK_SH, LOCK_EX, 0: none */
};

/* Opens @node (copied up if it is to be written). The gate is held. */
int handle_open(struct overlay *overlay, struct node *node, int flags, struct handle **ret_handle);

/* Takes over a descriptor that was just made with @flags. */
int handle_wrap(struct overlay *overlay, struct node *node, int fd, int flags,
		struct handle **ret_handle);

void handle_free(struct overlay *overlay, struct handle *handle);

/* node::lock is held for writing, or the gate. @target: O_PATH of the new backing file. */
int handle_prepare(struct handle *handle, int target);
void handle_commit(struct handle *handle);
void handle_abort(struct handle *handle);

/* prepare and commit (or abort) all handles and locks of a node. */
int handles_prepare(struct overlay *overlay, struct node *node, int target);
void handles_commit(struct node *node);
void handles_abort(struct node *node);

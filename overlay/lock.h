/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>
#include <stdint.h>

struct handle;
struct node;
struct overlay;

/*
 * Locks, forwarded to the backing files, so that they also hold against whoever opens the real file after the merge. flock:
 * on the handle's own descriptor. fcntl: open file description locks on one descriptor for each (node, owner); what was
 * granted is kept, and replayed on the file that takes the old one's place.
 *
 * The gate is held. -EAGAIN: somebody else has it.
 */
int locks_set(struct handle *handle, uint64_t owner, const struct flock *lock);

/* F_GETLK: *lock says who is in the way, or F_UNLCK. */
int locks_get(struct handle *handle, uint64_t owner, struct flock *lock);

int locks_flock(struct handle *handle, int operation);

/* A close of one descriptor ends the owner's locks on the file; the release of a handle those that were made through it. */
void locks_drop_owner(struct node *node, uint64_t owner);
void locks_drop_handle(struct handle *handle);

/* The exchange of the backing; see handle.h. */
int locks_prepare(struct node *node, int target);
void locks_commit(struct node *node);
void locks_abort(struct node *node);

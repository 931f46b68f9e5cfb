/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"

/*
 * What a service's mount name space is to look like: for each path what is mounted there, and what may be done below it. Built from a
 * unit's wishes in any order, then finished: sorted, so that a parent comes before what lies in it, one entry for each path, nothing that
 * makes no difference. Pure; mounts.c carries it out.
 */

/* What is mounted at a path. Of several wishes for one path the first of this list wins. */
enum mount_kind {
	MOUNT_INACCESSIBLE,
	MOUNT_BIND,
	MOUNT_DEVICES, /* a /dev of its own, with the harmless devices only */
	MOUNT_PROC,
	MOUNT_MESSAGE_QUEUES,
	MOUNT_TMPFS,
	MOUNT_NOTHING, /* what is there stays */
};

/* The more restrictive wish wins. Below an entry its own access and execution hold until the next one. */
enum mount_access {
	MOUNT_ACCESS_READ_ONLY,
	MOUNT_ACCESS_READ_WRITE, /* as it is outside */
	MOUNT_ACCESS_INHERITED,
};

enum mount_execution {
	MOUNT_EXECUTION_FORBIDDEN,
	MOUNT_EXECUTION_ALLOWED, /* as it is outside */
	MOUNT_EXECUTION_INHERITED,
};

struct mount_entry {
	char *path; /* absolute, without links */
	enum mount_kind kind;
	enum mount_access access;
	enum mount_execution execution;
	char *source; /* of MOUNT_BIND */
	char *options; /* of MOUNT_TMPFS and MOUNT_PROC */
	bool recursive; /* MOUNT_BIND takes what is mounted below the source along */
	bool own; /* MOUNT_DEVICES: access is for this mount alone, not for those below */
	bool optional; /* may be missing */
	bool detach; /* what is mounted at the path goes first */
};

struct mount_plan {
	struct mount_entry *entries;
	size_t n_entries;
};

void mount_plan_done(struct mount_plan *plan);
#define CLEANUP_MOUNT_PLAN CLEANUP(mount_plan_done)

/* Adds a wish; the texts are copied. */
int mount_plan_add(struct mount_plan *plan, const struct mount_entry *wish);

/*
 * Takes away what would put a mount below one of the @overlaid paths: it would hold the overlay for as long as the service runs. What
 * covers such a path takes the overlay off first; a protection that begins above one is given to @children (of "/") one by one, or dropped
 * where it begins elsewhere. *ret_dropped counts the wishes that are not met.
 */
int mount_plan_avoid(struct mount_plan *plan, char *const *overlaid, char *const *children,
		     size_t *ret_dropped);

void mount_plan_finish(struct mount_plan *plan);

/* The attributes (MOUNT_ATTR_RDONLY and so on) that a finished plan adds to the mount at @path. */
uint64_t mount_plan_attributes(const struct mount_plan *plan, const char *path);

/* True if @path is @directory or lies in it. */
bool mount_plan_is_within(const char *path, const char *directory);

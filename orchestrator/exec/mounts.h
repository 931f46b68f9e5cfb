/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mount_plan.h"
#include "steps.h"

/* Carries a plan out: a mount name space of the process's own, whose mounts still come and go with the host's. */

struct mounts_order {
	struct mount_plan *plan; /* not finished: links are followed first */
	const char *root; /* "" for the host's */
	const char *propagation; /* MountFlags=, NULL for slave */
	char *const *overlaid;
};

int mounts_enter(struct mounts_order *order, struct failure *failure);

/* --- mounts_make.c: one mount --- */

/* A detached mount of what @entry wishes for (but MOUNT_NOTHING), as a descriptor. -ENOENT: the source is missing. */
int mounts_make(const struct mount_entry *entry, int *ret_fd);

/* What MOUNT_DEVICES needs beyond the file system itself, once that is at @path; @host_dev is the /dev of before. */
int mounts_fill_devices(const char *path, int host_dev);

/* The nodes that make things inaccessible, before anything is changed. */
int mounts_prepare_inaccessible(void);

/* Puts the detached mount @fd at @path. */
int mounts_attach(int fd, const char *path);

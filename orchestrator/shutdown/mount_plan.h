/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What is mounted, and in which order it goes. Pure: from the text of /proc/self/mountinfo. */

enum mount_action {
	MOUNT_ACTION_KEEP, /* the root we stand on, and the kernel's own file systems beneath it */
	MOUNT_ACTION_UMOUNT,
	MOUNT_ACTION_DETACH, /* lazily: its server (a daemon, the network) may not answer */
};

struct mount_step {
	int id;
	int parent;
	char *target; /* unescaped */
	char *type;
	unsigned int depth; /* mounts below it in the tree of mounts */
	enum mount_action action;
	bool is_union; /* fuse.early-overlay */
	bool super_read_only;
};

struct mount_plan {
	struct mount_step
		*steps; /* in the order of doing: what lies on another first, newest first */
	size_t n_steps;
};

/*
 * Lines that cannot be read are counted in *ret_bad and left out. -ENOMEM is the only error.
 */
int mount_plan_make(const char *mountinfo, struct mount_plan *ret_plan, size_t *ret_bad);
void mount_plan_done(struct mount_plan *plan);

/* How many steps have another action than KEEP. */
size_t mount_plan_count(const struct mount_plan *plan);

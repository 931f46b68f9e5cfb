/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "fstab_plan.h"

/* What WRITE does in children. All say on stderr what went wrong, and return 0 or negative errno. */
struct mount_fstab {
	const struct fstab_entry *entry; /* NULL for the root: fstab does not have it */
	const char *node; /* of its device; NULL: the source as it is written */
	const char *root;
	bool read_only; /* in spite of its options */
};

int mount_fstab_remount_root(void *mount_fstab);
int mount_fstab_mount(void *mount_fstab);
int mount_fstab_swapon(void *mount_fstab);

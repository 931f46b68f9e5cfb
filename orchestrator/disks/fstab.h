/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fstab_plan.h"

struct libmnt_table;

/* fstab and the mounts that are there, by libmount. */

/* @root/etc/fstab, sorted. None is an empty one. A line that cannot be read is logged by file and line and left out. */
int fstab_read(struct fstab *ret_fstab, const char *root);

/* What is mounted now. */
struct mounts {
	struct libmnt_table *table;
};

int mounts_read(struct mounts *ret_mounts);
void mounts_done(struct mounts *mounts);

/* The topmost mount at that path. */
struct mount_info {
	uint32_t major;
	uint32_t minor;
	const char *type; /* the table's */
	bool superblock_read_only;
};
bool mounts_find(const struct mounts *mounts, const char *path, struct mount_info *ret_info);
bool mounts_has_device(const struct mounts *mounts, uint32_t major, uint32_t minor);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct disks;
struct loop;

/* Where the machine is; other than the defaults only in tests. The text lives as long as the disks. */
struct disks_settings {
	const char *root; /* fstab and the mounted root: "/" */
	const char *sys; /* block devices and power: "/sys" */
	const char *cmdline; /* NULL: /proc/cmdline */
};

/* Takes orders from the link at @link_fd (taken over). */
int disks_new(struct disks **ret_disks, struct loop *loop, int link_fd,
	      const struct disks_settings *settings);
struct disks *disks_free(struct disks *disks);

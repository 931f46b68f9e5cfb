/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct disks;
struct loop;

/* Takes orders from the link at @link_fd (taken over). @root: where fstab and the mounted root are, "/" but in tests. */
int disks_new(struct disks **ret_disks, struct loop *loop, int link_fd, const char *root);
struct disks *disks_free(struct disks *disks);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The mounts that PID 1 makes itself: all on kernel file systems, which never wait for a disk. */

/* What must be there before anything else: /dev with its links, /proc, /sys, /run, cgroup2 …; and PID 1 in init.scope. Idempotent: what is mounted stays. */
void mounts_make_api(void);

/* Descriptors 0, 1 and 2 on /dev/null, as far as they are not open: helpers' descriptors must not land there. */
int mounts_open_standard_fds(void);

/*
 * Moves the API mounts into @root and makes @root the root of this process (and of what it starts). The rest of the
 * initramfs is deleted by a child. 0 or negative errno; on failure the root may be either.
 */
int mounts_switch_root(const char *root);

/* A tmpfs with @options on @path, which is made below /run if it is missing. */
int mounts_tmpfs(const char *path, const char *options);

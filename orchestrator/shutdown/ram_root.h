/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Makes a tmpfs the root, with /proc, /sys and /dev moved there and all the rest beneath /oldroot. 0 or negative errno;
 * after a failure the old root is still the root.
 */
int ram_root_enter(void);

/* Executes this program anew from memory, so that nothing of it holds the old root. Returns only negative errno. */
int ram_root_execute_self(char *const *argv);

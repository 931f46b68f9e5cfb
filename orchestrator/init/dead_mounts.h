/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Mounts of an early-overlay that has died. What they hide is better than what they answer (ENOTCONN). */

/*
 * The next line of a mountinfo whose mount is an early-overlay's at or beneath @path: its mount point, unescaped, into @target.
 * *text goes on behind it. False at the end. Pure.
 */
bool dead_mounts_next(const char **text, const char *path, char *target, size_t size);

/* Whether an early-overlay's is the uppermost of a mountinfo's mounts at @path: they are listed in the order of their mounting. Pure. */
bool dead_mounts_is_on_top(const char *text, const char *path);

/*
 * Detaches the mount at @path of an early-overlay that is known to have ended. It asks the kernel's list and never the mount, so it
 * does not wait for anybody. 0 (also where another file system has been mounted upon it) or negative errno, logged.
 */
int dead_mounts_detach_top(const char *path);

/* Detaches those that are dead at and beneath @path. May block: not for PID 1 itself. 0 or negative errno, logged. */
int dead_mounts_detach(const char *path);

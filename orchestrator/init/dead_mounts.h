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

/* Detaches those that are dead. May block: not for PID 1 itself. 0 or negative errno, logged. */
int dead_mounts_detach(const char *path);

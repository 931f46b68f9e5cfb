/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unmounts whatever is mounted in this mount name space and is not kept (mount_plan.h). */

/* Lazily: the unions of early-overlay only, so that their daemons can end. */
void umounts_detach_unions(void);

/* All, in rounds, as long as a round gets rid of something and the deadline allows. Returns how many are left. */
size_t umounts_all(uint64_t deadline_us);

/* Makes the superblock of each that is left, and of the root, read-only; logs each. */
void umounts_remount_read_only(uint64_t deadline_us);

/* One of them: every copy of the mount stops writing. 0 or negative errno. */
int umounts_make_superblock_read_only(const char *target);

/* Prints the plan, one step a line. */
int umounts_print_plan(void);

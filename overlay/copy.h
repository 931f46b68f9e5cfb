/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Copying between backing files. 0 or negative errno. */

/* All bytes, holes kept; @to gets the same size. *ret_bytes (may be NULL) is what was really copied. */
int copy_data(int from, int to, uint64_t *ret_bytes);

/* The bytes of [start, end) as far as @from has them; @to is not cut. */
int copy_range(int from, int to, uint64_t start, uint64_t end);

enum copy_direction {
	COPY_TO_UPPER, /* lower to upper */
	COPY_TO_REAL, /* upper to real: the union's marks stay behind */
};

/*
 * Extended attributes between the files behind two descriptors (O_PATH is fine). @prune takes away what @from has not.
 * What the target's file system does not know is left out.
 */
int copy_xattrs(int from, int to, enum copy_direction direction, bool upper_takes_user, bool prune);

/* Owner, mode and times, to the file behind a descriptor (O_PATH is fine). */
int copy_owner_mode(int to, const struct stat *st);
int copy_times(int to, const struct stat *st);

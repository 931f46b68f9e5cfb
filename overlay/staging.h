/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/*
 * What a merge that was killed has left in the staging directory of @real_fd: @fn for each "N@suffix", as long as it returns 0. No
 * directory is 0.
 */
int staging_replay(int real_fd, const char *suffix,
		   int (*fn)(int real_fd, int staging_fd, const char *n));

/*
 * @from of @from_fd becomes what is kept of @name in @to_fd, under the first of its names that is free (marks.h), which *ret_other is
 * then: room for NAME_MAX + 1. -EEXIST: there are too many.
 */
int staging_keep_beside(int from_fd, const char *from, int to_fd, const char *name,
			char *ret_other);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The inits of a root that are not Early's: what the kernel command line names, /sbin/init, systemd. Early's own program may be
 * linked to any of these names; to execute it as "the other init" would go round for ever.
 */
#define OTHER_INIT_MAX 4

struct other_inits {
	const char *paths[OTHER_INIT_MAX]; /* absolute in the root, the best first */
	size_t n_paths;
	char why[512]; /* what each name that is left out is, for people */
};

/*
 * @early: early-init's path in that root, whether it is there or not. @wanted: init= of the kernel command line, or "". Its text is
 * not copied.
 */
void other_init_find(struct other_inits *ret, int root_fd, const char *early, const char *wanted);

/* Is @path early-init, by whatever link? */
bool other_init_is_early(int root_fd, const char *early, const char *path);

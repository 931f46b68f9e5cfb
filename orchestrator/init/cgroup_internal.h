/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroup.h"

/* Between cgroup.c and cgroup_set.c. */
#define WATCH_BUCKETS 256 /* numbers of watches only grow: their lowest bits spread well */
#define SPARE_FDS 2 /* a directory, and a file of it */

struct cgroup_tree {
	struct loop *loop;
	struct list groups; /* cgroup::link */
	struct list emptied; /* cgroup::emptied_link: on_empty is due */
	struct list watched[WATCH_BUCKETS]; /* cgroup::watch_link, by the watch's number */
	struct loop_source source; /* inotify */
	struct loop_hook hook;
	struct loop_timer scan_retry; /* there was no memory to look at the processes */
	int root_fd; /* -1: no tree */
	int proc_fd; /* -1: a tree */
	int spare_fds[SPARE_FDS]; /* for a look when no descriptor is left; -1: none */
	int inotify_fd;
	bool sets_changed;
	char *root;
};

void cgroup_set_populated(struct cgroup *group, bool populated);

/* Lets the kept descriptors go for a look, and takes them again. */
void cgroup_let_spare_go(struct cgroup_tree *tree);
void cgroup_keep_spare(struct cgroup_tree *tree);

/* Without a tree: looks at all processes, for this group's. */
void cgroup_refresh(struct cgroup *group);

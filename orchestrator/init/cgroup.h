/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/list.h"
#include "early/loop.h"

#include "procset.h"

/*
 * Groups of processes. With a cgroup v2 tree a group is a directory of it, with systemd's names. Without one it is the set
 * of processes that were started in it and of all that descend from them, as far as a subreaper can know.
 */
struct cgroup_tree;
struct cgroup;

typedef void (*cgroup_fn)(struct cgroup *group);

struct cgroup {
	struct list link; /* cgroup_tree::groups */
	struct list emptied_link; /* cgroup_tree::emptied, while on_empty is due */
	struct list watch_link; /* cgroup_tree::watched */
	struct cgroup_tree *tree; /* NULL: not initialized */
	char *path; /* "/system.slice/x.service" */
	int fd; /* of the directory; -1: not made, or no tree */
	int watch; /* inotify's descriptor of cgroup.events; -1: none */
	struct procset processes; /* without a tree */
	bool adopted; /* without a tree: orphans were taken in, who were not among those killed before */
	bool killed; /* by cgroup.kill: some kernels then kill what is cloned into it as well */
	bool populated;
	bool told; /* that it is empty; or nobody was ever in it */
	cgroup_fn on_empty; /* once for each change from populated to empty */
	void *data;
};

/* @root is a directory of a cgroup v2 file system, or NULL. If it is none the tree works by process groups. */
int cgroup_tree_new(struct cgroup_tree **ret_tree, struct loop *loop, const char *root);
struct cgroup_tree *cgroup_tree_free(struct cgroup_tree *tree);
bool cgroup_tree_is_real(const struct cgroup_tree *tree);

/* The directory's descriptor; -1 without a tree. */
int cgroup_tree_root(const struct cgroup_tree *tree);

/* Tell it of each reaped child. on_empty comes later, before the loop sleeps. */
void cgroup_tree_reaped(struct cgroup_tree *tree, pid_t pid);

/* Did a look at all processes change some group's set (procset::changed) since this was asked last? */
bool cgroup_tree_take_changed(struct cgroup_tree *tree);

int cgroup_init(struct cgroup *group, struct cgroup_tree *tree, const char *path,
		cgroup_fn on_empty, void *data);
void cgroup_done(struct cgroup *group);

/* Makes the directory and its parents. Idempotent. */
int cgroup_make(struct cgroup *group);

/* Removes the directory if nothing is in it; its processes are left alone. */
void cgroup_remove(struct cgroup *group);

/* Moves a process in (by its pid; without a tree: takes note of it). */
int cgroup_add(struct cgroup *group, pid_t pid);

/* A process was cloned into it, or joins it by itself: the kernel will tell when it is empty again. Without a tree: nothing. */
void cgroup_expect(struct cgroup *group);

/* Something may have been in it before it was watched. */
void cgroup_entered(struct cgroup *group);

bool cgroup_is_empty(struct cgroup *group);
bool cgroup_contains(struct cgroup *group, pid_t pid);

/* Before a first process of it is killed: without a tree, its children can be told to be its own only now. */
void cgroup_look(struct cgroup *group);

/* All processes of the group, until @fn says false. */
void cgroup_each(struct cgroup *group, bool (*fn)(pid_t pid, void *data), void *data);

/* Sends @signo to all but @except (0: none). SIGKILL goes by cgroup.kill where nothing is excepted. */
int cgroup_kill(struct cgroup *group, int signo, pid_t except);

/* The only process of the group besides @except; 0 if there is none or more than one. */
pid_t cgroup_only_pid(struct cgroup *group, pid_t except);

/* A number from one of the group's files ("memory.current"). Without a tree, or without that controller: -ENOENT. */
int cgroup_number(const struct cgroup *group, const char *file, uint64_t *ret_value);

/* Gives the group to a user manager: the directory and the files that it must write, and trusted.delegate. */
int cgroup_delegate(struct cgroup *group, uid_t uid, gid_t gid);

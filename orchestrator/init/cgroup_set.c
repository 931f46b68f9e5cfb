/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/log.h"

#include "cgroup_internal.h"

/*
 * Groups without a tree: sets of processes (procset.c), and when they are looked at. A look reads a file of each process there is, so that a
 * death among a thousand services would cost a thousand files; what a death can have changed is seen from PID 1's own children, which are
 * in one file: who lost its parent is among them, and in no set yet.
 */

#define SCAN_RETRY_US (50 * USEC_PER_MSEC)

static struct cgroup *owner_of(struct cgroup_tree *tree, pid_t pid)
{
	struct cgroup *group;

	list_for_each (group, &tree->groups, link)
		if (procset_has(&group->processes, pid))
			return group;
	return NULL;
}

static void refresh_set(struct cgroup *group, const struct procset_process *processes, size_t n)
{
	int r = procset_refresh(&group->processes, processes, n);

	if (r < 0)
		log_warning_errno(r, "cannot follow all processes of %s", group->path);
	group->tree->sets_changed |= group->processes.changed;
	if (group->populated)
		cgroup_set_populated(group, group->processes.n_members > 0);
}

static void handle_scan_retry(struct loop_timer *timer);

/* Without it a service that ended could be waited for until its deadline. */
static void scan_later(struct cgroup_tree *tree)
{
	(void)loop_timer_start(tree->loop, &tree->scan_retry, clock_monotonic_us() + SCAN_RETRY_US,
			       handle_scan_retry); /* the next death scans as well */
}

static int scan(struct cgroup_tree *tree, struct procset_process **ret, size_t *ret_n)
{
	int r = procset_scan(tree->proc_fd, ret, ret_n);

	if (r == -EMFILE || r == -ENFILE) {
		cgroup_let_spare_go(tree);
		r = procset_scan(tree->proc_fd, ret, ret_n);
		cgroup_keep_spare(tree);
	}
	if (r < 0)
		scan_later(tree);
	return r;
}

static void handle_scan_retry(struct loop_timer *timer)
{
	struct cgroup_tree *tree = container_of(timer, struct cgroup_tree, scan_retry);
	struct procset_process *processes;
	struct cgroup *group;
	size_t n;

	if (scan(tree, &processes, &n) < 0)
		return;
	list_for_each (group, &tree->groups, link)
		if (group->processes.n_members > 0)
			refresh_set(group, processes, n);
	free(processes);
}

void cgroup_refresh(struct cgroup *group)
{
	struct procset_process *processes;
	size_t n;

	if (scan(group->tree, &processes, &n) < 0)
		return;
	refresh_set(group, processes, n);
	free(processes);
}

/* New children of ours, in a session that is not ours, that nobody knows: orphans of the one that just died. */
static void adopt_orphans(struct cgroup *group, const struct procset_process *processes, size_t n)
{
	pid_t self = getpid(), session = getsid(0);

	for (size_t i = 0; i < n; i++) {
		if (processes[i].ppid != self || processes[i].session == session ||
		    owner_of(group->tree, processes[i].pid))
			continue;
		(void)procset_add(&group->processes, processes[i].pid); /* full: was warned of */
		group->adopted = group->tree->sets_changed = true;
	}
}

bool cgroup_tree_take_changed(struct cgroup_tree *tree)
{
	bool changed = tree->sets_changed;

	tree->sets_changed = false;
	return changed;
}

/* --- deaths --- */

/* Pids in a hash: open addressing, at most half full. */
struct pids {
	pid_t *slots; /* 0: free */
	size_t size;
};

static size_t slot_of(const struct pids *pids, pid_t pid)
{
	size_t slot = (size_t)pid & (pids->size - 1);

	while (pids->slots[slot] != 0 && pids->slots[slot] != pid)
		slot = (slot + 1) & (pids->size - 1);
	return slot;
}

static int all_members(struct cgroup_tree *tree, struct pids *ret)
{
	struct cgroup *group;
	size_t n = 0;

	list_for_each (group, &tree->groups, link)
		n += group->processes.n_members;
	for (ret->size = 64; ret->size < 2 * n; ret->size *= 2)
		;
	ret->slots = calloc(ret->size, sizeof(*ret->slots));
	if (!ret->slots)
		return -ENOMEM;
	list_for_each (group, &tree->groups, link)
		for (size_t i = 0; i < group->processes.n_members; i++) {
			pid_t pid = group->processes.members[i].pid;

			ret->slots[slot_of(ret, pid)] = pid;
		}
	return 0;
}

/* Could @pid, a child of ours that is in no group, be an orphan of a service? */
static bool is_orphan(struct cgroup_tree *tree, pid_t pid)
{
	struct procset_process process;
	int r = procset_read(tree->proc_fd, pid, &process);

	return procset_is_unknown(r) || (r == 0 && process.session != getsid(0));
}

/* Whoever lost its parent is our child before that is reaped. True also if nobody can tell. */
static bool has_orphans(struct cgroup_tree *tree)
{
	struct pids known = { 0 };
	pid_t *children = NULL;
	size_t n = 0;
	bool found = procset_children(tree->proc_fd, &children, &n) < 0 ||
		     all_members(tree, &known) < 0;

	for (size_t i = 0; i < n && !found; i++)
		if (known.slots[slot_of(&known, children[i])] == 0)
			found = is_orphan(tree, children[i]);
	free(children);
	free(known.slots);
	return found;
}

static void look_at_sets(struct cgroup_tree *tree, struct cgroup *group)
{
	struct procset_process *processes;
	struct cgroup *other;
	size_t n;

	if (scan(tree, &processes, &n) < 0)
		return;
	list_for_each (other, &tree->groups, link)
		if (other != group && other->processes.n_members > 0)
			refresh_set(other, processes, n);
	/* The dead one's session still tells who is its kin: forget it only afterwards. */
	adopt_orphans(group, processes, n);
	refresh_set(group, processes, n);
	free(processes);
}

void cgroup_tree_reaped(struct cgroup_tree *tree, pid_t pid)
{
	struct cgroup *group;

	if (cgroup_tree_is_real(tree))
		return;
	group = owner_of(tree, pid);
	if (!group)
		return;
	/* Most services are one process: then the look at all others is spared. */
	if (group->processes.n_members > 1 || has_orphans(tree)) {
		look_at_sets(tree, group);
		return;
	}
	procset_remove(&group->processes, pid);
	tree->sets_changed = true;
	if (group->populated)
		cgroup_set_populated(group, false);
}

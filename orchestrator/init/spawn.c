/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crash.h"
#include "early/fd.h"
#include "early/macros.h"

#include "cgroup.h"
#include "spawn_child.h"
#include "spawn_raw.h"

/*
 * Making a child
 *
 * A child shares PID 1's memory until it executes something: no page table is copied, and neither of the two takes a page fault for what
 * it writes. PID 1 does not wait for it (an exec reads a disk, which may hang); what the child needs is its own piece of memory
 * (spawn_child.h), freed when the kernel has marked the child as gone from this memory (CLONE_CHILD_CLEARTID: an exec as well as a
 * death). Where no child can share (spawn_raw.h, a kernel or a filter without clone3), it gets a copy.
 *
 * What a shared memory could do to PID 1:
 * - A signal that is the child's end stays its own: it has no handlers (CLONE_CLEAR_SIGHAND), none that crash.c set either.
 * - The OOM killer takes all that share the victim's memory along, except the init of the machine. For that one nothing follows. The init of
 *   a container would die for a child that has no room in its service's group while it executes. So a child whose group can have a
 *   limit of memory (there is a memory.max) gets a copy there.
 *
 * The child is cloned into its group where the kernel can do that; otherwise it writes itself in before it does anything else. A
 * group that was emptied by cgroup.kill takes no clones: kernels since 6.14 compare the child's kill sequence with that of
 * PID 1's group instead of the new one, and kill it at birth [tried on 6.18].
 * PID 1 keeps no pidfd: it is the parent and reaps in one place, so a pid of its own child can't be another's before that.
 */

#define FIRST_PID_NS_INODE 0xEFFFFFFCU /* the kernel's PROC_PID_INIT_INO */

static struct list running =
	LIST_INIT(running); /* spawn_child::link, of those that shared, oldest first */

static size_t n_running;

void spawn_collect(size_t max)
{
	for (size_t i = MIN(max, n_running); i > 0; i--) {
		struct spawn_child *child = list_first(&running, struct spawn_child, link);

		list_remove(&child->link);
		if (__atomic_load_n(&child->running, __ATOMIC_ACQUIRE) != 0) {
			list_append(&running, &child->link);
			continue;
		}
		spawn_child_free(child);
		n_running--;
	}
}

/* One for all: it is there also when no descriptor is left. */
static int null_fd(void)
{
	static int null = -1;
	int fd CLEANUP_FD
	= -1;

	if (null >= 0)
		return null;
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	null = fcntl(fd, F_DUPFD_CLOEXEC, SPAWN_FIRST_FD); /* PID 1 may have no stdin */
	return null < 0 ? -errno : null;
}

/* CLONE_CLEAR_SIGHAND leaves alone what is ignored. */
static bool ignores_only_sigpipe(void)
{
	struct sigaction action;

	for (int signo = 1; signo < NSIG; signo++)
		if (signo != SIGPIPE && sigaction(signo, NULL, &action) == 0 &&
		    action.sa_handler == SIG_IGN)
			return false;
	return true;
}

static bool is_init_of_machine(void)
{
	struct stat st;

	return getpid() == 1 && stat("/proc/self/ns/pid", &st) == 0 &&
	       st.st_ino == FIRST_PID_NS_INODE;
}

static bool may_share(const struct spawn *spawn)
{
	static int of_machine = -1, plain = -1;

	if (!SPAWN_SHARES)
		return false;
	if (plain < 0) {
		of_machine = is_init_of_machine();
		plain = ignores_only_sigpipe();
	}
	if (!plain)
		return false;
	return of_machine || !spawn->group || spawn->group->fd < 0 ||
	       faccessat(spawn->group->fd, "memory.max", F_OK, 0) < 0;
}

/*
 * @cgroup_fd -1: into ours. A crash between this and the next save kills the child of a group (crash.h). The child's pid, or a negative
 * errno.
 */
static pid_t clone_sharing(struct spawn_child *child, int cgroup_fd, int *expected)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_CLEAR_SIGHAND | CLONE_CHILD_CLEARTID |
			 CLONE_PARENT_SETTID | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.parent_tid = (uint64_t)(uintptr_t)expected,
		.child_tid = (uint64_t)(uintptr_t)&child->running,
		.stack = (uint64_t)(uintptr_t)child->stack,
		.stack_size = sizeof(child->stack),
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};

	child->shares = true;
	child->inside = cgroup_fd >= 0;
	child->running = 1;
	return (pid_t)raw_clone_to(&args, sizeof(args), spawn_child_run, child);
}

static pid_t clone_copying(struct spawn_child *child, int cgroup_fd, int *expected)
{
	struct clone_args args = {
		.flags = CLONE_PARENT_SETTID | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.parent_tid = (uint64_t)(uintptr_t)expected,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};
	pid_t pid;

	child->shares = false;
	child->inside = cgroup_fd >= 0;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0 && errno == ENOSYS && cgroup_fd < 0) {
		pid = fork();
		if (pid > 0)
			*expected = pid;
	}
	if (pid == 0)
		spawn_child_run(child);
	return pid < 0 ? -errno : pid;
}

/* Into its group at once; by itself; and both with a copy of the memory. */
static pid_t make_child(const struct spawn *spawn, struct spawn_child *child)
{
	int cgroup_fd = spawn->group && !spawn->group->killed ? spawn->group->fd : -1;
	int none = 0, *expected = spawn->group ? crash_expect_child() : &none;
	pid_t pid = -ENOSYS;

	if (may_share(spawn)) {
		pid = clone_sharing(child, cgroup_fd, expected);
		if (pid < 0 && cgroup_fd >= 0)
			pid = clone_sharing(child, -1, expected);
	}
	if (pid < 0 && pid != -EAGAIN && pid != -ENOMEM) {
		pid = clone_copying(child, cgroup_fd, expected);
		if (pid < 0 && cgroup_fd >= 0)
			pid = clone_copying(child, -1, expected);
	}
	return pid;
}

static void join_group(struct cgroup *group, const struct spawn_child *child, pid_t pid)
{
	/* Its end is told by the watch, which is older than it. */
	if (child->inside || cgroup_add(group, pid) < 0)
		cgroup_expect(group); /* it joins by itself; dead already is fine */
}

int spawn(const struct spawn *spawn, pid_t *ret_pid)
{
	struct spawn_child *child;
	int null = null_fd(), r;
	pid_t pid;

	if (null < 0)
		return null;
	if (spawn->n_fds > SPAWN_MAX_FDS)
		return -E2BIG;
	if (spawn->group) {
		r = cgroup_make(spawn->group);
		if (r < 0)
			return r;
	}
	spawn_collect(SPAWN_COLLECT_FEW);
	r = spawn_child_new(&child, spawn);
	if (r < 0)
		return r;
	child->null_fd = null;
	pid = make_child(spawn, child);
	if (pid > 0 && spawn->group)
		join_group(spawn->group, child, pid);
	if (pid > 0 && child->shares) {
		list_append(&running, &child->link);
		n_running++;
	} else {
		spawn_child_free(child);
	}
	if (pid < 0)
		return pid;
	*ret_pid = pid;
	return 0;
}

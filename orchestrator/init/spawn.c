/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crash.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/proto/execs.h"

#include "cgroup.h"

/*
 * Between clone and exec
 *
 * The child is cloned into its group where the kernel can do that; otherwise it writes itself in before it does anything else. A
 * group that was emptied by cgroup.kill takes no clones: kernels since 6.14 compare the child's kill sequence with that of
 * PID 1's group instead of the new one, and kill it at birth [tried on 6.18].
 * PID 1 keeps no pidfd: it is the parent and reaps in one place, so a pid of its own child can't be another's before that.
 *
 * The descriptors are first moved above all the numbers that are wanted, so that none is overwritten before its turn; what is
 * not wanted is marked close-on-exec as a whole, for what a library might have left open.
 */

/* @cgroup_fd -1: into ours. A crash between this and the next save kills the child (crash.h). */
static pid_t clone_into(int cgroup_fd)
{
	struct clone_args args = {
		.flags = CLONE_PARENT_SETTID | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.parent_tid = (uint64_t)(uintptr_t)crash_expect_child(),
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* A child, in the group if *ret_inside. */
static pid_t make_child(const struct spawn *spawn, bool *ret_inside)
{
	pid_t pid;

	*ret_inside = false;
	if (spawn->group && spawn->group->fd >= 0 && !spawn->group->killed) {
		pid = clone_into(spawn->group->fd);
		if (pid >= 0) {
			*ret_inside = true;
			return pid;
		}
	}
	return spawn->group ? clone_into(-1) : fork();
}

static int enter_group(int cgroup_fd)
{
	int fd CLEANUP_FD
	= openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) < 0)
		return -errno;
	return 0;
}

static void reset_signals(bool keep_sigpipe)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void)sigaction(signo, &action, NULL); /* KILL and STOP refuse */
	if (!keep_sigpipe) {
		action.sa_handler = SIG_IGN;
		(void)sigaction(SIGPIPE, &action, NULL);
	}
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* PID 1's own limit is high (it keeps descriptors for all); programs that use select() need the low one. */
static void reset_limits(void)
{
	struct rlimit limit = { SPAWN_NOFILE_SOFT, SPAWN_NOFILE_HARD };

	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	/* In a container that may not raise the hard one. */
	limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)SPAWN_NOFILE_SOFT);
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* lowering is always allowed */
}

static int place_stdio(int output_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return -errno;
	if (output_fd < 0)
		output_fd = fcntl(STDERR_FILENO, F_GETFD) >= 0 ? STDERR_FILENO : null_fd;
	if (dup2(output_fd, STDOUT_FILENO) < 0 || dup2(output_fd, STDERR_FILENO) < 0 ||
	    dup2(null_fd, STDIN_FILENO) < 0)
		return -errno;
	return 0;
}

/* Above all numbers that descriptors are put to. */
#define SPAWN_ROOM (MAX((size_t)SPAWN_MAX_FDS, (size_t)SPAWN_MAX_PLACE))

static int move_up(int fd, size_t n_fds)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, SPAWN_FIRST_FD + (int)n_fds + 1);

	return moved < 0 ? -errno : moved;
}

/* @moved has room for the descriptors. */
static int place_fds(const struct spawn *spawn, int *moved)
{
	int place_fd = spawn->place_fd;

	for (size_t i = 0; i < spawn->n_fds; i++) {
		moved[i] = move_up(spawn->fds[i], SPAWN_ROOM);
		if (moved[i] < 0)
			return moved[i];
	}
	if (place_fd >= 0)
		place_fd = move_up(place_fd, SPAWN_ROOM);
	(void)close_range(SPAWN_FIRST_FD, ~0U, CLOSE_RANGE_CLOEXEC); /* all have it from birth */
	for (size_t i = 0; i < spawn->n_fds; i++)
		if (dup2(moved[i], SPAWN_FIRST_FD + (int)i) < 0)
			return -errno;
	if (spawn->place_fd >= 0 && (place_fd < 0 || dup2(place_fd, spawn->place_at) < 0))
		return -errno;
	return 0;
}

/* The environment with LISTEN_PID, which only the child knows. */
static char *const *add_listen_pid(char *const *envp, char *buf, size_t size, char **vector,
				   size_t n_vector)
{
	size_t n = 0;

	snprintf(buf, size, "LISTEN_PID=%d", (int)getpid());
	while (envp[n] && n + 2 < n_vector) {
		vector[n] = envp[n];
		n++;
	}
	vector[n] = buf;
	vector[n + 1] = NULL;
	return vector;
}

static void report(int status_fd, const char *step, int error, const char *detail)
{
	struct execs_failed failed = {
		.exit_code = SPAWN_EXIT_EXEC,
		.error = error,
		.step = step,
		.detail = detail,
	};
	char buf[1024];
	int len;

	if (status_fd < 0)
		return;
	len = wire_pack(&execs_protocol, EXECS_FAILED, &failed, buf, sizeof(buf));
	if (len > 0 && (size_t)len <= sizeof(buf))
		(void)!write(status_fd, buf, (size_t)len); /* the exit code says it as well */
}

static const char *prepare(const struct spawn *spawn, bool inside, int *moved, int *ret_error)
{
	*ret_error = 0;
	if (spawn->group) {
		if (setsid() < 0)
			*ret_error = -errno;
		if (*ret_error < 0)
			return "SESSION";
		if (!inside && spawn->group->fd >= 0)
			*ret_error = enter_group(spawn->group->fd);
		if (*ret_error < 0)
			return "CGROUP";
	}
	reset_signals(spawn->keep_sigpipe);
	reset_limits();
	*ret_error = place_stdio(spawn->output_fd);
	if (*ret_error < 0)
		return "STDOUT";
	*ret_error = place_fds(spawn, moved);
	return "FDS";
}

/* Never returns. */
static void run_child(const struct spawn *spawn, bool inside)
{
	static int moved[SPAWN_MAX_FDS];
	static char *vector[1024];
	char listen_pid[32];
	char *const *envp = spawn->envp;
	int status_fd = -1, error;
	const char *step;

	if (spawn->status_fd >= 0)
		status_fd = move_up(spawn->status_fd, SPAWN_ROOM);
	step = prepare(spawn, inside, moved, &error);
	if (error == 0) {
		if (spawn->listen_pid)
			envp = add_listen_pid(envp, listen_pid, sizeof(listen_pid), vector,
					      ARRAY_SIZE(vector));
		(void)umask(0022);
		(void)!chdir("/"); /* it is PID 1's already */
		execve(spawn->program, spawn->argv, envp);
		error = -errno;
		step = "EXEC";
	}
	report(status_fd, step, error, spawn->program);
	_exit(SPAWN_EXIT_EXEC);
}

int spawn(const struct spawn *spawn, pid_t *ret_pid)
{
	bool inside;
	pid_t pid;
	int r;

	if (spawn->n_fds > SPAWN_MAX_FDS)
		return -E2BIG;
	if (spawn->group) {
		r = cgroup_make(spawn->group);
		if (r < 0)
			return r;
	}
	pid = make_child(spawn, &inside);
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_child(spawn, inside);
	if (inside)
		cgroup_entered(spawn->group);
	else if (spawn->group)
		(void)cgroup_add(spawn->group, pid); /* it does so itself; dead already is fine */
	*ret_pid = pid;
	return 0;
}

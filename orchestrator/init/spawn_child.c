/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "early/macros.h"
#include "early/proto/execs.h"

#include "cgroup.h"
#include "spawn.h"
#include "spawn_raw.h"

/*
 * Between clone and exec
 *
 * The child may run in PID 1's memory: it writes only to its own struct and to its stack, makes system calls by raw() alone, and
 * calls nothing of libc but what computes. What it changes otherwise (descriptors, signals, limits) is its own.
 *
 * Descriptors that lie where others are wanted are first moved above all the numbers that are wanted, so that none is overwritten
 * before its turn; what is not wanted is marked close-on-exec as a whole, for what a library might have left open.
 */

/* What the kernel wants of sigaction; libc's has another layout. */
struct kernel_sigaction {
	void (*handler)(int signo);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* --- made before --- */

static size_t count(char *const *words, size_t *bytes)
{
	size_t n = 0;

	for (; words[n]; n++)
		*bytes += strlen(words[n]) + 1;
	return n;
}

static char *copy_text(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*at, text, size);

	*at += size;
	return copy;
}

#define LISTEN_PID_WORD "LISTEN_PID="
#define LISTEN_PID_BYTES (sizeof(LISTEN_PID_WORD) + 11)

static void copy_words(char **to, char *const *words, size_t n, char **at)
{
	for (size_t i = 0; i < n; i++)
		to[i] = copy_text(at, words[i]);
	to[n] = NULL;
}

static void add_listen_pid(struct spawn_child *child, size_t n_envp, char **at)
{
	child->envp[n_envp] = memcpy(*at, LISTEN_PID_WORD, sizeof(LISTEN_PID_WORD));
	child->envp[n_envp + 1] = NULL;
	child->listen_pid = *at + strlen(LISTEN_PID_WORD);
	*at += LISTEN_PID_BYTES;
}

static void copy_numbers(struct spawn_child *child, const struct spawn *spawn)
{
	child->keep_sigpipe = spawn->keep_sigpipe;
	child->session = spawn->group != NULL;
	child->group_fd = spawn->group ? spawn->group->fd : -1;
	child->null_fd = -1;
	child->output_fd = spawn->output_fd;
	child->status_fd = spawn->status_fd;
	child->place_fd = spawn->place_fd;
	child->place_at = spawn->place_at;
	child->n_fds = spawn->n_fds;
	if (spawn->n_fds > 0)
		memcpy(child->fds, spawn->fds, spawn->n_fds * sizeof(*child->fds));
}

int spawn_child_new(struct spawn_child **ret, const struct spawn *spawn)
{
	size_t bytes = strlen(spawn->program) + 1 + LISTEN_PID_BYTES;
	size_t n_argv = count(spawn->argv, &bytes), n_envp = count(spawn->envp, &bytes);
	size_t n_pointers = n_argv + 1 + n_envp + 2;
	size_t size = sizeof(struct spawn_child) + n_pointers * sizeof(char *) +
		      spawn->n_fds * sizeof(int) + bytes;
	struct spawn_child *child;
	char *at;

	child = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (child == MAP_FAILED)
		return -errno;
	child->size = size;
	list_init(&child->link);
	child->argv = (char **)(void *)child->data;
	child->envp = child->argv + n_argv + 1;
	child->fds = (int *)(void *)(child->envp + n_envp + 2);
	at = (char *)(child->fds + spawn->n_fds);
	copy_numbers(child, spawn);
	child->program = copy_text(&at, spawn->program);
	copy_words(child->argv, spawn->argv, n_argv, &at);
	copy_words(child->envp, spawn->envp, n_envp, &at);
	if (spawn->listen_pid)
		add_listen_pid(child, n_envp, &at);
	*ret = child;
	return 0;
}

struct spawn_child *spawn_child_free(struct spawn_child *child)
{
	if (child)
		(void)munmap(child, child->size);
	return NULL;
}

/* --- in the child --- */

static int enter_group(int cgroup_fd)
{
	long fd = raw(SYS_openat, cgroup_fd, (long)"cgroup.procs", O_WRONLY | O_CLOEXEC, 0);
	long n;

	if (fd < 0)
		return (int)fd;
	n = raw(SYS_write, fd, (long)"0", 1, 0);
	(void)raw(SYS_close, fd, 0, 0, 0);
	return n < 0 ? (int)n : 0;
}

static void set_signal(int signo, void (*handler)(int signo))
{
	const struct kernel_sigaction action = { .handler = handler };

	(void)raw(SYS_rt_sigaction, signo, (long)&action, 0, sizeof(action.mask));
}

/* One that shares memory was born without handlers (CLONE_CLEAR_SIGHAND), and PID 1 ignores nothing but SIGPIPE (spawn.c). */
static void reset_signals(const struct spawn_child *child)
{
	const uint64_t none = 0;

	for (int signo = 1; !child->shares && signo < NSIG; signo++)
		set_signal(signo, SIG_DFL); /* KILL and STOP refuse */
	set_signal(SIGPIPE, child->keep_sigpipe ? SIG_DFL : SIG_IGN);
	(void)raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof(none));
}

/* PID 1's own limit is high (it keeps descriptors for all); programs that use select() need the low one. */
static void reset_limits(void)
{
	struct {
		uint64_t soft, hard;
	} limit = { SPAWN_NOFILE_SOFT, SPAWN_NOFILE_HARD };

	if (raw(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&limit, 0) == 0 ||
	    raw(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit) < 0)
		return;
	/* In a container that may not raise the hard one. */
	limit.soft = MIN(limit.hard, (uint64_t)SPAWN_NOFILE_SOFT);
	(void)raw(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&limit,
		  0); /* lowering is always allowed */
}

/* Over an exec, at @to. */
static int put_fd(int from, int to)
{
	long r = from == to ? raw(SYS_fcntl, to, F_SETFD, 0, 0) : raw(SYS_dup3, from, to, 0, 0);

	return r < 0 ? (int)r : 0;
}

static int place_stdio(const struct spawn_child *child)
{
	int output_fd = child->output_fd, r;

	if (output_fd < 0)
		output_fd = raw(SYS_fcntl, STDERR_FILENO, F_GETFD, 0, 0) >= 0 ? STDERR_FILENO
									      : child->null_fd;
	r = put_fd(output_fd, STDOUT_FILENO);
	if (r == 0)
		r = put_fd(output_fd, STDERR_FILENO);
	return r < 0 ? r : put_fd(child->null_fd, STDIN_FILENO);
}

/* Above all numbers that descriptors are put to. */
#define SPAWN_ROOM (MAX(SPAWN_MAX_FDS, SPAWN_MAX_PLACE) + SPAWN_FIRST_FD + 1)

static int move_away(const struct spawn_child *child, int *fd)
{
	long moved;

	if (*fd < 0 || (*fd >= SPAWN_FIRST_FD + (int)child->n_fds &&
			(child->place_fd < 0 || *fd != child->place_at)))
		return 0;
	moved = raw(SYS_fcntl, *fd, F_DUPFD_CLOEXEC, SPAWN_ROOM, 0);
	if (moved < 0)
		return (int)moved;
	*fd = (int)moved;
	return 0;
}

static int place_fds(struct spawn_child *child)
{
	int r = 0;

	for (size_t i = 0; i < child->n_fds && r == 0; i++)
		r = move_away(child, &child->fds[i]);
	if (r == 0)
		r = move_away(child, &child->place_fd);
	if (r < 0)
		return r;
	(void)raw(SYS_close_range, SPAWN_FIRST_FD, ~0U, CLOSE_RANGE_CLOEXEC,
		  0); /* all have it from birth */
	for (size_t i = 0; i < child->n_fds && r == 0; i++)
		r = put_fd(child->fds[i], SPAWN_FIRST_FD + (int)i);
	if (r == 0 && child->place_fd >= 0)
		r = put_fd(child->place_fd, child->place_at);
	return r;
}

/* In the environment, which only the child can complete. */
static void say_pid(char *at)
{
	unsigned long pid = (unsigned long)raw(SYS_getpid, 0, 0, 0, 0), scale = 1;

	while (pid / scale >= 10)
		scale *= 10;
	for (; scale > 0; scale /= 10)
		*at++ = (char)('0' + pid / scale % 10);
	*at = '\0';
}

static void report(const struct spawn_child *child, const char *step, int error)
{
	struct execs_failed failed = {
		.exit_code = SPAWN_EXIT_EXEC,
		.error = error,
		.step = step,
		.detail = child->program,
	};
	char buf[1024];
	int len;

	if (child->status_fd < 0)
		return;
	len = wire_pack(&execs_protocol, EXECS_FAILED, &failed, buf, sizeof(buf));
	if (len > 0 && (size_t)len <= sizeof(buf)) /* the exit code says it as well */
		(void)raw(SYS_write, child->status_fd, (long)buf, len, 0);
}

static const char *prepare(struct spawn_child *child, int *ret_error)
{
	*ret_error = move_away(child, &child->status_fd);
	if (*ret_error < 0)
		return "FDS";
	if (child->session)
		*ret_error = MIN((int)raw(SYS_setsid, 0, 0, 0, 0), 0);
	if (*ret_error < 0)
		return "SESSION";
	if (!child->inside && child->group_fd >= 0)
		*ret_error = enter_group(child->group_fd);
	if (*ret_error < 0)
		return "CGROUP";
	reset_signals(child);
	reset_limits();
	*ret_error = place_stdio(child);
	if (*ret_error < 0)
		return "STDOUT";
	*ret_error = place_fds(child);
	return "FDS";
}

void spawn_child_run(void *data)
{
	struct spawn_child *child = data;
	const char *step;
	int error;

	step = prepare(child, &error);
	if (error == 0) {
		if (child->listen_pid)
			say_pid(child->listen_pid);
		(void)raw(SYS_umask, 0022, 0, 0, 0);
		(void)raw(SYS_chdir, (long)"/", 0, 0, 0); /* it is PID 1's already */
		error = (int)raw(SYS_execve, (long)child->program, (long)child->argv,
				 (long)child->envp, 0);
		step = "EXEC";
	}
	report(child, step, error);
	for (;;)
		(void)raw(SYS_exit_group, SPAWN_EXIT_EXEC, 0, 0, 0);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who runs, who is spared, and ending them.
 *
 * A storage daemon (one that serves a mounted file system) marks itself by an '@' as the first letter of its argv[0]; it is
 * left alone until its mounts are gone. The mark is in the process's own memory, and reading it can sleep (a page that lies
 * on a dead FUSE mount, a process that holds its memory map's lock in uninterruptible sleep): a child reads, and tells by a
 * pipe which one it is about to read, so that the one that makes it hang is known, counted as ordinary, and passed over.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "processes.h"
#include "timed.h"

#define ANSWER_TIMEOUT_MS 300
#define RECHECK_MS 100
#define FLAG_KERNEL_THREAD                                                                         \
	0x00200000 /* PF_KTHREAD of the kernel's sched.h, in /proc/PID/stat since 2.6 */

bool processes_is_spared(const char *cmdline, size_t len)
{
	return len > 0 && cmdline[0] == '@';
}

bool processes_is_kernel_thread(const char *stat)
{
	const char *after = strrchr(stat, ')'); /* the name may hold anything */
	unsigned int flags;

	return after && sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
	       flags & FLAG_KERNEL_THREAD;
}

/* Counts zombies as gone: they are only waiting for their parent. */
static bool is_zombie(const char *stat)
{
	const char *after = strrchr(stat, ')');

	return after && strncmp(after, ") Z", 3) == 0;
}

static int append(struct processes *processes, const struct process *process)
{
	struct process *list = reallocarray(processes->list, processes->n + 1,
					    sizeof(*processes->list));

	if (!list)
		return -ENOMEM;
	processes->list = list;
	list[processes->n++] = *process;
	return 0;
}

/* Returns 1 if that directory of /proc is a process that counts. */
static int look_at(const char *entry, struct process *process)
{
	CLEANUP(free_charp)
	char *stat = NULL, *name = NULL;
	char path[64];

	if (!isdigit((unsigned char)entry[0]))
		return 0;
	process->pid = (pid_t)strtol(entry, NULL, 10);
	if (process->pid == getpid())
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", process->pid);
	if (fs_read_line_at(AT_FDCWD, path, &stat) < 0 || processes_is_kernel_thread(stat) ||
	    is_zombie(stat))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", process->pid);
	if (fs_read_line_at(AT_FDCWD, path, &name) < 0)
		return 0;
	snprintf(process->name, sizeof(process->name), "%s", name);
	process->is_union = strcmp(name, "early-overlay") == 0;
	return 1;
}

static int list_all(struct processes *processes)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir))) {
		struct process process = { .spared = false };

		if (look_at(entry->d_name, &process) > 0)
			r = append(processes, &process);
	}
	closedir(dir);
	return r;
}

/* --- who is spared --- */

struct mark {
	uint32_t index;
	uint32_t answered; /* 0: about to read */
	uint32_t spared;
};

static void __attribute__((noreturn))
read_marks(const struct processes *processes, size_t from, int pipe_fd)
{
	for (size_t i = from; i < processes->n; i++) {
		struct mark mark = { .index = (uint32_t)i };
		char path[64], first[2];
		ssize_t len = 0;
		int fd;

		if (fd_write_all(pipe_fd, &mark, sizeof(mark)) < 0)
			_exit(1);
		snprintf(path, sizeof(path), "/proc/%d/cmdline", processes->list[i].pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			len = read(fd, first, sizeof(first));
		fd_close(fd);
		mark.answered = 1;
		mark.spared = len > 0 && processes_is_spared(first, (size_t)len);
		if (fd_write_all(pipe_fd, &mark, sizeof(mark)) < 0)
			_exit(1);
	}
	_exit(0);
}

/* Returns the index at which to go on: n when all have answered. */
static size_t take_marks(struct processes *processes, size_t from, int pipe_fd)
{
	struct pollfd ready = { .fd = pipe_fd, .events = POLLIN };
	struct mark mark = { .index = (uint32_t)from };
	size_t at = from;

	while (poll(&ready, 1, ANSWER_TIMEOUT_MS) == 1) {
		if (read(pipe_fd, &mark, sizeof(mark)) != sizeof(mark) ||
		    mark.index >= processes->n)
			return processes->n; /* end of file: it has read them all, or died */
		at = mark.index;
		if (mark.answered)
			processes->list[at].spared = mark.spared;
	}
	log_warning(
		"process %d (%s) does not let its command line be read: taken for an ordinary one",
		processes->list[at].pid, processes->list[at].name);
	return at + 1;
}

static int find_spared(struct processes *processes)
{
	size_t at = 0;

	while (at < processes->n) {
		int fds[2];
		pid_t pid;

		if (pipe2(fds, O_CLOEXEC) < 0)
			return -errno;
		pid = fork();
		if (pid == 0)
			read_marks(processes, at, fds[1]);
		fd_close(fds[1]);
		if (pid > 0)
			at = take_marks(processes, at, fds[0]);
		fd_close(fds[0]);
		if (pid < 0)
			return -errno;
		(void)kill(pid, SIGKILL);
		(void)timed_wait(pid, clock_monotonic_us() + ANSWER_TIMEOUT_MS * USEC_PER_MSEC,
				 NULL);
	}
	return 0;
}

int processes_read(struct processes *ret_processes)
{
	struct processes processes = { NULL, 0 };
	int r = list_all(&processes);

	if (r == 0)
		r = find_spared(&processes);
	if (r < 0) {
		processes_done(&processes);
		return r;
	}
	*ret_processes = processes;
	return 0;
}

void processes_done(struct processes *processes)
{
	free(processes->list);
	*processes = (struct processes){ NULL, 0 };
}

/* --- ending them --- */

static bool is_meant(const struct process *process, enum processes_whom whom)
{
	switch (whom) {
	case PROCESSES_ORDINARY:
		return !process->spared;
	case PROCESSES_UNIONS:
		return process->is_union;
	case PROCESSES_ALL:
		return true;
	}
	return true;
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* How many of them are left; each gets @signo. */
static size_t send_to(const struct processes *processes, enum processes_whom whom, int signo)
{
	size_t left = 0;

	for (size_t i = 0; i < processes->n; i++) {
		const struct process *process = &processes->list[i];

		if (!is_meant(process, whom) || kill(process->pid, signo) < 0)
			continue;
		left++;
		if (signo == SIGTERM)
			(void)kill(process->pid, SIGCONT); /* a stopped one cannot end itself */
	}
	return left;
}

/* Waits for a child's end, at most a moment: not everybody is our child. */
static void wait_a_moment(void)
{
	struct timespec moment = { .tv_nsec = RECHECK_MS * 1000000L };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigtimedwait(&child, NULL, &moment);
}

int processes_end(enum processes_whom whom, int signo, uint32_t timeout_ms)
{
	uint64_t deadline_us = clock_monotonic_us() + timeout_ms * USEC_PER_MSEC;
	int next_signo = signo;

	for (;;) {
		struct processes processes;
		size_t left;
		int r;

		reap();
		r = processes_read(&processes);
		if (r < 0)
			return r;
		left = send_to(&processes, whom, next_signo);
		processes_done(&processes);
		if (left == 0)
			return 0;
		if (clock_monotonic_us() >= deadline_us)
			return -ETIMEDOUT;
		/* Asked once; killed as often as new ones are born. */
		next_signo = signo == SIGKILL ? SIGKILL : 0;
		wait_a_moment();
	}
}

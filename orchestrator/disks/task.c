/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Children of early-disks.
 *
 * mount(2), open(2) of a broken disk and the file system tools can all sleep for ever; none of them runs in the process that
 * speaks to PID 1. A child that takes long is reported again and again by on_slow; whether to go on without it is its
 * owner's decision (task_abandon), because a process in uninterruptible sleep cannot be ended by anybody.
 *
 * The owner hears of the end only when the child was reaped and its pipes were read to the last byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "task.h"

#define EXIT_NOT_EXECUTED 127

/* --- in the child --- */

static void be_idle(void)
{
	struct sched_param param = { .sched_priority = 0 };

	/* A kernel without these classes runs it at normal priority: slower for others, not wrong. */
	(void)sched_setscheduler(0, SCHED_IDLE, &param);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		      IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo,
			     SIG_DFL); /* fails for SIGKILL and SIGSTOP, which have no handler */
}

static int set_descriptors(int output_fd, int progress_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null_fd >= 0 && dup2(null_fd, STDIN_FILENO) < 0)
		return -errno;
	if (dup2(output_fd, STDOUT_FILENO) < 0 || dup2(output_fd, STDERR_FILENO) < 0)
		return -errno;
	/* Its number is free for us: the parent's link is CLOEXEC and of no use here. */
	if (progress_fd == TASK_PROGRESS_FD)
		return fd_set_cloexec(progress_fd, false);
	if (progress_fd >= 0 && dup2(progress_fd, TASK_PROGRESS_FD) < 0)
		return -errno;
	return 0;
}

static void __attribute__((noreturn))
child_main(const struct task_spec *spec, int output_fd, int progress_fd)
{
	int r;

	reset_signals();
	if (spec->idle)
		be_idle();
	r = set_descriptors(output_fd, progress_fd);
	if (r < 0)
		_exit(EXIT_NOT_EXECUTED);
	if (spec->run)
		_exit(spec->run(spec->data) < 0 ? 1 : 0);
	execv(spec->argv[0], spec->argv);
	dprintf(STDERR_FILENO, "cannot execute %s: %s\n", spec->argv[0], strerror(errno));
	_exit(EXIT_NOT_EXECUTED);
}

/* --- in the parent --- */

/* Keeps the end: the newer half stays when the buffer is full. */
static void keep_output(struct task *task, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (task->output_len == sizeof(task->output) - 1) {
			size_t half = task->output_len / 2;

			memmove(task->output, task->output + half, task->output_len - half);
			task->output_len -= half;
		}
		task->output[task->output_len++] = data[i];
	}
	task->output[task->output_len] = '\0';
}

/* Reads what is there. Returns 0 at the end of file, -EAGAIN when more may come. */
static int drain(struct task *task, int fd, void (*take)(struct task *, const char *, size_t))
{
	char buf[4096];

	for (;;) {
		ssize_t len = read(fd, buf, sizeof(buf));

		if (len > 0)
			take(task, buf, (size_t)len);
		else if (len == 0)
			return 0;
		else if (errno != EINTR)
			return errno == EAGAIN ? -EAGAIN : 0;
	}
}

static void take_progress(struct task *task, const char *data, size_t len)
{
	if (task->spec.on_progress)
		task->spec.on_progress(task, data, len);
}

static void handle_output(struct loop_source *source, uint32_t events)
{
	struct task *task = container_of(source, struct task, output_source);

	if (drain(task, task->output_fd, keep_output) == 0)
		loop_remove(source);
}

static void handle_progress(struct loop_source *source, uint32_t events)
{
	struct task *task = container_of(source, struct task, progress_source);

	if (drain(task, task->progress_fd, take_progress) == 0)
		loop_remove(source);
}

static void close_all(struct task *task)
{
	loop_remove(&task->output_source);
	loop_remove(&task->progress_source);
	loop_timer_stop(&task->slow_timer);
	loop_child_unwatch(&task->child);
	task->output_fd = fd_close(task->output_fd);
	task->progress_fd = fd_close(task->progress_fd);
	task->loop = NULL;
}

static void handle_exit(struct loop_child *child, const siginfo_t *info)
{
	struct task *task = container_of(child, struct task, child);
	int exit_code = info->si_code == CLD_EXITED ? info->si_status : -1;

	(void)drain(task, task->output_fd,
		    keep_output); /* a grandchild may hold it open: not waited for */
	if (task->progress_fd >= 0)
		(void)drain(task, task->progress_fd, take_progress);
	close_all(task);
	task->spec.on_done(task, exit_code);
}

static void handle_slow(struct loop_timer *timer)
{
	struct task *task = container_of(timer, struct task, slow_timer);

	task->slow_count++;
	/* Cannot fail for a timer that has run before. */
	(void)loop_timer_start(task->loop, timer,
			       clock_monotonic_us() + task->spec.slow_ms * USEC_PER_MSEC,
			       handle_slow);
	task->spec.on_slow(task);
}

static int new_pipe(int *ret_read, int *ret_write)
{
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r = fd_set_nonblock(fds[0], true);
	if (r < 0) {
		fd_close(fds[0]);
		fd_close(fds[1]);
		return r;
	}
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

static int watch(struct task *task, struct loop *loop, pid_t pid)
{
	int r = loop_child_watch(loop, &task->child, pid, handle_exit);

	if (r < 0)
		return r;
	r = loop_add(loop, &task->output_source, task->output_fd, EPOLLIN, handle_output);
	if (r == 0 && task->progress_fd >= 0)
		r = loop_add(loop, &task->progress_source, task->progress_fd, EPOLLIN,
			     handle_progress);
	if (r == 0 && task->spec.slow_ms > 0)
		r = loop_timer_start(loop, &task->slow_timer,
				     clock_monotonic_us() + task->spec.slow_ms * USEC_PER_MSEC,
				     handle_slow);
	return r;
}

int task_start(struct task *task, struct loop *loop, const struct task_spec *spec)
{
	CLEANUP_FD
	int output_fd = -1, progress_fd = -1;
	pid_t pid;
	int r;

	*task = (struct task){ .spec = *spec, .output_fd = -1, .progress_fd = -1 };
	r = new_pipe(&task->output_fd, &output_fd);
	if (r < 0)
		return r;
	if (spec->on_progress)
		r = new_pipe(&task->progress_fd, &progress_fd);
	if (r < 0)
		goto fail;

	pid = fork();
	if (pid < 0) {
		r = -errno;
		goto fail;
	}
	if (pid == 0)
		child_main(spec, output_fd, progress_fd);
	task->loop = loop;
	r = watch(task, loop, pid);
	if (r == 0)
		return 0;
	(void)kill(pid, SIGTERM); /* unwatched, it is reaped as a stranger */
fail:
	close_all(task);
	return r;
}

void task_abandon(struct task *task)
{
	if (!task->loop)
		return;
	(void)kill(task->child.pid, SIGTERM); /* not reaped yet, so the number is still its own */
	close_all(task);
}

const char *task_last_line(struct task *task)
{
	char *line;

	while (task->output_len > 0 && (task->output[task->output_len - 1] == '\n' ||
					task->output[task->output_len - 1] == '\r' ||
					task->output[task->output_len - 1] == ' '))
		task->output[--task->output_len] = '\0';
	line = strrchr(task->output, '\n');
	return line ? line + 1 : task->output;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A helper's end has two signs: end of file on its link, and its death. The link is closed at the first of both; the owner
 * is told at the death, so that it never has two of one kind. A helper that closes its link but does not die is killed.
 *
 * Its death may be noticed before its last words, which are often the ones that count ("done", "failed: this is why"). So
 * they are taken from the link first. An owner that hears what it waited for may release the helper, or start another in its
 * place, while it is told; then nobody is left who wants to know of the death.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"

#include "crash.h"

static void handle_grace(struct loop_timer *timer)
{
	struct helper *helper = container_of(timer, struct helper, grace);

	log_warning("%s closed its link but does not end: killed", helper->name);
	helper_kill(helper, SIGKILL);
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct helper *helper = channel->data;

	crash_note_message(channel->fd, channel->unread.n);
	helper->on_message(helper, message);
	crash_note_message(-1, 0);
}

static void handle_close(struct channel *channel, int error)
{
	struct helper *helper = channel->data;

	if (error < 0)
		log_warning_errno(error, "link to %s", helper->name);
	if (helper->child.loop)
		(void)loop_timer_start(helper->loop, &helper->grace,
				       clock_monotonic_us() + HELPER_GRACE_US, handle_grace);
}

static void handle_death(struct loop_child *child, const siginfo_t *info)
{
	struct helper *helper = container_of(child, struct helper, child);
	int status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0)
						 : W_EXITCODE(0, info->si_status);
	bool released = false;

	/* cppcheck-suppress autoVariables ; taken back below, before it goes out of scope */
	helper->released = &released;
	channel_drain(&helper->channel, HELPER_LAST_MESSAGES);
	if (released)
		return;
	helper->released = NULL;
	loop_timer_stop(&helper->grace);
	channel_close(&helper->channel);
	if (status != 0)
		log_warning("%s (pid %d) %s", helper->name, (int)info->si_pid,
			    helper_describe_status(status));
	if (helper->on_exit)
		helper->on_exit(helper, status);
}

/* In the child. Only what is safe between fork and exec. */
static void execute(const char *const *argv, int link_fd)
{
	static char *const environment[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"TERM=linux", NULL
	};
	sigset_t none;
	int kmsg;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setsid();
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (kmsg >= 0) {
		(void)dup2(kmsg, STDOUT_FILENO);
		(void)dup2(kmsg, STDERR_FILENO);
	}
	if (link_fd >= 0) {
		if (link_fd == CHANNEL_HELPER_FD)
			(void)fd_set_cloexec(link_fd, false);
		else
			(void)dup2(link_fd, CHANNEL_HELPER_FD);
	}
	(void)execve(argv[0], (char *const *)argv, environment);
	/* Not by the log: the link may have taken the number of its descriptor. */
	dprintf(STDERR_FILENO, "<3>early-init: cannot execute %s: %s\n", argv[0],
		strerrordesc_np(errno));
	_exit(203);
}

static void init(struct helper *helper, struct loop *loop, const struct helper_spec *spec)
{
	helper->name = spec->name;
	helper->loop = loop;
	helper->on_message = spec->on_message;
	helper->on_exit = spec->on_exit;
	helper->data = spec->data;
}

/* A dead one whose last messages are being told is still its owner's, until it is released. */
static bool is_taken(const struct helper *helper)
{
	return helper_is_running(helper) || helper->released;
}

static void handle_vanished(struct loop_timer *timer)
{
	struct helper *helper = container_of(timer, struct helper, grace);
	const siginfo_t info = { .si_code = CLD_EXITED, .si_pid = helper->child.pid };

	loop_child_unwatch(&helper->child);
	handle_death(&helper->child, &info);
}

/*
 * Reaped by a program that crashed before it could say so: how it ended nobody knows, and its pid may be a stranger's. Its owner hears
 * of it from the loop, when all of the state is there.
 */
static int expect_vanished(struct helper *helper, pid_t pid)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD)
		return 0;
	return loop_timer_start(helper->loop, &helper->grace, clock_monotonic_us(),
				handle_vanished);
}

int helper_adopt(struct helper *helper, struct loop *loop, const struct helper_spec *spec,
		 pid_t pid, int link_fd)
{
	int r;

	if (is_taken(helper)) {
		fd_close(link_fd);
		return -EBUSY;
	}
	init(helper, loop, spec);
	helper->channel.fd = -1;
	if (link_fd >= 0) {
		r = channel_init(&helper->channel, loop, link_fd, spec->protocol, handle_message,
				 handle_close, helper);
		if (r < 0)
			return r;
		channel_keep_unread(&helper->channel);
	}
	r = loop_child_watch(loop, &helper->child, pid, handle_death);
	if (r == 0)
		r = expect_vanished(helper, pid);
	if (r < 0)
		(void)fd_close(helper_release(helper));
	return r;
}

/* A crash before the next save kills it: its owner starts it again. */
static pid_t fork_unborn(void)
{
	struct clone_args args = {
		.flags = CLONE_PARENT_SETTID,
		.exit_signal = SIGCHLD,
		.parent_tid = (uint64_t)(uintptr_t)crash_expect_child(),
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int helper_start(struct helper *helper, struct loop *loop, const struct helper_spec *spec)
{
	CLEANUP_FD
	int ours = -1;
	CLEANUP_FD
	int theirs = -1;
	pid_t pid;
	int r;

	if (is_taken(helper))
		return -EBUSY;
	init(helper, loop, spec); /* the owner's retry needs it even if nothing can be started */
	if (spec->protocol) {
		r = channel_pair(&ours, &theirs);
		if (r < 0)
			return r;
	}
	pid = fork_unborn();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		execute(spec->argv, theirs);
	log_debug("%s started as pid %d", spec->name, (int)pid);
	r = helper_adopt(helper, loop, spec, pid, TAKE_FD(ours));
	if (r < 0)
		(void)kill(pid,
			   SIGKILL); /* nobody would hear of it; the loop reaps it as a stranger */
	return r;
}

bool helper_is_running(const struct helper *helper)
{
	return helper->child.loop != NULL;
}

int helper_send(struct helper *helper, uint16_t opcode, const void *value)
{
	if (!helper_is_running(helper))
		return -ESRCH;
	return channel_send(&helper->channel, opcode, value);
}

void helper_kill(struct helper *helper, int signo)
{
	if (helper_is_running(helper))
		(void)kill(helper->child.pid, signo); /* not reaped yet, so the pid is its own */
}

bool helper_await(const struct helper *helper, int timeout_ms)
{
	struct pollfd end = { .events = POLLIN };
	int r;

	if (!helper_is_running(helper))
		return true;
	end.fd = pidfd_open(helper->child.pid, 0);
	if (end.fd < 0)
		return false;
	r = poll(&end, 1, timeout_ms);
	(void)close(end.fd);
	return r > 0;
}

void helper_finish(struct helper *helper)
{
	if (!helper_is_running(helper))
		return;
	channel_close(&helper->channel);
	(void)loop_timer_start(helper->loop, &helper->grace, clock_monotonic_us() + HELPER_GRACE_US,
			       handle_grace);
}

int helper_release(struct helper *helper)
{
	int fd = -1;

	if (helper->released)
		*helper->released = true;
	helper->released = NULL;
	if (channel_is_open(&helper->channel))
		fd = fcntl(helper->channel.fd, F_DUPFD_CLOEXEC, 10);
	channel_close(&helper->channel);
	loop_timer_stop(&helper->grace);
	loop_child_unwatch(&helper->child);
	return fd;
}

const char *helper_describe_status(int status)
{
	static char text[64];

	if (WIFEXITED(status)) {
		(void)snprintf(text, sizeof(text), "exited with status %d", WEXITSTATUS(status));
	} else {
		const char *name = sigabbrev_np(WTERMSIG(status));

		(void)snprintf(text, sizeof(text), "was killed by signal %d (%s)", WTERMSIG(status),
			       name ? name : "?");
	}
	return text;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deadlines for what can sleep in the kernel for ever: sync, umount, swapoff, reading another process's command line.
 * SIGKILL does not reach uninterruptible sleep, so the child is not waited for once its time is over; it is one of the
 * things that the power switch ends.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/macros.h"
#include "timed.h"

int timed_wait(pid_t pid, uint64_t deadline_us, int *ret_status)
{
	CLEANUP_FD
	int pidfd = pidfd_open(pid, 0);
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	uint64_t now_us = clock_monotonic_us();
	int status;

	if (pidfd < 0)
		return -errno;
	while (poll(&ended, 1,
		    now_us < deadline_us ? (int)((deadline_us - now_us) / 1000) + 1 : 0) != 1) {
		now_us = clock_monotonic_us();
		if (now_us >= deadline_us)
			return -ETIMEDOUT;
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (ret_status)
		*ret_status = status;
	return 0;
}

int timed_run(int (*run)(void *data), void *data, uint32_t timeout_ms)
{
	pid_t pid = fork();
	int status, r;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		r = run(data);
		_exit(r < 0 ? MIN(-r, 255) : 0);
	}
	r = timed_wait(pid, clock_monotonic_us() + timeout_ms * USEC_PER_MSEC, &status);
	if (r == -ETIMEDOUT)
		(void)kill(pid, SIGKILL);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device that is closed goes on counting, unless 'V' was the last thing written to it: over a crash or a re-exec it stays
 * armed, and the next program has a time-out's while to open it. What follows PID 1 at the end of the machine does not feed it, so
 * it is disarmed there: a slow unmount must not become a reset.
 */
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

void watchdog_init(struct watchdog *watchdog)
{
	*watchdog = (struct watchdog){ .fd = -1 };
}

static void handle_feed(struct loop_timer *timer)
{
	struct watchdog *watchdog = container_of(timer, struct watchdog, timer);

	/* Any byte but 'V'. A reader of a test's pipe that does not read does not stop us. */
	if (write(watchdog->fd, "", 1) < 0 && errno != EAGAIN)
		log_warning_errno(-errno, "cannot feed the watchdog");
	(void)loop_timer_start(watchdog->loop, timer,
			       clock_monotonic_us() + watchdog->timeout_us / 3, handle_feed);
}

int watchdog_start(struct watchdog *watchdog, struct loop *loop, const char *path,
		   uint64_t timeout_us)
{
	int seconds = (int)MIN((timeout_us + USEC_PER_SEC - 1) / USEC_PER_SEC, (uint64_t)INT32_MAX);
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	/* The driver takes what it can; a pipe of a test takes nothing. */
	if (ioctl(fd, WDIOC_SETTIMEOUT, &seconds) == 0 && seconds > 0)
		timeout_us = (uint64_t)seconds * USEC_PER_SEC;
	watchdog->fd = fd;
	watchdog->loop = loop;
	watchdog->timeout_us = timeout_us;
	log_info("watchdog %s: resets after %llu ms", path,
		 (unsigned long long)(timeout_us / USEC_PER_MSEC));
	handle_feed(&watchdog->timer);
	return 0;
}

void watchdog_stop(struct watchdog *watchdog)
{
	if (!watchdog->loop)
		return; /* zeroed memory, too, is a watchdog that is off */
	loop_timer_stop(&watchdog->timer);
	if (watchdog->fd >= 0)
		(void)!write(watchdog->fd, "V", 1); /* a driver that can't be disarmed goes on */
	watchdog->fd = fd_close(watchdog->fd);
}

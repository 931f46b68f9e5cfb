/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "survivors.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/macros.h"

#define PAUSE_US (20 * USEC_PER_MSEC)
#define TERM_US (5 * USEC_PER_SEC)
#define KILL_US (2 * USEC_PER_SEC) /* what is in an uninterruptible call stays */

/* Orphans become ours as soon as their parents are dead. */
static bool has_children(void)
{
	siginfo_t info = { 0 };

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static void signal_all(int signo)
{
	if (getpid() == 1) /* -1 would be everybody */
		(void)kill(-1, signo);
}

static void finish(struct survivors *survivors)
{
	survivors_done(survivors);
	survivors->gone(survivors);
}

static void look(struct survivors *survivors);

static void handle_pause(struct loop_timer *timer)
{
	look(container_of(timer, struct survivors, timer));
}

static void look(struct survivors *survivors)
{
	uint64_t now_us = clock_monotonic_us();
	int r;

	if (!has_children() || now_us >= survivors->give_up_us) {
		finish(survivors);
		return;
	}
	if (now_us >= survivors->kill_us) /* again and again: some are forked meanwhile */
		signal_all(SIGKILL);
	r = loop_timer_start(survivors->loop, &survivors->timer, now_us + PAUSE_US, handle_pause);
	if (r < 0) {
		log_warning_errno(r, "what was left running is not waited for");
		signal_all(SIGKILL);
		finish(survivors);
	}
}

void survivors_end(struct survivors *survivors, struct loop *loop,
		   void (*gone)(struct survivors *survivors))
{
	uint64_t now_us = clock_monotonic_us();

	survivors->loop = loop;
	survivors->gone = gone;
	survivors->kill_us = now_us + TERM_US;
	survivors->give_up_us = survivors->kill_us + KILL_US;
	survivors->ending = true;
	signal_all(SIGTERM);
	signal_all(SIGCONT);
	look(survivors);
}

void survivors_done(struct survivors *survivors)
{
	loop_timer_stop(&survivors->timer);
	survivors->ending = false;
}

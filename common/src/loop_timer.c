/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All timers of a loop share one timerfd, armed for the earliest right before the loop sleeps: a deadline that is set and
 * taken back within one turn costs no system call, and neither does one that is over by then: it is called in that turn.
 * They stand in a sorted list: Early's processes have a few dozen, and most new deadlines are the latest, so the search
 * from the end is short.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "loop_internal.h"

void loop_timers_arm(struct loop *loop)
{
	struct loop_timer *first = list_first(&loop->timers, struct loop_timer, link);
	uint64_t us = first ? MAX(first->deadline_us, (uint64_t)1) : 0; /* 0 disarms */
	struct itimerspec spec = { 0 };

	if (us == loop->armed_us)
		return;
	spec.it_value.tv_sec = (time_t)(us / USEC_PER_SEC);
	spec.it_value.tv_nsec = (long)(us % USEC_PER_SEC) * 1000;
	/* Times are valid, so it cannot fail; what fired is forgotten with it. */
	(void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
	loop->armed_us = us;
}

bool loop_timers_due(const struct loop *loop)
{
	const struct loop_timer *first = list_first(&loop->timers, struct loop_timer, link);

	return first && first->deadline_us <= clock_monotonic_us();
}

void loop_timers_run(struct loop *loop)
{
	uint64_t now_us = clock_monotonic_us();
	struct loop_timer *timer;

	while ((timer = list_first(&loop->timers, struct loop_timer, link)) &&
	       timer->deadline_us <= now_us) {
		list_remove(&timer->link);
		timer->loop = NULL;
		timer->fn(timer);
	}
}

static void handle_timer(struct loop_source *source, uint32_t events)
{
	struct loop *loop = source->loop;

	loop->armed_us = LOOP_ARMED_UNKNOWN; /* to be set anew, which quiets it */
	loop_timers_run(loop);
}

static int open_timer(struct loop *loop)
{
	int r;

	if (loop->timer_fd >= 0)
		return 0;
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd < 0)
		return -errno;
	r = loop_add(loop, &loop->timer_source, loop->timer_fd, EPOLLIN, handle_timer);
	if (r < 0)
		loop->timer_fd = fd_close(loop->timer_fd);
	return r;
}

int loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t deadline_us,
		     loop_timer_fn fn)
{
	struct list *at;
	int r = open_timer(loop);

	if (r < 0)
		return r;
	if (timer->loop)
		list_remove(&timer->link);
	timer->loop = loop;
	timer->fn = fn;
	timer->deadline_us = deadline_us;
	for (at = loop->timers.prev; at != &loop->timers; at = at->prev) {
		if (container_of(at, struct loop_timer, link)->deadline_us <= deadline_us)
			break;
	}
	list_append(at->next, &timer->link); /* before the next one, that is behind @at */
	return 0;
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (!timer->loop)
		return;
	list_remove(&timer->link);
	timer->loop = NULL;
}

void loop_timers_done(struct loop *loop)
{
	struct loop_timer *timer, *tmp;

	list_for_each_safe (timer, tmp, &loop->timers, link)
		loop_timer_stop(timer);
	loop_remove(&loop->timer_source);
	loop->timer_fd = fd_close(loop->timer_fd);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All timers of a loop share one timerfd, armed for the earliest. They stand in a sorted list: Early's processes have a
 * few dozen, and most new deadlines are the latest, so the search from the end is short.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "loop_internal.h"

static int arm(struct loop *loop)
{
	struct loop_timer *first = list_first(&loop->timers, struct loop_timer, link);
	struct itimerspec spec = { 0 };

	if (first) {
		uint64_t us = first->deadline_us ? first->deadline_us : 1; /* 0 would disarm */

		spec.it_value.tv_sec = (time_t)(us / USEC_PER_SEC);
		spec.it_value.tv_nsec = (long)(us % USEC_PER_SEC) * 1000;
	}
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	return 0;
}

static void handle_timer(struct loop_source *source, uint32_t events)
{
	struct loop *loop = source->loop;
	struct loop_timer *timer;
	uint64_t expirations, now_us = clock_monotonic_us();

	(void)!read(source->fd, &expirations, sizeof(expirations)); /* only to quiet it */
	while ((timer = list_first(&loop->timers, struct loop_timer, link)) &&
	       timer->deadline_us <= now_us) {
		list_remove(&timer->link);
		timer->loop = NULL;
		timer->fn(timer);
	}
	(void)arm(loop); /* times are valid: settime cannot fail */
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
	return arm(loop);
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (!timer->loop)
		return;
	list_remove(&timer->link);
	timer->loop = NULL; /* the timerfd may fire once for nothing */
}

void loop_timers_done(struct loop *loop)
{
	struct loop_timer *timer, *tmp;

	list_for_each_safe (timer, tmp, &loop->timers, link)
		loop_timer_stop(timer);
	loop_remove(&loop->timer_source);
	loop->timer_fd = fd_close(loop->timer_fd);
}

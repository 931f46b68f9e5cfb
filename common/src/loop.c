/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Level-triggered epoll. A batch of events is dispatched from a copy in the loop; loop_remove() blanks the entries of the
 * removed source there, so a callback may free any source, also one whose event is still to come in this batch.
 *
 * Level triggering means that a callback may do as little as it likes: what it leaves is reported again. Nobody has to
 * read until EAGAIN, so no source can starve the others.
 */
#include "early/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/unread.h"
#include "loop_internal.h"

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->timer_fd = -1;
	loop->signal_fd = -1;
	list_init(&loop->hooks);
	list_init(&loop->settled);
	list_init(&loop->timers);
	loop_children_init(loop);
	(void)sigemptyset(&loop->signals);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		int r = -errno;

		free(loop);
		return r;
	}
	*ret_loop = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	struct loop_hook *hook, *tmp;

	if (!loop)
		return NULL;
	list_for_each_safe (hook, tmp, &loop->hooks, link)
		loop_hook_cancel(hook);
	list_for_each_safe (hook, tmp, &loop->settled, link)
		loop_hook_cancel(hook);
	loop_settle(loop); /* what is to be closed */
	loop_children_done(loop);
	loop_signals_done(loop);
	loop_timers_done(loop);
	fd_close(loop->epoll_fd);
	free(loop);
	return NULL;
}

int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events, loop_fn fn)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (source->loop)
		return -EEXIST;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	source->loop = loop;
	source->fn = fn;
	source->fd = fd;
	return 0;
}

int loop_modify(struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (!source->loop)
		return -ENOENT;
	if (epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0)
		return -errno;
	return 0;
}

void loop_remove(struct loop_source *source)
{
	struct loop *loop = source->loop;

	if (!loop)
		return;
	/* Fails only if the descriptor is gone already, and then epoll has forgotten it. */
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	for (int i = 0; i < loop->batch_len; i++) {
		if (loop->batch[i].data.ptr == source)
			loop->batch[i].data.ptr = NULL;
	}
	source->loop = NULL;
}

void loop_hook_schedule(struct loop *loop, struct loop_hook *hook, loop_hook_fn fn)
{
	hook->fn = fn;
	if (hook->loop)
		return;
	hook->loop = loop;
	list_append(&loop->hooks, &hook->link);
}

void loop_hook_settled(struct loop *loop, struct loop_hook *hook, loop_hook_fn fn)
{
	hook->fn = fn;
	if (hook->loop)
		return;
	hook->loop = loop;
	list_append(&loop->settled, &hook->link);
}

/* With messages in it the close would be an error (ECONNRESET) for who sent them. */
static void close_heard(int fd, uint32_t n_heard)
{
	unread_take_out(fd, n_heard);
	(void)fd_close(fd);
}

void loop_settle(struct loop *loop)
{
	struct loop_hook *hook;

	while ((hook = list_first(&loop->settled, struct loop_hook, link))) {
		loop_hook_cancel(hook);
		hook->fn(hook);
	}
	while (loop->n_closing > 0) {
		loop->n_closing--;
		close_heard(loop->closing[loop->n_closing].fd,
			    loop->closing[loop->n_closing].n_heard);
	}
}

void loop_close_settled(struct loop *loop, int fd, uint32_t n_heard)
{
	if (loop->n_closing == LOOP_CLOSING) {
		close_heard(fd, n_heard);
	} else if (fd >= 0) {
		loop->closing[loop->n_closing].fd = fd;
		loop->closing[loop->n_closing++].n_heard = n_heard;
	}
}

void loop_hook_cancel(struct loop_hook *hook)
{
	if (!hook->loop)
		return;
	list_remove(&hook->link);
	hook->loop = NULL;
}

/* Hooks may schedule hooks; those run in the same go. */
static void run_hooks(struct loop *loop)
{
	struct loop_hook *hook;

	while ((hook = list_first(&loop->hooks, struct loop_hook, link))) {
		loop_hook_cancel(hook);
		hook->fn(hook);
	}
}

void loop_set_sleep_fn(struct loop *loop, void (*fn)(void *data), void *data)
{
	loop->sleep_fn = fn;
	loop->sleep_data = data;
}

static void dispatch(struct loop *loop, int n)
{
	loop->batch_len = n;
	for (int i = 0; i < n; i++) {
		struct loop_source *source = loop->batch[i].data.ptr;

		if (source)
			source->fn(source, loop->batch[i].events);
	}
	loop->batch_len = 0;
}

int loop_turn(struct loop *loop, int timeout_ms)
{
	bool due;
	int n;

	run_hooks(loop);
	if (loop->exiting)
		return 0;
	if (loop->sleep_fn)
		loop->sleep_fn(loop->sleep_data);
	loop_settle(loop);
	/* A deadline that is over is not handed to the kernel first. What came before it is heard before it. */
	due = loop_timers_due(loop);
	if (!due)
		loop_timers_arm(loop);
	n = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, due ? 0 : timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	dispatch(loop, n);
	if (due && n == LOOP_BATCH)
		loop_timers_arm(loop); /* there is more: it takes its turn among the sources */
	else if (due)
		loop_timers_run(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	while (!loop->exiting) {
		int r = loop_turn(loop, -1);

		if (r < 0)
			return r;
	}
	return loop->exit_code;
}

void loop_exit(struct loop *loop, int code)
{
	loop->exiting = true;
	loop->exit_code = code;
}

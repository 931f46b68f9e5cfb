/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One loop collects every child: PID 1 inherits strangers, and a signal may stand for several deaths. A child is first
 * peeked at (WNOWAIT), so that its pid cannot be given to another process before its watch is found and its last words are heard, then
 * reaped, then reported.
 */
#include <errno.h>
#include <sys/wait.h>

#include "loop_internal.h"

static struct list *bucket_of(struct loop *loop, pid_t pid)
{
	return &loop->children[(unsigned int)pid % LOOP_CHILD_BUCKETS];
}

static struct loop_child *find(struct loop *loop, pid_t pid)
{
	struct loop_child *child;

	list_for_each (child, bucket_of(loop, pid), link) {
		if (child->pid == pid)
			return child;
	}
	return NULL;
}

static void reap(struct loop *loop)
{
	for (;;) {
		siginfo_t info = { 0 };
		struct loop_child *child;

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		child = find(loop, info.si_pid);
		if (child && child->ending) {
			child->ending(child);
			child = find(loop, info.si_pid);
		}
		if (child)
			loop_child_unwatch(child);
		if (waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG) < 0)
			return;
		if (child)
			child->fn(child, &info);
		else if (loop->stranger_fn)
			loop->stranger_fn(&info, loop->stranger_data);
	}
}

static void handle_sigchld(const struct loop_signal_info *info, void *data)
{
	reap(data);
}

int loop_reap_children(struct loop *loop)
{
	int r = loop_signal(loop, SIGCHLD, handle_sigchld, loop);

	if (r < 0)
		return r;
	reap(loop); /* who died before the signal was watched */
	return 0;
}

int loop_child_watch(struct loop *loop, struct loop_child *child, pid_t pid, loop_child_fn fn)
{
	if (child->loop)
		return -EEXIST;
	child->loop = loop;
	child->pid = pid;
	child->fn = fn;
	list_append(bucket_of(loop, pid), &child->link);
	return 0;
}

void loop_child_unwatch(struct loop_child *child)
{
	if (!child->loop)
		return;
	list_remove(&child->link);
	child->loop = NULL;
}

void loop_set_stranger_fn(struct loop *loop, void (*fn)(const siginfo_t *info, void *data),
			  void *data)
{
	loop->stranger_fn = fn;
	loop->stranger_data = data;
}

void loop_children_init(struct loop *loop)
{
	for (size_t i = 0; i < LOOP_CHILD_BUCKETS; i++)
		list_init(&loop->children[i]);
}

void loop_children_done(struct loop *loop)
{
	struct loop_child *child, *tmp;

	for (size_t i = 0; i < LOOP_CHILD_BUCKETS; i++)
		list_for_each_safe (child, tmp, &loop->children[i], link)
			loop_child_unwatch(child);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lock requests. One that must wait is kept in a list, and its thread goes back to the loop; a thread of its own tries again
 * when something was unlocked here, and every few milliseconds, because after the merge somebody else may unlock the real
 * file. Each try is made on whatever file backs the handle at that moment, so a wait goes on over the merge.
 */
#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include "early/list.h"
#include "handle.h"
#include "lock.h"
#include "overlay.h"

#define RETRY_NS (5 * 1000 * 1000)

struct waiting {
	struct list link; /* queue.waiting */
	fuse_req_t req;
	struct handle *handle;
	uint64_t owner;
	struct flock lock;
	int flock_operation; /* of flock(2); 0: fcntl's */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list waiting; /* waiting::link */
} queue = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, LIST_INIT(queue.waiting) };

static void wake_waiting(void)
{
	pthread_mutex_lock(&queue.lock);
	pthread_cond_signal(&queue.changed);
	pthread_mutex_unlock(&queue.lock);
}

static int try_lock(const struct waiting *waiting)
{
	if (waiting->flock_operation)
		return locks_flock(waiting->handle, waiting->flock_operation);
	return locks_set(waiting->handle, waiting->owner, &waiting->lock);
}

/* Answers those that are granted, failed or interrupted. */
static void try_all(struct overlay *overlay)
{
	struct waiting *waiting, *tmp;

	list_for_each_safe (waiting, tmp, &queue.waiting, link) {
		int r = -EINTR;

		if (!fuse_req_interrupted(waiting->req)) {
			overlay_enter(overlay);
			r = try_lock(waiting);
			overlay_leave(overlay);
		}
		if (r == -EAGAIN)
			continue;
		list_remove(&waiting->link);
		fuse_reply_err(waiting->req, -r);
		free(waiting);
	}
}

static void *run(void *data)
{
	struct overlay *overlay = data;

	pthread_mutex_lock(&queue.lock);
	for (;;) {
		struct timespec until;

		while (list_empty(&queue.waiting))
			pthread_cond_wait(&queue.changed, &queue.lock);
		try_all(overlay);
		clock_gettime(CLOCK_MONOTONIC, &until); /* the time of day is set while booting */
		until.tv_nsec += RETRY_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (!list_empty(&queue.waiting))
			pthread_cond_clockwait(&queue.changed, &queue.lock, CLOCK_MONOTONIC,
					       &until);
	}
	return NULL;
}

int ops_lock_start(struct overlay *overlay)
{
	pthread_t thread;

	return -pthread_create(&thread, NULL, run, overlay);
}

static int enqueue(const struct waiting *waiting)
{
	struct waiting *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *waiting;
	pthread_mutex_lock(&queue.lock);
	list_append(&queue.waiting, &copy->link);
	pthread_cond_signal(&queue.changed);
	pthread_mutex_unlock(&queue.lock);
	return 0;
}

static void serve(struct waiting *waiting, bool may_wait, bool unlocks)
{
	struct overlay *overlay = ops_overlay(waiting->req);
	int r;

	overlay_enter(overlay);
	r = try_lock(waiting);
	overlay_leave(overlay);
	if (unlocks)
		wake_waiting();
	if (r == -EAGAIN && may_wait) {
		r = enqueue(waiting);
		if (r == 0)
			return;
	}
	fuse_reply_err(waiting->req, -r);
}

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

static void op_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock,
		     int sleep)
{
	struct waiting waiting = {
		.req = req,
		.handle = handle_of(fi),
		.owner = fi->lock_owner,
		.lock = *lock,
	};

	serve(&waiting, sleep, lock->l_type == F_UNLCK);
}

static void op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock)
{
	struct overlay *overlay = ops_overlay(req);
	int r;

	overlay_enter(overlay);
	r = locks_get(handle_of(fi), fi->lock_owner, lock);
	overlay_leave(overlay);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_lock(req, lock);
}

static void op_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int operation)
{
	struct waiting waiting = {
		.req = req,
		.handle = handle_of(fi),
		.flock_operation = operation & ~LOCK_NB,
	};

	serve(&waiting, !(operation & LOCK_NB), (operation & LOCK_UN) != 0);
}

void ops_add_locks(struct fuse_lowlevel_ops *ops)
{
	ops->setlk = op_setlk;
	ops->getlk = op_getlk;
	ops->flock = op_flock;
}

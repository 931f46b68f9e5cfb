/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "early/fd.h"
#include "layer.h"
#include "lock.h"
#include "overlay.h"

/* What only matters at the moment of opening, and what a backing file may not know (tmpfs and O_DIRECT). */
#define DROPPED_FLAGS (O_CREAT | O_EXCL | O_NOCTTY | O_NOFOLLOW | O_DIRECT)

static int handle_new(struct node *node, int flags, struct handle **ret_handle)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return -ENOMEM;
	handle->node = node;
	handle->fd = handle->next_fd = -1;
	handle->flags = flags & ~(DROPPED_FLAGS | O_TRUNC);
	*ret_handle = handle;
	return 0;
}

static void handle_add(struct overlay *overlay, struct handle *handle)
{
	node_pin(handle->node);
	list_append(&handle->node->handles, &handle->link);
	atomic_fetch_add(&overlay->n_handles, 1);
}

/* @fd goes, the number @over leads to what it led to. */
static void put_over(int fd, int over)
{
	/* Fails for EBUSY and EINTR at most; both mean "again". */
	while (dup3(fd, over, O_CLOEXEC) < 0)
		;
	fd_close(fd);
}

/*
 * Opens and empties what only a lower layer has yet. Everything that can fail does so before the empty copy is in its place: until then
 * a mere reference to the lower file holds the handle's number, and the copy-up puts the copy's descriptor there.
 */
static int open_emptied(struct overlay *overlay, struct node *node, int flags,
			struct handle *handle)
{
	int fd;
	int r;

	handle->fd = fcntl(node->lower_fds[0], F_DUPFD_CLOEXEC, 3);
	if (handle->fd < 0) {
		r = -errno;
		free(handle);
		return r;
	}
	pthread_rwlock_wrlock(&node->lock);
	handle_add(overlay, handle);
	pthread_rwlock_unlock(&node->lock);
	r = overlay_copy_up(overlay, node, false);
	pthread_rwlock_wrlock(&node->lock);
	if (r == 0 && (fcntl(handle->fd, F_GETFL) &
		       O_PATH)) { /* somebody else copied it up in between, with its data */
		fd = layer_reopen(node_fd(node), flags & ~DROPPED_FLAGS);
		r = fd < 0 ? fd : 0;
		if (fd >= 0)
			put_over(fd, handle->fd);
	}
	if (r == 0)
		node_note_truncate(node);
	pthread_rwlock_unlock(&node->lock);
	if (r < 0)
		handle_free(overlay, handle);
	return r;
}

static int open_plainly(struct overlay *overlay, struct node *node, int flags,
			struct handle *handle)
{
	int r;

	pthread_rwlock_wrlock(&node->lock);
	handle->fd = layer_reopen(node_fd(node), flags & ~DROPPED_FLAGS);
	if (handle->fd >= 0) {
		if (flags & O_TRUNC)
			node_note_truncate(node);
		handle_add(overlay, handle);
	}
	pthread_rwlock_unlock(&node->lock);
	r = handle->fd < 0 ? handle->fd : 0;
	if (r < 0)
		free(handle);
	return r;
}

int handle_open(struct overlay *overlay, struct node *node, int flags, struct handle **ret_handle)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	struct handle *handle;
	int r;

	if (overlay->read_only && (writes || (flags & O_TRUNC)) && node_upper_fd(node) < 0)
		return -EROFS;
	if (writes && !(flags & O_TRUNC)) {
		r = overlay_copy_up(overlay, node, true);
		if (r < 0)
			return r;
	}
	r = handle_new(node, flags, &handle);
	if (r < 0)
		return r;
	if ((flags & O_TRUNC) && node_upper_fd(node) < 0)
		r = open_emptied(overlay, node, flags, handle);
	else
		r = open_plainly(overlay, node, flags, handle);
	if (r == 0)
		*ret_handle = handle;
	return r;
}

int handle_wrap(struct overlay *overlay, struct node *node, int fd, int flags,
		struct handle **ret_handle)
{
	int r = handle_new(node, flags, ret_handle);

	if (r < 0)
		return r;
	(*ret_handle)->fd = fd;
	pthread_rwlock_wrlock(&node->lock);
	handle_add(overlay, *ret_handle);
	pthread_rwlock_unlock(&node->lock);
	return 0;
}

void handle_free(struct overlay *overlay, struct handle *handle)
{
	struct node *node = handle->node;

	locks_drop_handle(handle);
	pthread_rwlock_wrlock(&node->lock);
	list_remove(&handle->link);
	pthread_rwlock_unlock(&node->lock);
	fd_close(handle->fd);
	free(handle);
	atomic_fetch_sub(&overlay->n_handles, 1);
	node_put(node);
}

int handle_prepare(struct handle *handle, int target)
{
	int fd = layer_reopen(target, handle->flags);

	if (fd < 0)
		return fd;
	if (handle->flock_type && flock(fd, handle->flock_type | LOCK_NB) < 0) {
		int r = -errno;

		fd_close(fd);
		return r;
	}
	handle->next_fd = fd;
	return 0;
}

void handle_commit(struct handle *handle)
{
	if (handle->next_fd < 0)
		return;
	put_over(handle->next_fd, handle->fd);
	handle->next_fd = -1;
}

void handle_abort(struct handle *handle)
{
	handle->next_fd = fd_close(handle->next_fd);
}

int handles_prepare(struct overlay *overlay, struct node *node, int target)
{
	struct handle *handle;
	int r = 0;

	list_for_each (handle, &node->handles, link) {
		if (r == 0)
			r = handle_prepare(handle, target);
	}
	if (r == 0)
		r = locks_prepare(node, target);
	if (r < 0)
		handles_abort(node);
	return r;
}

void handles_commit(struct node *node)
{
	struct handle *handle;

	list_for_each (handle, &node->handles, link)
		handle_commit(handle);
	locks_commit(node);
}

void handles_abort(struct node *node)
{
	struct handle *handle;

	list_for_each (handle, &node->handles, link)
		handle_abort(handle);
	locks_abort(node);
}

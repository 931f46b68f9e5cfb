/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/list.h"
#include "handle.h"
#include "layer.h"
#include "node.h"

struct lock_owner {
	struct list link; /* node::owners */
	uint64_t id;
	pid_t pid;
	struct handle *handle; /* the last one that it locked through */
	struct ranges granted;
	int fd;
	int next_fd;
};

/* Over all lists of owners: taken after node::lock, nothing is taken within but the table's lock. */
static pthread_mutex_t owners_lock = PTHREAD_MUTEX_INITIALIZER;

static struct lock_owner *find_owner(struct node *node, uint64_t id)
{
	struct lock_owner *owner;

	list_for_each (owner, &node->owners, link) {
		if (owner->id == id)
			return owner;
	}
	return NULL;
}

static void owner_free(struct lock_owner *owner)
{
	list_remove(&owner->link);
	fd_close(owner->fd);
	fd_close(owner->next_fd);
	ranges_done(&owner->granted);
	free(owner);
}

/* A file that can't be written (lower, running) can only be locked for reading anyway. */
static int open_for_locks(int target, bool may_write)
{
	int fd = may_write ? layer_reopen(target, O_RDWR) : -EROFS;

	return fd >= 0 ? fd : layer_reopen(target, O_RDONLY);
}

static int owner_new(struct node *node, uint64_t id, struct lock_owner **ret_owner)
{
	struct lock_owner *owner = calloc(1, sizeof(*owner));
	int fd;

	if (!owner)
		return -ENOMEM;
	fd = open_for_locks(node_fd(node), node_upper_fd(node) >= 0);
	if (fd < 0) {
		free(owner);
		return fd;
	}
	owner->id = id;
	owner->fd = fd;
	owner->next_fd = -1;
	list_append(&node->owners, &owner->link);
	*ret_owner = owner;
	return 0;
}

static int set_ofd(int fd, int type, uint64_t start, uint64_t len)
{
	struct flock lock = {
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)start,
		.l_len = (off_t)len,
	};

	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	return 0;
}

static int owner_set(struct lock_owner *owner, const struct flock *lock)
{
	uint64_t start = (uint64_t)lock->l_start;
	uint64_t end = ranges_end_of(start, (uint64_t)lock->l_len);
	int r = set_ofd(owner->fd, lock->l_type, start, (uint64_t)lock->l_len);

	if (r < 0)
		return r;
	if (lock->l_type == F_UNLCK)
		return ranges_clear(&owner->granted, start, end);
	r = ranges_set(&owner->granted, start, end, lock->l_type);
	if (r < 0)
		(void)set_ofd(owner->fd, F_UNLCK, start, (uint64_t)lock->l_len);
	return r;
}

int locks_set(struct handle *handle, uint64_t id, const struct flock *lock)
{
	struct node *node = handle->node;
	struct lock_owner *owner;
	int r = 0;

	pthread_rwlock_rdlock(&node->lock);
	pthread_mutex_lock(&owners_lock);
	owner = find_owner(node, id);
	if (!owner && lock->l_type != F_UNLCK)
		r = owner_new(node, id, &owner);
	if (owner && r == 0) {
		node->locked = true;
		owner->pid = lock->l_pid;
		owner->handle = handle;
		r = owner_set(owner, lock);
		if (owner->granted.n == 0)
			owner_free(owner);
	}
	pthread_mutex_unlock(&owners_lock);
	pthread_rwlock_unlock(&node->lock);
	return r;
}

/* Somebody of ours: the pid is known. */
static bool get_ours(struct node *node, uint64_t id, struct flock *lock)
{
	uint64_t start = (uint64_t)lock->l_start;
	uint64_t end = ranges_end_of(start, (uint64_t)lock->l_len);
	struct lock_owner *owner;

	list_for_each (owner, &node->owners, link) {
		const struct range *range;

		if (owner->id == id)
			continue;
		range = ranges_find(&owner->granted, start, end);
		if (!range || (range->type == F_RDLCK && lock->l_type == F_RDLCK))
			continue;
		lock->l_type = (short)range->type;
		lock->l_start = (off_t)range->start;
		lock->l_len = (off_t)ranges_len_of(range);
		lock->l_pid = owner->pid;
		return true;
	}
	return false;
}

int locks_get(struct handle *handle, uint64_t id, struct flock *lock)
{
	struct node *node = handle->node;
	struct lock_owner *owner;
	int r = 0;

	pthread_rwlock_rdlock(&node->lock);
	pthread_mutex_lock(&owners_lock);
	lock->l_whence = SEEK_SET;
	if (!get_ours(node, id, lock)) {
		owner = find_owner(node, id);
		lock->l_pid = 0;
		if (fcntl(owner ? owner->fd : handle->fd, F_OFD_GETLK, lock) < 0)
			r = -errno;
	}
	pthread_mutex_unlock(&owners_lock);
	pthread_rwlock_unlock(&node->lock);
	return r;
}

int locks_flock(struct handle *handle, int operation)
{
	int type = operation & ~LOCK_NB;
	int r = 0;

	pthread_rwlock_rdlock(&handle->node->lock);
	if (flock(handle->fd, type | LOCK_NB) < 0)
		r = errno == EWOULDBLOCK ? -EAGAIN : -errno;
	else
		handle->flock_type = type == LOCK_UN ? 0 : type;
	/* A conversion that fails has given the old lock up. */
	if (r < 0 && handle->flock_type && type != handle->flock_type)
		handle->flock_type = 0;
	pthread_rwlock_unlock(&handle->node->lock);
	return r;
}

void locks_drop_owner(struct node *node, uint64_t id)
{
	struct lock_owner *owner;

	pthread_mutex_lock(&owners_lock);
	owner = find_owner(node, id);
	if (owner)
		owner_free(owner);
	pthread_mutex_unlock(&owners_lock);
}

void locks_drop_handle(struct handle *handle)
{
	struct lock_owner *owner, *tmp;

	pthread_mutex_lock(&owners_lock);
	list_for_each_safe (owner, tmp, &handle->node->owners, link) {
		if (owner->handle == handle)
			owner_free(owner);
	}
	pthread_mutex_unlock(&owners_lock);
}

static int replay(struct lock_owner *owner, int target)
{
	int fd = open_for_locks(target, true);
	int r = 0;

	if (fd < 0)
		return fd;
	for (size_t i = 0; r == 0 && i < owner->granted.n; i++) {
		const struct range *range = &owner->granted.items[i];

		r = set_ofd(fd, range->type, range->start, ranges_len_of(range));
	}
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	owner->next_fd = fd;
	return 0;
}

int locks_prepare(struct node *node, int target)
{
	struct lock_owner *owner;
	int r = 0;

	pthread_mutex_lock(&owners_lock);
	list_for_each (owner, &node->owners, link) {
		if (r == 0)
			r = replay(owner, target);
	}
	pthread_mutex_unlock(&owners_lock);
	return r;
}

void locks_commit(struct node *node)
{
	struct lock_owner *owner;

	pthread_mutex_lock(&owners_lock);
	list_for_each (owner, &node->owners, link) {
		if (owner->next_fd < 0)
			continue;
		fd_close(owner->fd);
		owner->fd = owner->next_fd;
		owner->next_fd = -1;
	}
	pthread_mutex_unlock(&owners_lock);
}

void locks_abort(struct node *node)
{
	struct lock_owner *owner;

	pthread_mutex_lock(&owners_lock);
	list_for_each (owner, &node->owners, link)
		owner->next_fd = fd_close(owner->next_fd);
	pthread_mutex_unlock(&owners_lock);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Data. Reads and writes hold the node for reading and use the handle's own descriptor; who exchanges that holds the node for
 * writing, or the gate. O_APPEND stays on the backing descriptor: then old and native appenders interleave exactly after the
 * merge, whatever offset the kernel computed. Only pages of a mapping, written back, must not be appended.
 */
#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"
#include "handle.h"
#include "layer.h"
#include "lock.h"
#include "overlay.h"

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct handle *handle;
	int r;

	overlay_enter(overlay);
	r = handle_open(overlay, ops_node(overlay, ino), fi->flags, &handle);
	if (r < 0) {
		fuse_reply_err(req, -r);
	} else {
		fi->fh = (uintptr_t)handle;
		fi->keep_cache = !overlay_is_merged(overlay);
		if (fuse_reply_open(req, fi) < 0)
			handle_free(overlay, handle);
	}
	overlay_leave(overlay);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);

	overlay_enter(overlay);
	handle_free(overlay, handle_of(fi));
	overlay_leave(overlay);
	fuse_reply_err(req, 0);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	static __thread char *buf;
	static __thread size_t buf_size;
	struct overlay *overlay = ops_overlay(req);
	struct handle *handle = handle_of(fi);
	ssize_t n;

	if (buf_size < size) {
		char *bigger = realloc(buf, size);

		if (!bigger) {
			fuse_reply_err(req, ENOMEM);
			return;
		}
		buf = bigger;
		buf_size = size;
	}
	overlay_enter(overlay);
	pthread_rwlock_rdlock(&handle->node->lock);
	n = pread(handle->fd, buf, size, off);
	if (n < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_buf(req, buf, (size_t)n);
	pthread_rwlock_unlock(&handle->node->lock);
	overlay_leave(overlay);
}

static ssize_t write_to(int fd, const char *buf, size_t size, off_t off)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pwrite(fd, buf + done, size - done, off + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return done ? (ssize_t)done : -errno;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* A page of a mapping goes to its own place, also through a handle that appends. */
static ssize_t write_page(struct handle *handle, const char *buf, size_t size, off_t off)
{
	CLEANUP_FD
	int plain = -1;

	handle->node->mapped = true;
	if (!(handle->flags & O_APPEND))
		return write_to(handle->fd, buf, size, off);
	plain = layer_reopen(node_fd(handle->node), O_WRONLY);
	return plain < 0 ? plain : write_to(plain, buf, size, off);
}

static void note(struct handle *handle, size_t size, off_t off)
{
	uint64_t end = (uint64_t)off + size;
	struct stat st;

	if (!handle->node->tracking)
		return;
	if ((handle->flags & O_APPEND) && fstat(handle->fd, &st) == 0)
		end = MAX(end, (uint64_t)st.st_size);
	node_note_write(handle->node, (uint64_t)off, end);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct handle *handle = handle_of(fi);
	ssize_t n;

	overlay_enter(overlay);
	pthread_rwlock_rdlock(&handle->node->lock);
	n = fi->writepage ? write_page(handle, buf, size, off)
			  : write_to(handle->fd, buf, size, off);
	if (n > 0)
		note(handle, (size_t)n, off);
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_write(req, (size_t)n);
	pthread_rwlock_unlock(&handle->node->lock);
	overlay_leave(overlay);
}

static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = ops_node(overlay, ino);

	overlay_enter(overlay);
	locks_drop_owner(node, fi->lock_owner);
	overlay_leave(overlay);
	fuse_reply_err(req, 0);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct handle *handle = handle_of(fi);
	int r = 0;

	overlay_enter(overlay);
	if (!overlay->volatile_upper || overlay_is_merged(overlay)) {
		pthread_rwlock_rdlock(&handle->node->lock);
		r = datasync ? fdatasync(handle->fd) : fsync(handle->fd);
		r = r < 0 ? -errno : 0;
		pthread_rwlock_unlock(&handle->node->lock);
	}
	overlay_leave(overlay);
	fuse_reply_err(req, -r);
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
			 struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct handle *handle = handle_of(fi);
	int r;

	overlay_enter(overlay);
	pthread_rwlock_rdlock(&handle->node->lock);
	r = fallocate(handle->fd, mode, offset, length) < 0 ? -errno : 0;
	node_note_truncate(handle->node);
	pthread_rwlock_unlock(&handle->node->lock);
	overlay_leave(overlay);
	fuse_reply_err(req, -r);
}

static void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
		     struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct handle *handle = handle_of(fi);
	off_t at;

	overlay_enter(overlay);
	pthread_rwlock_rdlock(&handle->node->lock);
	at = lseek(handle->fd, off, whence); /* all other calls give their own offset */
	if (at < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_lseek(req, at);
	pthread_rwlock_unlock(&handle->node->lock);
	overlay_leave(overlay);
}

void ops_add_files(struct fuse_lowlevel_ops *ops)
{
	ops->open = op_open;
	ops->release = op_release;
	ops->read = op_read;
	ops->write = op_write;
	ops->flush = op_flush;
	ops->fsync = op_fsync;
	ops->fallocate = op_fallocate;
	ops->lseek = op_lseek;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "handle.h"
#include "layer.h"
#include "overlay.h"

#include <limits.h>

/* Only the daemon changes the tree before the merge. */
#define CACHE_SECONDS 86400.0

struct node *ops_node(struct overlay *overlay, fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? overlay->table.root : (struct node *)(uintptr_t)ino;
}

fuse_ino_t ops_ino(struct overlay *overlay, const struct node *node)
{
	return node == overlay->table.root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)node;
}

/*
 * After the merge others write to the same file beside us. The kernel drops its pages when it sees another modification
 * time, but before Linux 6.13 that moves only once in a tick: the low bits are made to differ each time.
 */
static void perturb(struct stat *st)
{
	static atomic_uint counter;

	st->st_mtim.tv_nsec = (st->st_mtim.tv_nsec & ~1023L) |
			      (long)(atomic_fetch_add(&counter, 1) & 1023);
	if (st->st_mtim.tv_nsec > 999999999L)
		st->st_mtim.tv_nsec -= 1024;
}

int ops_attr(struct overlay *overlay, struct node *node, struct stat *ret_st, double *ret_timeout)
{
	int r = overlay_stat(overlay, node, ret_st);

	if (r < 0)
		return r;
	*ret_timeout = CACHE_SECONDS;
	if (overlay_is_merged(overlay)) {
		*ret_timeout = 0;
		if (S_ISREG(node->type) && !list_empty(&node->handles))
			perturb(ret_st);
	}
	return 0;
}

int ops_entry(struct overlay *overlay, struct node *node, struct fuse_entry_param *ret_entry)
{
	memset(ret_entry, 0, sizeof(*ret_entry));
	ret_entry->ino = ops_ino(overlay, node);
	ret_entry->generation = node->generation;
	ret_entry->entry_timeout = overlay_is_merged(overlay) ? 0 : CACHE_SECONDS;
	return ops_attr(overlay, node, &ret_entry->attr, &ret_entry->attr_timeout);
}

/* Answers with a node that has just got a kernel reference, or with the error. */
static void reply_node(fuse_req_t req, struct overlay *overlay, int r, struct node *node)
{
	struct fuse_entry_param entry;

	if (r == 0) {
		r = ops_entry(overlay, node, &entry);
		if (r < 0)
			node_forget(node, 1);
	}
	if (r < 0)
		fuse_reply_err(req, -r);
	else if (fuse_reply_entry(req, &entry) < 0)
		node_forget(node, 1);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = NULL;
	bool cacheable;
	int r;

	overlay_enter(overlay);
	r = overlay_lookup(overlay, ops_node(overlay, parent), name, &node, &cacheable);
	if (r == -ENOENT && cacheable) {
		struct fuse_entry_param none = { .entry_timeout = CACHE_SECONDS };

		fuse_reply_entry(req, &none);
	} else {
		reply_node(req, overlay, r, node);
	}
	overlay_leave(overlay);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	struct overlay *overlay = ops_overlay(req);

	node_forget(ops_node(overlay, ino), n);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct overlay *overlay = ops_overlay(req);

	for (size_t i = 0; i < count; i++)
		node_forget(ops_node(overlay, forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
}

static void make(fuse_req_t req, fuse_ino_t parent, const char *name, struct new_file *file)
{
	struct overlay *overlay = ops_overlay(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct node *node = NULL;
	int r;

	file->uid = ctx->uid;
	file->gid = ctx->gid;
	overlay_enter(overlay);
	r = overlay_create(overlay, ops_node(overlay, parent), name, file, O_RDONLY, NULL, &node);
	reply_node(req, overlay, r, node);
	overlay_leave(overlay);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct new_file file = { .mode = mode, .rdev = rdev };

	make(req, parent, name, &file);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct new_file file = { .mode = S_IFDIR | (mode & 07777) };

	make(req, parent, name, &file);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct new_file file = { .mode = S_IFLNK | 0777, .target = target };

	make(req, parent, name, &file);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct new_file file = {
		.mode = S_IFREG | (mode & 07777),
		.uid = ctx->uid,
		.gid = ctx->gid,
	};
	int flags = fi->flags & ~(O_TRUNC | O_DIRECT | O_NOCTTY);
	CLEANUP_FD
	int fd = -1;
	struct handle *handle = NULL;
	struct node *node = NULL;
	struct fuse_entry_param entry;
	int r;

	overlay_enter(overlay);
	r = overlay_create(overlay, ops_node(overlay, parent), name, &file, flags, &fd, &node);
	if (r == 0) {
		r = ops_entry(overlay, node, &entry);
		if (r == 0)
			r = handle_wrap(overlay, node, fd, flags, &handle);
		if (r < 0)
			node_forget(node, 1);
	}
	/* Made on the disk since it was looked up: then the kernel looks again, and opens it with its permissions. */
	if (r == -EEXIST && !(fi->flags & O_EXCL))
		r = -ESTALE;
	if (r < 0) {
		fuse_reply_err(req, -r);
	} else {
		(void)TAKE_FD(fd);
		fi->fh = (uintptr_t)handle;
		fi->keep_cache = !overlay_is_merged(overlay);
		if (fuse_reply_create(req, &entry, fi) < 0) {
			handle_free(overlay, handle);
			node_forget(node, 1);
		}
	}
	overlay_leave(overlay);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = ops_node(overlay, ino);
	int r;

	overlay_enter(overlay);
	r = overlay_link(overlay, node, ops_node(overlay, parent), name);
	if (r == 0) {
		pthread_mutex_lock(&overlay->table.lock);
		node->n_lookup++;
		pthread_mutex_unlock(&overlay->table.lock);
	}
	reply_node(req, overlay, r, node);
	overlay_leave(overlay);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct overlay *overlay = ops_overlay(req);

	overlay_enter(overlay);
	fuse_reply_err(req, -overlay_unlink(overlay, ops_node(overlay, parent), name));
	overlay_leave(overlay);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct overlay *overlay = ops_overlay(req);

	overlay_enter(overlay);
	fuse_reply_err(req, -overlay_rmdir(overlay, ops_node(overlay, parent), name));
	overlay_leave(overlay);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned int flags)
{
	struct overlay *overlay = ops_overlay(req);

	overlay_enter(overlay);
	fuse_reply_err(req, -overlay_rename(overlay, ops_node(overlay, parent), name,
					    ops_node(overlay, new_parent), new_name, flags));
	overlay_leave(overlay);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct overlay *overlay = ops_overlay(req);
	char target[PATH_MAX + 1];
	ssize_t n;

	overlay_enter(overlay);
	n = readlinkat(node_fd(ops_node(overlay, ino)), "", target, PATH_MAX);
	if (n < 0) {
		fuse_reply_err(req, errno);
	} else {
		target[n] = '\0';
		fuse_reply_readlink(req, target);
	}
	overlay_leave(overlay);
}

void ops_add_names(struct fuse_lowlevel_ops *ops)
{
	ops->lookup = op_lookup;
	ops->forget = op_forget;
	ops->forget_multi = op_forget_multi;
	ops->mknod = op_mknod;
	ops->mkdir = op_mkdir;
	ops->symlink = op_symlink;
	ops->create = op_create;
	ops->link = op_link;
	ops->unlink = op_unlink;
	ops->rmdir = op_rmdir;
	ops->rename = op_rename;
	ops->readlink = op_readlink;
}

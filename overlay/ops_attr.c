/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "early/fd.h"
#include "handle.h"
#include "layer.h"
#include "overlay.h"

#define XATTR_NAME_SIZE 256

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct stat st;
	double timeout;
	int r;

	overlay_enter(overlay);
	r = ops_attr(overlay, ops_node(overlay, ino), &st, &timeout);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_attr(req, &st, timeout);
	overlay_leave(overlay);
}

static int set_size(struct node *node, off_t size, const struct handle *handle)
{
	CLEANUP_FD
	int opened = -1;
	int fd = handle ? handle->fd : -1;
	int r;

	if (!handle) {
		opened = layer_reopen(node_upper_fd(node), O_WRONLY);
		if (opened < 0)
			return opened;
		fd = opened;
	}
	r = ftruncate(fd, size) < 0 ? -errno : 0;
	node_note_truncate(node);
	return r;
}

static struct timespec time_of(int to_set, int set, int now, struct timespec value)
{
	if (to_set & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	if (to_set & set)
		return value;
	return (struct timespec){ .tv_nsec = UTIME_OMIT };
}

/*
 * The kernel writes the time of a mapping's last change back, as it knows it: with the low bits that ops_attr has made up
 * since the merge. What the file has is right then.
 */
static bool is_made_up(int fd, const struct stat *attr)
{
	struct stat st;

	return layer_stat(fd, &st) == 0 && st.st_mtim.tv_sec == attr->st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec >> 10 == attr->st_mtim.tv_nsec >> 10;
}

static int set_times(int fd, const struct stat *attr, int to_set, bool merged)
{
	struct timespec times[2] = {
		time_of(to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, attr->st_atim),
		time_of(to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, attr->st_mtim),
	};

	if (merged && (to_set & FUSE_SET_ATTR_MTIME) && is_made_up(fd, attr))
		times[1].tv_nsec = UTIME_OMIT;
	return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int set_attr(struct overlay *overlay, struct node *node, const struct stat *attr, int to_set,
		    const struct handle *handle)
{
	int fd = node_upper_fd(node);
	int r = 0;

	if (to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		uid_t uid = to_set & FUSE_SET_ATTR_UID ? attr->st_uid : (uid_t)-1;
		gid_t gid = to_set & FUSE_SET_ATTR_GID ? attr->st_gid : (gid_t)-1;

		r = fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
	}
	if (r == 0 && (to_set & FUSE_SET_ATTR_MODE))
		r = chmod(FD_NAME(fd), attr->st_mode & 07777) < 0 ? -errno : 0;
	if (r == 0 && (to_set & FUSE_SET_ATTR_SIZE))
		r = set_size(node, attr->st_size, handle);
	if (r == 0 && (to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME |
				 FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW)))
		r = set_times(fd, attr, to_set, overlay_is_merged(overlay));
	node_note_meta(node);
	return r;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = ops_node(overlay, ino);
	bool emptied = (to_set & FUSE_SET_ATTR_SIZE) && attr->st_size == 0;
	struct handle *opened = NULL;
	struct stat st;
	double timeout;
	int r;

	overlay_enter(overlay);
	if (emptied && node_upper_fd(node) < 0) /* nothing is copied that is thrown away */
		r = handle_open(overlay, node, O_WRONLY | O_TRUNC, &opened);
	else
		r = overlay_copy_up(overlay, node, true);
	if (r == 0) {
		pthread_rwlock_rdlock(&node->lock);
		r = set_attr(overlay, node, attr, to_set,
			     fi ? (struct handle *)(uintptr_t)fi->fh : opened);
		pthread_rwlock_unlock(&node->lock);
	}
	if (opened)
		handle_free(overlay, opened);
	if (r == 0)
		r = ops_attr(overlay, node, &st, &timeout);
	if (r == 0)
		fuse_reply_attr(req, &st, timeout);
	else
		fuse_reply_err(req, -r);
	overlay_leave(overlay);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct overlay *overlay = ops_overlay(req);
	struct statvfs st;

	overlay_enter(overlay);
	if (fstatvfs(node_fd(overlay->table.root), &st) < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_statfs(req, &st);
	overlay_leave(overlay);
}

/* The attribute's name in the layer that holds the file. */
static int layer_xattr(struct overlay *overlay, struct node *node, const char *name, char *buf)
{
	bool plain = overlay_is_merged(overlay) || node_upper_fd(node) < 0;

	if (marks_is_private_xattr(name))
		return -ENODATA;
	if (!marks_xattr_to_upper(name, plain || overlay->upper_takes_user, buf, XATTR_NAME_SIZE))
		return -ERANGE;
	return 0;
}

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			size_t size, int flags)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = ops_node(overlay, ino);
	char buf[XATTR_NAME_SIZE];
	int r;

	overlay_enter(overlay);
	r = marks_is_private_xattr(name) ? -EPERM : overlay_copy_up(overlay, node, true);
	if (r == 0)
		r = layer_xattr(overlay, node, name, buf);
	if (r == 0 && setxattr(FD_NAME(node_upper_fd(node)), buf, value, size, flags) < 0)
		r = -errno;
	node_note_meta(node);
	fuse_reply_err(req, -r);
	overlay_leave(overlay);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = ops_node(overlay, ino);
	char buf[XATTR_NAME_SIZE];
	int r;

	overlay_enter(overlay);
	r = layer_xattr(overlay, node, name, buf);
	if (r == 0 && getxattr(FD_NAME(node_fd(node)), buf, NULL, 0) < 0)
		r = -errno; /* what is not there needs no copy */
	if (r == 0)
		r = overlay_copy_up(overlay, node, true);
	if (r == 0)
		r = layer_xattr(overlay, node, name, buf);
	if (r == 0 && removexattr(FD_NAME(node_upper_fd(node)), buf) < 0)
		r = -errno;
	node_note_meta(node);
	fuse_reply_err(req, -r);
	overlay_leave(overlay);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = ops_node(overlay, ino);
	CLEANUP(free_charp)
	char *value = NULL;
	char buf[XATTR_NAME_SIZE];
	ssize_t n = -1;
	int r;

	overlay_enter(overlay);
	r = layer_xattr(overlay, node, name, buf);
	if (r == 0 && size > 0) {
		value = malloc(size);
		r = value ? 0 : -ENOMEM;
	}
	if (r == 0) {
		n = getxattr(FD_NAME(node_fd(node)), buf, value, size);
		r = n < 0 ? -errno : 0;
	}
	if (r < 0)
		fuse_reply_err(req, -r);
	else if (size == 0)
		fuse_reply_xattr(req, (size_t)n);
	else
		fuse_reply_buf(req, value, (size_t)n);
	overlay_leave(overlay);
}

/* Replaces the layer's list by what is shown of it; never longer. */
static size_t filter_names(char *names, size_t len)
{
	size_t out = 0;

	for (size_t i = 0, step; i < len; i += step) {
		char shown[XATTR_NAME_SIZE];

		step = strlen(names + i) + 1;
		if (!marks_xattr_from_upper(names + i, shown, sizeof(shown)) ||
		    marks_is_private_xattr(shown))
			continue;
		memmove(names + out, shown, strlen(shown) + 1);
		out += strlen(shown) + 1;
	}
	return out;
}

static int list_shown(int fd, char **ret_names, size_t *ret_len)
{
	int r = layer_list_xattrs(fd, ret_names, ret_len);

	*ret_len = filter_names(*ret_names, *ret_len);
	return r;
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct overlay *overlay = ops_overlay(req);
	CLEANUP(free_charp)
	char *names = NULL;
	size_t len = 0;
	int r;

	overlay_enter(overlay);
	r = list_shown(node_fd(ops_node(overlay, ino)), &names, &len);
	if (r == 0 && size > 0 && len > size)
		r = -ERANGE;
	if (r < 0)
		fuse_reply_err(req, -r);
	else if (size == 0)
		fuse_reply_xattr(req, len);
	else
		fuse_reply_buf(req, names, len);
	overlay_leave(overlay);
}

void ops_add_attrs(struct fuse_lowlevel_ops *ops)
{
	ops->getattr = op_getattr;
	ops->setattr = op_setattr;
	ops->statfs = op_statfs;
	ops->setxattr = op_setxattr;
	ops->getxattr = op_getxattr;
	ops->listxattr = op_listxattr;
	ops->removexattr = op_removexattr;
}

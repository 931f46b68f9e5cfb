/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "dirlist.h"
#include "early/fd.h"
#include "early/macros.h"
#include "overlay.h"

/* A directory that is being read: its names as they were at the first read, or at the last rewind. */
struct open_dir {
	struct node *node;
	struct dirlist list;
	pthread_mutex_t lock;
};

static struct open_dir *dir_of(const struct fuse_file_info *fi)
{
	return (struct open_dir *)(uintptr_t)fi->fh;
}

static void dir_free(struct open_dir *dir)
{
	dirlist_done(&dir->list);
	pthread_mutex_destroy(&dir->lock);
	node_put(dir->node);
	free(dir);
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct open_dir *dir = calloc(1, sizeof(*dir));

	if (!dir) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	pthread_mutex_init(&dir->lock, NULL);
	dir->node = ops_node(overlay, ino);
	node_pin(dir->node);
	fi->fh = (uintptr_t)dir;
	if (fuse_reply_open(req, fi) < 0)
		dir_free(dir);
}

static void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	dir_free(dir_of(fi));
	fuse_reply_err(req, 0);
}

/* Offset 0 is ".", 1 is "..", the rest are the names. */
static size_t add_entry(fuse_req_t req, struct open_dir *dir, size_t i, char *buf, size_t size)
{
	struct stat st = { .st_ino = dir->node->ino, .st_mode = S_IFDIR };
	const char *name = i == 0 ? "." : "..";

	if (i >= 2) {
		const struct dirlist_entry *entry = &dir->list.items[i - 2];

		name = dirlist_name(&dir->list, i - 2);
		st.st_ino = entry->ino;
		st.st_mode = DTTOIF(entry->type);
	}
	return fuse_add_direntry(req, buf, size, name, &st, (off_t)i + 1);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct open_dir *dir = dir_of(fi);
	CLEANUP(free_charp)
	char *buf = malloc(size);
	size_t used = 0;
	int r = buf ? 0 : -ENOMEM;

	overlay_enter(overlay);
	pthread_mutex_lock(&dir->lock);
	if (r == 0 && off == 0)
		r = dirlist_read(overlay, dir->node, &dir->list);
	for (size_t i = (size_t)off; r == 0 && i < dir->list.n + 2; i++) {
		size_t n = add_entry(req, dir, i, buf + used, size - used);

		if (n > size - used)
			break;
		used += n;
	}
	pthread_mutex_unlock(&dir->lock);
	/* Who has the answer may release the directory before we go on. */
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, buf, used);
	overlay_leave(overlay);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct overlay *overlay = ops_overlay(req);
	struct node *node = ops_node(overlay, ino);
	int r = 0;

	overlay_enter(overlay);
	if (node_upper_fd(node) >= 0 && !(overlay->volatile_upper && !overlay_is_merged(overlay))) {
		CLEANUP_FD
		int fd = openat(node_upper_fd(node), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	}
	overlay_leave(overlay);
	fuse_reply_err(req, -r);
}

void ops_add_dirs(struct fuse_lowlevel_ops *ops)
{
	ops->opendir = op_opendir;
	ops->releasedir = op_releasedir;
	ops->readdir = op_readdir;
	ops->fsyncdir = op_fsyncdir;
}

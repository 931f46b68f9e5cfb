/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copy-up: the first change of a lower file brings it into the upper layer. The copy is put together in the work directory
 * and renamed into place, so that the upper layer never holds half a file. Directories above come first. Open handles of the
 * lower file are moved to the copy, their numbers stay.
 *
 * A file whose last name went while it was open is copied too (somebody may still chmod it), but gets no name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "copy.h"
#include "dirlist.h"
#include "early/fd.h"
#include "handle.h"
#include "layer.h"
#include "overlay.h"

struct temp_name overlay_temp_name(struct overlay *overlay)
{
	struct temp_name name;

	snprintf(name.text, sizeof(name.text), "#%llx",
		 (unsigned long long)atomic_fetch_add(&overlay->next_temp, 1));
	return name;
}

static int make_symlink(int from, int dirfd, const char *text)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, "", target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, dirfd, text) < 0 ? -errno : 0;
}

static int make_regular(int from, int dirfd, const char *text, bool with_data)
{
	CLEANUP_FD
	int in = -1;
	CLEANUP_FD
	int out = -1;

	out = openat(dirfd, text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	if (!with_data)
		return 0;
	in = layer_reopen(from, O_RDONLY);
	return in < 0 ? in : copy_data(in, out, NULL);
}

/* A file like the one behind @from, at @dirfd/@text. */
static int make_like(int from, const struct stat *st, int dirfd, const char *text, bool with_data)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return make_regular(from, dirfd, text, with_data);
	case S_IFLNK:
		return make_symlink(from, dirfd, text);
	case S_IFDIR:
		return mkdirat(dirfd, text, 0700) < 0 ? -errno : 0;
	default:
		return mknodat(dirfd, text, st->st_mode, st->st_rdev) < 0 ? -errno : 0;
	}
}

/* Builds the whole copy in the work directory. *ret_fd is its O_PATH descriptor, *ret_st what that leads to. */
static int build(struct overlay *overlay, struct node *node, const struct stat *st,
		 const char *temp, bool with_data, int *ret_fd, struct stat *ret_st)
{
	CLEANUP_FD
	int fd = -1;
	int from = node->lower_fds[0];
	int r = make_like(from, st, overlay->work_fd, temp, with_data);

	if (r < 0)
		return r;
	fd = openat(overlay->work_fd, temp, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = copy_owner_mode(fd, st);
	if (r == 0) /* after chown, which clears capabilities */
		r = copy_xattrs(from, fd, COPY_TO_UPPER, overlay->upper_takes_user, false);
	if (r == 0 && !node_is_dir(node))
		r = overlay_set_stamp(fd, st);
	if (r == 0)
		r = copy_times(fd, st);
	if (r == 0)
		r = layer_stat(fd, ret_st);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

/* Nobody asked for the change of the directory's times. */
static int rename_quietly(struct overlay *overlay, const char *temp, struct node *parent,
			  const char *text)
{
	struct stat st;
	int upper = node_upper_fd(parent);
	int r = layer_stat(upper, &st);

	if (r < 0)
		return r;
	if (renameat(overlay->work_fd, temp, upper, text) < 0)
		return -errno;
	(void)copy_times(upper, &st); /* a wrong time is better than no copy */
	return 0;
}

/* Takes @fd over. Can't fail: the copy has its name. */
static void publish(struct node *node, int fd, const struct stat *st, bool placed)
{
	pthread_mutex_lock(&node->table->lock);
	node_set_key(node, NODE_KEY_UPPER, st->st_dev, st->st_ino);
	if (placed)
		node_keep_locked(node);
	pthread_mutex_unlock(&node->table->lock);
	node_set_upper(node, fd);
}

/* `change` is held. */
static int copy_up_dir(struct overlay *overlay, struct node *dir)
{
	struct temp_name temp = overlay_temp_name(overlay);
	CLEANUP(free_charp)
	char *text = NULL;
	CLEANUP_FD
	int fd = -1;
	struct node *parent;
	struct stat st, copy = { 0 };
	int r;

	if (node_upper_fd(dir) >= 0)
		return 0;
	r = node_get_place(dir, &parent, &text);
	if (r < 0)
		return r;
	r = copy_up_dir(overlay, parent);
	if (r == 0)
		r = layer_stat(dir->lower_fds[0], &st);
	if (r == 0)
		r = build(overlay, dir, &st, temp.text, false, &fd, &copy);
	if (r == 0)
		r = rename_quietly(overlay, temp.text, parent, text);
	if (r == 0)
		publish(dir, TAKE_FD(fd), &copy, true);
	else
		(void)unlinkat(overlay->work_fd, temp.text, AT_REMOVEDIR);
	node_put(parent);
	return r;
}

/* Puts the finished copy where the file's name is, if it still has one. 1: placed, 0: it has none. */
static int place(struct overlay *overlay, struct node *node, const char *temp)
{
	CLEANUP(free_charp)
	char *text = NULL;
	struct node *parent;
	int r = node_get_place(node, &parent, &text);

	if (r == -ENOENT)
		return unlinkat(overlay->work_fd, temp, 0) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	r = copy_up_dir(overlay, parent);
	if (r == 0)
		r = rename_quietly(overlay, temp, parent, text);
	node_put(parent);
	return r < 0 ? r : 1;
}

/* node::lock is held for writing. */
static int copy_up_file(struct overlay *overlay, struct node *node, bool with_data)
{
	struct temp_name temp = overlay_temp_name(overlay);
	CLEANUP_FD
	int fd = -1;
	struct stat st, copy = { 0 };
	int r = layer_stat(node->lower_fds[0], &st);

	if (r == 0)
		r = build(overlay, node, &st, temp.text, with_data, &fd, &copy);
	if (r == 0)
		r = handles_prepare(overlay, node, fd);
	if (r < 0) {
		(void)unlinkat(overlay->work_fd, temp.text, 0);
		return r;
	}
	pthread_mutex_lock(&overlay->change);
	r = place(overlay, node, temp.text);
	if (r < 0) {
		handles_abort(node);
		(void)unlinkat(overlay->work_fd, temp.text, 0);
	} else {
		node->nlink_bias += (int)st.st_nlink - r;
		publish(node, TAKE_FD(fd), &copy, r == 1);
		handles_commit(node);
		r = 0;
	}
	pthread_mutex_unlock(&overlay->change);
	return r;
}

int overlay_copy_up(struct overlay *overlay, struct node *node, bool with_data)
{
	int r = 0;

	if (node_upper_fd(node) >= 0)
		return 0;
	if (overlay->read_only)
		return -EROFS;
	if (node_is_dir(node)) {
		pthread_mutex_lock(&overlay->change);
		r = copy_up_dir(overlay, node);
		pthread_mutex_unlock(&overlay->change);
		return r;
	}
	pthread_rwlock_wrlock(&node->lock);
	if (node_upper_fd(node) < 0)
		r = copy_up_file(overlay, node, with_data);
	pthread_rwlock_unlock(&node->lock);
	return r;
}

static int copy_up_child(struct overlay *overlay, struct node *dir, const char *text)
{
	struct node *child;
	int r = overlay_find(overlay, dir, text, &child);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (node_is_dir(child)) {
		r = overlay_copy_up_tree(overlay, child);
		if (r == -ENOENT && !overlay_shows(overlay, dir, text, child))
			r = 0; /* removed meanwhile */
	} else {
		r = overlay_copy_up(overlay, child, true);
		if (r == 0) {
			pthread_mutex_lock(&overlay->change);
			r = overlay_materialize(overlay, dir, text, child);
			pthread_mutex_unlock(&overlay->change);
		}
	}
	node_put(child);
	return r;
}

int overlay_copy_up_tree(struct overlay *overlay, struct node *dir)
{
	struct dirlist list = { 0 };
	int r = overlay_copy_up(overlay, dir, true);

	if (r == 0 && node_n_lower(dir) > 0)
		r = dirlist_read(overlay, dir, &list);
	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = copy_up_child(overlay, dir, dirlist_name(&list, i));
	if (r == 0 && node_n_lower(dir) > 0) {
		r = overlay_set_opaque(node_upper_fd(dir));
		if (r == 0)
			__atomic_store_n(&dir->n_lower, 0, __ATOMIC_RELEASE);
	}
	dirlist_done(&list);
	return r;
}

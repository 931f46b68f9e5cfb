/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * New names and vanished ones. All changes of the upper layer's names happen under `change`; they are short. What replaces a
 * whiteout, or becomes one, is made in the work directory and renamed, so that the lower file never shows through between.
 *
 * After the merge the same code changes the real tree: no directory has a lower any more, and nothing is a whiteout.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "copy.h"
#include "dirlist.h"
#include "early/fd.h"
#include "early/macros.h"
#include "layer.h"
#include "overlay.h"

int overlay_set_opaque(int fd)
{
	return setxattr(FD_NAME(fd), MARKS_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
}

int overlay_set_stamp(int fd, const struct stat *hidden)
{
	struct marks_stamp stamp = marks_stamp_of(hidden);

	return setxattr(FD_NAME(fd), MARKS_STAMP, &stamp, sizeof(stamp), 0) < 0 ? -errno : 0;
}

/* What the upper layer has at a name. */
enum upper_has { UPPER_NOTHING, UPPER_WHITEOUT, UPPER_FILE, UPPER_DIR };

static int upper_has(struct overlay *overlay, struct node *parent, const char *text)
{
	struct stat st;

	if (fstatat(node_upper_fd(parent), text, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? UPPER_NOTHING : -errno;
	if (!overlay_is_merged(overlay) && marks_is_whiteout(&st))
		return UPPER_WHITEOUT;
	return S_ISDIR(st.st_mode) ? UPPER_DIR : UPPER_FILE;
}

int overlay_make_whiteout(struct overlay *overlay, const struct stat *hidden,
			  struct temp_name *ret_temp)
{
	struct marks_stamp stamp = marks_stamp_of(hidden);
	struct temp_name temp = overlay_temp_name(overlay);
	CLEANUP_FD
	int fd = -1;

	if (mknodat(overlay->work_fd, temp.text, S_IFCHR, makedev(0, 0)) < 0)
		return -errno;
	fd = openat(overlay->work_fd, temp.text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	/* Without a stamp the merge takes the lower file for somebody else's and keeps it. */
	if (fd < 0 || setxattr(FD_NAME(fd), MARKS_STAMP, &stamp, sizeof(stamp), 0) < 0) {
		int r = -errno;

		overlay_drop_temp(overlay, &temp);
		return r;
	}
	*ret_temp = temp;
	return 0;
}

void overlay_drop_temp(struct overlay *overlay, const struct temp_name *temp)
{
	(void)layer_remove_tree(overlay->work_fd, temp->text); /* the next start clears it */
}

int overlay_place_whiteout(struct overlay *overlay, const struct temp_name *temp,
			   struct node *parent, const char *text)
{
	int has = upper_has(overlay, parent, text);
	int r = has < 0 ? has : 0;

	if (r == 0 && renameat2(overlay->work_fd, temp->text, node_upper_fd(parent), text,
				has == UPPER_DIR ? RENAME_EXCHANGE : 0) < 0)
		r = -errno;
	if (r < 0 || has == UPPER_DIR)
		overlay_drop_temp(overlay, temp);
	return r;
}

int overlay_put_whiteout(struct overlay *overlay, struct node *parent, const char *text,
			 const struct stat *hidden)
{
	struct temp_name temp;
	int r = overlay_make_whiteout(overlay, hidden, &temp);

	return r < 0 ? r : overlay_place_whiteout(overlay, &temp, parent, text);
}

static int make_by_type(const struct new_file *file, int dirfd, const char *text, int open_flags,
			int *ret_fd)
{
	mode_t mode = file->mode & 07777;
	int fd;

	switch (file->mode & S_IFMT) {
	case S_IFREG:
		fd = openat(dirfd, text, open_flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    mode);
		if (fd < 0)
			return -errno;
		*ret_fd = fd;
		return 0;
	case S_IFDIR:
		return mkdirat(dirfd, text, mode) < 0 ? -errno : 0;
	case S_IFLNK:
		return symlinkat(file->target, dirfd, text) < 0 ? -errno : 0;
	default:
		return mknodat(dirfd, text, file->mode, file->rdev) < 0 ? -errno : 0;
	}
}

/* The caller's own file: a directory with set-group-id hands its group on, as the backing file system has done already. */
static int give_to_caller(const struct new_file *file, int fd, bool keeps_group)
{
	gid_t gid = keeps_group ? (gid_t)-1 : file->gid;

	if (file->uid == 0 && (gid == 0 || keeps_group))
		return 0;
	if (fchownat(fd, "", file->uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if ((file->mode & 06000) && S_ISREG(file->mode) &&
	    chmod(FD_NAME(fd), file->mode & 07777) < 0)
		return -errno;
	return 0;
}

struct making {
	const struct new_file *file;
	int open_flags;
	bool keeps_group;
	int path_fd; /* of the new file */
	int open_fd;
};

static int make_at(struct making *making, int dirfd, const char *text)
{
	int r = make_by_type(making->file, dirfd, text, making->open_flags, &making->open_fd);

	if (r < 0)
		return r;
	making->path_fd = openat(dirfd, text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	r = making->path_fd < 0
		    ? -errno
		    : give_to_caller(making->file, making->path_fd, making->keeps_group);
	if (r < 0) {
		(void)unlinkat(dirfd, text, S_ISDIR(making->file->mode) ? AT_REMOVEDIR : 0);
		making->path_fd = fd_close(making->path_fd);
		making->open_fd = fd_close(making->open_fd);
	}
	return r;
}

/* The new file hides what the whiteout hid. */
static void hand_stamp_on(int upper, const char *text, int path_fd)
{
	struct marks_stamp stamp;
	CLEANUP_FD
	int fd = openat(upper, text, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	/* Without a stamp the merge keeps both files. */
	if (fd >= 0 && getxattr(FD_NAME(fd), MARKS_STAMP, &stamp, sizeof(stamp)) == sizeof(stamp))
		(void)setxattr(FD_NAME(path_fd), MARKS_STAMP, &stamp, sizeof(stamp), 0);
}

static int make_over_whiteout(struct overlay *overlay, struct making *making, int upper,
			      const char *text)
{
	struct temp_name temp = overlay_temp_name(overlay);
	bool is_dir = S_ISDIR(making->file->mode);
	int r = make_at(making, overlay->work_fd, temp.text);

	if (r < 0)
		return r;
	hand_stamp_on(upper, text, making->path_fd);
	if (is_dir)
		r = overlay_set_opaque(making->path_fd);
	if (r == 0 &&
	    renameat2(overlay->work_fd, temp.text, upper, text, is_dir ? RENAME_EXCHANGE : 0) < 0)
		r = -errno;
	if (r < 0 || is_dir)
		(void)layer_remove_tree(overlay->work_fd, temp.text);
	if (r < 0) {
		making->path_fd = fd_close(making->path_fd);
		making->open_fd = fd_close(making->open_fd);
	}
	return r;
}

static int prepare_parent(struct overlay *overlay, struct node *parent, const char *text)
{
	if (strlen(text) > NAME_MAX)
		return -ENAMETOOLONG;
	if (overlay->read_only)
		return -EROFS;
	if (marks_is_hidden_name(text))
		return -EPERM;
	return overlay_copy_up(overlay, parent, true);
}

static int make_new(struct overlay *overlay, struct making *making, struct node *parent,
		    const char *text)
{
	int upper = node_upper_fd(parent);
	struct stat dir_st;
	int r = layer_stat(upper, &dir_st);

	if (r < 0)
		return r;
	making->keeps_group = dir_st.st_mode & S_ISGID;
	r = make_at(making, upper, text);
	if (r == -EEXIST && upper_has(overlay, parent, text) == UPPER_WHITEOUT)
		r = make_over_whiteout(overlay, making, upper, text);
	return r;
}

int overlay_create(struct overlay *overlay, struct node *parent, const char *text,
		   const struct new_file *file, int open_flags, int *ret_fd, struct node **ret_node)
{
	struct making making = {
		.file = file,
		.open_flags = open_flags,
		.path_fd = -1,
		.open_fd = -1,
	};
	struct stat st;
	int r = prepare_parent(overlay, parent, text);

	if (r < 0)
		return r;
	pthread_mutex_lock(&overlay->change);
	r = make_new(overlay, &making, parent, text);
	if (r == 0)
		r = layer_stat(making.path_fd, &st);
	if (r == 0)
		r = overlay_adopt(overlay, parent, text, TAKE_FD(making.path_fd), &st, ret_node);
	pthread_mutex_unlock(&overlay->change);
	fd_close(making.path_fd);
	if (r == 0 && ret_fd)
		*ret_fd = TAKE_FD(making.open_fd);
	fd_close(making.open_fd);
	return r;
}

static int link_at(int fd, int dirfd, const char *text)
{
	return linkat(AT_FDCWD, FD_NAME(fd), dirfd, text, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int link_over_whiteout(struct overlay *overlay, int fd, struct node *parent,
			      const char *text)
{
	struct temp_name temp = overlay_temp_name(overlay);
	int r = link_at(fd, overlay->work_fd, temp.text);

	if (r < 0)
		return r;
	if (renameat(overlay->work_fd, temp.text, node_upper_fd(parent), text) < 0) {
		r = -errno;
		(void)unlinkat(overlay->work_fd, temp.text, 0);
	}
	return r;
}

static int note_name(struct overlay *overlay, struct node *parent, const char *text,
		     struct node *node)
{
	int r = 0;

	pthread_mutex_lock(&overlay->table.lock);
	if (node)
		r = table_set_name(&overlay->table, parent, text, node);
	else
		table_drop_name(&overlay->table, parent, text);
	pthread_mutex_unlock(&overlay->table.lock);
	return r;
}

int overlay_link(struct overlay *overlay, struct node *node, struct node *parent, const char *text)
{
	int r = prepare_parent(overlay, parent, text);

	if (r == 0)
		r = overlay_copy_up(overlay, node, true);
	if (r < 0)
		return r;
	pthread_mutex_lock(&overlay->change);
	r = link_at(node_upper_fd(node), node_upper_fd(parent), text);
	if (r == -EEXIST && upper_has(overlay, parent, text) == UPPER_WHITEOUT)
		r = link_over_whiteout(overlay, node_upper_fd(node), parent, text);
	if (r == 0)
		r = note_name(overlay, parent, text, node);
	pthread_mutex_unlock(&overlay->change);
	return r;
}

/* The node of a name that the kernel has looked up; it stays while its name does. */
static struct node *known_node(struct overlay *overlay, struct node *parent, const char *text)
{
	struct node *node = NULL;
	struct name *name;

	pthread_mutex_lock(&overlay->table.lock);
	name = table_find_name(&overlay->table, parent, text);
	if (name)
		node = name->node;
	pthread_mutex_unlock(&overlay->table.lock);
	return node;
}

bool overlay_shows(struct overlay *overlay, struct node *parent, const char *text,
		   const struct node *node)
{
	return known_node(overlay, parent, text) == node;
}

int overlay_materialize(struct overlay *overlay, struct node *parent, const char *text,
			struct node *node)
{
	int upper = node_upper_fd(parent);
	struct stat st;
	int r = upper_has(overlay, parent, text);

	if (r != UPPER_NOTHING || node_upper_fd(node) < 0 ||
	    !overlay_shows(overlay, parent, text, node))
		return r < 0 ? r : 0;
	r = layer_stat(upper, &st);
	if (r == 0)
		r = link_at(node_upper_fd(node), upper, text);
	if (r < 0)
		return r;
	node->nlink_bias--;
	(void)copy_times(upper, &st); /* nobody asked for a change of the directory */
	return 0;
}

int overlay_keep_linkable(struct overlay *overlay, struct node *node)
{
	struct temp_name temp = overlay_temp_name(overlay);
	struct stat st;
	int r;

	if (!node || node_is_dir(node) || node_upper_fd(node) < 0 || node->nlink_bias <= 0)
		return 0;
	r = layer_stat(node_upper_fd(node), &st);
	if (r < 0 || st.st_nlink != 1)
		return r;
	r = link_at(node_upper_fd(node), overlay->work_fd, temp.text);
	if (r == 0)
		node->nlink_bias--;
	return r;
}

/* A name that only the lower layer has goes without the backing's link count telling. */
static void count_lost_link(struct overlay *overlay, struct node *parent, const char *text)
{
	struct name *name;

	pthread_mutex_lock(&overlay->table.lock);
	name = table_find_name(&overlay->table, parent, text);
	if (name && name->node)
		node_lose_lower_name_locked(name->node);
	pthread_mutex_unlock(&overlay->table.lock);
}

int overlay_unlink(struct overlay *overlay, struct node *parent, const char *text)
{
	struct stat hidden;
	int covered, has;
	int r = prepare_parent(overlay, parent, text);

	if (r < 0)
		return r;
	pthread_mutex_lock(&overlay->change);
	covered = overlay_find_lower(overlay, parent, text, &hidden);
	has = upper_has(overlay, parent, text);
	r = MIN(covered, has);
	if (r >= 0)
		r = has == UPPER_FILE
			    ? overlay_keep_linkable(overlay, known_node(overlay, parent, text))
			    : 0;
	if (r == 0) {
		if (covered)
			r = overlay_put_whiteout(overlay, parent, text, &hidden);
		else if (unlinkat(node_upper_fd(parent), text, 0) < 0)
			r = -errno;
	}
	if (r == 0) {
		if (has == UPPER_NOTHING)
			count_lost_link(overlay, parent, text);
		(void)note_name(overlay, parent, text, NULL);
	}
	pthread_mutex_unlock(&overlay->change);
	return r;
}

int overlay_check_empty(struct overlay *overlay, struct node *dir)
{
	struct dirlist list = { 0 };
	int r;

	if (overlay_is_merged(overlay))
		return 0; /* the real file system's own rmdir looks */
	r = dirlist_read(overlay, dir, &list);
	if (r == 0 && list.n > 0)
		r = -ENOTEMPTY;
	dirlist_done(&list);
	return r;
}

/* The upper part of a directory that shows nothing: it may be full of whiteouts. */
static int remove_upper_dir(struct overlay *overlay, struct node *parent, const char *text)
{
	struct temp_name temp = overlay_temp_name(overlay);
	int upper = node_upper_fd(parent);

	if (unlinkat(upper, text, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY || overlay_is_merged(overlay))
		return -errno;
	if (renameat(upper, text, overlay->work_fd, temp.text) < 0)
		return -errno;
	(void)layer_remove_tree(overlay->work_fd, temp.text); /* the next start clears it */
	return 0;
}

int overlay_rmdir(struct overlay *overlay, struct node *parent, const char *text)
{
	struct node *dir = NULL;
	struct stat hidden;
	int covered;
	int r = prepare_parent(overlay, parent, text);

	if (r == 0)
		r = overlay_find(overlay, parent, text, &dir);
	if (r < 0)
		return r;
	pthread_mutex_lock(&overlay->change);
	r = overlay_check_empty(overlay, dir);
	if (r == 0) {
		covered = overlay_find_lower(overlay, parent, text, &hidden);
		if (covered < 0)
			r = covered;
		else if (covered)
			r = overlay_put_whiteout(overlay, parent, text, &hidden);
		else
			r = remove_upper_dir(overlay, parent, text);
	}
	if (r == 0)
		(void)note_name(overlay, parent, text, NULL);
	pthread_mutex_unlock(&overlay->change);
	node_put(dir);
	return r;
}

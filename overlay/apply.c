/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The upper layer into the real directory, name by name. Everything is put together in the staging directory, its bytes are
 * brought to the disk, and it is renamed over its name (or exchanged with what a rename can't replace), so that whoever looks,
 * and a power cut at any moment, finds each file whole: the old one or the new one. What the union deleted is only noted here
 * (removals.c): a file that was moved in the union is a new name and a deletion, and the disk must have one of both always.
 *
 * The upper layer is not touched. As long as it is there it hides all that is done here, so a failure half-way leaves the
 * union as it was, and doing it again does no harm: what an earlier try has placed is known by its stamp.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "copy.h"
#include "dirlist.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "exchanges.h"
#include "layer.h"
#include "merge.h"
#include "overlay.h"
#include "plan.h"
#include "redo.h"
#include "removals.h"
#include "staging.h"

/* One name under work. */
struct item {
	const char *text;
	const struct node *dir; /* of the union */
	int real_dir;
	struct stat upper_st;
	struct stat real_st;
	struct node *node; /* pinned; NULL for a whiteout */
	int upper_fd; /* O_PATH */
	int real_fd; /* O_PATH, -1: nothing there */
};

static void item_done(struct item *item)
{
	node_put(item->node);
	fd_close(item->upper_fd);
	fd_close(item->real_fd);
}

static int apply_dir(struct merge *merge, struct node *dir, int real_fd, bool clear);

static int copy_meta(struct merge *merge, int from, int to, const struct stat *st, bool prune)
{
	int r = copy_owner_mode(to, st);

	/* After chown, which clears capabilities. */
	if (r == 0)
		r = copy_xattrs(from, to, COPY_TO_REAL, merge->overlay->upper_takes_user, prune);
	return r;
}

int apply_stage_file(struct merge *merge, struct node *node, const char *name)
{
	CLEANUP_FD
	int in = -1;
	CLEANUP_FD
	int out = -1;
	uint64_t bytes = 0;
	struct stat st;
	int r;

	in = layer_reopen(node_upper_fd(node), O_RDONLY);
	if (in < 0)
		return in;
	out = openat(merge->staging_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	r = copy_data(in, out, &bytes);
	if (r == 0 && fstat(in, &st) < 0)
		r = -errno;
	if (r == 0)
		r = copy_meta(merge, in, out, &st, false);
	if (r == 0)
		merge->result->bytes += bytes;
	return r;
}

/* What was written since the copy was made. */
static int add_delta(struct merge *merge, struct node *node, const char *name,
		     const struct stat *st)
{
	CLEANUP_FD
	int in = -1;
	CLEANUP_FD
	int out = -1;
	int r = 0;

	if (node->dirty_all)
		return apply_stage_file(merge, node, name);
	if (node->dirty.n == 0 && !node->meta_dirty)
		return 0;
	in = layer_reopen(node_upper_fd(node), O_RDONLY);
	if (in < 0)
		return in;
	out = openat(merge->staging_fd, name, O_RDWR | O_CLOEXEC);
	if (out < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < node->dirty.n; i++)
		r = copy_range(in, out, node->dirty.items[i].start, node->dirty.items[i].end);
	if (r == 0 && ftruncate(out, st->st_size) < 0)
		r = -errno;
	if (r == 0 && node->meta_dirty)
		r = copy_meta(merge, in, out, st, true);
	return r;
}

static int make_special(struct merge *merge, const struct item *item, const char *name)
{
	char target[PATH_MAX];
	ssize_t n;

	if (!S_ISLNK(item->upper_st.st_mode))
		return mknodat(merge->staging_fd, name, item->upper_st.st_mode,
			       item->upper_st.st_rdev) < 0
			       ? -errno
			       : 0;
	n = readlinkat(item->upper_fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, merge->staging_fd, name) < 0 ? -errno : 0;
}

/* All since the staging's syncfs: a rename may reach the disk before bytes that were written before it. */
static int sync_late(struct merge *merge, const struct item *item, const char *name)
{
	const struct node *node = item->node;
	CLEANUP_FD
	int fd = -1;

	if (!S_ISREG(item->upper_st.st_mode) ||
	    (node->staged && !node->dirty_all && node->dirty.n == 0 && !node->meta_dirty))
		return 0;
	fd = openat(merge->staging_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Everything of the file at staging/@name, times last. */
static int put_together(struct merge *merge, const struct item *item, const char *name)
{
	struct node *node = item->node;
	CLEANUP_FD
	int fd = -1;
	int r;

	if (node->staged)
		r = add_delta(merge, node, name, &item->upper_st);
	else if (S_ISREG(item->upper_st.st_mode))
		r = apply_stage_file(merge, node, name);
	else
		r = make_special(merge, item, name);
	if (r < 0)
		return r;
	fd = openat(merge->staging_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!S_ISREG(item->upper_st.st_mode))
		r = copy_meta(merge, item->upper_fd, fd, &item->upper_st, false);
	if (r == 0)
		r = copy_times(fd, &item->upper_st);
	return r < 0 ? r : sync_late(merge, item, name);
}

/* The old one goes to staging/@kept. */
static int move_old_away(struct merge *merge, const struct item *item, const char *kept)
{
	int r = strbuf_error(&merge->path);

	if (r == 0)
		r = exchanges_note(merge->staging_fd, kept, merge->path.data);
	if (r < 0)
		return r;
	if (renameat(item->real_dir, item->text, merge->staging_fd, kept) < 0)
		return -errno;
	r = exchanges_add(&merge->exchanges, item->real_dir, item->text, kept);
	if (r < 0)
		(void)renameat(merge->staging_fd, kept, item->real_dir, item->text);
	return r;
}

static int exchange_names(struct merge *merge, const struct item *item, const char *name)
{
	int r;

	if (renameat2(merge->staging_fd, name, item->real_dir, item->text, RENAME_EXCHANGE) < 0)
		return -errno;
	r = exchanges_add(&merge->exchanges, item->real_dir, item->text, name);
	if (r < 0)
		(void)renameat2(merge->staging_fd, name, item->real_dir, item->text,
				RENAME_EXCHANGE);
	return r;
}

/* staging/@name gets its name. @exchange: a directory and something else; the old one goes with the staging directory. */
static int rename_into_place(struct merge *merge, const struct item *item, const char *name,
			     bool exchange)
{
	char old[24];
	int r;

	if (exchange) {
		r = exchange_names(merge, item, name);
		if (r != -EINVAL)
			return r;
		/* A file system without exchange. */
		merge_next_name(merge, old, sizeof(old));
		r = move_old_away(merge, item, old);
		if (r < 0)
			return r;
	}
	return renameat(merge->staging_fd, name, item->real_dir, item->text) < 0 ? -errno : 0;
}

/* Renames staging/@name into place and takes it as what the node becomes. */
static int put_into_place(struct merge *merge, struct item *item, const char *name, bool exchange)
{
	struct stat st;
	int fd = rename_into_place(merge, item, name, exchange);

	if (fd < 0)
		return fd;
	fd = layer_open_path(item->real_dir, item->text, &st);
	if (fd < 0)
		return fd;
	fd_close(item->node->next_fd);
	item->node->next_fd = fd;
	node_set_placed(item->node, &st);
	return 0;
}

static int replace(struct merge *merge, struct item *item, bool exchange)
{
	char name[24];
	int r;

	if (item->node->staged)
		snprintf(name, sizeof(name), "%s", item->node->staged->name);
	else
		merge_next_name(merge, name, sizeof(name));
	r = put_together(merge, item, name);
	return r < 0 ? r : put_into_place(merge, item, name, exchange);
}

static int link_placed(struct merge *merge, struct item *item, bool exchange)
{
	char name[24];

	merge_next_name(merge, name, sizeof(name));
	if (linkat(AT_FDCWD, FD_NAME(item->node->next_fd), merge->staging_fd, name,
		   AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return put_into_place(merge, item, name, exchange);
}

/* Other names of the real inode must see the change: not by a rename. */
static int rewrite(struct merge *merge, struct item *item)
{
	struct stat st;
	int r;

	if (!S_ISREG(item->upper_st.st_mode) || !S_ISREG(item->real_st.st_mode))
		return replace(merge, item, false);
	r = redo_rewrite(merge, item->node, item->real_fd, &item->upper_st);
	if (r < 0 && merge->keep_staging)
		item->node->rewriting_ino = item->real_st.st_ino;
	if (r == 0)
		r = layer_stat(item->real_fd, &st);
	if (r < 0)
		return r;
	node_set_placed(item->node, &st);
	item->node->rewriting_ino = 0;
	fd_close(item->node->next_fd);
	item->node->next_fd = TAKE_FD(item->real_fd);
	return 0;
}

/* With all that is in it, before it is seen. */
static int make_dir(struct merge *merge, struct item *item, bool exchange)
{
	CLEANUP_FD
	int fd = -1;
	char name[24];
	int r;

	merge_next_name(merge, name, sizeof(name));
	if (mkdirat(merge->staging_fd, name, 0700) < 0)
		return -errno;
	fd = openat(merge->staging_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = copy_meta(merge, item->upper_fd, fd, &item->upper_st, false);
	if (r == 0)
		r = apply_dir(merge, item->node, fd, false);
	return r < 0 ? r : rename_into_place(merge, item, name, exchange);
}

static int set_aside(struct merge *merge, const struct item *item)
{
	char other[NAME_MAX + 1];
	int r = staging_keep_beside(item->real_dir, item->text, item->real_dir, item->text, other);

	if (r == 0)
		log_warning("both %s and the file that was there are kept; the latter is %s now",
			    merge->path.data, other);
	return r;
}

static enum plan_kind kind_of(const struct stat *st)
{
	return S_ISDIR(st->st_mode) ? PLAN_KIND_DIR : PLAN_KIND_FILE;
}

/* The real object is what the union's lower layers have at that name. */
static bool is_of_lower(const struct item *item, const struct marks_stamp *real)
{
	for (int i = 0; i < node_n_lower(item->dir); i++) {
		struct marks_stamp lower;
		struct stat st;

		if (fstatat(item->dir->lower_fds[i], item->text, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		lower = marks_stamp_of(&st);
		return marks_stamp_equal(&lower, real);
	}
	return false;
}

/* The real object is the one that the upper one was made over. */
static bool is_expected(struct merge *merge, const struct item *item)
{
	struct marks_stamp real = marks_stamp_of(&item->real_st);
	struct marks_stamp stamp;

	if (merge->overlay->foreign_upper || merge->hides_all)
		return true;
	if (item->node && item->node->rewriting_ino == real.ino)
		return true; /* changed by an earlier try */
	if (item->node && item->node->has_placed && marks_stamp_equal(&item->node->placed, &real))
		return true;
	/* The stamp belongs to the inode: with several names it tells about one of them only. Another directory's own file shows nevertheless. */
	if (item->node && !node_is_dir(item->node) && item->upper_st.st_nlink > 1)
		return is_of_lower(item, &real);
	if (getxattr(FD_NAME(item->upper_fd), MARKS_STAMP, &stamp, sizeof(stamp)) != sizeof(stamp))
		return false;
	return marks_stamp_equal(&stamp, &real);
}

static struct plan plan_of(struct merge *merge, const struct item *item)
{
	struct plan_input in = { .upper = PLAN_KIND_WHITEOUT, .real = PLAN_KIND_NOTHING };
	char value[4];
	ssize_t n;

	if (item->node) {
		in.upper = kind_of(&item->upper_st);
		in.placed = item->node->next_fd >= 0;
		in.shared = item->node->nlink_bias > 0;
	}
	if (item->real_fd >= 0) {
		in.real = kind_of(&item->real_st);
		in.expected = is_expected(merge, item);
	}
	if (in.upper == PLAN_KIND_DIR) {
		n = getxattr(FD_NAME(item->upper_fd), MARKS_OPAQUE, value, sizeof(value));
		in.opaque = merge->hides_all || (n > 0 && marks_is_opaque(value, (size_t)n));
	}
	return plan_decide(&in);
}

/* The path is that of what is being worked on. */
static int note_removal(struct merge *merge, int dirfd, const char *text)
{
	int r = strbuf_error(&merge->path);

	return r < 0 ? r : removals_add(&merge->removals, dirfd, text, merge->path.data);
}

static int note_child(struct merge *merge, int dirfd, const char *text)
{
	size_t len = merge_path_push(merge, text);
	int r = note_removal(merge, dirfd, text);

	merge_path_pop(merge, len);
	return r;
}

static int perform(struct merge *merge, struct item *item, const struct plan *plan)
{
	int r = 0;

	merge->result->conflicts += plan->conflict;
	if (plan->set_aside)
		r = set_aside(merge, item);
	if (r < 0)
		return r;
	switch (plan->step) {
	case PLAN_NOTHING:
		return plan->remove ? note_removal(merge, item->real_dir, item->text) : 0;
	case PLAN_REPLACE:
		return replace(merge, item, plan->remove);
	case PLAN_LINK:
		return link_placed(merge, item, plan->remove);
	case PLAN_REWRITE:
		return rewrite(merge, item);
	case PLAN_MAKE_DIR:
		return make_dir(merge, item, plan->remove);
	case PLAN_MERGE_DIR:
		return apply_dir(merge, item->node, item->real_fd, plan->clear);
	}
	return 0;
}

static int item_open(struct merge *merge, struct node *dir, struct item *item)
{
	int r;

	item->upper_fd = layer_open_path(node_upper_fd(dir), item->text, &item->upper_st);
	if (item->upper_fd < 0)
		return item->upper_fd;
	if (!marks_is_whiteout(&item->upper_st)) {
		r = overlay_find(merge->overlay, dir, item->text, &item->node);
		if (r < 0)
			return r;
	}
	r = layer_open_path(item->real_dir, item->text, &item->real_st);
	if (r < 0 && r != -ENOENT)
		return r;
	item->real_fd = r < 0 ? -1 : r;
	return 0;
}

static int apply_name(struct merge *merge, struct node *dir, int real_dir, const char *text)
{
	CLEANUP(item_done)
	struct item item = {
		.text = text,
		.dir = dir,
		.real_dir = real_dir,
		.upper_fd = -1,
		.real_fd = -1,
	};
	size_t len = merge_path_push(merge, text);
	int r = item_open(merge, dir, &item);

	if (r == 0) {
		struct plan plan = plan_of(merge, &item);

		r = perform(merge, &item, &plan);
	}
	if (r == 0) {
		merge->result->files++;
		atomic_fetch_add(&merge->progress->files_done, 1);
	}
	r = merge_failed(merge, NULL, r);
	merge_path_pop(merge, len);
	return r;
}

/* Of an opaque directory, what the union does not show. */
static int clear_dir(struct merge *merge, struct node *dir, int real_fd)
{
	struct dirlist list = { 0 };
	struct stat st;
	int r = dirlist_read_plain(real_fd, &list);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		if (fstatat(node_upper_fd(dir), dirlist_name(&list, i), &st, AT_SYMLINK_NOFOLLOW) <
		    0)
			r = errno == ENOENT ? note_child(merge, real_fd, dirlist_name(&list, i))
					    : -errno;
	}
	dirlist_done(&list);
	return r;
}

static int apply_children(struct merge *merge, struct node *dir, int real_fd)
{
	struct dirlist list = { 0 };
	int r = dirlist_read_plain(node_upper_fd(dir), &list);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = apply_name(merge, dir, real_fd, dirlist_name(&list, i));
	dirlist_done(&list);
	return r;
}

static int apply_dir(struct merge *merge, struct node *dir, int real_fd, bool clear)
{
	bool hid_all = merge->hides_all;
	int upper = node_upper_fd(dir);
	struct stat st;
	int r = layer_stat(upper, &st);

	merge->hides_all = clear;

	if (r == 0)
		r = copy_meta(merge, upper, real_fd, &st, true);
	if (r == 0 && clear)
		r = clear_dir(merge, dir, real_fd);
	if (r == 0)
		r = apply_children(merge, dir, real_fd);
	merge->hides_all = hid_all;
	if (r == 0)
		r = copy_times(real_fd, &st);
	if (r < 0)
		return r;
	fd_close(dir->next_fd);
	dir->next_fd = fcntl(real_fd, F_DUPFD_CLOEXEC, 3);
	return dir->next_fd < 0 ? -errno : 0;
}

int apply_all(struct merge *merge)
{
	return apply_dir(merge, merge->overlay->table.root, merge->real_fd, false);
}

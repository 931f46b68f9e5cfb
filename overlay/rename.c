/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rename. What moves is first made wholly the upper layer's own: a file by copy-up, a directory with all beneath it, so that
 * nothing of the lower shines through at its new place. The old name gets a whiteout if the lower has it, by the kernel's own
 * RENAME_WHITEOUT or by exchange, so that no moment shows the lower file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"
#include "layer.h"
#include "overlay.h"

struct side {
	struct node *parent;
	const char *text;
	struct node *node; /* NULL: nothing there */
	struct stat hidden; /* the lower's, if covered */
	bool covered;
	bool in_upper; /* the upper has something there, maybe a whiteout */
	bool upper_is_dir;
};

static int side_look(struct overlay *overlay, struct side *side)
{
	int r;

	if (strlen(side->text) > NAME_MAX)
		return -ENAMETOOLONG;
	r = overlay_copy_up(overlay, side->parent, true);
	if (r == 0)
		r = overlay_find(overlay, side->parent, side->text, &side->node);
	return r == -ENOENT ? 0 : r;
}

static int make_whole(struct overlay *overlay, struct side *side)
{
	int r;

	if (node_is_dir(side->node))
		return overlay_copy_up_tree(overlay, side->node);
	r = overlay_copy_up(overlay, side->node, true);
	if (r < 0)
		return r;
	pthread_mutex_lock(&overlay->change);
	r = overlay_materialize(overlay, side->parent, side->text, side->node);
	pthread_mutex_unlock(&overlay->change);
	return r;
}

static int side_measure(struct overlay *overlay, struct side *side)
{
	struct stat st;
	int r = overlay_find_lower(overlay, side->parent, side->text, &side->hidden);

	if (r < 0)
		return r;
	side->covered = r > 0;
	if (fstatat(node_upper_fd(side->parent), side->text, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		side->in_upper = true;
		side->upper_is_dir = S_ISDIR(st.st_mode);
	} else if (errno != ENOENT) {
		return -errno;
	}
	return 0;
}

/* Says at its new name what the moved file hides there. */
static int mark(struct node *node, const struct side *to)
{
	int fd = node_upper_fd(node);

	if (!to->covered) {
		(void)removexattr(FD_NAME(fd), MARKS_STAMP); /* there may be none */
		return 0;
	}
	if (node_is_dir(node)) {
		int r = overlay_set_opaque(fd);

		if (r < 0)
			return r;
	}
	return overlay_set_stamp(fd, &to->hidden);
}

static int do_rename(const struct side *from, const struct side *to, unsigned int flags)
{
	return renameat2(node_upper_fd(from->parent), from->text, node_upper_fd(to->parent),
			 to->text, flags) < 0
		       ? -errno
		       : 0;
}

/* An upper directory in the way that shows nothing: its whiteouts must go before it can be replaced. */
static int clear_target(struct overlay *overlay, struct side *to)
{
	struct temp_name temp = overlay_temp_name(overlay);
	int r = overlay_check_empty(overlay, to->node);

	if (r < 0 || !to->upper_is_dir || overlay_is_merged(overlay))
		return r;
	if (to->covered) {
		r = overlay_put_whiteout(overlay, to->parent, to->text, &to->hidden);
	} else if (renameat(node_upper_fd(to->parent), to->text, overlay->work_fd, temp.text) < 0) {
		r = -errno;
	} else {
		(void)layer_remove_tree(overlay->work_fd, temp.text);
		to->in_upper = false;
	}
	to->upper_is_dir = false;
	return r;
}

/* What is at the new name may be replaced, and the moved file says what it hides there. */
static int make_way(struct overlay *overlay, struct side *from, struct side *to)
{
	int r = 0;

	if (to->node && node_is_dir(to->node))
		r = clear_target(overlay, to);
	else if (to->in_upper)
		r = overlay_keep_linkable(overlay, to->node);
	if (r == 0 && !overlay_is_merged(overlay))
		r = mark(from->node, to);
	return r;
}

/* Afterwards a covered old name has a whiteout, but one that says nothing of what it hides. */
static int move_name(struct overlay *overlay, const struct side *from, const struct side *to,
		     unsigned int flags)
{
	bool dir_over_whiteout = node_is_dir(from->node) && to->in_upper && !to->upper_is_dir;
	int r;

	/* Others make names there as well: the file system looks again. */
	if (overlay_is_merged(overlay))
		return do_rename(from, to, flags & RENAME_NOREPLACE);
	if (!dir_over_whiteout)
		return do_rename(from, to, from->covered ? RENAME_WHITEOUT : 0);
	r = do_rename(from, to, RENAME_EXCHANGE); /* the old name has the whiteout now */
	if (r == 0 && !from->covered)
		(void)unlinkat(node_upper_fd(from->parent), from->text, 0); /* it hides nothing */
	return r;
}

/* The plain case: something moves over nothing, over a whiteout, or over what it replaces. */
static int move(struct overlay *overlay, struct side *from, struct side *to, unsigned int flags)
{
	struct temp_name whiteout;
	int r = from->covered ? overlay_make_whiteout(overlay, &from->hidden, &whiteout) : 0;

	if (r < 0)
		return r;
	r = make_way(overlay, from, to);
	if (r == 0)
		r = move_name(overlay, from, to, flags);
	if (!from->covered)
		return r;
	if (r < 0)
		overlay_drop_temp(overlay, &whiteout);
	else /* It has moved. With the other whiteout the merge keeps the lower file. */
		(void)overlay_place_whiteout(overlay, &whiteout, from->parent, from->text);
	return r;
}

static int exchange(struct overlay *overlay, struct side *from, struct side *to)
{
	int r = 0;

	if (!overlay_is_merged(overlay)) {
		r = mark(from->node, to);
		if (r == 0)
			r = mark(to->node, from);
	}
	return r < 0 ? r : do_rename(from, to, RENAME_EXCHANGE);
}

static void note(struct overlay *overlay, struct side *from, struct side *to, bool exchanged)
{
	struct table *table = &overlay->table;

	pthread_mutex_lock(&table->lock);
	/* A hidden lower file has lost a name that its own link count still tells. */
	if (!exchanged && to->node && !node_is_dir(to->node) && !to->in_upper)
		node_lose_lower_name_locked(to->node);
	/* Never fails: the name is known since the look-up. */
	(void)table_set_name(table, to->parent, to->text, from->node);
	if (exchanged)
		(void)table_set_name(table, from->parent, from->text, to->node);
	else
		table_drop_name(table, from->parent, from->text);
	pthread_mutex_unlock(&table->lock);
}

static int check(const struct side *from, const struct side *to, unsigned int flags)
{
	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (!from->node || ((flags & RENAME_EXCHANGE) && !to->node))
		return -ENOENT;
	if ((flags & RENAME_NOREPLACE) && to->node)
		return -EEXIST;
	return 0;
}

static int rename_sides(struct overlay *overlay, struct side *from, struct side *to,
			unsigned int flags)
{
	bool is_exchange = flags & RENAME_EXCHANGE;
	int r = side_look(overlay, from);

	if (r == 0)
		r = side_look(overlay, to);
	if (r == 0)
		r = check(from, to, flags);
	if (r != 0 || (from->node == to->node && !is_exchange))
		return r; /* two names of one file: nothing happens, says POSIX */
	r = make_whole(overlay, from);
	if (r == 0 && is_exchange)
		r = make_whole(overlay, to);
	if (r < 0)
		return r;
	pthread_mutex_lock(&overlay->change);
	r = side_measure(overlay, from);
	if (r == 0)
		r = side_measure(overlay, to);
	if (r == 0)
		r = is_exchange ? exchange(overlay, from, to) : move(overlay, from, to, flags);
	if (r == 0)
		note(overlay, from, to, is_exchange);
	pthread_mutex_unlock(&overlay->change);
	return r;
}

int overlay_rename(struct overlay *overlay, struct node *from_parent, const char *from,
		   struct node *to_parent, const char *to, unsigned int flags)
{
	struct side a = { .parent = from_parent, .text = from };
	struct side b = { .parent = to_parent, .text = to };
	int r;

	if (overlay->read_only)
		return -EROFS;
	r = marks_is_hidden_name(to) ? -EPERM : rename_sides(overlay, &a, &b, flags);
	node_put(a.node);
	node_put(b.node);
	return r;
}

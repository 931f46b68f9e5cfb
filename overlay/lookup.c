/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a name to its node. For LOOKUP the layers are asked without any lock but the gate: the kernel holds the directory's own
 * lock, so that the name can't be changed meanwhile, except that a copy-up moves it from the lower to the upper layer, and
 * then both keys lead to the same node. Who looks a name up unasked holds `change` instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "early/fd.h"
#include "early/macros.h"
#include "layer.h"
#include "overlay.h"

/* What the layers have at a name. */
struct found {
	int upper_fd;
	int *lower_fds;
	int n_lower;
	struct stat upper_st;
	struct stat lower_st; /* of the uppermost lower */
};

static void found_done(struct found *found)
{
	fd_close(found->upper_fd);
	for (int i = 0; i < found->n_lower; i++)
		fd_close(found->lower_fds[i]);
	free(found->lower_fds);
}

static bool is_opaque(int fd)
{
	char value[4];
	ssize_t n = getxattr(FD_NAME(fd), MARKS_OPAQUE, value, sizeof(value));

	return n > 0 && marks_is_opaque(value, (size_t)n);
}

static int add_lower(struct found *found, int fd, const struct stat *st)
{
	int *bigger = realloc(found->lower_fds, (size_t)(found->n_lower + 1) * sizeof(int));

	if (!bigger) {
		fd_close(fd);
		return -ENOMEM;
	}
	found->lower_fds = bigger;
	if (found->n_lower == 0)
		found->lower_st = *st;
	found->lower_fds[found->n_lower++] = fd;
	return 0;
}

/* Goes down the lower layers of @parent until one hides what is beneath it. */
static int find_in_lower(struct node *parent, const char *text, bool dirs_only, struct found *found)
{
	for (int i = 0; i < node_n_lower(parent); i++) {
		struct stat st;
		int fd = layer_open_path(parent->lower_fds[i], text, &st);
		int r;

		if (fd == -ENOENT || fd == -ENOTDIR)
			continue;
		if (fd < 0)
			return fd;
		if (marks_is_whiteout(&st) || (dirs_only && !S_ISDIR(st.st_mode))) {
			fd_close(fd);
			return 0;
		}
		r = add_lower(found, fd, &st);
		if (r < 0)
			return r;
		if (!S_ISDIR(st.st_mode) || (i + 1 < parent->n_lower && is_opaque(fd)))
			return 0;
		dirs_only = true;
	}
	return 0;
}

static int find_in_layers(struct overlay *overlay, struct node *parent, const char *text,
			  struct found *found)
{
	int upper = node_upper_fd(parent);
	int fd;

	if (upper >= 0) {
		fd = layer_open_path(upper, text, &found->upper_st);
		if (fd >= 0)
			found->upper_fd = fd;
		else if (fd != -ENOENT)
			return fd;
	}
	if (found->upper_fd >= 0 && !overlay_is_merged(overlay) &&
	    marks_is_whiteout(&found->upper_st)) {
		found->upper_fd = fd_close(found->upper_fd);
		return -ENOENT;
	}
	if (found->upper_fd >= 0 && !S_ISDIR(found->upper_st.st_mode))
		return 0;
	if (node_n_lower(parent) > 0 && (found->upper_fd < 0 || !is_opaque(found->upper_fd))) {
		int r = find_in_lower(parent, text, found->upper_fd >= 0, found);

		if (r < 0)
			return r;
	}
	return found->upper_fd < 0 && found->n_lower == 0 ? -ENOENT : 0;
}

static uint64_t number_of(struct overlay *overlay, const struct found *found)
{
	if (overlay_is_merged(overlay))
		return marks_ino(MARKS_LAYER_REAL, found->upper_st.st_ino);
	if (found->n_lower > 0)
		return marks_ino(MARKS_LAYER_LOWER, found->lower_st.st_ino);
	return marks_ino(MARKS_LAYER_UPPER, found->upper_st.st_ino);
}

/* With the table's lock held: a new node that takes the descriptors over. */
static int make_node(struct overlay *overlay, struct found *found, struct node **ret_node)
{
	mode_t type = found->upper_fd >= 0 ? found->upper_st.st_mode : found->lower_st.st_mode;
	struct node *node;
	int r = node_new(&overlay->table, type, number_of(overlay, found), &node);

	if (r < 0)
		return r;
	node->upper_fd = TAKE_FD(found->upper_fd);
	node->lower_fds = TAKE_PTR(found->lower_fds);
	node->n_lower = node->n_lower_open = found->n_lower;
	found->n_lower = 0;
	if (node->upper_fd >= 0)
		node_set_key(node, overlay_is_merged(overlay) ? NODE_KEY_REAL : NODE_KEY_UPPER,
			     found->upper_st.st_dev, found->upper_st.st_ino);
	if (node->n_lower > 0)
		node_set_key(node, NODE_KEY_LOWER, found->lower_st.st_dev, found->lower_st.st_ino);
	*ret_node = node;
	return 0;
}

static struct node *find_known(struct table *table, const struct found *found)
{
	const struct stat *st = found->upper_fd >= 0 ? &found->upper_st : &found->lower_st;
	struct node *node = table_find(table, st->st_dev, st->st_ino);

	return node && (node->type == (st->st_mode & S_IFMT)) ? node : NULL;
}

static int settle(struct overlay *overlay, struct node *parent, const char *text,
		  struct found *found, bool pin, struct node **ret_node)
{
	struct node *node = find_known(&overlay->table, found);
	int r = 0;

	if (node)
		node->n_pins++;
	else
		r = make_node(overlay, found, &node);
	if (r < 0)
		return r;
	r = table_set_name(&overlay->table, parent, text, node);
	if (r < 0) {
		node->n_pins--;
		node_put_locked(node);
		return r;
	}
	if (!pin) {
		node->n_lookup++;
		node->n_pins--;
	}
	*ret_node = node;
	return 0;
}

static int look_up(struct overlay *overlay, struct node *parent, const char *text, bool pin,
		   struct node **ret_node, bool *ret_cacheable)
{
	CLEANUP(found_done)
	struct found found = { .upper_fd = -1 };
	int r;

	*ret_cacheable = false;
	if (strlen(text) > NAME_MAX)
		return -ENAMETOOLONG;
	r = marks_is_hidden_name(text) ? -ENOENT : find_in_layers(overlay, parent, text, &found);
	if (r < 0 && r != -ENOENT)
		return r;
	pthread_mutex_lock(&overlay->table.lock);
	if (r == -ENOENT)
		*ret_cacheable = !overlay_is_merged(overlay) &&
				 table_set_name(&overlay->table, parent, text, NULL) == 0;
	else
		r = settle(overlay, parent, text, &found, pin, ret_node);
	pthread_mutex_unlock(&overlay->table.lock);
	return r;
}

int overlay_lookup(struct overlay *overlay, struct node *parent, const char *text,
		   struct node **ret_node, bool *ret_cacheable)
{
	return look_up(overlay, parent, text, false, ret_node, ret_cacheable);
}

int overlay_find(struct overlay *overlay, struct node *parent, const char *text,
		 struct node **ret_node)
{
	bool cacheable;
	int r;

	pthread_mutex_lock(&overlay->change);
	r = look_up(overlay, parent, text, true, ret_node, &cacheable);
	pthread_mutex_unlock(&overlay->change);
	return r;
}

int overlay_adopt(struct overlay *overlay, struct node *parent, const char *text, int fd,
		  const struct stat *st, struct node **ret_node)
{
	CLEANUP(found_done)
	struct found found = { .upper_fd = fd, .upper_st = *st };
	int r;

	pthread_mutex_lock(&overlay->table.lock);
	r = settle(overlay, parent, text, &found, false, ret_node);
	pthread_mutex_unlock(&overlay->table.lock);
	return r;
}

int overlay_find_lower(struct overlay *overlay, struct node *parent, const char *text,
		       struct stat *ret_st)
{
	CLEANUP(found_done)
	struct found found = { .upper_fd = -1 };
	int r;

	if (node_n_lower(parent) == 0)
		return 0;
	r = find_in_lower(parent, text, false, &found);
	if (r < 0 || found.n_lower == 0)
		return r;
	*ret_st = found.lower_st;
	return 1;
}

int overlay_stat(struct overlay *overlay, struct node *node, struct stat *ret_st)
{
	struct stat st;
	int64_t links;
	int r = layer_stat(node_fd(node), &st);

	if (r < 0)
		return r;
	st.st_ino = node->ino;
	links = (int64_t)st.st_nlink + node->nlink_bias;
	st.st_nlink = (nlink_t)MAX(links, (int64_t)0);
	if (node_is_dir(node) && node_n_lower(node) > 0 && node_upper_fd(node) >= 0)
		st.st_nlink = 1; /* nobody counts the subdirectories of a merged directory */
	*ret_st = st;
	return 0;
}

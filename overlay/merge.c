/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The merge in order:
 *
 *  1. The real file system must take a write: a staging directory is made in it. One that a killed merge has left goes before, when
 *     what is in it is not needed any more.
 *  2. While the union is in use, every regular file of the upper layer is copied there, and what is written to it meanwhile
 *     is noted. Then one syncfs, so that the bytes are on the disk before any rename. A full disk ends it here, with nothing
 *     touched.
 *  3. Dirty pages of mappings are written back, so that little is left for the next step.
 *  4. The gate is closed: no request runs. What changed since is copied and brought to the disk, everything is renamed into
 *     place (apply.c), and for each node and open handle the real file is opened beside the old one. If something was deleted,
 *     a syncfs, and only then it goes (removals.c). Only when all of that has worked, the exchange is made, which can't fail;
 *     else all that was opened is dropped, what was exchanged for something of another kind is exchanged back (exchanges.c),
 *     and the union goes on as before.
 *  5. The gate is opened. Everything now reaches the real tree. syncfs once more, then the staging directory goes, with what
 *     was exchanged into it.
 */
#include "merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dirlist.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "exchanges.h"
#include "handle.h"
#include "layer.h"
#include "overlay.h"
#include "redo.h"
#include "removals.h"

void merge_result_done(struct merge_result *result)
{
	free(result->path);
	memset(result, 0, sizeof(*result));
}

void merge_next_name(struct merge *merge, char *name, size_t size)
{
	snprintf(name, size, "%llu", (unsigned long long)merge->next_name++);
}

size_t merge_path_push(struct merge *merge, const char *text)
{
	size_t len = merge->path.len;

	strbuf_putc(&merge->path, '/');
	strbuf_puts(&merge->path, text);
	return len;
}

void merge_path_pop(struct merge *merge, size_t len)
{
	if (strbuf_error(&merge->path) < 0 || !merge->path.data)
		return;
	merge->path.len = len;
	merge->path.data[len] = '\0';
}

static const char *advice_for(int error)
{
	switch (error) {
	case EROFS:
		return "make the real file system writable (mount -o remount,rw), then ask again";
	case ENOSPC:
	case EDQUOT:
		return "free some space on the real file system, then ask again";
	case EMFILE:
	case ENFILE:
		return "raise the limit of open files of early-overlay, then ask again";
	case EPERM:
		return "look for a file or directory there that may not be changed (lsattr shows "
		       "it by i or a), allow it (chattr -ia), then ask again";
	case EIO:
		return "look for disk errors in the kernel's log, repair the file system, then ask "
		       "again";
	default:
		return "remove the cause, then ask again; nothing was lost";
	}
}

int merge_failed(struct merge *merge, const char *text, int r)
{
	if (r < 0 && !merge->result->path) {
		merge->result->path = strdup(text ? text
						  : (merge->path.len > 0 ? merge->path.data : "/"));
		merge->result->advice = advice_for(-r);
	}
	return r;
}

/* A mount's O_PATH descriptor takes no syncfs. */
static int sync_real(struct merge *merge)
{
	CLEANUP_FD
	int fd = openat(merge->real_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

/* --- 1 --- */

/*
 * What a merge that was killed has left: rewritings to finish, what has lost its name, and what was replaced. The latter may be the disk's
 * only copy until what took its place is there.
 */
static int remove_left_overs(struct merge *merge)
{
	struct stat st;
	int r;

	if (fstatat(merge->real_fd, MARKS_STAGING, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	r = redo_replay(merge->real_fd);
	if (r == 0)
		r = exchanges_replay(merge->real_fd);
	if (r == 0)
		r = sync_real(merge);
	return r < 0 ? r : layer_remove_tree(merge->real_fd, MARKS_STAGING);
}

static int open_staging(struct merge *merge)
{
	int r;

	(void)layer_clone_make_writable(merge->real_fd); /* the mkdir says whether it helped */
	r = remove_left_overs(merge);
	if (r == 0 && mkdirat(merge->real_fd, MARKS_STAGING, 0700) < 0)
		r = -errno;
	if (r < 0)
		return merge_failed(merge, "/", r);
	merge->staging_fd = openat(merge->real_fd, MARKS_STAGING,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return merge->staging_fd < 0 ? merge_failed(merge, "/", -errno) : 0;
}

static void close_staging(struct merge *merge)
{
	while (!list_empty(&merge->staged)) {
		struct staged *staged = list_first(&merge->staged, struct staged, link);

		list_remove(&staged->link);
		node_track(staged->node, false);
		staged->node->staged = NULL;
		node_put(staged->node);
		free(staged);
	}
	if (merge->staging_fd < 0)
		return;
	merge->staging_fd = fd_close(merge->staging_fd);
	if (merge->keep_staging)
		return;
	(void)layer_remove_tree(merge->real_fd,
				MARKS_STAGING); /* hidden, and the next merge does */
}

/* --- 2 --- */

static int stage_file(struct merge *merge, struct node *node)
{
	struct staged *staged;

	if (node->staged || node->nlink_bias > 0)
		return 0;
	staged = calloc(1, sizeof(*staged));
	if (!staged)
		return -ENOMEM;
	node_pin(node);
	staged->node = node;
	merge_next_name(merge, staged->name, sizeof(staged->name));
	node->staged = staged;
	list_append(&merge->staged, &staged->link);
	node_track(node, true);
	return apply_stage_file(merge, node, staged->name);
}

static int stage_dir(struct merge *merge, struct node *dir);

static int stage_name(struct merge *merge, struct node *dir, const char *text)
{
	struct overlay *overlay = merge->overlay;
	size_t len = merge_path_push(merge, text);
	struct node *node = NULL;
	int r;

	atomic_fetch_add(&merge->progress->files_total, 1);
	overlay_enter(overlay);
	r = overlay_find(overlay, dir, text, &node);
	overlay_leave(overlay);
	if (r == 0 && node_upper_fd(node) >= 0) {
		if (node_is_dir(node))
			r = stage_dir(merge, node);
		else if (S_ISREG(node->type))
			r = stage_file(merge, node);
	}
	node_put(node);
	r = r == -ENOENT ? 0 : merge_failed(merge, NULL, r); /* a whiteout, or gone meanwhile */
	merge_path_pop(merge, len);
	return r;
}

static int stage_dir(struct merge *merge, struct node *dir)
{
	struct dirlist list = { 0 };
	int r = dirlist_read_plain(node_upper_fd(dir), &list);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = stage_name(merge, dir, dirlist_name(&list, i));
	dirlist_done(&list);
	return r;
}

static int stage_all(struct merge *merge)
{
	int r = stage_dir(merge, merge->overlay->table.root);

	return r < 0 ? r : merge_failed(merge, "/", sync_real(merge));
}

/* --- 3 --- */

static bool has_writer(struct node *node)
{
	struct handle *handle;
	bool found = false;

	pthread_rwlock_rdlock(&node->lock);
	list_for_each (handle, &node->handles, link)
		found = found || (handle->flags & O_ACCMODE) != O_RDONLY;
	pthread_rwlock_unlock(&node->lock);
	return found;
}

static struct node **pin_all(struct table *table, size_t *ret_n)
{
	struct node **nodes;
	struct node *node;
	size_t n = 0;

	pthread_mutex_lock(&table->lock);
	nodes = calloc(table->n_nodes + 1, sizeof(struct node *));
	if (nodes) {
		list_for_each (node, &table->all, all_link) {
			node->n_pins++;
			nodes[n++] = node;
		}
	}
	pthread_mutex_unlock(&table->lock);
	*ret_n = n;
	return nodes;
}

void merge_inval_all(struct overlay *overlay, bool writers_only, merge_inval_fn inval, void *data)
{
	size_t n;
	struct node **nodes = pin_all(&overlay->table, &n);

	for (size_t i = 0; i < n; i++) {
		if (!writers_only || has_writer(nodes[i]))
			inval(data, nodes[i]);
		node_put(nodes[i]);
	}
	free(nodes);
}

/* --- 4 --- */

/* What a node that the merge has not placed is in the real tree: by its name, the directories above first. */
static int find_real(struct merge *merge, struct node *node)
{
	struct name *name = list_first(&node->names, struct name, node_link);
	struct stat st;
	int fd, r;

	if (node->next_fd >= 0 || !name)
		return 0;
	r = find_real(merge, name->parent);
	if (r < 0 || name->parent->next_fd < 0)
		return r;
	fd = layer_open_path(name->parent->next_fd, name->text, &st);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0; /* another directory than the lower one: it stays on its old file */
	if (fd < 0)
		return fd;
	if ((st.st_mode & S_IFMT) != node->type) {
		fd_close(fd);
		return 0;
	}
	node->next_fd = fd;
	return 0;
}

static bool is_same_file(int a, int b)
{
	struct stat st_a, st_b;

	return layer_stat(a, &st_a) == 0 && layer_stat(b, &st_b) == 0 &&
	       st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;
}

/* Opens the real file for all that the node has open, beside the old one. */
static int prepare(struct merge *merge, struct node *node)
{
	int r = find_real(merge, node);

	if (r < 0 || node->next_fd < 0 || node_is_dir(node))
		return r;
	/* A lower file that nobody has written is the real file already, or another one that is only read. */
	if (node_upper_fd(node) < 0 &&
	    (is_same_file(node->lower_fds[0], node->next_fd) || list_empty(&node->owners)))
		return 0;
	return handles_prepare(merge->overlay, node, node->next_fd);
}

static void forget_key(struct node *node, enum node_key_kind kind)
{
	list_remove(&node->keys[kind].link);
	node->table->keys.n -= node->keys[kind].used;
	node->keys[kind].used = false;
}

static void commit(struct node *node)
{
	struct stat st;

	if (node->next_fd < 0)
		return; /* unlinked but open: it lives as long as its handles */
	handles_commit(node);
	fd_close(node->upper_fd);
	node->upper_fd = node->next_fd;
	node->next_fd = -1;
	node->n_lower = 0;
	node->nlink_bias = 0;
	forget_key(node, NODE_KEY_LOWER);
	forget_key(node, NODE_KEY_UPPER);
	if (layer_stat(node->upper_fd, &st) == 0)
		node_set_key(node, NODE_KEY_REAL, st.st_dev, st.st_ino);
	for (int i = 0; i < node->n_lower_open; i++)
		fd_close(node->lower_fds[i]);
	node->n_lower_open = 0;
}

/* The number of a node is its own from now on; it may go when the kernel forgets it. */
static void release_kept(struct table *table, struct node **nodes, size_t n)
{
	pthread_mutex_lock(&table->lock);
	for (size_t i = 0; i < n; i++) {
		node_release_locked(nodes[i]);
		if (nodes[i]->counted) {
			nodes[i]->counted = false;
			nodes[i]->n_pins--;
		}
	}
	pthread_mutex_unlock(&table->lock);
}

static void exchange(struct merge *merge, struct node **nodes, size_t n)
{
	struct table *table = &merge->overlay->table;

	pthread_mutex_lock(&table->lock);
	for (size_t i = 0; i < n; i++)
		commit(nodes[i]);
	pthread_mutex_unlock(&table->lock);
	atomic_store_explicit(&merge->overlay->merged, true, memory_order_release);
	merge->overlay->read_only = false;
	release_kept(table, nodes, n);
}

static void drop_prepared(struct node **nodes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		handles_abort(nodes[i]);
		nodes[i]->next_fd = fd_close(nodes[i]->next_fd);
	}
}

/* The same before anything was prepared, without memory for a list. */
static void drop_placed(struct table *table)
{
	struct node *node;

	pthread_mutex_lock(&table->lock);
	list_for_each (node, &table->all, all_link)
		node->next_fd = fd_close(node->next_fd);
	pthread_mutex_unlock(&table->lock);
}

/* What was deleted goes when all that took its place is on the disk. */
static int remove_deleted(struct merge *merge)
{
	CLEANUP(free_charp)
	char *path = NULL;
	int r;

	if (list_empty(&merge->removals))
		return 0;
	r = sync_real(merge);
	if (r == 0)
		r = removals_perform(&merge->removals, &path);
	return merge_failed(merge, path ? path : "/", r);
}

/* What was replaced by something of another kind is the real directory's again. */
static void undo_exchanges(struct merge *merge)
{
	int r = exchanges_undo(&merge->exchanges, merge->staging_fd);

	if (r == 0)
		return;
	merge->keep_staging = true;
	log_errno(r,
		  "what the merge had replaced could not get its name back: it is in " MARKS_STAGING
		  " of the real directory until the next merge");
}

/* The gate is held for writing. */
static int switch_over(struct merge *merge)
{
	struct node *root = merge->overlay->table.root;
	struct node **nodes;
	size_t n;
	int r;

	if (node_upper_fd(root) >= 0) {
		r = apply_all(merge);
	} else {
		root->next_fd = fcntl(merge->real_fd, F_DUPFD_CLOEXEC, 3);
		r = root->next_fd < 0 ? merge_failed(merge, "/", -errno) : 0;
	}
	nodes = pin_all(&merge->overlay->table, &n);
	if (!nodes) {
		drop_placed(&merge->overlay->table);
		return merge_failed(merge, NULL, r < 0 ? r : -ENOMEM);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = merge_failed(merge, NULL, prepare(merge, nodes[i]));
	if (r == 0)
		r = remove_deleted(merge);
	if (r == 0)
		exchange(merge, nodes, n);
	else
		drop_prepared(nodes, n);
	for (size_t i = 0; i < n; i++)
		node_put(nodes[i]);
	free(nodes);
	return r;
}

int merge_run(struct overlay *overlay, int real_fd, merge_inval_fn inval, void *inval_data,
	      struct merge_progress *progress, struct merge_result *ret_result)
{
	struct merge merge = {
		.overlay = overlay,
		.real_fd = real_fd,
		.staging_fd = -1,
		.progress = progress,
		.result = ret_result,
		.path = STRBUF_INIT,
	};
	int r, sync_result;

	list_init(&merge.staged);
	list_init(&merge.removals);
	list_init(&merge.exchanges);
	memset(ret_result, 0, sizeof(*ret_result));
	atomic_store(&progress->files_done, 0);
	atomic_store(&progress->files_total, 0);
	r = open_staging(&merge);
	if (r == 0 && node_upper_fd(overlay->table.root) >= 0)
		r = stage_all(&merge);
	if (r == 0) {
		merge_inval_all(overlay, true, inval, inval_data);
		pthread_rwlock_wrlock(&overlay->gate);
		r = switch_over(&merge);
		if (r < 0)
			undo_exchanges(&merge);
		pthread_rwlock_unlock(&overlay->gate);
	}
	if (r == 0 && (sync_result = sync_real(&merge)) < 0) {
		log_errno(sync_result, "the merged files may not all be on the disk");
		merge.keep_staging = !list_empty(&merge.exchanges);
	}
	removals_done(&merge.removals);
	exchanges_done(&merge.exchanges);
	close_staging(&merge);
	strbuf_done(&merge.path);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A socket that is bound belongs to the inode that it was bound to, and a FIFO's readers to the inode that they opened: the
 * real directory has only a placeholder of either. So the FUSE directory is bound over the real one: unlink, rename and a new
 * bind inside keep working, all else is native. A file right beneath the union's root can only be bound itself.
 *
 * The bind is attached beneath the union before that is unmounted, by a descriptor of the mount point from before: no moment
 * shows the placeholder. Whether it is still needed is asked of the kernel: the name is taken out of its cache, and if nobody
 * uses the inode, it forgets it.
 */
#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "handle.h"
#include "layer.h"
#include "overlay.h"
#include "session.h"

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200
#endif

#define WATCH_INTERVAL_US (1000 * 1000)
#define FORGET_TIME_US (200 * 1000)
#define NET_UNIX_MAX (16 * 1024 * 1024)

struct sticky {
	struct list link; /* stickies */
	struct node *node; /* pinned: a directory, or a file beneath the root */
	char *path; /* from the union's root, without a leading slash */
	int tree_fd; /* the detached bind, until it is attached */
	bool attached;
};

static struct list stickies = LIST_INIT(stickies); /* the merge's thread only */

static void sticky_free(struct sticky *sticky)
{
	list_remove(&sticky->link);
	node_put(sticky->node);
	fd_close(sticky->tree_fd);
	free(sticky->path);
	free(sticky);
}

static bool is_special(const struct node *node)
{
	return S_ISSOCK(node->type) || S_ISFIFO(node->type);
}

/* Two page caches can't share a mapped file, and a database compares its file with its path. */
static bool is_shared_use(struct node *node)
{
	return S_ISREG(node->type) && !list_empty(&node->handles) && (node->mapped || node->locked);
}

/* With the table's lock held. */
static void path_of(struct node *node, struct strbuf *path)
{
	struct name *name = list_first(&node->names, struct name, node_link);

	if (!name)
		return;
	path_of(name->parent, path);
	if (path->len > 0)
		strbuf_putc(path, '/');
	strbuf_puts(path, name->text);
}

static bool is_beneath(const struct node *node, const struct node *dir)
{
	for (;;) {
		struct name *name = list_first(&node->names, struct name, node_link);

		if (node == dir)
			return true;
		if (!name)
			return false;
		node = name->parent;
	}
}

static bool is_covered(const struct node *node)
{
	struct sticky *sticky;

	list_for_each (sticky, &stickies, link) {
		if (is_beneath(node, sticky->node))
			return true;
	}
	return false;
}

/* With the table's lock held. Directories that the new one covers become superfluous. */
static int add_sticky(struct node *node)
{
	struct strbuf path = STRBUF_INIT;
	struct sticky *sticky, *tmp;

	if (is_covered(node))
		return 0;
	list_for_each_safe (sticky, tmp, &stickies, link) {
		if (!is_beneath(sticky->node, node))
			continue;
		sticky->node->n_pins--; /* it has a name: it stays */
		list_remove(&sticky->link);
		free(sticky->path);
		free(sticky);
	}
	sticky = calloc(1, sizeof(*sticky));
	if (!sticky)
		return -ENOMEM;
	path_of(node, &path);
	sticky->path = strbuf_take(&path);
	if (!sticky->path) {
		free(sticky);
		return -ENOMEM;
	}
	node->n_pins++;
	sticky->node = node;
	sticky->tree_fd = -1;
	list_append(&stickies, &sticky->link);
	return 0;
}

static int consider(struct table *table, struct node *node)
{
	struct name *name = list_first(&node->names, struct name, node_link);
	bool special = is_special(node) && node->n_lookup > 0;

	if (!name || (!special && !is_shared_use(node)))
		return 0;
	if (name->parent != table->root)
		return add_sticky(name->parent);
	return special ? add_sticky(node) : 0;
}

static int collect(struct aside *aside)
{
	struct table *table = &aside->overlay->table;
	struct node *node;
	int r = 0;

	pthread_mutex_lock(&table->lock);
	list_for_each (node, &table->all, all_link) {
		if (r == 0)
			r = consider(table, node);
	}
	pthread_mutex_unlock(&table->lock);
	return r;
}

static char *join(const char *a, const char *b)
{
	struct strbuf buf = STRBUF_INIT;

	strbuf_printf(&buf, "%s/%s", a, b);
	return strbuf_take(&buf);
}

/* Walks through our own mount: other threads answer. */
static int open_sticky(struct aside *aside, struct sticky *sticky)
{
	CLEANUP(free_charp)
	char *path = join(aside->mountpoint, sticky->path);

	if (!path)
		return -ENOMEM;
	sticky->tree_fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
				       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	return sticky->tree_fd < 0 ? -errno : 0;
}

static int attach(int tree_fd, int dirfd, const char *path, unsigned int flags)
{
	flags |= MOVE_MOUNT_F_EMPTY_PATH;
	return syscall(SYS_move_mount, tree_fd, "", dirfd, path, flags) < 0 ? -errno : 0;
}

static int attach_sticky(struct aside *aside, struct sticky *sticky)
{
	CLEANUP_FD
	int attached = -1;
	int base = aside->overlay->beneath_attached_fd;
	int r;

	if (aside->into) {
		attached = open(aside->into, O_PATH | O_DIRECTORY | O_CLOEXEC);
		base = attached;
	}
	r = attach(sticky->tree_fd, base, sticky->path, 0);
	if (r == 0) {
		sticky->tree_fd = fd_close(sticky->tree_fd);
		sticky->attached = true;
	}
	return r;
}

static void bind_stickies(struct aside *aside)
{
	struct sticky *sticky, *tmp;
	int r = collect(aside);

	if (r < 0)
		log_errno(r, "sockets of the union may be out of reach after the merge");
	list_for_each_safe (sticky, tmp, &stickies, link) {
		if (sticky->attached)
			continue; /* by an earlier try */
		r = open_sticky(aside, sticky);
		if (r == 0)
			r = attach_sticky(aside, sticky);
		if (r < 0) {
			log_errno(r, "what is in use in %s/%s is out of reach now",
				  aside->mountpoint, sticky->path);
			sticky_free(sticky);
			continue;
		}
		log_debug("%s/%s is served on", aside->mountpoint, sticky->path);
		atomic_fetch_add(&aside->n_sticky, 1);
	}
}

static int detach(struct aside *aside)
{
	int r = aside->detached ? 0 : session_detach(aside->session);

	if (r == -EINVAL)
		r = 0; /* somebody has unmounted it already */
	aside->detached = r == 0;
	return r;
}

/* The real directory comes from elsewhere: it is put beneath the union, or, before Linux 6.5, in its place. */
static int put_into_place(struct aside *aside)
{
	CLEANUP_FD
	int tree = -1;
	int r = -EINVAL;

	tree = (int)syscall(SYS_open_tree, AT_FDCWD, aside->into,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return -errno;
	if (!aside->detached)
		r = attach(tree, AT_FDCWD, aside->mountpoint, MOVE_MOUNT_BENEATH);
	if (r == -EINVAL) {
		r = detach(aside);
		if (r == 0)
			r = attach(tree, AT_FDCWD, aside->mountpoint, 0);
	}
	aside->placed = r == 0;
	return r;
}

struct name_copy {
	struct node *parent; /* pinned */
	char *text;
};

/* Names that the kernel may have cached for a day. Directories stay: dropping one would hide where processes are. */
static void forget_names(struct aside *aside)
{
	struct table *table = &aside->overlay->table;
	struct name_copy *copies;
	struct name *name;
	size_t n = 0;

	pthread_mutex_lock(&table->lock);
	copies = calloc(table->names.n + 1, sizeof(*copies));
	for (size_t i = 0; copies && i < table->names.n_buckets; i++) {
		list_for_each (name, &table->names.buckets[i], link) {
			if (name->node && node_is_dir(name->node))
				continue;
			copies[n].text = strdup(name->text);
			copies[n].parent = name->parent;
			if (copies[n].text)
				copies[n++].parent->n_pins++;
		}
	}
	pthread_mutex_unlock(&table->lock);
	for (size_t i = 0; i < n; i++) {
		session_inval_name(aside->session, copies[i].parent, copies[i].text);
		free(copies[i].text);
		node_put(copies[i].parent);
	}
	free(copies);
}

int aside_step(struct aside *aside)
{
	int r = 0;

	bind_stickies(aside);
	if (aside->into && !aside->placed)
		r = put_into_place(aside);
	if (r == 0)
		r = detach(aside);
	if (r == 0)
		forget_names(aside);
	return r;
}

/* Names of sockets and FIFOs beneath go out of the kernel's cache; it forgets those that nobody uses. */
static void ask_kernel(struct aside *aside, struct node *dir)
{
	struct table *table = &aside->overlay->table;
	struct node **special;
	struct node *node;
	size_t n = 0;

	pthread_mutex_lock(&table->lock);
	special = calloc(table->n_nodes + 1, sizeof(struct node *));
	list_for_each (node, &table->all, all_link) {
		if (special && is_special(node) && is_beneath(node, dir)) {
			node->n_pins++;
			special[n++] = node;
		}
	}
	pthread_mutex_unlock(&table->lock);
	for (size_t i = 0; i < n; i++) {
		struct node *parent;
		char *text;

		if (node_get_place(special[i], &parent, &text) == 0) {
			session_inval_name(aside->session, parent, text);
			free(text);
			node_put(parent);
		}
		node_put(special[i]);
	}
	free(special);
}

static bool in_use(struct aside *aside, struct node *dir)
{
	struct table *table = &aside->overlay->table;
	struct node *node;
	bool used = false;

	pthread_mutex_lock(&table->lock);
	list_for_each (node, &table->all, all_link) {
		if (!used && ((is_special(node) && node->n_lookup > 0) || is_shared_use(node)))
			used = is_beneath(node, dir);
	}
	pthread_mutex_unlock(&table->lock);
	return used;
}

/* The bind of a single file keeps its inode in use: here the kernel's list of bound sockets is asked. */
static bool is_bound(const char *text)
{
	CLEANUP(free_charp)
	char *list = NULL;
	CLEANUP(free_charp)
	char *wanted = join("", text);
	size_t len = wanted ? strlen(wanted) : 0;

	if (!wanted || fs_read_file_at(AT_FDCWD, "../net/unix", NET_UNIX_MAX, &list, NULL) < 0)
		return true;
	for (const char *at = list; (at = strstr(at, wanted)); at += len) {
		if (at[len] == '\n' || at[len] == '\0')
			return true;
	}
	return false;
}

/* Some process has the file behind @st open: @pid_dir is its directory in proc. */
static bool has_open(DIR *proc, const char *pid_dir, const struct stat *st)
{
	char path[64];
	struct dirent *entry;
	bool found = false;
	CLEANUP_DIR
	DIR *dir = NULL;

	snprintf(path, sizeof(path), "%.32s/fd", pid_dir);
	if (dir_open_at(dirfd(proc), path, &dir) < 0)
		return false;
	while (!found && (entry = readdir(dir))) {
		struct stat other;

		found = fstatat(dirfd(dir), entry->d_name, &other, 0) == 0 &&
			S_ISFIFO(other.st_mode) && other.st_ino == st->st_ino &&
			other.st_dev == st->st_dev;
	}
	return found;
}

static bool is_open_fifo(const char *path)
{
	struct dirent *entry;
	struct stat st;
	bool found = false;
	DIR *proc;

	if (lstat(path, &st) < 0)
		return false;
	proc = opendir("../..");
	if (!proc)
		return true;
	while (!found && (entry = readdir(proc)))
		found = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
			has_open(proc, entry->d_name, &st);
	closedir(proc);
	return found;
}

static bool is_needed(struct aside *aside, const struct sticky *sticky, const char *path)
{
	if (S_ISSOCK(sticky->node->type))
		return is_bound(sticky->path);
	if (S_ISFIFO(sticky->node->type))
		return is_open_fifo(path);
	return in_use(aside, sticky->node);
}

static void drop_unused(struct aside *aside)
{
	struct sticky *sticky, *tmp;

	list_for_each_safe (sticky, tmp, &stickies, link) {
		CLEANUP(free_charp)
		char *path = join(aside->mountpoint, sticky->path);

		if (!path || is_needed(aside, sticky, path))
			continue;
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			continue; /* asked again in the next round */
		log_debug("%s is native now", path);
		sticky_free(sticky);
		atomic_fetch_sub(&aside->n_sticky, 1);
	}
}

void aside_watch(struct aside *aside)
{
	struct sticky *sticky;

	while (!list_empty(&stickies)) {
		usleep(WATCH_INTERVAL_US);
		list_for_each (sticky, &stickies, link)
			ask_kernel(aside, sticky->node);
		usleep(FORGET_TIME_US);
		drop_unused(aside);
	}
}

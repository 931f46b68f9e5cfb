/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

#include "cgroup_internal.h"
#include "cgroup_walk.h"

/*
 * Two ways to know a group
 *
 * With cgroup v2 the kernel knows: the group is a directory, its end an inotify event on cgroup.events, its death one write to
 * cgroup.kill. These files are the kernel's own and never block. Without it the group is a procset, refreshed from /proc
 * whenever it matters: before a kill, and after each death in it.
 *
 * A group that holds nobody is left alone by a kill: once cgroup.kill was written no kernel since 6.14 clones into it (spawn.c), and
 * a move by cgroup.procs waits for every processor's grace period, milliseconds in which nothing else is done.
 *
 * on_empty always comes from a hook before the loop sleeps, never from within a call, so that whoever reaps a process may first
 * write down how it ended.
 */

bool cgroup_tree_is_real(const struct cgroup_tree *tree)
{
	return tree->root_fd >= 0;
}

int cgroup_tree_root(const struct cgroup_tree *tree)
{
	return tree->root_fd;
}

/* --- telling that a group is empty --- */

static void handle_hook(struct loop_hook *hook)
{
	struct cgroup_tree *tree = container_of(hook, struct cgroup_tree, hook);
	struct cgroup *group;

	/* A callback may free any group: begin anew after each. */
	while ((group = list_first(&tree->emptied, struct cgroup, emptied_link))) {
		list_remove(&group->emptied_link);
		group->told = true;
		if (group->on_empty)
			group->on_empty(group);
	}
}

void cgroup_set_populated(struct cgroup *group, bool populated)
{
	list_remove(&group->emptied_link);
	group->populated = populated;
	if (populated) {
		group->told = false;
	} else if (!group->told) {
		list_append(&group->tree->emptied, &group->emptied_link);
		loop_hook_schedule(group->tree->loop, &group->tree->hook, handle_hook);
	}
}

/* --- when no descriptor is left --- */

void cgroup_keep_spare(struct cgroup_tree *tree)
{
	for (size_t i = 0; i < SPARE_FDS; i++)
		if (tree->spare_fds[i] < 0)
			tree->spare_fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The processes of a service that is to end must be seen just when a client who waits for that has taken the last descriptor. */
void cgroup_let_spare_go(struct cgroup_tree *tree)
{
	for (size_t i = 0; i < SPARE_FDS; i++)
		tree->spare_fds[i] = fd_close(tree->spare_fds[i]);
}

/* --- the kernel's groups --- */

static ssize_t read_events(const struct cgroup *group, char *text, size_t size)
{
	int fd CLEANUP_FD
	= openat(group->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size);

	return n < 0 ? -errno : n;
}

static bool read_populated(const struct cgroup *group)
{
	char text[256];
	ssize_t n = group->fd < 0 ? -ENOENT : read_events(group, text, sizeof(text) - 1);

	if (n == -EMFILE || n == -ENFILE) {
		cgroup_let_spare_go(group->tree);
		n = read_events(group, text, sizeof(text) - 1);
		cgroup_keep_spare(group->tree);
	}
	if (n < 0) /* that descriptors are short says nothing about the group */
		return n != -ENOENT && n != -ENODEV && group->populated;
	text[n] = '\0';
	return strstr(text, "populated 1") != NULL;
}

/* Who made a process in it has said so, and what is empty forks nobody: only a populated group is looked at. */
static bool look(struct cgroup *group)
{
	if (group->populated && !read_populated(group))
		cgroup_set_populated(group, false);
	return group->populated;
}

static struct list *bucket_of(struct cgroup_tree *tree, int watch)
{
	return &tree->watched[(unsigned int)watch % WATCH_BUCKETS];
}

static void look_at_watched(struct cgroup_tree *tree, int watch)
{
	struct cgroup *group;

	list_for_each (group, bucket_of(tree, watch), watch_link)
		if (group->watch == watch && group->populated)
			cgroup_set_populated(group, read_populated(group));
}

/* Some were lost. */
static void look_at_all(struct cgroup_tree *tree)
{
	struct cgroup *group;

	list_for_each (group, &tree->groups, link)
		if (group->watch >= 0 && group->populated)
			cgroup_set_populated(group, read_populated(group));
}

static void handle_inotify(struct loop_source *source, uint32_t events)
{
	struct cgroup_tree *tree = container_of(source, struct cgroup_tree, source);
	union {
		char buf[4096];
		struct inotify_event align;
	} data;
	ssize_t n = read(tree->inotify_fd, data.buf, sizeof(data.buf));
	const struct inotify_event *event;

	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(data.buf + at);
		if (event->mask & IN_Q_OVERFLOW)
			look_at_all(tree);
		else
			look_at_watched(tree, event->wd);
	}
}

static int make_directories(int root_fd, const char *path, int *ret_fd)
{
	int r;

	r = fs_mkdir_p_at(root_fd, path, 0755);
	if (r < 0)
		return r;
	*ret_fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

static void watch_group(struct cgroup *group)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s%s/cgroup.events", group->tree->root,
			     group->path) >= sizeof(path))
		return;
	group->watch = inotify_add_watch(group->tree->inotify_fd, path, IN_MODIFY);
	if (group->watch < 0)
		log_warning_errno(-errno, "cannot watch %s", path);
	else
		list_append(bucket_of(group->tree, group->watch), &group->watch_link);
}

static void unwatch_group(struct cgroup *group)
{
	if (group->watch < 0)
		return;
	list_remove(&group->watch_link);
	(void)inotify_rm_watch(group->tree->inotify_fd, group->watch); /* gone with it */
	group->watch = -1;
}

int cgroup_make(struct cgroup *group)
{
	int r;

	if (!cgroup_tree_is_real(group->tree) || group->fd >= 0)
		return 0;
	r = make_directories(group->tree->root_fd, group->path + 1, &group->fd);
	if (r < 0)
		return r;
	watch_group(group);
	return 0;
}

void cgroup_remove(struct cgroup *group)
{
	if (!group->tree || group->fd < 0)
		return;
	unwatch_group(group);
	cgroup_walk_remove(group->fd);
	group->fd = fd_close(group->fd);
	group->killed = false;
	if (unlinkat(group->tree->root_fd, group->path + 1, AT_REMOVEDIR) < 0 && errno != ENOENT)
		log_debug("cannot remove group %s", group->path);
}

/* --- both --- */

static bool is_cgroup2(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC;
}

static int open_tree(struct cgroup_tree *tree, const char *root)
{
	int r;

	tree->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->root_fd < 0)
		return -errno;
	if (!is_cgroup2(tree->root_fd))
		return -ENOTSUP;
	tree->root = strdup(root);
	if (!tree->root)
		return -ENOMEM;
	tree->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (tree->inotify_fd < 0)
		return -errno;
	r = loop_add(tree->loop, &tree->source, tree->inotify_fd, EPOLLIN, handle_inotify);
	if (r < 0)
		tree->inotify_fd = fd_close(tree->inotify_fd);
	return r;
}

int cgroup_tree_new(struct cgroup_tree **ret_tree, struct loop *loop, const char *root)
{
	struct cgroup_tree *tree = calloc(1, sizeof(*tree));
	int r;

	if (!tree)
		return -ENOMEM;
	tree->loop = loop;
	list_init(&tree->groups);
	list_init(&tree->emptied);
	for (size_t i = 0; i < WATCH_BUCKETS; i++)
		list_init(&tree->watched[i]);
	tree->root_fd = tree->proc_fd = tree->inotify_fd = -1;
	for (size_t i = 0; i < SPARE_FDS; i++)
		tree->spare_fds[i] = -1;
	cgroup_keep_spare(tree);
	if (root) {
		r = open_tree(tree, root);
		if (r < 0) {
			log_warning_errno(r, "%s is no cgroup v2 tree, using process groups", root);
			tree->root_fd = fd_close(tree->root_fd);
		}
	}
	if (tree->root_fd < 0) {
		tree->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (tree->proc_fd < 0) {
			r = -errno;
			cgroup_tree_free(tree);
			return r;
		}
	}
	*ret_tree = tree;
	return 0;
}

struct cgroup_tree *cgroup_tree_free(struct cgroup_tree *tree)
{
	if (!tree)
		return NULL;
	loop_hook_cancel(&tree->hook);
	loop_timer_stop(&tree->scan_retry);
	loop_remove(&tree->source);
	fd_close(tree->inotify_fd);
	fd_close(tree->root_fd);
	fd_close(tree->proc_fd);
	cgroup_let_spare_go(tree);
	free(tree->root);
	free(tree);
	return NULL;
}

int cgroup_init(struct cgroup *group, struct cgroup_tree *tree, const char *path,
		cgroup_fn on_empty, void *data)
{
	*group = (struct cgroup){
		.fd = -1,
		.watch = -1,
		.told = true,
		.on_empty = on_empty,
		.data = data,
	};
	list_init(&group->emptied_link);
	list_init(&group->watch_link);
	group->path = strdup(path);
	if (!group->path)
		return -ENOMEM;
	group->tree = tree;
	list_append(&tree->groups, &group->link);
	return 0;
}

void cgroup_done(struct cgroup *group)
{
	if (!group->tree)
		return;
	cgroup_remove(group);
	procset_done(&group->processes);
	list_remove(&group->emptied_link);
	list_remove(&group->link);
	free(group->path);
	*group = (struct cgroup){ .fd = -1, .watch = -1 };
}

int cgroup_add(struct cgroup *group, pid_t pid)
{
	char text[24];
	int r;

	if (!cgroup_tree_is_real(group->tree)) {
		r = procset_add(&group->processes, pid);
	} else {
		snprintf(text, sizeof(text), "%d", (int)pid);
		r = cgroup_make(group);
		if (r == 0)
			r = fs_write_at(group->fd, "cgroup.procs", text);
	}
	if (r == 0)
		cgroup_set_populated(group, true);
	return r;
}

void cgroup_expect(struct cgroup *group)
{
	if (cgroup_tree_is_real(group->tree))
		cgroup_set_populated(group, true);
}

void cgroup_entered(struct cgroup *group)
{
	cgroup_set_populated(group, true);
	/* It may have come and gone before the watch was asked. */
	if (cgroup_tree_is_real(group->tree))
		cgroup_set_populated(group, read_populated(group));
}

bool cgroup_is_empty(struct cgroup *group)
{
	if (cgroup_tree_is_real(group->tree))
		return !look(group);
	if (group->processes.n_members > 0)
		cgroup_refresh(group);
	return group->processes.n_members == 0;
}

static bool is_other_pid(pid_t pid, void *data)
{
	return pid != *(pid_t *)data;
}

bool cgroup_contains(struct cgroup *group, pid_t pid)
{
	if (cgroup_tree_is_real(group->tree))
		return group->fd >= 0 && !cgroup_walk(group->fd, is_other_pid, &pid);
	if (procset_has(&group->processes, pid))
		return true;
	cgroup_refresh(group);
	return procset_has(&group->processes, pid);
}

struct kill_order {
	int signo;
	pid_t except;
};

static bool kill_one(pid_t pid, void *data)
{
	const struct kill_order *order = data;

	if (pid != order->except && pid > 1)
		(void)kill(pid, order->signo); /* gone meanwhile is just as well */
	return true;
}

void cgroup_look(struct cgroup *group)
{
	if (!cgroup_tree_is_real(group->tree) && group->processes.n_members > 0)
		cgroup_refresh(group);
}

void cgroup_each(struct cgroup *group, bool (*fn)(pid_t pid, void *data), void *data)
{
	if (cgroup_tree_is_real(group->tree)) {
		if (group->fd >= 0)
			(void)cgroup_walk(group->fd, fn, data); /* @fn said it is enough */
		return;
	}
	cgroup_look(group);
	for (size_t i = 0; i < group->processes.n_members; i++)
		if (!fn(group->processes.members[i].pid, data))
			return;
}

int cgroup_kill(struct cgroup *group, int signo, pid_t except)
{
	struct kill_order order = { signo, except };

	if (cgroup_tree_is_real(group->tree)) {
		if (group->fd < 0 || !look(group))
			return 0;
		if (signo == SIGKILL && except == 0 &&
		    fs_write_at(group->fd, "cgroup.kill", "1") == 0) {
			group->killed = true;
			return 0;
		}
		cgroup_walk(group->fd, kill_one, &order);
		return 0;
	}
	cgroup_look(group);
	for (size_t i = 0; i < group->processes.n_members; i++)
		kill_one(group->processes.members[i].pid, &order);
	return 0;
}

struct only {
	pid_t except;
	pid_t found;
	bool many;
};

static bool count_pid(pid_t pid, void *data)
{
	struct only *only = data;

	if (pid == only->except)
		return true;
	only->many = only->found != 0;
	only->found = pid;
	return !only->many;
}

pid_t cgroup_only_pid(struct cgroup *group, pid_t except)
{
	struct only only = { .except = except };

	if (cgroup_tree_is_real(group->tree)) {
		if (group->fd >= 0)
			cgroup_walk(group->fd, count_pid, &only);
	} else {
		cgroup_refresh(group);
		for (size_t i = 0; i < group->processes.n_members; i++)
			if (!count_pid(group->processes.members[i].pid, &only))
				break;
	}
	return only.many ? 0 : only.found;
}

int cgroup_delegate(struct cgroup *group, uid_t uid, gid_t gid)
{
	static const char *const files[] = {
		"cgroup.procs",
		"cgroup.subtree_control",
		"cgroup.threads",
	};

	if (!cgroup_tree_is_real(group->tree))
		return 0;
	if (group->fd < 0)
		return -ENOENT;
	(void)fsetxattr(group->fd, "trusted.delegate", "1", 1,
			0); /* a mark, where there are xattrs */
	if (fchown(group->fd, uid, gid) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (fchownat(group->fd, files[i], uid, gid, 0) < 0 && errno != ENOENT)
			return -errno;
	return 0;
}

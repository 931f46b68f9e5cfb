/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order: links are followed while the tree is still the host's; then the name space is unshared and made a slave, so that what the
 * host mounts and takes off (an overlay above all) is so here, too. The sources of all bind mounts are taken before the first of them
 * is covered. Then mounts from the top down, attributes for each mount that there is in the end, and the new root last.
 */
#include "mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "early/strv.h"

#define STAGE "/run/early/root"
#define MOUNTINFO_MAX (4 * 1024 * 1024)

/* --- links --- */

static int open_in_root(int root_fd, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static int path_of(int fd, struct strbuf *out)
{
	char link[64];
	char path[4096];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	if (len < 0 || len == sizeof(path))
		return len < 0 ? -errno : -ENAMETOOLONG;
	strbuf_add(out, path, (size_t)len);
	return 0;
}

/* The real path of as much of @path (in the root) as is there, and the rest as it stands. */
static int follow(int root_fd, const char *path, char **ret_path)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	char *head CLEANUP(free_charp)
	= strdup(path);
	size_t len = strlen(path);
	int fd CLEANUP_FD
	= -1;
	int r;

	if (!head)
		return -ENOMEM;
	while ((fd = open_in_root(root_fd, *head ? head : "/")) < 0) {
		char *slash = strrchr(head, '/');

		if (!slash || (errno != ENOENT && errno != ENOTDIR))
			return -errno;
		*slash = '\0';
		len = (size_t)(slash - head);
	}
	r = path_of(fd, &out);
	if (r < 0)
		return r;
	if (path[len]) {
		if (out.len == 1) /* the root */
			strbuf_reset(&out);
		strbuf_puts(&out, path + len);
	}
	*ret_path = strbuf_take(&out);
	return *ret_path ? 0 : -ENOMEM;
}

/* What lies in something new: the host's links are not there. */
static bool is_covered(const struct mount_plan *plan, const struct mount_entry *entry)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (plan->entries[i].kind != MOUNT_NOTHING &&
		    strcmp(plan->entries[i].path, entry->path) != 0 &&
		    mount_plan_is_within(entry->path, plan->entries[i].path))
			return true;
	return false;
}

static int follow_links(const struct mounts_order *order)
{
	size_t root_len = strlen(order->root);
	int root_fd CLEANUP_FD
	= open(root_len ? order->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root_fd < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < order->plan->n_entries; i++) {
		struct mount_entry *entry = &order->plan->entries[i];
		const char *inside = mount_plan_is_within(entry->path, order->root)
					     ? entry->path + root_len
					     : entry->path;
		char *path = NULL;

		if (is_covered(order->plan, entry))
			continue;
		r = follow(root_fd, *inside ? inside : "/", &path);
		if (r < 0)
			break;
		free(entry->path);
		entry->path = path;
	}
	return r;
}

/* --- mounting --- */

static bool is_mount_point(const char *path)
{
	struct statx stx;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* Where there is nothing to mount on, something is made, of the kind of what is to be mounted. */
static int make_target(const char *path, int tree)
{
	struct strbuf parent CLEANUP_STRBUF = STRBUF_INIT;
	struct stat st;
	int fd;
	int r;

	if (fs_exists_at(AT_FDCWD, path))
		return 0;
	if (fstat(tree, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return fs_mkdir_p_at(AT_FDCWD, path, 0755);
	strbuf_add(&parent, path, (size_t)(strrchr(path, '/') - path));
	r = strbuf_error(&parent);
	if (r == 0 && parent.len > 0)
		r = fs_mkdir_p_at(AT_FDCWD, parent.data, 0755);
	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int mount_one(const struct mount_entry *entry, int source_fd, int host_dev)
{
	int tree CLEANUP_FD
	= source_fd;
	int r = 0;

	if (entry->detach) /* this name space's copy alone */
		(void)umount2(entry->path, MNT_DETACH);
	if (tree < 0)
		r = mounts_make(entry, &tree);
	if (r == 0)
		r = make_target(entry->path, tree);
	if (r == 0)
		r = mounts_attach(tree, entry->path);
	if (r == 0 && entry->kind == MOUNT_DEVICES)
		r = mounts_fill_devices(entry->path, host_dev);
	return r;
}

/* Attributes are a mount's: a directory that is none becomes one. */
static int make_mount_point(const char *path)
{
	int tree CLEANUP_FD
	= -1;

	if (!fs_exists_at(AT_FDCWD, path))
		return -ENOENT;
	if (is_mount_point(path))
		return 0;
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return tree < 0 ? -errno : mounts_attach(tree, path);
}

static int take_sources(const struct mount_plan *plan, int *sources, struct failure *failure)
{
	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct mount_entry *entry = &plan->entries[i];
		int r;

		sources[i] = -1;
		if (entry->kind != MOUNT_BIND)
			continue;
		r = mounts_make(entry, &sources[i]);
		if (r < 0 && !(r == -ENOENT && entry->optional))
			return failure_set(failure, STEP_NAMESPACE, r, "cannot bind %s to %s",
					   entry->source, entry->path);
	}
	return 0;
}

static int mount_all(const struct mount_plan *plan, int *sources, struct failure *failure)
{
	int host_dev CLEANUP_FD
	= open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct mount_entry *entry = &plan->entries[i];
		int r;

		if (entry->kind == MOUNT_BIND && sources[i] < 0)
			continue;
		r = entry->kind == MOUNT_NOTHING ? make_mount_point(entry->path)
						 : mount_one(entry, TAKE_FD(sources[i]), host_dev);
		if (r < 0 && !((r == -ENOENT || r == -ENOTDIR) && entry->optional))
			return failure_set(failure, STEP_NAMESPACE, r, "cannot set up %s",
					   entry->path);
	}
	return 0;
}

/* --- attributes --- */

/* The fifth field of a line of mountinfo with its octal escapes resolved, in place. */
static char *mount_point_of(char *line)
{
	char *field = line;
	char *to;

	for (int i = 0; i < 4 && field; i++) {
		field = strchr(field, ' ');
		field += field ? 1 : 0;
	}
	if (!field)
		return NULL;
	to = field;
	for (const char *from = field; *from && *from != ' '; from++) {
		if (*from == '\\' && from[1] && from[2] && from[3]) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return field;
}

static int set_attributes(const struct mount_plan *plan, const char *path)
{
	struct mount_attr attr = { .attr_set = mount_plan_attributes(plan, path) };

	if (!attr.attr_set ||
	    mount_setattr(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &attr, sizeof(attr)) == 0)
		return 0;
	/* one that lies below another mount cannot be reached, here or by the program */
	return errno == ENOENT || errno == EINVAL || errno == EACCES || errno == ENOTDIR ? 0
											 : -errno;
}

static int set_all_attributes(const struct mounts_order *order, struct failure *failure)
{
	char *text CLEANUP(free_charp)
	= NULL;
	char *rest;
	size_t len;
	int r = fs_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, &len);

	if (r < 0)
		return failure_set(failure, STEP_NAMESPACE, r, "cannot list the mounts");
	rest = text;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		const char *path = mount_point_of(line);

		if (!path || (*order->root && !mount_plan_is_within(path, order->root)))
			continue;
		r = set_attributes(order->plan, path);
		if (r < 0)
			return failure_set(failure, STEP_NAMESPACE, r, "cannot protect %s", path);
	}
	return 0;
}

/* --- the whole --- */

/* The names in the host's root, with their slashes. */
static int list_root(char ***ret_children)
{
	char **children CLEANUP_STRV = NULL;
	DIR *dir = opendir("/");
	struct dirent *entry;
	int r = dir ? 0 : -errno;

	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			r = strv_appendf(&children, "/%s", entry->d_name);
	if (dir)
		closedir(dir);
	*ret_children = TAKE_PTR(children);
	return r;
}

static int finish_plan(const struct mounts_order *order)
{
	char **children CLEANUP_STRV = NULL;
	size_t dropped = 0;
	int r = follow_links(order);

	if (r == 0 && order->overlaid && order->overlaid[0])
		r = list_root(&children);
	if (r == 0)
		r = mount_plan_avoid(order->plan, order->overlaid, children, &dropped);
	if (r < 0)
		return r;
	if (dropped > 0)
		log_info("%zu protections wait for the next start: their paths are still overlaid",
			 dropped);
	mount_plan_finish(order->plan);
	return 0;
}

/*
 * What is mounted at the root itself could not be seen from within: names begin at the root of before. So everything is put together
 * in another place, which becomes the root at last.
 */
static int stage_root(struct mounts_order *order, bool *ret_staged)
{
	const char *root = *order->root ? order->root : "/";
	size_t len = strlen(order->root);
	int r;

	*ret_staged = order->plan->n_entries > 0 &&
		      strcmp(order->plan->entries[0].path, root) == 0 &&
		      order->plan->entries[0].kind != MOUNT_NOTHING;
	if (!*ret_staged)
		return 0;
	r = fs_mkdir_p_at(AT_FDCWD, STAGE, 0755);
	for (size_t i = 0; r == 0 && i < order->plan->n_entries; i++) {
		struct mount_entry *entry = &order->plan->entries[i];
		const char *inside = entry->path + len;
		struct strbuf path = STRBUF_INIT;

		strbuf_printf(&path, "%s%s", STAGE, strcmp(inside, "/") == 0 ? "" : inside);
		free(entry->path);
		entry->path = strbuf_take(&path);
		r = entry->path ? 0 : -ENOMEM;
	}
	order->root = STAGE;
	return r;
}

static int unshare_mounts(const struct mounts_order *order, bool staged, struct failure *failure)
{
	int r = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return failure_set(failure, STEP_NAMESPACE, -errno,
				   "cannot make a mount name space");
	if (*order->root && !staged) {
		int tree CLEANUP_FD
		= open_tree(AT_FDCWD, order->root,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

		r = tree < 0 ? -errno : mounts_attach(tree, order->root);
	}
	return r < 0 ? failure_set(failure, STEP_NAMESPACE, r, "cannot use RootDirectory=%s",
				   order->root)
		     : 0;
}

static int change_root(const struct mounts_order *order, struct failure *failure)
{
	if (*order->root && (chdir(order->root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
			     chroot(".") < 0 || chdir("/") < 0))
		return failure_set(failure, STEP_NAMESPACE, -errno, "cannot use RootDirectory=%s",
				   order->root);
	return 0;
}

static int set_propagation(const struct mounts_order *order, struct failure *failure)
{
	unsigned long flag;

	if (!order->propagation || strcmp(order->propagation, "slave") == 0)
		return 0;
	flag = strcmp(order->propagation, "shared") == 0 ? MS_SHARED : MS_PRIVATE;
	if (mount(NULL, "/", NULL, MS_REC | flag, NULL) < 0)
		return failure_set(failure, STEP_NAMESPACE, -errno, "cannot set MountFlags=%s",
				   order->propagation);
	return 0;
}

int mounts_enter(struct mounts_order *order, struct failure *failure)
{
	bool staged = false;
	int *sources = NULL;
	int r = mounts_prepare_inaccessible();

	if (r == 0)
		r = finish_plan(order);
	if (r == 0)
		r = stage_root(order, &staged);
	if (r < 0)
		return failure_set(failure, STEP_NAMESPACE, r, "cannot plan the mounts");
	sources = calloc(order->plan->n_entries + 1, sizeof(*sources));
	if (!sources)
		return failure_set(failure, STEP_MEMORY, -ENOMEM, "no memory");
	r = unshare_mounts(order, staged, failure);
	if (r == 0)
		r = take_sources(order->plan, sources, failure);
	if (r == 0)
		r = mount_all(order->plan, sources, failure);
	free(sources); /* descriptors that are left are closed by the execution, or the end */
	if (r == 0)
		r = set_all_attributes(order, failure);
	if (r == 0)
		r = change_root(order, failure);
	if (r == 0)
		r = set_propagation(order, failure);
	return r;
}

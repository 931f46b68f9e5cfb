/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts without paths. The usual case is that the lower directory is also the mount point, so a path to it would lead back
 * into the union, into a request that only we could answer. A detached private clone can't: nothing gets mounted on it, and
 * what is mounted beneath the original is not in it.
 *
 * Many calls (chmod, the xattr family, truncate, open for reading) do not take an O_PATH descriptor. They go through
 * /proc/self/fd, of an instance of proc that we mount for ourselves: in the first stage of a boot there is none yet, and
 * later the one at /proc may be moved or hidden.
 */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"

static int change_mount(int fd, uint64_t clear, uint64_t propagation)
{
	struct mount_attr attr = { .attr_clr = clear, .propagation = propagation };

	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return 0;
}

int layer_clone(const char *path, int *ret_fd)
{
	CLEANUP_FD
	int fd = -1;
	int r;

	fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = change_mount(fd, 0, MS_PRIVATE);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int layer_clone_make_writable(int fd)
{
	return change_mount(fd, MOUNT_ATTR_RDONLY, 0);
}

/* A detached mount of a new file system with at most one option. */
static int mount_detached(const char *type, const char *key, const char *value, int *ret_fd)
{
	CLEANUP_FD
	int fs = -1;
	int fd;

	fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	if (key && syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0) < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int layer_new_tmpfs(const char *size, int *ret_fd)
{
	return mount_detached("tmpfs", "size", size, ret_fd);
}

int layer_enter_fd_dir(void)
{
	CLEANUP_FD
	int proc = -1;
	CLEANUP_FD
	int dir = -1;

	if (mount_detached("proc", NULL, NULL, &proc) < 0) {
		proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (proc < 0)
			return -errno;
	}
	dir = openat(proc, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	return fchdir(dir) < 0 ? -errno : 0;
}

struct fd_name fd_name(int fd)
{
	struct fd_name name;

	snprintf(name.text, sizeof(name.text), "%d", fd);
	return name;
}

int layer_reopen(int fd, int flags)
{
	int new = open(FD_NAME(fd), flags | O_CLOEXEC);

	return new < 0 ? -errno : new;
}

int layer_stat(int fd, struct stat *ret_st)
{
	return fstatat(fd, "", ret_st, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

int layer_open_path(int dirfd, const char *name, struct stat *ret_st)
{
	int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = layer_stat(fd, ret_st);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return fd;
}

int layer_list_xattrs(int fd, char **ret_names, size_t *ret_len)
{
	ssize_t n = listxattr(FD_NAME(fd), NULL, 0);
	char *names;

	*ret_names = NULL;
	*ret_len = 0;
	if (n <= 0)
		return n < 0 ? -errno : 0;
	names = malloc(XATTR_LIST_MAX); /* what was asked for above may have grown */
	if (!names)
		return -ENOMEM;
	n = listxattr(FD_NAME(fd), names, XATTR_LIST_MAX);
	if (n < 0) {
		int r = -errno;

		free(names);
		return r;
	}
	*ret_names = names;
	*ret_len = (size_t)n;
	return 0;
}

static int remove_children(int fd)
{
	CLEANUP_DIR
	DIR *dir = NULL;
	struct dirent *entry;
	int r = dir_of_fd(fd, &dir);

	while (r == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = layer_remove_tree(dirfd(dir), entry->d_name);
	}
	return r;
}

int layer_remove_tree(int dirfd, const char *name)
{
	int fd, r;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	r = -errno;
	if (r != -EISDIR && r != -EPERM)
		return r;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR ? r : -errno;
	r = remove_children(fd);
	if (r < 0)
		return r;
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

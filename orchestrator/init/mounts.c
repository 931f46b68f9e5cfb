/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * API mounts, and the switch from the initramfs to the real root.
 *
 * The kernel's initial root cannot be pivoted away. The real root is moved over it and entered with chroot, as every
 * switch_root does; PID 1 shares its root with kthreadd, so the kernel's own modprobe finds the new one too. The files of
 * the initramfs would keep their memory, so a child deletes them by a descriptor of the old root that was opened before.
 */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "early/dir.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

#define TMPFS_MAGIC_NUMBER 0x01021994
#define RAMFS_MAGIC_NUMBER 0x858458f6

struct api_mount {
	const char *what;
	const char *where;
	const char *type;
	unsigned long flags;
	const char *options;
	bool optional; /* a kernel may be built without it */
};

static const struct api_mount api_mounts[] = {
	{ "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false },
	{ "sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false },
	{ "devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755", false },
	{ "devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=000",
	  false },
	{ "tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", false },
	{ "mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true },
	{ "tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=20%", false },
	{ "tmpfs", "/run/lock", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=5M",
	  false },
	{ "cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	  "nsdelegate,memory_recursiveprot", true },
	{ "fusectl", "/sys/fs/fuse/connections", "fusectl", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL,
	  true },
	{ "securityfs", "/sys/kernel/security", "securityfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	  NULL, true },
	{ "pstore", "/sys/fs/pstore", "pstore", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true },
	{ "efivarfs", "/sys/firmware/efi/efivars", "efivarfs",
	  MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL, true },
};

/* Mounted already if it is on another device than what contains it. */
static bool is_mount_point(const char *path)
{
	struct stat here, above;
	char parent[256];

	if ((size_t)snprintf(parent, sizeof(parent), "%s/..", path) >= sizeof(parent) ||
	    stat(path, &here) < 0 || stat(parent, &above) < 0)
		return false;
	return here.st_dev != above.st_dev;
}

static void mount_api(const struct api_mount *api)
{
	if (is_mount_point(api->where))
		return;
	if (mkdir(api->where, 0755) < 0 && errno != EEXIST && api->optional)
		return; /* in /sys: this kernel has no such thing */
	if (mount(api->what, api->where, api->type, api->flags, api->options) < 0 && !api->optional)
		log_errno(-errno, "cannot mount %s on %s", api->type, api->where);
}

static void make_device_links(void)
{
	static const struct {
		const char *target;
		const char *link;
	} links[] = {
		{ "/proc/self/fd", "/dev/fd" },       { "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
		{ "/proc/kcore", "/dev/core" },       { "pts/ptmx", "/dev/ptmx" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct stat st;

		/* devtmpfs makes a ptmx of its own, which is as good. */
		if (lstat(links[i].link, &st) == 0)
			continue;
		if (symlink(links[i].target, links[i].link) < 0)
			log_warning_errno(-errno, "cannot make %s", links[i].link);
	}
}

/* Before the first child and the first controller: a group with processes of its own cannot hand controllers down. */
static void enter_init_scope(void)
{
	int r;

	if (mkdir("/sys/fs/cgroup/init.scope", 0755) < 0 && errno != EEXIST)
		return; /* no cgroup v2: processes are tracked without */
	r = fs_write_at(AT_FDCWD, "/sys/fs/cgroup/init.scope/cgroup.procs", "1");
	if (r < 0)
		log_warning_errno(r, "cannot move PID 1 to init.scope");
}

void mounts_make_api(void)
{
	(void)umask(0022);
	for (size_t i = 0; i < ARRAY_SIZE(api_mounts); i++)
		mount_api(&api_mounts[i]);
	make_device_links();
	enter_init_scope();
	if (fs_mkdir_p_at(AT_FDCWD, "/run/early", 0755) < 0 ||
	    fs_mkdir_p_at(AT_FDCWD, "/run/systemd/system", 0755) < 0)
		log_error("cannot make directories in /run");
}

int mounts_open_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
		if (fd < 0)
			return -errno;
	} while (fd < 2);
	if (fd > 2)
		fd_close(fd);
	return 0;
}

int mounts_tmpfs(const char *path, const char *options)
{
	if (strncmp(path, "/run/", 5) == 0) {
		int r = fs_mkdir_p_at(AT_FDCWD, path, 0755);

		if (r < 0)
			return r;
	}
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return -errno;
	return 0;
}

/* Deletes what is on the same file system below @fd, which is closed. */
static void delete_tree(int fd, dev_t device)
{
	CLEANUP_DIR
	DIR *dir = NULL;
	struct dirent *entry;

	if (dir_of_fd(fd, &dir) < 0)
		return;
	while ((entry = readdir(dir))) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_dev != device)
			continue;
		if (S_ISDIR(st.st_mode)) {
			int child = openat(dirfd(dir), entry->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (child >= 0)
				delete_tree(child, device);
			(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
		} else {
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		}
	}
}

/* In a child: a few hundred unlinks that nobody waits for. Refuses what is no file system in memory. */
static void delete_initramfs(int old_root)
{
	struct statfs fs;
	struct stat st;
	pid_t pid;

	if (fstat(old_root, &st) < 0 || fstatfs(old_root, &fs) < 0 ||
	    (fs.f_type != TMPFS_MAGIC_NUMBER && fs.f_type != RAMFS_MAGIC_NUMBER)) {
		fd_close(old_root);
		return;
	}
	pid = fork();
	if (pid == 0) {
		delete_tree(old_root, st.st_dev);
		_exit(0);
	}
	fd_close(old_root); /* without a child the memory stays in use, no more */
}

/* Back to where a rescue shell looks for them. */
static void move_back(const char *root, const char *const *moved, size_t n)
{
	char from[128];

	while (n-- > 0) {
		(void)snprintf(from, sizeof(from), "%s%s", root, moved[n]);
		if (mount(from, moved[n], NULL, MS_MOVE, NULL) < 0)
			log_errno(-errno, "cannot move %s back to %s", from, moved[n]);
	}
}

int mounts_switch_root(const char *root)
{
	static const char *const moved[] = { "/dev", "/proc", "/sys", "/run" };
	CLEANUP_FD
	int old_root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char to[128];
	int r;

	if (old_root < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(moved); i++) {
		(void)snprintf(to, sizeof(to), "%s%s", root, moved[i]);
		if (mount(moved[i], to, NULL, MS_MOVE, NULL) < 0) {
			r = log_errno(-errno, "cannot move %s to %s (is it missing there?)",
				      moved[i], to);
			move_back(root, moved, i);
			return r;
		}
	}
	if (chdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		return log_errno(-errno, "cannot make %s the root", root);
	/* So that an unmount by a service's name space reaches us and ours reaches it. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		log_warning_errno(-errno, "cannot make / shared");
	delete_initramfs(TAKE_FD(old_root));
	return 0;
}

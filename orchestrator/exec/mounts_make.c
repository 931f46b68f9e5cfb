/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single mounts, by the calls that make them detached: nothing is seen of them before they are whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/strv.h"
#include "mounts.h"

#define INACCESSIBLE_DIRECTORY "/run/early/inaccessible/dir"
#define INACCESSIBLE_FILE "/run/early/inaccessible/file"

int mounts_prepare_inaccessible(void)
{
	int fd;
	int r = fs_mkdir_p_at(AT_FDCWD, "/run/early/inaccessible", 0755);

	if (r == 0 && mkdir(INACCESSIBLE_DIRECTORY, 0) < 0 && errno != EEXIST)
		r = -errno;
	if (r < 0)
		return r;
	fd = open(INACCESSIBLE_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	close(fd);
	return 0;
}

int mounts_attach(int fd, const char *path)
{
	return move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static int clone_tree(const char *path, bool recursive, uint64_t attributes, int *ret_fd)
{
	struct mount_attr attr = { .attr_set = attributes };
	int fd CLEANUP_FD
	= open_tree(AT_FDCWD, path,
		    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));

	if (fd < 0)
		return -errno;
	if (attributes && mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int make_inaccessible(const char *path, int *ret_fd)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	return clone_tree(S_ISDIR(st.st_mode) ? INACCESSIBLE_DIRECTORY : INACCESSIBLE_FILE, false,
			  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				  MOUNT_ATTR_NOEXEC,
			  ret_fd);
}

/* --- file systems --- */

static const struct {
	const char *word;
	unsigned int attribute;
} attribute_words[] = {
	{ "nodev", MOUNT_ATTR_NODEV },
	{ "nosuid", MOUNT_ATTR_NOSUID },
	{ "noexec", MOUNT_ATTR_NOEXEC },
	{ "noatime", MOUNT_ATTR_NOATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME },
	{ "relatime", 0 },
	{ "dev", 0 },
	{ "suid", 0 },
	{ "exec", 0 },
};

/* A word is an attribute of the mount, or an option of the file system with or without a value. */
static int take_option(int fs_fd, char *word, unsigned int *attributes)
{
	char *equals = strchr(word, '=');

	for (size_t i = 0; i < ARRAY_SIZE(attribute_words); i++) {
		if (strcmp(attribute_words[i].word, word) == 0) {
			*attributes |= attribute_words[i].attribute;
			return 0;
		}
	}
	if (equals)
		*equals = '\0';
	return fsconfig(fs_fd, equals ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, word,
			equals ? equals + 1 : NULL, 0) < 0
		       ? -errno
		       : 0;
}

static int make_file_system(const char *type, const char *options, unsigned int attributes,
			    int *ret_fd)
{
	char **words CLEANUP_STRV = NULL;
	int fs_fd CLEANUP_FD
	= fsopen(type, FSOPEN_CLOEXEC);
	int fd;
	int r;

	if (fs_fd < 0)
		return -errno;
	r = strv_split(options, ",", &words);
	for (size_t i = 0; r == 0 && words && words[i]; i++)
		r = take_option(fs_fd, words[i], &attributes);
	if (r < 0)
		return r;
	if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, attributes);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int mounts_make(const struct mount_entry *entry, int *ret_fd)
{
	const char *options = entry->options ? entry->options : "";
	unsigned int harmless = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	switch (entry->kind) {
	case MOUNT_INACCESSIBLE:
		return make_inaccessible(entry->path, ret_fd);
	case MOUNT_BIND:
		return clone_tree(entry->source, entry->recursive, 0, ret_fd);
	case MOUNT_DEVICES:
		return make_file_system("tmpfs", "mode=0755,size=4m", MOUNT_ATTR_NOSUID, ret_fd);
	case MOUNT_PROC:
		return make_file_system("proc", options, harmless, ret_fd);
	case MOUNT_MESSAGE_QUEUES:
		return make_file_system("mqueue", "", harmless, ret_fd);
	case MOUNT_TMPFS:
		return make_file_system("tmpfs", options, 0, ret_fd);
	case MOUNT_NOTHING:
		break;
	}
	return -EINVAL;
}

/* --- a /dev of its own --- */

/* The host's own node or socket, over an empty file. */
static int bind_file(int dev, const char *name, int host_dev)
{
	int tree CLEANUP_FD
	= open_tree(host_dev, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int fd;

	if (tree < 0)
		return -errno;
	fd = openat(dev, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return move_mount(tree, "", dev, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* A group under DevicePolicy= rarely allows to make a node: the host's own is bound then, and the policy says who opens it. */
static int make_node(int dev, const char *name, int host_dev)
{
	struct stat st;
	mode_t mask;
	int r = 0;

	if (fstatat(host_dev, name, &st, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	mask = umask(0);
	if (mknodat(dev, name, st.st_mode, st.st_rdev) < 0)
		r = -errno;
	umask(mask);
	return r == -EPERM ? bind_file(dev, name, host_dev) : r;
}

/* What is mounted below the host's /dev, or lies there as a directory: itself. */
static int bind_host(int dev, const char *name, int host_dev)
{
	int tree CLEANUP_FD
	= -1;

	if (faccessat(host_dev, name, F_OK, 0) < 0)
		return 0;
	tree = open_tree(host_dev, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return -errno;
	if (mkdirat(dev, name, 0755) < 0)
		return -errno;
	return move_mount(tree, "", dev, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static int copy_link(int dev, const char *name, int host_dev)
{
	char target[256];
	ssize_t len = readlinkat(host_dev, name, target, sizeof(target) - 1);

	if (len >= 0) {
		target[len] = '\0';
		return symlinkat(target, dev, name) < 0 ? -errno : 0;
	}
	if (errno != EINVAL)
		return errno == ENOENT ? 0 : -errno;
	return bind_file(dev, name, host_dev); /* a socket */
}

int mounts_fill_devices(const char *path, int host_dev)
{
	static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
	static const char *const directories[] = { "pts", "shm", "mqueue", "hugepages" };
	static const char *const links[] = { "ptmx", "stdin", "stdout", "stderr",
					     "fd",   "core",  "log" };
	int dev CLEANUP_FD
	= open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dev < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(nodes); i++)
		r = make_node(dev, nodes[i], host_dev);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++)
		r = bind_host(dev, directories[i], host_dev);
	if (r == 0 && faccessat(host_dev, "pts/ptmx", F_OK, 0) == 0)
		r = symlinkat("pts/ptmx", dev, "ptmx") < 0 ? -errno : 0;
	for (size_t i = 1; r == 0 && i < ARRAY_SIZE(links); i++)
		r = copy_link(dev, links[i], host_dev);
	return r;
}

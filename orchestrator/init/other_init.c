/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "other_init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"

#define OUR_NAME "early-init"

/* Links are followed within the root, also absolute ones. */
static int open_in(int root_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* The name of a file where all links end: one of another Early, in another folder, is told by it. */
static bool has_our_name(int fd)
{
	char link[32], target[4096];
	const char *slash;
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	slash = strrchr(target, '/');
	return strcmp(slash ? slash + 1 : target, OUR_NAME) == 0;
}

static bool is_early(int root_fd, const char *early, int fd)
{
	CLEANUP_FD
	int early_fd = open_in(root_fd, early);
	struct stat ours, its;

	if (has_our_name(fd))
		return true;
	return early_fd >= 0 && fstat(early_fd, &ours) == 0 && fstat(fd, &its) == 0 &&
	       ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

bool other_init_is_early(int root_fd, const char *early, const char *path)
{
	CLEANUP_FD
	int fd = open_in(root_fd, path);

	return fd >= 0 && is_early(root_fd, early, fd);
}

static void say(struct other_inits *inits, const char *path, const char *what)
{
	size_t len = strlen(inits->why);

	(void)snprintf(inits->why + len, sizeof(inits->why) - len, "%s%s %s", len > 0 ? "; " : "",
		       path, what);
}

static void consider(struct other_inits *inits, int root_fd, const char *early, const char *path)
{
	CLEANUP_FD
	int fd = open_in(root_fd, path);
	struct stat st;

	if (fd == -ENOENT)
		say(inits, path, "is not there");
	else if (fd < 0)
		say(inits, path, strerrordesc_np(-fd));
	else if (is_early(root_fd, early, fd))
		say(inits, path, "is early-init itself");
	else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		say(inits, path, "is no program");
	else
		inits->paths[inits->n_paths++] = path;
}

void other_init_find(struct other_inits *ret, int root_fd, const char *early, const char *wanted)
{
	const char *const paths[OTHER_INIT_MAX] = {
		wanted[0] ? wanted : NULL,
		"/sbin/init",
		"/lib/systemd/systemd",
		"/usr/lib/systemd/systemd",
	};

	*ret = (struct other_inits){ .n_paths = 0 };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (paths[i])
			consider(ret, root_fd, early, paths[i]);
	}
}

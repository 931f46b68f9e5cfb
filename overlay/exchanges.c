/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exchanges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "staging.h"

#define WAS ".was"

struct exchange {
	struct list link; /* merge::exchanges */
	int dirfd;
	char *name;
	char *kept;
};

static struct exchange *exchange_free(struct exchange *exchange)
{
	if (!exchange)
		return NULL;
	list_remove(&exchange->link);
	fd_close(exchange->dirfd);
	free(exchange->name);
	free(exchange->kept);
	free(exchange);
	return NULL;
}

int exchanges_add(struct list *exchanges, int dirfd, const char *name, const char *kept)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	int r;

	if (!exchange)
		return -ENOMEM;
	list_init(&exchange->link);
	exchange->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	r = exchange->dirfd < 0 ? -errno : 0;
	exchange->name = strdup(name);
	exchange->kept = strdup(kept);
	if (r == 0 && (!exchange->name || !exchange->kept))
		r = -ENOMEM;
	if (r < 0)
		exchange_free(exchange);
	else
		list_append(exchanges, &exchange->link);
	return r;
}

static int undo(const struct exchange *exchange, int staging_fd)
{
	char new[32];

	if (renameat2(staging_fd, exchange->kept, exchange->dirfd, exchange->name,
		      RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* A file system without exchange. */
	(void)snprintf(new, sizeof(new), "%s.undone", exchange->kept);
	if (renameat(exchange->dirfd, exchange->name, staging_fd, new) < 0 && errno != ENOENT)
		return -errno;
	return renameat(staging_fd, exchange->kept, exchange->dirfd, exchange->name) < 0 ? -errno
											 : 0;
}

int exchanges_undo(struct list *exchanges, int staging_fd)
{
	struct exchange *exchange, *next;
	int r = 0;

	list_for_each_safe (exchange, next, exchanges, link) {
		int result = undo(exchange, staging_fd);

		r = r < 0 ? r : result;
		exchange_free(exchange);
	}
	return r;
}

/* --- what a killed merge has left --- */

/* A link, not a file: the file system brings it to the disk with the rename that comes after it. */
int exchanges_note(int staging_fd, const char *kept, const char *path)
{
	char name[32];

	while (*path == '/')
		path++;
	(void)snprintf(name, sizeof(name), "%s" WAS, kept);
	if (symlinkat(path, staging_fd, name) == 0 || errno == EPERM)
		return 0; /* EPERM: a file system without links, where it can't be helped */
	return -errno;
}

/* The directory of @path, by no link and not outside of the real one; *@ret_name points into @path. */
static int open_parent(int real_fd, char *path, const char **ret_name)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char *slash = strrchr(path, '/');
	long fd;

	*ret_name = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	if (path[0] == '\0' && slash)
		return -EXDEV; /* "/name" was never written */
	fd = syscall(SYS_openat2, real_fd, slash ? path : ".", &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

/* Its directory is no more. */
static int keep_at_top(int staging_fd, const char *kept, int real_fd, const char *name)
{
	char other[NAME_MAX + 1];
	int r = staging_keep_beside(staging_fd, kept, real_fd, name, other);

	if (r == 0)
		log_warning("a merge was killed, and the place of what it had moved away is gone: "
			    "it is %s at the top now",
			    other);
	return r;
}

static int move_back(int staging_fd, const char *kept, int real_fd, char *path)
{
	const char *name;
	struct stat st;
	CLEANUP_FD
	int fd = open_parent(real_fd, path, &name);

	if (fd < 0)
		return keep_at_top(staging_fd, kept, real_fd, name);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* what took its place is there */
	if (errno != ENOENT || renameat(staging_fd, kept, fd, name) < 0)
		return -errno;
	log_info("a merge was killed: %s has its name again", name);
	return 0;
}

static int replay_note(int real_fd, int staging_fd, const char *kept)
{
	char name[32], path[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstatat(staging_fd, kept, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno; /* it was not moved */
	(void)snprintf(name, sizeof(name), "%s" WAS, kept);
	n = readlinkat(staging_fd, name, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	return move_back(staging_fd, kept, real_fd, path);
}

int exchanges_replay(int real_fd)
{
	return staging_replay(real_fd, WAS, replay_note);
}

void exchanges_done(struct list *exchanges)
{
	struct exchange *exchange, *next;

	list_for_each_safe (exchange, next, exchanges, link)
		exchange_free(exchange);
}

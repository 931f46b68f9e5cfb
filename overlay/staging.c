/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "staging.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dirlist.h"
#include "early/fd.h"
#include "marks.h"

static int replay_name(int real_fd, int staging_fd, const char *name, const char *suffix,
		       int (*fn)(int real_fd, int staging_fd, const char *n))
{
	size_t len = strlen(name), suffix_len = strlen(suffix);
	char n[24];

	if (len <= suffix_len || strcmp(name + len - suffix_len, suffix) != 0 ||
	    len - suffix_len >= sizeof(n))
		return 0;
	(void)snprintf(n, sizeof(n), "%.*s", (int)(len - suffix_len), name);
	return fn(real_fd, staging_fd, n);
}

int staging_replay(int real_fd, const char *suffix,
		   int (*fn)(int real_fd, int staging_fd, const char *n))
{
	struct dirlist list = { 0 };
	CLEANUP_FD
	int fd = openat(real_fd, MARKS_STAGING, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = dirlist_read_plain(fd, &list);
	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = replay_name(real_fd, fd, dirlist_name(&list, i), suffix, fn);
	dirlist_done(&list);
	return r;
}

static int rename_if_free(int from_fd, const char *from, int to_fd, const char *to)
{
	struct stat st;

	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* A file system without it; nobody else makes names of that kind. */
	if (fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from_fd, from, to_fd, to) < 0 ? -errno : 0;
}

int staging_keep_beside(int from_fd, const char *from, int to_fd, const char *name, char *ret_other)
{
	char other[NAME_MAX + 1];

	for (unsigned int n = 0; n < 1000; n++) {
		int r;

		if (!marks_conflict_name(name, n, other, sizeof(other)))
			return -ENAMETOOLONG;
		r = rename_if_free(from_fd, from, to_fd, other);
		if (r == 0)
			memcpy(ret_other, other, sizeof(other));
		if (r != -EEXIST)
			return r;
	}
	return -EEXIST;
}

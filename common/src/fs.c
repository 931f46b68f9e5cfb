/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"

int fs_read_file_at(int dirfd, const char *path, size_t max, char **ret_buf, size_t *ret_len)
{
	CLEANUP_FD
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fd_read_all(fd, max, ret_buf, ret_len);
}

int fs_read_line_at(int dirfd, const char *path, char **ret_line)
{
	char *text;
	int r = fs_read_file_at(dirfd, path, 64 * 1024, &text, NULL);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	*ret_line = text;
	return 0;
}

int fs_write_at(int dirfd, const char *path, const char *text)
{
	CLEANUP_FD
	int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int fs_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode)
{
	char temporary[PATH_MAX];
	int fd, r;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new~", path) >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, len);
	if (r >= 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (close(fd) < 0 && r >= 0)
		r = -errno;
	if (r >= 0 && renameat(dirfd, temporary, dirfd, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dirfd, temporary, 0); /* the first error is the one to report */
	return r;
}

int fs_mkdir_p_at(int dirfd, const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	bool is_read_only = false;
	struct stat st;

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdirat(dirfd, part, mode) < 0) {
			if (errno != EEXIST && errno != EROFS)
				return -errno;
			is_read_only |= errno == EROFS;
		}
		if (i < len)
			part[i] = '/';
	}
	/* EEXIST and EROFS above may hide something that is no directory. */
	if (fstatat(dirfd, path, &st, 0) < 0)
		return is_read_only && errno == ENOENT ? -EROFS : -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

bool fs_exists_at(int dirfd, const char *path)
{
	struct stat st;

	/* faccessat() asks a cgroup's device filter, which knows nothing of mere existence. */
	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

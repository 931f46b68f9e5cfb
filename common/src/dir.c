/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/dir.h"

#include <errno.h>
#include <fcntl.h>

#include "early/fd.h"

int dir_of_fd(int fd, DIR **ret_dir)
{
	DIR *dir = fdopendir(fd);

	if (!dir) {
		int r = -errno;

		fd_close(fd);
		return r;
	}
	*ret_dir = dir;
	return 0;
}

int dir_open_at(int dirfd, const char *path, DIR **ret_dir)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : dir_of_fd(fd, ret_dir);
}

void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stamps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"

static int stamp_path(char *buf, size_t size, const char *dir, const char *timer)
{
	if (!timer[0] || strchr(timer, '/'))
		return -EINVAL;
	return (size_t)snprintf(buf, size, "%s/stamp-%s", dir, timer) < size ? 0 : -ENAMETOOLONG;
}

static int read_one(const char *dir, const char *timer, uint64_t *ret_us)
{
	char path[512];
	struct stat st;
	int r = stamp_path(path, sizeof(path), dir, timer);

	if (r < 0)
		return r;
	if (lstat(path, &st) < 0)
		return -errno;
	if (st.st_mtim.tv_sec < 0)
		return -ERANGE;
	*ret_us = (uint64_t)st.st_mtim.tv_sec * USEC_PER_SEC + (uint64_t)st.st_mtim.tv_nsec / 1000;
	return 0;
}

int stamps_read(const struct stamps *stamps, const char *timer, uint64_t *ret_us)
{
	uint64_t own_us = 0, foreign_us = 0;
	int r = read_one(stamps->dir, timer, &own_us);

	if (r < 0 && r != -ENOENT)
		return r;
	if (read_one(stamps->foreign_dir, timer, &foreign_us) < 0 && r < 0)
		return -ENOENT;
	*ret_us = MAX(own_us, foreign_us);
	return 0;
}

int stamps_write(const struct stamps *stamps, const char *timer, uint64_t at_us)
{
	struct timespec times[2];
	char path[512];
	int fd CLEANUP_FD
	= -1;
	int r = stamp_path(path, sizeof(path), stamps->dir, timer);

	if (r == 0)
		r = fs_mkdir_p_at(AT_FDCWD, stamps->dir, 0755);
	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);
	if (fd < 0)
		return -errno;
	times[0] = times[1] = (struct timespec){ .tv_sec = (time_t)(at_us / USEC_PER_SEC),
						 .tv_nsec = (long)(at_us % USEC_PER_SEC) * 1000 };
	return futimens(fd, times) < 0 ? -errno : 0;
}

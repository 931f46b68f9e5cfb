/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void free_charp(char **p)
{
	free(*p);
}

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd); /* the descriptor is gone whatever close says */
	errno = saved;
	return -1;
}

void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	if (fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
		return -errno;
	return 0;
}

int fd_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_write_all(int fd, const void *buf, size_t len)
{
	const char *at = buf;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What a file says it has, and a byte more that is not there: then nothing has to be moved. Those of /proc say 0. */
static size_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0
		       ? MAX((size_t)st.st_size + 2, (size_t)4096)
		       : 4096;
}

int fd_read_all(int fd, size_t max, char **ret_buf, size_t *ret_len)
{
	CLEANUP(free_charp)
	char *buf = NULL;
	size_t len = 0, size = 0;

	if (max > SIZE_MAX - 2)
		return -EINVAL;
	for (;;) {
		ssize_t n;

		if (len + 1 >= size) {
			size_t bigger = MIN(size ? size * 2 : size_of(fd), max + 2);
			char *moved;

			if (bigger <= size)
				return -EFBIG;
			moved = realloc(buf, bigger);
			if (!moved)
				return -ENOMEM;
			buf = moved;
			size = bigger;
		}
		n = read(fd, buf + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	*ret_buf = TAKE_PTR(buf);
	return 0;
}

int fd_new_memfd(const char *name, int *ret_fd)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int fd_seal(int fd)
{
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return 0;
}

static int copy_by_read(int from, int to)
{
	char buf[8192];

	for (;;) {
		ssize_t n = read(from, buf, sizeof(buf));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		r = fd_write_all(to, buf, (size_t)n);
		if (r < 0)
			return r;
	}
}

int fd_copy(int from, int to)
{
	bool copied = false;

	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, 1U << 30, 0);

		if (n < 0 && errno == EINTR)
			continue;
		/* Pipes, /proc and unlike file systems refuse; /proc and /sys files may also claim to be empty. */
		if (n < 0 || (n == 0 && !copied))
			return copy_by_read(from, to);
		if (n == 0)
			return 0;
		copied = true;
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"
#include "layer.h"
#include "marks.h"

#define CHUNK_BYTES (256 * 1024)
#define XATTR_NAME_SIZE 256

static int write_at(int to, const char *buf, size_t len, uint64_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(to, buf, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int copy_range(int from, int to, uint64_t start, uint64_t end)
{
	CLEANUP(free_charp)
	char *buf = malloc(CHUNK_BYTES);

	if (!buf)
		return -ENOMEM;
	while (start < end) {
		ssize_t n = pread(from, buf, (size_t)MIN(end - start, (uint64_t)CHUNK_BYTES),
				  (off_t)start);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		r = write_at(to, buf, (size_t)n, start);
		if (r < 0)
			return r;
		start += (uint64_t)n;
	}
	return 0;
}

int copy_data(int from, int to, uint64_t *ret_bytes)
{
	struct stat st;
	uint64_t bytes = 0;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return -errno;
	if (ftruncate(to, 0) < 0 || ftruncate(to, st.st_size) < 0)
		return -errno;
	while (at < st.st_size) {
		off_t data = lseek(from, at, SEEK_DATA);
		off_t hole;
		int r;

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? st.st_size : lseek(from, data, SEEK_HOLE);
		data = data < 0 ? at : data;
		hole = hole < 0 ? st.st_size : hole;
		r = copy_range(from, to, (uint64_t)data, (uint64_t)hole);
		if (r < 0)
			return r;
		bytes += (uint64_t)(hole - data);
		at = hole;
	}
	if (ret_bytes)
		*ret_bytes = bytes;
	return 0;
}

/* The attribute's name on the other side, or false if it stays behind. */
static bool translate(const char *name, enum copy_direction direction, bool upper_takes_user,
		      char *buf)
{
	if (direction == COPY_TO_REAL) {
		if (!marks_xattr_from_upper(name, buf, XATTR_NAME_SIZE))
			return false;
		return !marks_is_private_xattr(buf);
	}
	if (marks_is_private_xattr(name))
		return false;
	return marks_xattr_to_upper(name, upper_takes_user, buf, XATTR_NAME_SIZE);
}

/* A file system without attributes has none. */
static int list_xattrs(int fd, char **ret_names, size_t *ret_len)
{
	int r = layer_list_xattrs(fd, ret_names, ret_len);

	return r == -ENOTSUP ? 0 : r;
}

static int copy_one(int from, const char *from_name, int to, const char *to_name)
{
	CLEANUP(free_charp)
	char *value = malloc(XATTR_SIZE_MAX);
	ssize_t n;

	if (!value)
		return -ENOMEM;
	n = getxattr(FD_NAME(from), from_name, value, XATTR_SIZE_MAX);
	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	if (setxattr(FD_NAME(to), to_name, value, (size_t)n, 0) < 0 && errno != ENOTSUP)
		return -errno;
	return 0;
}

static bool has_name(const char *names, size_t len, enum copy_direction direction,
		     bool upper_takes_user, const char *wanted)
{
	char other[XATTR_NAME_SIZE];

	for (size_t i = 0; i < len; i += strlen(names + i) + 1) {
		if (translate(names + i, direction, upper_takes_user, other) &&
		    strcmp(other, wanted) == 0)
			return true;
	}
	return false;
}

static int prune_xattrs(int to, const char *names, size_t len, enum copy_direction direction,
			bool upper_takes_user)
{
	CLEANUP(free_charp)
	char *there = NULL;
	size_t there_len;
	int r = list_xattrs(to, &there, &there_len);

	for (size_t i = 0; r == 0 && i < there_len; i += strlen(there + i) + 1) {
		if (marks_is_private_xattr(there + i) ||
		    has_name(names, len, direction, upper_takes_user, there + i))
			continue;
		if (removexattr(FD_NAME(to), there + i) < 0 && errno != ENODATA && errno != ENOTSUP)
			r = -errno;
	}
	return r;
}

int copy_xattrs(int from, int to, enum copy_direction direction, bool upper_takes_user, bool prune)
{
	CLEANUP(free_charp)
	char *names = NULL;
	size_t len;
	int r = list_xattrs(from, &names, &len);

	for (size_t i = 0; r == 0 && i < len; i += strlen(names + i) + 1) {
		char other[XATTR_NAME_SIZE];

		if (translate(names + i, direction, upper_takes_user, other))
			r = copy_one(from, names + i, to, other);
	}
	if (r == 0 && prune)
		r = prune_xattrs(to, names, len, direction, upper_takes_user);
	return r;
}

int copy_owner_mode(int to, const struct stat *st)
{
	if (fchownat(to, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && chmod(FD_NAME(to), st->st_mode & 07777) < 0)
		return -errno;
	return 0;
}

int copy_times(int to, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	return utimensat(to, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state_fd.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "early/fd.h"

/*
 * Each socket and each pipe has an inode number of its own, so number, device and inode tell one from all others that were open a
 * moment ago. Everything is close-on-exec from birth, and nothing is when it comes over an exec: so what is close-on-exec was
 * opened by this program, or was taken already.
 */

#define FD_BITS 20 /* RLIMIT_NOFILE is below */
#define FD_MASK ((UINT64_C(1) << FD_BITS) - 1)

static bool trace(int fd, uint64_t *ret)
{
	struct statx st;

	/* A service may have stored a file of a file system that somebody serves: nobody is asked. */
	if (fd < 0 || (uint64_t)fd >= FD_MASK ||
	    statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) < 0)
		return false;
	*ret = ((st.stx_ino ^ ((uint64_t)st.stx_dev_major << 44) ^
		 ((uint64_t)st.stx_dev_minor << 24))
		<< FD_BITS) |
	       (uint64_t)fd;
	return true;
}

uint64_t state_fd(int fd)
{
	uint64_t saved;

	return trace(fd, &saved) ? saved : STATE_NO_FD;
}

uint64_t state_fd_twin(uint64_t saved, int fd)
{
	if (saved == STATE_NO_FD || fd < 0 || (uint64_t)fd >= FD_MASK)
		return STATE_NO_FD;
	return (saved & ~FD_MASK) | (uint64_t)fd;
}

int state_fd_take(uint64_t saved)
{
	int fd = (int)(saved & FD_MASK);
	int flags = saved == STATE_NO_FD ? -1 : fcntl(fd, F_GETFD);
	uint64_t now;

	if (flags < 0 || (flags & FD_CLOEXEC) || !trace(fd, &now) || now != saved)
		return -1;
	(void)fd_set_cloexec(fd, true); /* it is open */
	return fd;
}

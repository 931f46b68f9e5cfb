/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/file_id.h"

#include <fcntl.h>
#include <sys/stat.h>

#define MIX 0x9e3779b97f4a7c15ULL

uint64_t file_id(int fd, const char *path, uint64_t *ret_size)
{
	struct statx st;
	uint64_t id;

	if (statx(fd, path, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME,
		  &st) < 0 ||
	    !S_ISREG(st.stx_mode))
		return 0;
	id = st.stx_ino;
	if (st.stx_mask & STATX_BTIME) {
		id = id * MIX + (uint64_t)st.stx_btime.tv_sec;
		id = id * MIX + st.stx_btime.tv_nsec;
	}
	*ret_size = st.stx_size;
	return id ? id : 1;
}

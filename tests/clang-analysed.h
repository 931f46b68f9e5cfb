/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Read before every file that clang-analysed looks at. The analyser does not know that errno is positive after a failed
 * call, so to it `return -errno;` may return 0, and every result that such a function leaves unset looks used. It cannot
 * follow the sign through the minus either, so here each look at errno finds one of the values that the code asks for by
 * name, or EIO; paths with others end.
 */

#include <errno.h>

static inline int *analysed_errno(void)
{
	int *location = __errno_location();

	switch (*location) {
	case EIO:
	case EAGAIN:
	case EINTR:
	case ENOENT:
	case EEXIST:
		return location;
	default:
		__builtin_unreachable();
	}
}

#undef errno
#define errno (*analysed_errno())

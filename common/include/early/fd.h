/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "early/macros.h"

/* File descriptors: -1 is "none". Functions return 0 or a positive result, or negative errno. */

/* Closes @fd if there is one; always returns -1, so that `x = fd_close(x)`. Keeps errno. */
int fd_close(int fd);

void fd_closep(int *fd);
#define CLEANUP_FD CLEANUP(fd_closep)

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

int fd_set_nonblock(int fd, bool on);
int fd_set_cloexec(int fd, bool on);

/* Writes all of @buf, going on after short writes and EINTR. -EAGAIN from a non-blocking fd is returned. */
int fd_write_all(int fd, const void *buf, size_t len);

/* Reads up to the end of file, at most @max bytes (-EFBIG beyond); NUL is appended and not counted. Free *ret_buf. */
int fd_read_all(int fd, size_t max, char **ret_buf, size_t *ret_len);

/* A memfd with CLOEXEC that may be sealed. @name is what /proc shows. */
int fd_new_memfd(const char *name, int *ret_fd);

/* Forbids any further change of a memfd's bytes and size. */
int fd_seal(int fd);

/*
 * Copies all of @from (from its current offset) to @to by copy_file_range, falling back to read and write.
 */
int fd_copy(int from, int to);

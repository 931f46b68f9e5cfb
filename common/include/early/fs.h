/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Small files and directories below a directory descriptor (AT_FDCWD for none). 0 or negative errno. */

/* The whole file, at most @max bytes (-EFBIG beyond), NUL appended and not counted. Free *ret_buf. */
int fs_read_file_at(int dirfd, const char *path, size_t max, char **ret_buf, size_t *ret_len);

/* The first line without its newline, as for files in /proc and /sys. Free *ret_line. */
int fs_read_line_at(int dirfd, const char *path, char **ret_line);

/* Writes to an existing file in one write, as /proc, /sys and cgroup files want it. */
int fs_write_at(int dirfd, const char *path, const char *text);

/* Replaces a file as a whole: temporary file beside it, then rename. */
int fs_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode);

/* Makes @path and its missing parents with @mode (less the umask). An existing directory is fine. */
int fs_mkdir_p_at(int dirfd, const char *path, mode_t mode);

bool fs_exists_at(int dirfd, const char *path);

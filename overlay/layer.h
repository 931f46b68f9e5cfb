/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * What lies beneath the union: descriptors of directories that do not lead back into it, and the ways to reach a file from
 * its O_PATH descriptor. 0 or negative errno.
 */

/*
 * A private, detached copy of the one mount that @path lies on, without what is mounted beneath it: the way to a directory
 * that the union itself is about to hide.
 */
int layer_clone(const char *path, int *ret_fd);

/* Makes a clone writable again after its super block became so (its own read-only flag stays otherwise). */
int layer_clone_make_writable(int fd);

/* A new tmpfs that nobody else sees. */
int layer_new_tmpfs(const char *size, int *ret_fd);

/*
 * Makes /proc/self/fd, of a proc file system of our own, the working directory: then "12" is the file behind descriptor 12,
 * for all calls that take no O_PATH descriptor. Must come after the last fork.
 */
int layer_enter_fd_dir(void);

struct fd_name {
	char text[16];
};
struct fd_name fd_name(int fd);
#define FD_NAME(fd) (fd_name(fd).text)

/* Opens the file behind an O_PATH descriptor. */
int layer_reopen(int fd, int flags);

/* fstatat of a descriptor itself. */
int layer_stat(int fd, struct stat *ret_st);

/* openat(O_PATH | O_NOFOLLOW) and its stat. The descriptor or negative errno. */
int layer_open_path(int dirfd, const char *name, struct stat *ret_st);

/* Names of the attributes, each with its NUL (free; NULL if there is none). They may change meanwhile. */
int layer_list_xattrs(int fd, char **ret_names, size_t *ret_len);

/* Removes a name and all beneath it. -ENOENT is no error. */
int layer_remove_tree(int dirfd, const char *name);

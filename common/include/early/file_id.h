/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * A regular file's identity, the same under another name, and another one when the number of its inode is given out again (where the
 * file system knows when a file was made; tmpfs never gives out a number again). @path "" is @fd itself. 0: there is none.
 */
uint64_t file_id(int fd, const char *path, uint64_t *ret_size);

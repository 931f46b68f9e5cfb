/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>

#include "early/macros.h"

/* Reading directories. 0 or negative errno. */

/* @path below @dirfd (AT_FDCWD for none), to be listed; "." is the directory behind @dirfd itself, which may be O_PATH. */
int dir_open_at(int dirfd, const char *path, DIR **ret_dir);

/* A directory that is open for reading; takes @fd over, also on failure. */
int dir_of_fd(int fd, DIR **ret_dir);

void dir_closep(DIR **dir);
#define CLEANUP_DIR CLEANUP(dir_closep)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The directory of a group and those below it. */

/* Calls @fn for each pid; ends when it returns false, and returns that. */
bool cgroup_walk(int fd, bool (*fn)(pid_t pid, void *data), void *data);

/* Removes the directories below in which nobody is. */
void cgroup_walk_remove(int fd);

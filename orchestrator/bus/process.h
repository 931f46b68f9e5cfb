/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Processes and their cgroups, from /proc and /sys/fs/cgroup. Nothing here can block on a hung process. */

/* The path of the unified hierarchy in /proc/PID/cgroup's text; -ENODATA if it has none. Pure. Free *ret_cgroup. */
int process_parse_cgroup(const char *text, char **ret_cgroup);

/* -ESRCH: no such process. Free *ret_cgroup. */
int process_get_cgroup(pid_t pid, char **ret_cgroup);

/* One process of a cgroup: its own cgroup's path, its name. Returning < 0 ends the walk. */
typedef int (*process_fn)(const char *cgroup, uint32_t pid, const char *comm, void *data);

/* Each process in @cgroup ("/system.slice/x.service") and below. A cgroup that is gone has none. */
int process_walk_cgroup(const char *cgroup, process_fn fn, void *data);

/* A number in one of a cgroup's files; UINT64_MAX when it is not there or "max". */
uint64_t process_read_cgroup_number(const char *cgroup, const char *file);

/* Sends a signal to a process only if it is in @cgroup or below. -ESRCH if not. */
int process_kill(pid_t pid, const char *cgroup, int signo);

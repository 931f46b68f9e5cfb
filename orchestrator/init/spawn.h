/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cgroup;

/* How a child is made. Everything that could wait is early-exec's work: here are only the kernel's own files. */
#define SPAWN_FIRST_FD 3
#define SPAWN_MAX_FDS 600
#define SPAWN_MAX_PLACE 255
#define SPAWN_EXIT_EXEC 203
#define SPAWN_NOFILE_SOFT 1024 /* systemd's defaults */
#define SPAWN_NOFILE_HARD 524288

struct spawn {
	const char *program;
	char *const *argv;
	char *const *envp;
	struct cgroup *group; /* NULL: stays in PID 1's, and in its session */
	const int *fds; /* these are at SPAWN_FIRST_FD and up in the child */
	size_t n_fds;
	int place_fd; /* is at place_at (from SPAWN_FIRST_FD + n_fds to 255) in the child; -1: none */
	int place_at;
	int output_fd; /* for stdout and stderr; -1: PID 1's stderr */
	int status_fd; /* gets EXECS_FAILED if the exec fails; -1: none. Closed by a successful exec */
	bool listen_pid; /* add LISTEN_PID to the environment */
	bool keep_sigpipe; /* do not ignore SIGPIPE */
};

int spawn(const struct spawn *spawn, pid_t *ret_pid);

/* One of Early's own programs, with one end of a link; *ret_fd is the other. Its end is the link's end, and the loop reaps it. */
int spawn_linked(const char *program, char *const argv[], int *ret_fd);

/* Looks at @max children that may have executed something since, and frees what they took. spawn() looks at a few: more than it adds. */
#define SPAWN_COLLECT_FEW 4
void spawn_collect(size_t max);

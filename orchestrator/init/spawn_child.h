/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/list.h"

struct spawn;

/*
 * What a child needs between clone and exec, in one piece of memory that is its own until it has executed something: it may share all
 * memory with PID 1, which goes on meanwhile.
 */
#define SPAWN_STACK_BYTES (15 * 1024)

/* The page in which the stack begins, at its end, has room for the rest of most: each page that is touched costs as much as ten system calls. */
struct spawn_child {
	char stack[SPAWN_STACK_BYTES] __attribute__((aligned(16)));
	struct list link; /* spawn.c's, while it may be in use */
	size_t size; /* of all */
	int32_t running; /* the kernel makes it 0 when the child has executed something, or is gone */
	bool shares; /* PID 1's memory */
	bool inside; /* it was born in its group */
	bool keep_sigpipe;
	bool session;
	int group_fd; /* to enter if it is not inside; -1: none */
	int null_fd;
	int output_fd;
	int status_fd;
	int place_fd;
	int place_at;
	size_t n_fds;
	int *fds;
	char *listen_pid; /* room for the digits, in the environment; NULL: not wanted */
	char *program;
	char **argv;
	char **envp;
	char data[]; /* what the pointers point to */
};

/*
 * A copy of all that @spawn says. It is mapped: on the heap, what comes after many of these would stay between the holes that they
 * leave, in a page of its own each.
 */
int spawn_child_new(struct spawn_child **ret, const struct spawn *spawn);
struct spawn_child *spawn_child_free(struct spawn_child *child);

/* In the child. @data is its struct spawn_child. */
_Noreturn void spawn_child_run(void *data);

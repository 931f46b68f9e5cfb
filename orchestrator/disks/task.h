/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/loop.h"

/* A child that does one thing that may take long or hang: a program, or a function of our own. */

#define TASK_PROGRESS_FD 3 /* in the child, where the program is told to write its progress */
#define TASK_OUTPUT_MAX 2048

struct task;

struct task_spec {
	const char *what; /* "checking /dev/vda1", for messages; lives as long as the task */
	char *const *argv; /* the program, by path */
	int (*run)(void *data); /* or a function of ours: 0 or negative errno; its stderr is read */
	void *data;
	bool idle; /* at idle CPU and I/O priority */
	void (*on_progress)(struct task *task, const char *data, size_t len); /* NULL: none */
	void (*on_slow)(struct task *task); /* after slow_ms, and again after as much */
	unsigned int slow_ms; /* 0: never */
	/* Once, at the end: exit code, or -1 if a signal ended it. May start the task anew. */
	void (*on_done)(struct task *task, int exit_code);
};

struct task {
	struct loop *loop; /* NULL: not running */
	struct task_spec spec;
	struct loop_child child;
	struct loop_source output_source;
	struct loop_source progress_source;
	struct loop_timer slow_timer;
	unsigned int slow_count;
	int output_fd;
	int progress_fd;
	char output[TASK_OUTPUT_MAX]; /* the end of what it wrote to stdout and stderr, as text */
	size_t output_len;
};

/* Zeroed memory is a task that was never started. */
int task_start(struct task *task, struct loop *loop, const struct task_spec *spec);

/* Asks a running child to end and no longer listens to it. Idempotent. */
void task_abandon(struct task *task);

/* The last line of output that is not empty; may be "". Changes the output. */
const char *task_last_line(struct task *task);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/loop.h"

/* The pipe that tells what became of an exec: closed without a word, or with FAILED or SKIPPED (execs.h). */
enum execs_outcome {
	EXECS_PENDING, /* not yet known */
	EXECS_EXECUTED,
	EXECS_OUTCOME_FAILED,
	EXECS_OUTCOME_SKIPPED,
};

struct execs_pipe;
typedef void (*execs_pipe_fn)(struct execs_pipe *pipe);

struct execs_pipe {
	struct loop_source source;
	int fd; /* read end, -1: none */
	enum execs_outcome outcome;
	int32_t error; /* of FAILED */
	char *text; /* execs_pipe_text() */
	execs_pipe_fn fn; /* once, when the outcome is known by the loop */
};

/* Takes @fd over. */
int execs_pipe_open(struct execs_pipe *pipe, struct loop *loop, int fd, execs_pipe_fn fn);

/* Reads what is there without waiting: for one whose process was reaped before the loop saw the pipe. */
void execs_pipe_drain(struct execs_pipe *pipe);

/* Idempotent. What became of the exec can be asked until execs_pipe_done(). */
void execs_pipe_close(struct execs_pipe *pipe);
void execs_pipe_done(struct execs_pipe *pipe);

/* FAILED: step and detail; SKIPPED: the condition. "" if there was no memory for it. */
const char *execs_pipe_text(const struct execs_pipe *pipe);

/* What was heard before an exec. */
void execs_pipe_set(struct execs_pipe *pipe, enum execs_outcome outcome, int32_t error,
		    const char *text);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "batch.h"

/*
 * What early-log has read of the streams and not written: a file in /run that outlives every early-log. One at a time has it.
 */
#define INTAKE_FILE ".intake"
#define INTAKE_RESTS_MAX 1024

struct intake_map;

enum intake_use {
	INTAKE_FREE,
	INTAKE_FOUND, /* left by an early-log before this one, its stream has not asked for it yet */
	INTAKE_USED, /* by a stream */
};

struct intake {
	struct batch *batch; /* always there; NULL before intake_init() */
	struct intake_map *map; /* NULL: nothing outlives this early-log */
	int fd;
	size_t n_rests; /* that the file has room for */
	uint8_t uses[INTAKE_RESTS_MAX]; /* enum intake_use */
};

/* Works without a file. Those of one process that have none share their batch. */
void intake_init(struct intake *intake);
void intake_done(struct intake *intake);

/*
 * Takes the file, with what an early-log before this one left in it; waits a little for one that is still ending. 0 or negative
 * errno; then nothing outlives this early-log, which is no error to the other functions.
 */
int intake_open(struct intake *intake, int dir_fd);

/* Takes what was found of this stream, or of any (NULL). NULL: nothing. */
struct batch_rest *intake_take(struct intake *intake, const struct batch_origin *origin);

/* The opposite. False: it is of this process alone. */
bool intake_leave(struct intake *intake, struct batch_rest *rest);

/* Room for one, without bytes; of this process alone if the file has none. NULL: no memory. */
struct batch_rest *intake_new(struct intake *intake, const struct batch_origin *origin);
void intake_drop(struct intake *intake, struct batch_rest *rest);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lines.h"
#include "sink_mark.h"

/* What was read and is not written yet, in memory that outlives the process (intake.h). Pure. */
#define BATCH_READ_MAX 4096
#define BATCH_SIZE (LINES_MAX + BATCH_READ_MAX)
#define BATCH_NAME_SIZE 256

/* Whose bytes they are. */
struct batch_origin {
	uint64_t id; /* of the pipe or the connection, whichever early-log has it */
	int32_t pid; /* 0: not known */
	int32_t level; /* of lines that do not say it */
	uint32_t is_prefixed; /* lines may begin with "<N>" */
	char service[BATCH_NAME_SIZE];
	char identifier[BATCH_NAME_SIZE]; /* "": the service itself */
};

/* The beginning of a stream's line whose end is still to come. */
struct batch_rest {
	struct batch_origin origin;
	_Atomic uint64_t len; /* 0: this one is free */
	char text[LINES_MAX];
};

/* As long as it is active it says what of its stream is not written; the stream's rest does before and after. */
struct batch {
	_Atomic uint64_t is_active;
	_Atomic uint64_t is_last; /* nothing follows in this stream */
	uint64_t base; /* bytes of all batches before this one */
	_Atomic uint64_t begin; /* what lies before it is written */
	_Atomic uint64_t end; /* BATCH_FILL from here on, unless a read was not noted any more */
	struct sink_mark mark;
	struct batch_origin origin;
	char bytes[BATCH_SIZE];
};

/* Begins with @len bytes, less than LINES_MAX or what is all; room for a read of BATCH_READ_MAX bytes is behind them. */
void batch_begin(struct batch *batch, const struct batch_origin *origin, const char *bytes,
		 size_t len);
char *batch_room(struct batch *batch);
void batch_add(struct batch *batch, size_t len);
void batch_set_last(struct batch *batch);

/* The next line, its number in the mark; batch_take() when it is written. */
bool batch_next(struct batch *batch, struct line *ret_line);
void batch_take(struct batch *batch, const struct line *line);

/* What is left when there is no line any more; at most LINES_MAX - 1 bytes. */
size_t batch_left(const struct batch *batch, const char **ret_bytes);
void batch_end(struct batch *batch);

/* Of the line that comes next. */
uint64_t batch_number(const struct batch *batch);

/*
 * One that was found: makes it such that the functions above go on where its early-log was killed. False: it is none of ours, and
 * is empty now.
 */
bool batch_recover(struct batch *batch);

/* False: it is none of ours, and is free now. */
bool batch_rest_recover(struct batch_rest *rest);

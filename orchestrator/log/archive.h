/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sink.h"

#define ARCHIVE_DIR "/var/log/early"

/* The copy on the disk, written by a process of its own, so that a disk that hangs never stops the reading. */
struct archive {
	struct sink *sink; /* what is in memory; NULL: not begun */
	const char *dir;
	int fd; /* -1: there is no writer */
	uint64_t started_us; /* CLOCK_MONOTONIC; the last writer */
	size_t lost; /* lines that found the queue full */
};

/*
 * Starts the writer (this program with --archive) and hands it what @sink holds so far, as far as it is not on the disk
 * already. @dir is not copied. A writer that dies is started again by the next line.
 */
int archive_start(struct archive *archive, struct sink *sink, const char *dir);
void archive_stop(struct archive *archive);

/* Never blocks: a line that finds the queue full is counted as lost, and the count is written when there is room again. */
void archive_line(struct archive *archive, const struct sink_place *place, const char *line,
		  size_t len);

/* The writer's side: until the end of file on @fd. Returns an exit code. */
int archive_run(int fd, const char *dir);

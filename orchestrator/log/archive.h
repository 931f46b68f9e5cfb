/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/loop.h"
#include "sink.h"

#define ARCHIVE_DIR "/var/log/early"

/* The copy on the disk, written by a process of its own, so that a disk that hangs never stops the reading. */
struct archive {
	struct loop *loop;
	struct sink *sink; /* what is in memory */
	const char *conf; /* path of early.conf */
	const char *dir; /* NULL: not begun */
	struct loop_source writer; /* fd -1: there is none */
	struct loop_timer timer; /* the next try of whatever failed */
	uint64_t started_us; /* CLOCK_MONOTONIC; the last writer */
	uint64_t pause_us; /* before the next one */
	bool is_behind; /* the writer is not sent lines: it gets them from memory when it has time again */
	size_t lost; /* lines meanwhile that were not in memory either */
};

/* Neither @sink nor @conf is copied. */
void archive_init(struct archive *archive, struct loop *loop, struct sink *sink, const char *conf);

/*
 * Starts the writer (this program with --archive) and hands it what the sink holds so far, as far as it is not on the disk
 * already. @dir is not copied. A writer that dies is started again. Idempotent.
 */
int archive_start(struct archive *archive, const char *dir);
void archive_stop(struct archive *archive);

/* Never blocks: with a line that finds the queue full the writer is behind, and copies from memory when it has time. */
void archive_line(struct archive *archive, const struct sink_place *place, const char *line,
		  size_t len);

struct archive_settings {
	const char *dir;
	const char *conf; /* path of early.conf */
	uint64_t zero_us; /* CLOCK_BOOTTIME that the lines' times count from */
};

/* The writer's side: until the end of file on @fd. Returns an exit code. */
int archive_run(int fd, const struct archive_settings *settings);

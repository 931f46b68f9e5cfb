/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RECORD_TEXT_MAX (16 * 1024) /* longer ones are written as several */
#define RECORD_PIECE_MAX 8192
#define RECORD_PIECE_LINES 64 /* each has a head of its own */

/* One message on its way to a file. Nothing is owned. */
struct record {
	const char *service; /* file's name, without .log */
	const char *identifier; /* who says it; NULL: the service itself */
	pid_t pid; /* 0: not known */
	int level; /* 0 emergency … 7 debug */
	uint64_t t_us; /* CLOCK_BOOTTIME */
	const char *text;
	size_t len;
	bool is_kernels; /* from its log: errors are there already */
};

/*
 * "[   12.345678] info identifier[pid]: text\n", one line for each line of the text, without bytes that would disturb a terminal.
 * Returns the length needed; more than @size means that it was cut.
 */
size_t record_format(const struct record *record, char *buf, size_t size);

/* How much of a long text is to be written next: at most the limits above, and up to a line's end if there is one. */
size_t record_piece(const char *text, size_t len);

const char *record_level_name(int level);

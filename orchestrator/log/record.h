/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RECORD_TEXT_MAX (16 * 1024) /* longer lines are cut */

/* One message on its way to a file. Nothing is owned. */
struct record {
	const char *service; /* file's name, without .log */
	const char *identifier; /* who says it; NULL: the service itself */
	pid_t pid; /* 0: not known */
	int level; /* 0 emergency … 7 debug */
	uint64_t t_us; /* CLOCK_BOOTTIME */
	const char *text;
	size_t len;
};

/*
 * "[   12.345678] info identifier[pid]: text\n", one line for each line of the text, without bytes that would disturb a terminal.
 * Returns the length needed; more than @size means that it was cut.
 */
size_t record_format(const struct record *record, char *buf, size_t size);

const char *record_level_name(int level);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "style.h"

struct log_boot;
struct log_boots;

/* Lines of early-log's files, "[   12.345678] info text", of one service or of many. Pure. */

struct log_line {
	const char *name; /* the service */
	const char *text; /* the whole line, not terminated */
	size_t len;
	uint64_t t_us; /* of a line without a time: its predecessor's */
	const struct log_boot *boot; /* that the time counts from; NULL: not known */
};

struct log_lines {
	struct log_line *lines;
	size_t n;
};

/* @name, @boot and @text must live as long. 0 or -ENOMEM. */
int log_lines_add(struct log_lines *lines, const char *name, const struct log_boot *boot,
		  const char *text, size_t len);
void log_lines_done(struct log_lines *lines);

/* The time of a line, counted from its boot. */
bool log_line_time(const char *text, size_t len, uint64_t *ret_t_us);

/* By time; lines of the same time stay as they were added. */
void log_lines_sort(struct log_lines *lines);

/*
 * Those of other boots than @boot go (NULL: none does), and those that are older than @since_us of CLOCK_REALTIME (0: none is). What is of
 * no known boot is older than everything.
 */
void log_lines_select(struct log_lines *lines, const struct log_boot *boot, uint64_t since_us);

/* Of the lines of many services that say one boot's beginning all but the first go. */
void log_lines_merge_marks(struct log_lines *lines, struct log_boots *boots);

/* All but the last @n go. */
void log_lines_keep(struct log_lines *lines, size_t n);

/* As a person reads it; @with_name: whose it is stands in it. A terminal gets no control characters but tabs. */
void log_line_put(const struct log_line *line, const struct style *style, bool with_name,
		  struct strbuf *out);

/* {"service", "boot", "t_us", "level", "text"} and a newline. */
void log_line_put_json(const struct log_line *line, struct strbuf *out);

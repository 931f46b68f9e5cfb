/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "style.h"

/* Lines of early-log's files, "[   12.345678] info text", of one service or of many. Pure. */

struct log_line {
	const char *name; /* the service */
	const char *text; /* the whole line, not terminated */
	size_t len;
	uint64_t t_us; /* of a line without a time: its predecessor's */
};

struct log_lines {
	struct log_line *lines;
	size_t n;
};

/* @name and @text must live as long. 0 or -ENOMEM. */
int log_lines_add(struct log_lines *lines, const char *name, const char *text, size_t len);
void log_lines_done(struct log_lines *lines);

/* By time; lines of the same time stay as they were added. */
void log_lines_sort(struct log_lines *lines);

/* All but the last @n go. */
void log_lines_keep(struct log_lines *lines, size_t n);

/* As a person reads it; @with_name: whose it is stands in it. A terminal gets no control characters but tabs. */
void log_line_put(const struct log_line *line, const struct style *style, bool with_name,
		  struct strbuf *out);

/* {"service", "t_us", "level", "text"} and a newline. */
void log_line_put_json(const struct log_line *line, struct strbuf *out);

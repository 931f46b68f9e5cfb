/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/macros.h"

/*
 * Lines on a sink that is set once at the start. No heap, no locks, errno kept; a line is one write. Levels are the
 * kernel's. Common code logs debug at most; process code logs where an error ends its way and returns in one statement:
 *	return log_errno(r, "cannot open %s", path);
 */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

enum log_sink {
	LOG_SINK_STDERR,
	LOG_SINK_KMSG, /* /dev/kmsg, opened by log_init; stderr if that fails */
};

/* @module names the process in each line; it is not copied. */
void log_init(const char *module, enum log_sink sink, enum log_level max_level);
void log_set_max_level(enum log_level level);

/* In a child that stays the same program: closes all descriptors but the first three and the log's. */
void log_close_others(void);

void log_line(enum log_level level, int error, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_error(...) log_line(LOG_LEVEL_ERROR, 0, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, 0, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, 0, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, 0, __VA_ARGS__)

/* With the text of an error (negative errno), which is also the value. */
#define log_errno(error, ...)                                                                      \
	({                                                                                         \
		int log_error_ = (error);                                                          \
		log_line(LOG_LEVEL_ERROR, log_error_, __VA_ARGS__);                                \
		log_error_;                                                                        \
	})
#define log_warning_errno(error, ...)                                                              \
	({                                                                                         \
		int log_error_ = (error);                                                          \
		log_line(LOG_LEVEL_WARNING, log_error_, __VA_ARGS__);                              \
		log_error_;                                                                        \
	})

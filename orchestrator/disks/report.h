/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/macros.h"

struct channel;
struct fstab;
struct overlay_paths;

/* What the orders have to say to PID 1. Each of these logs as well; a link that is gone ends the process elsewhere. */
struct report {
	struct channel *link;
};

void report_progress(struct report *report, uint32_t percent, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* A problem that does not end the order: progress text, and an error line in the log. */
void report_trouble(struct report *report, const char *fmt, ...) PRINTF_LIKE(2, 3);
void report_failed(struct report *report, const char *what, const char *why, const char *advice);
/* @fstab, @overlays: the mounted root's. */
void report_mounted(struct report *report, const char *device, const char *fstype,
		    const struct fstab *fstab, const struct overlay_paths *overlays);
void report_checked(struct report *report, uint32_t verdict, const char *text);
void report_writable(struct report *report);
void report_ready(struct report *report, bool root_read_only);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "early/channel.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/proto/disks.h"
#include "report.h"

#define TEXT_MAX 1024

static void send(struct report *report, uint16_t opcode, const void *value)
{
	int r = channel_send(report->link, opcode, value);

	if (r < 0)
		log_warning_errno(r, "cannot report to PID 1");
}

void report_progress(struct report *report, uint32_t percent, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_debug("%s (%u %%)", text, percent);
	send(report, DISKS_PROGRESS, &(struct disks_progress){ .percent = percent, .what = text });
}

void report_trouble(struct report *report, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_error("%s", text);
	send(report, DISKS_PROGRESS, &(struct disks_progress){ .percent = 0, .what = text });
}

void report_failed(struct report *report, const char *what, const char *why, const char *advice)
{
	struct disks_failed failed = { .what = what, .why = why, .advice = advice };

	log_error("%s: %s. %s", what, why, advice);
	send(report, DISKS_FAILED, &failed);
}

void report_mounted(struct report *report, const char *device, const char *fstype)
{
	struct disks_mounted mounted = {
		.t_us = clock_boottime_us(),
		.device = device,
		.fstype = fstype,
	};

	log_info("the root is mounted: %s, %s", device, fstype);
	send(report, DISKS_MOUNTED, &mounted);
}

void report_checked(struct report *report, uint32_t verdict, const char *text)
{
	struct disks_checked checked = {
		.t_us = clock_boottime_us(),
		.verdict = verdict,
		.text = text,
	};

	log_info("disks checked: %s", text);
	send(report, DISKS_CHECKED, &checked);
}

void report_writable(struct report *report)
{
	log_info("the root is writable");
	send(report, DISKS_WRITABLE, NULL);
}

void report_ready(struct report *report)
{
	struct disks_ready ready = { .t_us = clock_boottime_us() };

	log_info("the disks are ready");
	send(report, DISKS_READY, &ready);
}

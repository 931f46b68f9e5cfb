/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "early/channel.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/overlay_paths.h"
#include "early/proto/disks.h"
#include "early/strbuf.h"
#include "fstab_plan.h"
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

/* The targets of a class. What *ret_list points to is *ret_data (free), NULL with an empty list. */
static int list_targets(const struct fstab *fstab, enum fstab_class class,
			struct wire_list *ret_list, char **ret_data)
{
	char **targets = calloc(fstab->n_entries + 1, sizeof(*targets));
	size_t n = 0;
	int r;

	if (!targets)
		return -ENOMEM;
	for (size_t i = 0; i < fstab->n_entries; i++)
		if (fstab_classify(&fstab->entries[i]) == class)
			targets[n++] = fstab->entries[i].target;
	r = wire_list_from_strv(targets, ret_list, ret_data);
	free(targets); /* the strings are fstab's */
	return r;
}

void report_mounted(struct report *report, const char *device, const char *fstype,
		    const struct fstab *fstab, const struct overlay_paths *overlays)
{
	CLEANUP_STRBUF struct strbuf paths = STRBUF_INIT;
	CLEANUP(free_charp)
	char *local = NULL;
	CLEANUP(free_charp)
	char *network = NULL;
	struct disks_mounted mounted = {
		.t_us = clock_boottime_us(),
		.device = device,
		.fstype = fstype,
		.overlays_given = overlays->given,
	};
	int r = list_targets(fstab, FSTAB_LOCAL, &mounted.local, &local);

	if (r == 0)
		r = list_targets(fstab, FSTAB_NETWORK, &mounted.network, &network);
	for (uint32_t i = 0; i < overlays->n; i++)
		strbuf_printf(&paths, "%s%s", i ? " " : "", overlays->paths[i]);
	mounted.overlays = paths.data;
	if (r == 0)
		r = strbuf_error(&paths);
	if (r < 0)
		log_errno(
			r,
			"what fstab mounts and where overlays are wanted cannot be told to PID 1");
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

void report_ready(struct report *report, bool root_read_only)
{
	struct disks_ready ready = {
		.t_us = clock_boottime_us(),
		.root_read_only = root_read_only,
	};

	log_info("the disks are ready");
	send(report, DISKS_READY, &ready);
}

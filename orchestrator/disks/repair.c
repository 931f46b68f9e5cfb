/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "repair.h"
#include "report.h"

#define SLOW_MS 30000
#define STRINGIFY(x) #x
#define NUMBER_TEXT(x) STRINGIFY(x)

const char *repair_find_e2fsck(void)
{
	static const char *const paths[] = { "/sbin/e2fsck", "/usr/sbin/e2fsck" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

static void handle_progress(struct task *task, const char *data, size_t len)
{
	struct repair *repair = container_of(task, struct repair, task);

	if (fsck_progress_feed(&repair->progress, data, len))
		report_progress(repair->report, repair->progress.percent, "%s", repair->what);
}

static void handle_slow(struct task *task)
{
	struct repair *repair = container_of(task, struct repair, task);

	report_progress(repair->report, repair->progress.percent, "%s: still at it after %u s",
			repair->what, task->slow_count * SLOW_MS / 1000);
}

/* The whole of what e2fsck said, a line each: this is the record of what was changed. */
static void log_output(const struct task *task)
{
	const char *line = task->output;

	while (*line) {
		size_t len = strcspn(line, "\n");

		if (len > 0)
			log_info("e2fsck: %.*s", (int)len, line);
		line += len;
		line += *line == '\n';
	}
}

static void handle_done(struct task *task, int exit_code)
{
	struct repair *repair = container_of(task, struct repair, task);

	log_output(task);
	repair->on_done(repair, exit_code);
}

static const char *kind_verb(enum repair_kind kind)
{
	switch (kind) {
	case REPAIR_PREEN:
	case REPAIR_YES:
		return "repairing";
	case REPAIR_PREEN_IF_DUE:
	case REPAIR_LOOK:
		return "checking";
	}
	return "checking";
}

static void fill_argv(char *argv[8], const char *e2fsck, enum repair_kind kind, char *device)
{
	size_t n = 0;

	argv[n++] = (char *)e2fsck;
	argv[n++] = (char *)(kind == REPAIR_YES ? "-y" : kind == REPAIR_LOOK ? "-n" : "-p");
	if (kind != REPAIR_PREEN_IF_DUE)
		argv[n++] = (char *)"-f";
	argv[n++] = (char *)"-C";
	argv[n++] = (char *)NUMBER_TEXT(TASK_PROGRESS_FD);
	argv[n++] = device;
	argv[n] = NULL;
}

int repair_start(struct repair *repair, struct loop *loop, struct report *report,
		 const char *device, enum repair_kind kind, bool idle,
		 void (*on_done)(struct repair *repair, int exit_code), void *data)
{
	const char *e2fsck = repair_find_e2fsck();
	char *argv[8], *node, *what;

	if (!e2fsck)
		return -ENOENT;
	node = strdup(device); /* @device may be our own old one */
	if (!node || asprintf(&what, "%s %s", kind_verb(kind), device) < 0) {
		free(node);
		return -ENOMEM;
	}
	repair_done(repair);
	repair->device = node;
	repair->what = what;
	repair->kind = kind;
	repair->report = report;
	repair->on_done = on_done;
	repair->data = data;
	fsck_progress_init(&repair->progress);
	report_progress(report, 0, "%s", what);

	fill_argv(argv, e2fsck, kind, node);
	return task_start(&repair->task, loop,
			  &(struct task_spec){
				  .what = what,
				  .argv = argv,
				  .idle = idle,
				  .on_progress = handle_progress,
				  .on_slow = handle_slow,
				  .slow_ms = SLOW_MS,
				  .on_done = handle_done,
			  });
}

int repair_read_super(const char *device, enum ext_super_fault *ret_fault,
		      struct ext_super *ret_super)
{
	CLEANUP_FD
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	char buf[EXT_SUPER_SIZE];
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = pread(fd, buf, sizeof(buf), EXT_SUPER_OFFSET);
	if (len < 0)
		return -errno;
	*ret_fault = ext_super_parse(buf, (size_t)len, ret_super);
	return 0;
}

void repair_done(struct repair *repair)
{
	task_abandon(&repair->task);
	free(repair->device);
	free(repair->what);
	repair->device = NULL;
	repair->what = NULL;
}

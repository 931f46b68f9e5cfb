/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "check_plan.h"
#include "fsck_progress.h"
#include "task.h"

struct report;

/* One run of e2fsck, with its progress reported. */
enum repair_kind {
	REPAIR_PREEN, /* -p -f: what is safe */
	REPAIR_PREEN_IF_DUE, /* -p: e2fsck itself looks whether it is due */
	REPAIR_YES, /* -y -f: everything */
	REPAIR_LOOK, /* -n -f: nothing is written */
};

struct repair {
	struct task task;
	struct fsck_progress progress;
	struct report *report;
	char *device; /* node */
	char *what; /* "checking /dev/vda1" */
	enum repair_kind kind;
	void (*on_done)(struct repair *repair, int exit_code);
	void *data;
};

/* The path of e2fsck on this root, or NULL. */
const char *repair_find_e2fsck(void);

/* Zeroed memory is fine before the first start; on_done may start it anew. */
int repair_start(struct repair *repair, struct loop *loop, struct report *report,
		 const char *device, enum repair_kind kind, bool idle,
		 void (*on_done)(struct repair *repair, int exit_code), void *data);

/* Reads the ext superblock of @device. Negative errno if the device cannot be read. */
int repair_read_super(const char *device, enum ext_super_fault *ret_fault,
		      struct ext_super *ret_super);

void repair_done(struct repair *repair);

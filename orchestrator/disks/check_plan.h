/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/proto/disks.h"
#include "ext_super.h"

/* What to do with an ext file system whose superblock was read. Pure decisions. */

/* fsck.repair= */
enum check_repair {
	CHECK_REPAIR_PREEN = 0, /* what is safe to repair without asking */
	CHECK_REPAIR_YES = 1, /* all of it */
	CHECK_REPAIR_NO = 2, /* nothing */
};

enum check_action {
	CHECK_ACTION_MOUNT, /* as it is */
	CHECK_ACTION_REPAIR, /* e2fsck first */
	CHECK_ACTION_REFUSE, /* neither: a person must decide */
};

struct check_facts {
	enum ext_super_fault fault;
	const struct ext_super *super; /* if fault is EXT_SUPER_OK */
	enum disks_check_mode mode;
	enum check_repair repair;
	bool have_fsck; /* e2fsck is there */
	uint64_t now_s; /* wall clock; before the last check: not known */
};

struct check_plan {
	enum check_action action;
	const char *reason; /* one clause; NULL: nothing to say */
};

/* Before the root is mounted: only errors matter, what is merely due waits for stage 2. */
struct check_plan check_plan_before_mount(const struct check_facts *facts);

/* Beneath the read-only root: why it is to be checked, or NULL if it is not. */
const char *check_plan_due(const struct check_facts *facts);

enum check_step {
	CHECK_STEP_PREEN, /* e2fsck -p ran */
	CHECK_STEP_YES, /* e2fsck -y ran */
};

enum check_next {
	CHECK_NEXT_MOUNT, /* it is in order now */
	CHECK_NEXT_YES, /* e2fsck -y */
	CHECK_NEXT_REFUSE,
};

/* After e2fsck ended with @exit_code (-1: killed by a signal). */
enum check_next check_plan_next(enum check_step step, int exit_code, enum check_repair repair);

/* The word after fsck.mode= or fsck.repair=. -EINVAL: not one of them. */
int check_mode_parse(const char *word, enum disks_check_mode *ret_mode);
int check_repair_parse(const char *word, enum check_repair *ret_repair);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decisions about checking and repairing.
 *
 * Before the root is mounted the only question is whether mounting it is safe: recorded errors are repaired now, because
 * e2fsck cannot repair a file system that is mounted anywhere but at "/", and because what was repaired beneath a mount
 * is not read anew. What is only due (by mount count or time) or forced does not hold up the display: it is checked beneath
 * the read-only root later. A journal that needs recovery is no error; the kernel replays it at the mount.
 *
 * e2fsck's exit code is a sum: 1 corrected, 2 corrected and the machine should be rebooted (only if it was mounted),
 * 4 errors left, 8 operational error, 16 usage, 32 cancelled, 128 library error.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "check_plan.h"

#define EXIT_CODE_CORRECTED (1 | 2)
#define EXIT_CODE_UNCORRECTED 4

static const char *error_reason(const struct ext_super *super)
{
	if (super->error_state)
		return "errors were recorded in its superblock";
	if (super->error_count > 0)
		return "the kernel has counted errors in it";
	if (!super->valid_state && !super->needs_recovery)
		return "it was not cleanly unmounted and no journal covers that";
	return NULL;
}

struct check_plan check_plan_before_mount(const struct check_facts *facts)
{
	struct check_plan plan = { CHECK_ACTION_MOUNT, NULL };

	if (facts->fault != EXT_SUPER_OK) {
		plan.action = CHECK_ACTION_REFUSE;
		plan.reason = ext_super_fault_text(facts->fault);
		return plan;
	}
	if (facts->super->is_journal_device) {
		plan.action = CHECK_ACTION_REFUSE;
		plan.reason = "it is the external journal of another file system";
		return plan;
	}

	plan.reason = error_reason(facts->super);
	if (plan.reason && facts->mode != DISKS_CHECK_SKIP && facts->repair != CHECK_REPAIR_NO &&
	    facts->have_fsck)
		plan.action = CHECK_ACTION_REPAIR;
	return plan;
}

const char *check_plan_due(const struct check_facts *facts)
{
	const struct ext_super *super = facts->super;
	const char *reason;

	if (facts->mode == DISKS_CHECK_SKIP || facts->fault != EXT_SUPER_OK)
		return NULL;
	if (facts->mode == DISKS_CHECK_FORCE)
		return "a check was asked for";
	reason = error_reason(super);
	if (reason)
		return reason;
	if (super->max_mount_count > 0 && super->mount_count >= super->max_mount_count)
		return "it was mounted as often as is allowed without a check";
	/* A clock that stands before the last check says nothing about the time since. */
	if (super->check_interval_s > 0 && facts->now_s >= super->last_check_s &&
	    facts->now_s - super->last_check_s >= super->check_interval_s)
		return "its last check was too long ago";
	return NULL;
}

enum check_next check_plan_next(enum check_step step, int exit_code, enum check_repair repair)
{
	if (exit_code >= 0 && (exit_code & ~EXIT_CODE_CORRECTED) == 0)
		return CHECK_NEXT_MOUNT;
	/* Only "errors left" gets better by answering yes; a broken disk or a cancelled run does not. */
	if (step == CHECK_STEP_PREEN && repair == CHECK_REPAIR_YES && exit_code > 0 &&
	    (exit_code & ~(EXIT_CODE_CORRECTED | EXIT_CODE_UNCORRECTED)) == 0)
		return CHECK_NEXT_YES;
	return CHECK_NEXT_REFUSE;
}

int check_mode_parse(const char *word, enum disks_check_mode *ret_mode)
{
	if (strcmp(word, "auto") == 0)
		*ret_mode = DISKS_CHECK_AUTO;
	else if (strcmp(word, "force") == 0)
		*ret_mode = DISKS_CHECK_FORCE;
	else if (strcmp(word, "skip") == 0)
		*ret_mode = DISKS_CHECK_SKIP;
	else
		return -EINVAL;
	return 0;
}

int check_repair_parse(const char *word, enum check_repair *ret_repair)
{
	if (strcmp(word, "preen") == 0)
		*ret_repair = CHECK_REPAIR_PREEN;
	else if (strcmp(word, "yes") == 0)
		*ret_repair = CHECK_REPAIR_YES;
	else if (strcmp(word, "no") == 0)
		*ret_repair = CHECK_REPAIR_NO;
	else
		return -EINVAL;
	return 0;
}

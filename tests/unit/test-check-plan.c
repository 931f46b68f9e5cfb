/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check_plan.h"

#include <errno.h>
#include <string.h>

#include "early/macros.h"
#include "early_test.h"
#include "kernel_words.h"
#include "resume.h"

#define DAY_S 86400

static const struct ext_super clean = { .valid_state = true, .has_journal = true };

TEST(before_mount)
{
	struct ext_super dirty_journal = clean, flagged = clean, counted = clean, due = clean;
	struct ext_super unclean = { .valid_state = false };
	struct ext_super replay = { .valid_state = false, .needs_recovery = true };
	struct ext_super journal_device = { .valid_state = true, .is_journal_device = true };

	dirty_journal.needs_recovery = true;
	flagged.error_state = true;
	counted.error_count = 2;
	due.mount_count = 9;
	due.max_mount_count = 5;
	const struct {
		const struct ext_super *super;
		enum disks_check_mode mode;
		enum check_repair repair;
		bool have_fsck;
		enum check_action action;
		bool has_reason;
	} cases[] = {
		{ &clean, DISKS_CHECK_AUTO, CHECK_REPAIR_PREEN, true, CHECK_ACTION_MOUNT, false },
		{ &clean, DISKS_CHECK_FORCE, CHECK_REPAIR_YES, true, CHECK_ACTION_MOUNT, false },
		{ &due, DISKS_CHECK_AUTO, CHECK_REPAIR_PREEN, true, CHECK_ACTION_MOUNT, false },
		{ &dirty_journal, DISKS_CHECK_AUTO, CHECK_REPAIR_PREEN, true, CHECK_ACTION_MOUNT,
		  false },
		{ &replay, DISKS_CHECK_AUTO, CHECK_REPAIR_PREEN, true, CHECK_ACTION_MOUNT, false },
		{ &flagged, DISKS_CHECK_AUTO, CHECK_REPAIR_PREEN, true, CHECK_ACTION_REPAIR, true },
		{ &counted, DISKS_CHECK_AUTO, CHECK_REPAIR_PREEN, true, CHECK_ACTION_REPAIR, true },
		{ &unclean, DISKS_CHECK_AUTO, CHECK_REPAIR_PREEN, true, CHECK_ACTION_REPAIR, true },
		{ &flagged, DISKS_CHECK_SKIP, CHECK_REPAIR_PREEN, true, CHECK_ACTION_MOUNT, true },
		{ &flagged, DISKS_CHECK_AUTO, CHECK_REPAIR_NO, true, CHECK_ACTION_MOUNT, true },
		{ &flagged, DISKS_CHECK_AUTO, CHECK_REPAIR_YES, false, CHECK_ACTION_MOUNT, true },
		{ &journal_device, DISKS_CHECK_SKIP, CHECK_REPAIR_NO, true, CHECK_ACTION_REFUSE,
		  true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct check_facts facts = {
			.fault = EXT_SUPER_OK,
			.super = cases[i].super,
			.mode = cases[i].mode,
			.repair = cases[i].repair,
			.have_fsck = cases[i].have_fsck,
		};
		struct check_plan plan = check_plan_before_mount(&facts);

		assert_int_equal(plan.action, cases[i].action);
		assert_int_equal(plan.reason != NULL, cases[i].has_reason);
	}
}

TEST(a_damaged_superblock_is_never_repaired_by_itself)
{
	static const enum ext_super_fault faults[] = { EXT_SUPER_SHORT, EXT_SUPER_NO_MAGIC,
						       EXT_SUPER_GEOMETRY, EXT_SUPER_CHECKSUM };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct check_facts facts = { .fault = faults[i],
					     .repair = CHECK_REPAIR_YES,
					     .have_fsck = true };
		struct check_plan plan = check_plan_before_mount(&facts);

		assert_int_equal(plan.action, CHECK_ACTION_REFUSE);
		assert_string_equal(plan.reason, ext_super_fault_text(faults[i]));
	}
}

TEST(due)
{
	static const struct {
		int max_mount_count;
		int mount_count;
		uint32_t interval_s;
		uint64_t last_s;
		uint64_t now_s;
		enum disks_check_mode mode;
		bool error;
		bool due;
	} cases[] = {
		{ -1, 500, 0, 0, 900 * DAY_S, DISKS_CHECK_AUTO, false, false },
		{ 0, 500, 0, 0, 900 * DAY_S, DISKS_CHECK_AUTO, false, false },
		{ 30, 29, 0, 0, 0, DISKS_CHECK_AUTO, false, false },
		{ 30, 30, 0, 0, 0, DISKS_CHECK_AUTO, false, true },
		{ -1, 0, 10 * DAY_S, DAY_S, 10 * DAY_S, DISKS_CHECK_AUTO, false, false },
		{ -1, 0, 10 * DAY_S, DAY_S, 11 * DAY_S, DISKS_CHECK_AUTO, false, true },
		{ -1, 0, 10 * DAY_S, 90 * DAY_S, DAY_S, DISKS_CHECK_AUTO, false,
		  false }, /* clock lost */
		{ -1, 0, 0, 0, 0, DISKS_CHECK_FORCE, false, true },
		{ 30, 30, 0, 0, 0, DISKS_CHECK_SKIP, false, false },
		{ -1, 0, 0, 0, 0, DISKS_CHECK_AUTO, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ext_super super = {
			.valid_state = true,
			.error_state = cases[i].error,
			.max_mount_count = (int16_t)cases[i].max_mount_count,
			.mount_count = (uint16_t)cases[i].mount_count,
			.check_interval_s = cases[i].interval_s,
			.last_check_s = cases[i].last_s,
		};
		struct check_facts facts = { .super = &super,
					     .mode = cases[i].mode,
					     .now_s = cases[i].now_s };

		assert_int_equal(check_plan_due(&facts) != NULL, cases[i].due);
	}
}

TEST(after_e2fsck)
{
	static const struct {
		enum check_step step;
		int exit_code;
		enum check_repair repair;
		enum check_next next;
	} cases[] = {
		{ CHECK_STEP_PREEN, 0, CHECK_REPAIR_PREEN, CHECK_NEXT_MOUNT },
		{ CHECK_STEP_PREEN, 1, CHECK_REPAIR_PREEN, CHECK_NEXT_MOUNT },
		{ CHECK_STEP_PREEN, 3, CHECK_REPAIR_PREEN, CHECK_NEXT_MOUNT },
		{ CHECK_STEP_PREEN, 4, CHECK_REPAIR_PREEN, CHECK_NEXT_REFUSE },
		{ CHECK_STEP_PREEN, 4, CHECK_REPAIR_YES, CHECK_NEXT_YES },
		{ CHECK_STEP_PREEN, 5, CHECK_REPAIR_YES, CHECK_NEXT_YES },
		{ CHECK_STEP_PREEN, 12, CHECK_REPAIR_YES, CHECK_NEXT_REFUSE },
		{ CHECK_STEP_PREEN, 8, CHECK_REPAIR_YES, CHECK_NEXT_REFUSE },
		{ CHECK_STEP_PREEN, 32, CHECK_REPAIR_YES, CHECK_NEXT_REFUSE },
		{ CHECK_STEP_PREEN, -1, CHECK_REPAIR_YES, CHECK_NEXT_REFUSE },
		{ CHECK_STEP_YES, 1, CHECK_REPAIR_YES, CHECK_NEXT_MOUNT },
		{ CHECK_STEP_YES, 4, CHECK_REPAIR_YES, CHECK_NEXT_REFUSE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			check_plan_next(cases[i].step, cases[i].exit_code, cases[i].repair),
			cases[i].next);
}

TEST(kernel_words)
{
	struct kernel_words words;

	kernel_words_parse("quiet root=/dev/vda1", &words);
	assert_int_equal(words.mode, DISKS_CHECK_AUTO);
	assert_int_equal(words.repair, CHECK_REPAIR_PREEN);
	kernel_words_parse("fsck.mode=skip fsck.repair=no fsck.mode=force fsck.repair=yes\n",
			   &words);
	assert_int_equal(words.mode, DISKS_CHECK_FORCE);
	assert_int_equal(words.repair, CHECK_REPAIR_YES);
	kernel_words_parse("early.fsck=skip early.fsck=nonsense", &words);
	assert_int_equal(words.mode, DISKS_CHECK_SKIP);
	kernel_words_parse("early.fsck=\"skip\" -- early.fsck=force", &words);
	assert_int_equal(words.mode, DISKS_CHECK_SKIP);
	kernel_words_parse("fsck.mode= fsck.repair=maybe xfsck.mode=skip", &words);
	assert_int_equal(words.mode, DISKS_CHECK_AUTO);
	assert_int_equal(words.repair, CHECK_REPAIR_PREEN);
	assert_string_equal(words.resume, "");
	assert_false(words.no_resume);
	kernel_words_parse("resume=UUID=ab-cd noresume resume_offset=38912", &words);
	assert_string_equal(words.resume, "UUID=ab-cd");
	assert_true(words.no_resume);
	assert_int_equal(words.resume_offset, 38912);
}

TEST(resume_signature)
{
	char page[4096] = "";

	memcpy(page + 4086, "SWAPSPACE2", 10);
	assert_false(resume_is_signature(page, sizeof(page)));
	memcpy(page + 4086, "S1SUSPEND", 10);
	assert_true(resume_is_signature(page, sizeof(page)));
	assert_false(resume_is_signature(page, 9));
}

TEST_MAIN(cmocka_unit_test(before_mount),
	  cmocka_unit_test(a_damaged_superblock_is_never_repaired_by_itself), cmocka_unit_test(due),
	  cmocka_unit_test(after_e2fsck), cmocka_unit_test(kernel_words),
	  cmocka_unit_test(resume_signature))

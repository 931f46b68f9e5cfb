/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict.h"

#include <signal.h>

#include "early_test.h"
#include "table_make.h"

TEST(processes)
{
	const struct definition_words daemon_words = { .rare = &definition_no_rare,
						       .type = TABLE_TYPE_SIMPLE };
	const struct definition_words oneshot = { .rare = &definition_no_rare,
						  .type = TABLE_TYPE_ONESHOT };
	const struct definition_words codes = { .rare = &(struct definition_rare){
							.success_codes = LIST("42\0SIGKILL") } };

	assert_int_equal(verdict_process(&daemon_words, CLD_EXITED, 0), VERDICT_SUCCESS);
	assert_int_equal(verdict_process(&daemon_words, CLD_EXITED, 1), VERDICT_EXIT_CODE);
	assert_int_equal(verdict_process(&daemon_words, CLD_KILLED, SIGTERM), VERDICT_SUCCESS);
	assert_int_equal(verdict_process(&daemon_words, CLD_KILLED, SIGKILL), VERDICT_SIGNAL);
	assert_int_equal(verdict_process(&daemon_words, CLD_DUMPED, SIGSEGV), VERDICT_CORE_DUMP);
	assert_int_equal(verdict_process(&oneshot, CLD_KILLED, SIGTERM), VERDICT_SIGNAL);
	assert_int_equal(verdict_process(&codes, CLD_EXITED, 42), VERDICT_SUCCESS);
	assert_int_equal(verdict_process(&codes, CLD_EXITED, 9), VERDICT_EXIT_CODE);
	assert_int_equal(verdict_process(&codes, CLD_KILLED, SIGKILL), VERDICT_SUCCESS);
}

/* systemd's table of Restart=, line by line: success, exit code, signal, timeout, watchdog. */
TEST(restarts)
{
	static const struct {
		enum table_restart restart;
		bool expected[5];
	} rows[] = {
		{ TABLE_RESTART_NO, { false, false, false, false, false } },
		{ TABLE_RESTART_ON_SUCCESS, { true, false, false, false, false } },
		{ TABLE_RESTART_ON_FAILURE, { false, true, true, true, true } },
		{ TABLE_RESTART_ON_ABNORMAL, { false, false, true, true, true } },
		{ TABLE_RESTART_ON_ABORT, { false, false, true, false, false } },
		{ TABLE_RESTART_ON_WATCHDOG, { false, false, false, false, true } },
		{ TABLE_RESTART_ALWAYS, { true, true, true, true, true } },
	};
	static const enum verdict_result results[] = { VERDICT_SUCCESS, VERDICT_EXIT_CODE,
						       VERDICT_SIGNAL, VERDICT_TIMEOUT,
						       VERDICT_WATCHDOG };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct definition_words words = { .rare = &definition_no_rare,
							.restart = rows[i].restart };

		for (size_t k = 0; k < 5; k++)
			if (verdict_restarts(&words, results[k], 0, 0) != rows[i].expected[k])
				fail_msg("Restart= %d after %s", rows[i].restart,
					 verdict_name(results[k]));
		assert_false(verdict_restarts(&words, VERDICT_START_LIMIT, 0, 0));
		assert_false(verdict_restarts(&words, VERDICT_CONDITION, 0, 0));
	}
}

TEST(restart_is_prevented)
{
	const struct definition_words words = {
		.restart = TABLE_RESTART_ALWAYS,
		.rare = &(struct definition_rare){ .restart_prevent_codes = LIST("255\0SIGABRT") },
	};

	assert_false(verdict_restarts(&words, VERDICT_EXIT_CODE, CLD_EXITED, 255));
	assert_false(verdict_restarts(&words, VERDICT_SIGNAL, CLD_KILLED, SIGABRT));
	assert_true(verdict_restarts(&words, VERDICT_EXIT_CODE, CLD_EXITED, SIGABRT));
}

TEST_MAIN(cmocka_unit_test(processes), cmocka_unit_test(restarts),
	  cmocka_unit_test(restart_is_prevented))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scheduling: what the kernel says of a program that early-load and early-exec started. argv[1] is early-exec. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "exec_unit.h"

TEST(each_key_reaches_the_kernel)
{
	static const struct {
		const char *lines, *script, *said;
	} cases[] = {
		{ "CPUSchedulingPolicy=batch", "chrt -p $$", "SCHED_BATCH\n" },
		{ "CPUSchedulingPolicy=rr\nCPUSchedulingPriority=7\nCPUSchedulingResetOnFork=yes",
		  "exec chrt -p 0", "SCHED_RR|SCHED_RESET_ON_FORK\n" },
		{ "CPUSchedulingPolicy=fifo\nCPUSchedulingPriority=7", "chrt -p $$",
		  "priority: 7\n" },
		{ "CPUSchedulingPolicy=fifo", "chrt -p $$", "priority: 1\n" },
		{ "CPUAffinity=1\nCPUAffinity=", "grep Cpus_allowed_list /proc/self/status", "0-" },
		{ "CPUAffinity=1 5-6", "grep Cpus_allowed_list /proc/self/status", "list:\t1\n" },
		{ "CPUAffinity=numa\nNUMAMask=0", "grep Cpus_allowed_list /proc/self/status",
		  "0-" },
		{ "NUMAPolicy=bind\nNUMAMask=0", "cat /proc/self/numa_maps", " bind:0 " },
		{ "NUMAPolicy=local\nNUMAMask=all", "cat /proc/self/numa_maps", " local " },
		{ "IOSchedulingClass=idle", "ionice", "idle\n" },
		{ "IOSchedulingClass=1\nIOSchedulingPriority=6", "ionice", "realtime: prio 6\n" },
		{ "IOSchedulingPriority=2", "ionice", "best-effort: prio 2\n" },
		{ "TimerSlackNSec=1ms", "cat /proc/self/timerslack_ns", "1000000\n" },
		{ "TimerSlackNSec=777", "cat /proc/self/timerslack_ns", "777\n" },
		{ "CoredumpFilter=shared-huge 0x1\nCoredumpFilter=elf-headers",
		  "cat /proc/self/coredump_filter", "00000051\n" },
		{ "CoredumpFilter=all", "cat /proc/self/coredump_filter", "000001ff\n" },
		{ "Nice=-3\nOOMScoreAdjust=500", "nice; cat /proc/self/oom_score_adj",
		  "-3\n500\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome outcome;

		run_unit(cases[i].lines, cases[i].script, NULL, &outcome);
		assert_said(outcome, cases[i].said);
		assert_int_equal(outcome.code, 0);
	}
}

#if defined(__x86_64__)
TEST(personality_of_32_bits)
{
	struct outcome outcome;

	run_unit("Personality=x86", "uname -m", NULL, &outcome);
	assert_string_equal(outcome.output, "i686\n");
	run_unit("Personality=x86-64", "uname -m", NULL, &outcome);
	assert_string_equal(outcome.output, "x86_64\n");
}
#endif

TEST(codes_of_what_the_kernel_refuses)
{
	static const struct {
		const char *lines;
		int code;
	} cases[] = {
		{ "CPUAffinity=8000", 215 },
		{ "NUMAPolicy=bind\nNUMAMask=63", 242 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome outcome;

		run_unit(cases[i].lines, "true", NULL, &outcome);
		assert_int_equal(outcome.code, cases[i].code);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_reaches_the_kernel),
#if defined(__x86_64__)
		cmocka_unit_test(personality_of_32_bits),
#endif
		cmocka_unit_test(codes_of_what_the_kernel_refuses),
	};

	if (!exec_unit_begin(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

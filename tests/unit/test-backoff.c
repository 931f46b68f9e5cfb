/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backoff.h"

#include "early_test.h"

#define MSEC 1000ULL
#define SEC 1000000ULL
#define MIN_US (60 * SEC)

TEST(limit)
{
	struct backoff backoff = { 0 };

	for (int i = 0; i < 5; i++)
		assert_true(backoff_start(&backoff, (100 + (uint64_t)i) * SEC, 5, 10 * SEC));
	assert_false(backoff_start(&backoff, 105 * SEC, 5, 10 * SEC));
	assert_false(backoff_start(&backoff, 109 * SEC, 5, 10 * SEC));
	assert_true(backoff_start(&backoff, 110 * SEC, 5, 10 * SEC));
	backoff_reset(&backoff);
	assert_true(backoff_start(&backoff, 110 * SEC, 1, 10 * SEC));
	assert_false(backoff_start(&backoff, 110 * SEC, 1, 10 * SEC));
}

TEST(no_limit)
{
	struct backoff backoff = { 0 };

	for (int i = 0; i < 1000; i++) {
		assert_true(backoff_start(&backoff, SEC, 5, 0));
		assert_true(backoff_start(&backoff, SEC, 0, 10 * SEC));
	}
}

/* Pauses in milliseconds after the first quick death, the second … */
static const struct {
	const char *name;
	struct backoff_words words;
	uint64_t pauses[10];
} cases[] = {
	{ "ours: at once, then doubled up to the ceiling",
	  { .limited = true },
	  { 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000 } },
	{ "ours with another ceiling",
	  { .limited = true, .max_delay_us = 300 * MSEC },
	  { 0, 100, 200, 300, 300, 300, 300, 300, 300, 300 } },
	{ "the manifest's, with a limit",
	  { .given = true, .limited = true, .restart_us = 100 * MSEC },
	  { 100, 100, 100, 100, 100, 100, 100, 100, 100, 100 } },
	{ "none, by the manifest, with a limit",
	  { .given = true, .limited = true },
	  { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ "nothing would ever stop it",
	  { .given = true, .restart_us = 100 * MSEC },
	  { 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000 } },
	{ "the same without a pause",
	  { .given = true },
	  { 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000 } },
	{ "a long pause is never made shorter",
	  { .given = true, .restart_us = 30 * SEC },
	  { 30000, 30000, 30000, 30000, 30000, 30000, 30000, 30000, 30000, 30000 } },
	{ "systemd's steps",
	  { .given = true,
	    .limited = true,
	    .restart_us = SEC,
	    .steps = 4,
	    .max_delay_us = 16 * SEC },
	  { 1000, 2000, 4000, 8000, 16000, 16000, 16000, 16000, 16000, 16000 } },
	{ "steps without an end are none",
	  { .given = true, .limited = true, .restart_us = SEC, .steps = 4 },
	  { 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000 } },
};

TEST(pauses)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct backoff backoff = { 0 };

		for (size_t k = 0; k < 10; k++) {
			uint64_t pause_us;

			(void)backoff_death(&backoff, (k + 1) * SEC, SEC / 2);
			pause_us = backoff_delay(&backoff, &cases[i].words);
			if ((pause_us + MSEC / 2) / MSEC != cases[i].pauses[k])
				fail_msg("%s: pause %zu is %llu us", cases[i].name, k,
					 (unsigned long long)pause_us);
		}
		/* One long run, and it is as new. */
		(void)backoff_death(&backoff, 1000 * SEC, 60 * SEC);
		assert_int_equal(backoff_delay(&backoff, &cases[i].words) / MSEC,
				 cases[i].pauses[0]);
	}
}

TEST(extremes)
{
	const struct backoff_words words[] = {
		{ .given = true, .restart_us = UINT64_MAX },
		{ .given = true, .steps = UINT32_MAX, .max_delay_us = UINT64_MAX - 1 },
		{ .given = true, .steps = UINT32_MAX, .max_delay_us = UINT64_MAX },
		{ .max_delay_us = UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct backoff backoff = { 0 };

		for (int k = 0; k < 3000; k++) {
			(void)backoff_death(&backoff, SEC, 0);
			assert_true(backoff_delay(&backoff, &words[i]) >= words[i].restart_us);
		}
	}
}

/* After how many deaths, @period_us apart, it is called a loop; 0: not within a day. */
static int deaths_to_loop(uint64_t period_us, enum backoff_loop *ret)
{
	struct backoff backoff = { 0 };
	uint64_t now_us = 1000 * SEC;

	for (int k = 1; now_us < 86400 * SEC; k++, now_us += period_us) {
		*ret = backoff_death(&backoff, now_us, period_us);
		if (*ret != BACKOFF_LOOP_NONE)
			return k;
	}
	return 0;
}

TEST(loops)
{
	static const struct {
		uint64_t period_us;
		int deaths;
		enum backoff_loop loop;
	} expected[] = {
		{ 1, 4, BACKOFF_LOOP_FAST },           { SEC, 4, BACKOFF_LOOP_FAST },
		{ 9 * SEC, 4, BACKOFF_LOOP_FAST },     { 10 * SEC, 5, BACKOFF_LOOP_SLOW },
		{ MIN_US, 5, BACKOFF_LOOP_SLOW },      { 2 * MIN_US, 5, BACKOFF_LOOP_SLOW },
		{ 5 * MIN_US, 8, BACKOFF_LOOP_SLOW },  { 10 * MIN_US, 0, BACKOFF_LOOP_NONE },
		{ 60 * MIN_US, 0, BACKOFF_LOOP_NONE },
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		enum backoff_loop loop;
		int deaths = deaths_to_loop(expected[i].period_us, &loop);

		if (deaths != expected[i].deaths || loop != expected[i].loop)
			fail_msg("a death each %llu s: %d deaths, loop %d",
				 (unsigned long long)(expected[i].period_us / SEC), deaths,
				 (int)loop);
	}
}

/* A loop of a night is over two hours after its end, not two weeks later. */
TEST(a_loop_is_forgiven)
{
	struct backoff backoff = { 0 };
	uint64_t now_us = 1000 * SEC;

	for (int k = 0; k < 10000; k++, now_us += 5 * SEC)
		(void)backoff_death(&backoff, now_us, SEC);
	assert_int_equal(backoff.loop, BACKOFF_LOOP_FAST);
	assert_int_equal(backoff_death(&backoff, now_us + 30 * MIN_US, 30 * MIN_US),
			 BACKOFF_LOOP_SLOW);
	assert_int_equal(backoff_death(&backoff, now_us + 180 * MIN_US, 150 * MIN_US),
			 BACKOFF_LOOP_NONE);
}

/* What a run says of itself: it holds, so the loop is over. */
TEST(a_loop_ends_with_a_steady_run)
{
	struct backoff backoff = { .loop = BACKOFF_LOOP_FAST };

	assert_int_equal(backoff_loop_now(&backoff, 0), BACKOFF_LOOP_FAST);
	assert_int_equal(backoff_loop_now(&backoff, BACKOFF_STEADY_US - 1), BACKOFF_LOOP_FAST);
	assert_int_equal(backoff_loop_now(&backoff, BACKOFF_STEADY_US), BACKOFF_LOOP_NONE);
	backoff.loop = BACKOFF_LOOP_SLOW;
	assert_int_equal(backoff_loop_now(&backoff, MIN_US), BACKOFF_LOOP_SLOW);
	assert_int_equal(backoff_loop_now(&backoff, BACKOFF_FORGIVE_US), BACKOFF_LOOP_NONE);
	backoff.loop = BACKOFF_LOOP_NONE;
	assert_int_equal(backoff_loop_now(&backoff, 0), BACKOFF_LOOP_NONE);
}

TEST_MAIN(cmocka_unit_test(limit), cmocka_unit_test(no_limit), cmocka_unit_test(pauses),
	  cmocka_unit_test(extremes), cmocka_unit_test(loops), cmocka_unit_test(a_loop_is_forgiven),
	  cmocka_unit_test(a_loop_ends_with_a_steady_run))

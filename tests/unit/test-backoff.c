/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backoff.h"

#include "early_test.h"

#define SEC 1000000ULL

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

TEST(limited_services_wait_as_their_manifest_says)
{
	struct backoff backoff = { 0 };

	for (int i = 0; i < 20; i++)
		assert_int_equal(backoff_delay(&backoff, 0, SEC / 10, true), SEC / 10);
}

TEST(without_limit_the_pause_grows)
{
	static const uint64_t expected[] = { 100, 100, 200, 400, 800, 1600, 3200, 5000, 5000 };
	struct backoff backoff = { 0 };

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(backoff_delay(&backoff, 0, SEC / 10, false) / 1000, expected[i]);
	/* One long run, and it is as new. */
	assert_int_equal(backoff_delay(&backoff, 60 * SEC, SEC / 10, false), SEC / 10);
	assert_int_equal(backoff_delay(&backoff, 0, SEC / 10, false), SEC / 10);
	/* A manifest's own long pause is never made shorter. */
	assert_int_equal(backoff_delay(&backoff, 0, 30 * SEC, false), 30 * SEC);
	/* No pause at all still comes to one. */
	for (int i = 0; i < 40; i++)
		(void)backoff_delay(&backoff, 0, 0, false);
	assert_int_equal(backoff_delay(&backoff, 0, 0, false), 5 * SEC);
}

TEST_MAIN(cmocka_unit_test(limit), cmocka_unit_test(no_limit),
	  cmocka_unit_test(limited_services_wait_as_their_manifest_says),
	  cmocka_unit_test(without_limit_the_pause_grows))

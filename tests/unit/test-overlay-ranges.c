/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ranges.h"

#include <stdlib.h>
#include <string.h>

#include "early_test.h"

/* Random sets and clears against a plain array of bytes. */
TEST(against_an_array)
{
	struct ranges ranges = { 0 };
	unsigned char model[64] = { 0 };

	srand(7);
	for (int i = 0; i < 20000; i++) {
		unsigned int start = (unsigned int)rand() % 64;
		unsigned int end = start + (unsigned int)rand() % (65 - start);
		int type = rand() % 3;

		if (type == 2)
			assert_int_equal(ranges_clear(&ranges, start, end), 0);
		else
			assert_int_equal(ranges_set(&ranges, start, end, type), 0);
		memset(model + start, type == 2 ? 0 : type + 1, end - start);
		for (unsigned int at = 0; at < 64; at++) {
			const struct range *found = ranges_find(&ranges, at, at + 1);

			assert_int_equal(found ? found->type + 1 : 0, model[at]);
		}
		for (size_t n = 1; n < ranges.n; n++) {
			const struct range *a = &ranges.items[n - 1], *b = &ranges.items[n];

			assert_true(a->start < a->end && a->end <= b->start);
			assert_false(a->end == b->start && a->type == b->type);
		}
	}
	ranges_done(&ranges);
}

TEST(to_the_end)
{
	struct ranges ranges = { 0 };

	assert_true(ranges_end_of(5, 0) == RANGES_END);
	assert_true(ranges_end_of(5, 10) == 15);
	assert_true(ranges_end_of(RANGES_END - 3, 10) == RANGES_END);
	assert_int_equal(ranges_set(&ranges, 10, RANGES_END, 1), 0);
	assert_int_equal(ranges_clear(&ranges, 20, 30), 0);
	assert_int_equal(ranges.n, 2);
	assert_int_equal(ranges_len_of(&ranges.items[0]), 10);
	assert_int_equal(ranges_len_of(&ranges.items[1]), 0);
	assert_null(ranges_find(&ranges, 20, 30));
	assert_non_null(ranges_find(&ranges, 1 << 20, RANGES_END));
	ranges_done(&ranges);
}

TEST(appends_make_one_range)
{
	struct ranges ranges = { 0 };

	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(ranges_set(&ranges, i * 10, i * 10 + 10, 0), 0);
	assert_int_equal(ranges.n, 1);
	assert_int_equal(ranges.items[0].end, 10000);
	ranges_done(&ranges);
}

TEST_MAIN(cmocka_unit_test(against_an_array), cmocka_unit_test(to_the_end),
	  cmocka_unit_test(appends_make_one_range))

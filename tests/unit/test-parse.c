/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/parse.h"

#include <errno.h>
#include <signal.h>

#include "early/macros.h"
#include "early_test.h"

TEST(spans)
{
	static const struct {
		const char *text;
		int result;
		uint64_t us;
	} cases[] = {
		{ "5", 0, 5000000 },
		{ "0", 0, 0 },
		{ "1min 30s", 0, 90000000 },
		{ "1min30s", 0, 90000000 },
		{ "500ms", 0, 500000 },
		{ "1.5s", 0, 1500000 },
		{ "2 h", 0, 7200000000 },
		{ "1w", 0, 604800000000 },
		{ "infinity", 0, UINT64_MAX },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1 parsec", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "18446744073709551615s", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t us = 0;

		assert_int_equal(parse_span_us(cases[i].text, &us), cases[i].result);
		assert_int_equal(us, cases[i].us);
	}
}

TEST(sizes)
{
	uint64_t bytes;

	assert_int_equal(parse_size("1.5K", &bytes), 0);
	assert_int_equal(bytes, 1536);
	assert_int_equal(parse_size("2G", &bytes), 0);
	assert_int_equal(bytes, 2ULL << 30);
	assert_int_equal(parse_size("2Q", &bytes), -EINVAL);
}

TEST(numbers)
{
	uint32_t u;
	int32_t i;

	assert_int_equal(parse_u32("4294967295", &u), 0);
	assert_int_equal(u, UINT32_MAX);
	assert_int_equal(parse_u32("4294967296", &u), -ERANGE);
	assert_int_equal(parse_u32(" 1", &u), -EINVAL);
	assert_int_equal(parse_u32("1x", &u), -EINVAL);
	assert_int_equal(parse_i32("-2147483648", &i), 0);
	assert_int_equal(i, INT32_MIN);
	assert_int_equal(parse_i32("2147483648", &i), -ERANGE);
	assert_int_equal(parse_i32("--1", &i), -EINVAL);
}

TEST(booleans_and_modes)
{
	uint32_t mode;
	bool flag;

	assert_int_equal(parse_bool("Yes", &flag), 0);
	assert_true(flag);
	assert_int_equal(parse_bool("off", &flag), 0);
	assert_false(flag);
	assert_int_equal(parse_bool("maybe", &flag), -EINVAL);
	assert_int_equal(parse_mode("1777", &mode), 0);
	assert_int_equal(mode, 01777);
	assert_int_equal(parse_mode("17777", &mode), -ERANGE);
	assert_int_equal(parse_mode("8", &mode), -EINVAL);
	assert_int_equal(parse_mode("", &mode), -EINVAL);
}

TEST(signals)
{
	int signo;

	assert_int_equal(parse_signal("SIGTERM", &signo), 0);
	assert_int_equal(signo, SIGTERM);
	assert_int_equal(parse_signal("KILL", &signo), 0);
	assert_int_equal(signo, SIGKILL);
	assert_int_equal(parse_signal("SIGRTMIN+3", &signo), 0);
	assert_int_equal(signo, SIGRTMIN + 3);
	assert_int_equal(parse_signal("15", &signo), 0);
	assert_int_equal(signo, 15);
	assert_int_equal(parse_signal("0", &signo), -ERANGE);
	assert_int_equal(parse_signal("SIGNOT", &signo), -EINVAL);
	assert_int_equal(parse_signal("RTMIN+99", &signo), -ERANGE);
}

TEST_MAIN(cmocka_unit_test(spans), cmocka_unit_test(sizes), cmocka_unit_test(numbers),
	  cmocka_unit_test(booleans_and_modes), cmocka_unit_test(signals))

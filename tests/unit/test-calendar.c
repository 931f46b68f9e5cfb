/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments of systemd.time(7): their canonical form and when they come next. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "early/calendar.h"
#include "early/macros.h"
#include "early_test.h"

TEST(canonical_forms)
{
	static const char *const cases[][2] = {
		/* those of the manual page */
		{ "Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00" },
		{ "Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00" },
		{ "Wed *-1", "Wed *-*-01 00:00:00" },
		{ "Wed..Wed,Wed *-1", "Wed *-*-01 00:00:00" },
		{ "Wed, 17:48", "Wed *-*-* 17:48:00" },
		{ "Wed..Sat,Tue 12-10-15 1:2:3", "Tue..Sat 2012-10-15 01:02:03" },
		{ "*-*-7 0:0:0", "*-*-07 00:00:00" },
		{ "10-15", "*-10-15 00:00:00" },
		{ "monday *-12-* 17:00", "Mon *-12-* 17:00:00" },
		{ "Mon,Fri *-*-3,1,2 *:30:45", "Mon,Fri *-*-01,02,03 *:30:45" },
		{ "12,14,13,12:20,10,30", "*-*-* 12,13,14:10,20,30:00" },
		{ "12..14:10,20,30", "*-*-* 12..14:10,20,30:00" },
		{ "mon,fri *-1/2-1,3 *:30:45", "Mon,Fri *-01/2-01,03 *:30:45" },
		{ "03-05 08:05:40", "*-03-05 08:05:40" },
		{ "08:05:40", "*-*-* 08:05:40" },
		{ "05:40", "*-*-* 05:40:00" },
		{ "Sat,Sun 12-05 08:05:40", "Sat,Sun *-12-05 08:05:40" },
		{ "Sat,Sun 08:05:40", "Sat,Sun *-*-* 08:05:40" },
		{ "2003-03-05 05:40", "2003-03-05 05:40:00" },
		{ "05:40:23.4200004/3.1700005", "*-*-* 05:40:23.420000/3.170000" },
		{ "2003-02..04-05", "2003-02..04-05 00:00:00" },
		{ "2003-03-05 05:40 UTC", "2003-03-05 05:40:00 UTC" },
		{ "2003-03-05", "2003-03-05 00:00:00" },
		{ "03-05", "*-03-05 00:00:00" },
		{ "hourly", "*-*-* *:00:00" },
		{ "daily", "*-*-* 00:00:00" },
		{ "daily UTC", "*-*-* 00:00:00 UTC" },
		{ "monthly", "*-*-01 00:00:00" },
		{ "weekly", "Mon *-*-* 00:00:00" },
		{ "weekly Pacific/Auckland", "Mon *-*-* 00:00:00 Pacific/Auckland" },
		{ "yearly", "*-01-01 00:00:00" },
		{ "annually", "*-01-01 00:00:00" },
		{ "*:2/3", "*-*-* *:02/3:00" },
		/* and others */
		{ "*-*-* *:*:*", "*-*-* *:*:*" },
		{ "*-02~03", "*-02~03 00:00:00" },
		{ "Mon *-05~07/1", "Mon *-05~07/1 00:00:00" },
		{ "*:0/15", "*-*-* *:00/15:00" },
		{ "*-*-* 6,18:00", "*-*-* 06,18:00:00" },
		{ "Mon-Fri 8:00", "Mon..Fri *-*-* 08:00:00" },
		{ "@1395716396", "2014-03-25 02:59:56 UTC" },
		{ "  Quarterly ", "*-01,04,07,10-01 00:00:00" },
		{ "minutely", "*-*-* *:*:00" },
		{ "70-1-1", "1970-01-01 00:00:00" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct calendar calendar;
		char text[CALENDAR_MAX_TEXT];
		int r = calendar_parse(cases[i][0], &calendar);

		if (r < 0)
			fail_msg("\"%s\": %d", cases[i][0], r);
		assert_int_equal(calendar_format(&calendar, text, sizeof(text)), 0);
		assert_string_equal(text, cases[i][1]);
		/* the canonical form stands for itself */
		assert_int_equal(calendar_parse(text, &calendar), 0);
		assert_int_equal(calendar_format(&calendar, text, sizeof(text)), 0);
		assert_string_equal(text, cases[i][1]);
	}
}

TEST(what_is_no_moment)
{
	static const char *const bad[] = {
		"",
		"often",
		"25:00",
		"12:60",
		"12:00:61",
		"13-01",
		"00-00",
		"2000-00-01",
		"*-*-32",
		"Moo 12:00",
		"12:00 Mon",
		"5",
		"12:",
		":12",
		"12:00:00:00",
		"1-2-3-4",
		"*-*-* 1/0:00",
		"3..1:00",
		"@x",
		"@99999999999999",
		"@-5204",
		"@ 1",
		"*-*-*  12:00 x",
		"1,,2:00",
		"12:00 ..",
		"2200-01-01",
		"*:*/*",
		"Mon..",
		"Fri..Mon",
		"*:*/5",
		"Mon,Tue..",
		"*-*-** 12:00",
		"12:00:00.",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct calendar calendar;

		if (calendar_parse(bad[i], &calendar) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

TEST(too_many_parts)
{
	struct calendar calendar;
	char text[256] = "*-*-* 00:0";
	char small[8];

	for (int i = 1; i <= CALENDAR_MAX_PARTS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ",%d", i);
	assert_int_equal(calendar_parse(text, &calendar), -E2BIG);
	assert_int_equal(calendar_parse("daily", &calendar), 0);
	assert_int_equal(calendar_format(&calendar, small, sizeof(small)), -E2BIG);
}

static uint64_t at(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);

	assert_non_null(end);
	tm.tm_isdst = -1;
	return (uint64_t)mktime(&tm) * 1000000;
}

static void check_next(const char *moment, const char *after, const char *expected)
{
	struct calendar calendar;
	uint64_t found = 0;
	int r;

	assert_int_equal(calendar_parse(moment, &calendar), 0);
	r = calendar_next(&calendar, at(after), &found);
	if (!expected)
		assert_int_equal(r, -ENOENT);
	else if (r < 0 || found != at(expected))
		fail_msg("\"%s\" after %s: %d, %lld s beside %s", moment, after, r,
			 ((long long)found - (long long)at(expected)) / 1000000, expected);
}

TEST(next_moments)
{
	static const char *const cases[][3] = {
		{ "daily", "2024-02-28 12:00:00", "2024-02-29 00:00:00" },
		{ "daily", "2023-12-31 12:00:00", "2024-01-01 00:00:00" },
		{ "daily", "2024-01-01 00:00:00", "2024-01-02 00:00:00" },
		{ "hourly", "2024-01-01 00:59:59", "2024-01-01 01:00:00" },
		{ "*:0/15", "2024-01-01 00:46:00", "2024-01-01 01:00:00" },
		{ "*:*:0/20", "2024-01-01 00:00:21", "2024-01-01 00:00:40" },
		{ "weekly", "2024-01-03 00:00:00", "2024-01-08 00:00:00" },
		{ "Mon..Fri 9:00", "2024-01-05 09:00:00", "2024-01-08 09:00:00" },
		{ "*-02~01", "2024-01-01 00:00:00", "2024-02-29 00:00:00" },
		{ "*-02~01", "2023-01-01 00:00:00", "2023-02-28 00:00:00" },
		{ "Mon *-05~07/1", "2024-01-01 00:00:00", "2024-05-27 00:00:00" },
		{ "*-*~1..2", "2024-01-15 00:00:00", "2024-01-30 00:00:00" },
		{ "*-*~1..2", "2024-01-30 00:00:00", "2024-01-31 00:00:00" },
		{ "*:*:*", "2024-01-15 10:20:59", "2024-01-15 10:21:00" },
		{ "*-02-29", "2021-01-01 00:00:00", "2024-02-29 00:00:00" },
		{ "*-*-31", "2024-02-01 00:00:00", "2024-03-31 00:00:00" },
		{ "Fri *-*-13", "2024-01-01 00:00:00", "2024-09-13 00:00:00" },
		{ "2020-01-01", "2024-01-01 00:00:00", NULL },
		{ "*-02-30", "2024-01-01 00:00:00", NULL },
		{ "*-*-* 6,18:30", "2024-01-01 06:30:00", "2024-01-01 18:30:00" },
		{ "quarterly", "2024-02-01 00:00:00", "2024-04-01 00:00:00" },
	};

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_next(cases[i][0], cases[i][1], cases[i][2]);
}

/* A local time that the change to summer time leaves out is passed over. */
TEST(summer_time)
{
	struct calendar calendar;
	uint64_t found;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	check_next("*-*-* 02:30", "2024-03-30 12:00:00", "2024-04-01 02:30:00");
	check_next("*-*-* 03:30", "2024-03-30 12:00:00", "2024-03-31 03:30:00");
	check_next("daily", "2024-03-31 12:00:00", "2024-04-01 00:00:00");
	assert_int_equal(calendar_parse("daily Europe/Berlin", &calendar), 0);
	assert_int_equal(calendar_next(&calendar, 0, &found), -ENOTSUP);
	assert_int_equal(calendar_parse("daily UTC", &calendar), 0);
	assert_int_equal(calendar_next(&calendar, 1704067200000000, &found), 0);
	assert_int_equal(found, 1704153600000000);
	setenv("TZ", "UTC", 1);
	tzset();
}

TEST_MAIN(cmocka_unit_test(canonical_forms), cmocka_unit_test(what_is_no_moment),
	  cmocka_unit_test(too_many_parts), cmocka_unit_test(next_moments),
	  cmocka_unit_test(summer_time))

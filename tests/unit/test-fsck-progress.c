/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fsck_progress.h"

#include <string.h>

#include "early/macros.h"
#include "early_test.h"

static int feed(struct fsck_progress *progress, const char *text)
{
	return fsck_progress_feed(progress, text, strlen(text));
}

TEST(passes)
{
	static const struct {
		const char *line;
		uint32_t percent;
	} cases[] = {
		{ "1 0 100 /dev/vda1\n", 0 },    { "1 50 100 /dev/vda1\n", 35 },
		{ "1 100 100 /dev/vda1\n", 70 }, { "2 1 2 /dev/vda1\n", 80 },
		{ "3 1 1 /dev/vda1\n", 92 },     { "4 5 5 /dev/vda1\n", 95 },
		{ "5 64 64 /dev/vda1\n", 100 },
	};
	struct fsck_progress progress;

	fsck_progress_init(&progress);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)feed(&progress, cases[i].line);
		assert_int_equal(progress.percent, cases[i].percent);
	}
}

TEST(says_only_what_changed)
{
	struct fsck_progress progress;

	fsck_progress_init(&progress);
	assert_int_equal(feed(&progress, "1 10 100 x\n"), 1);
	assert_int_equal(feed(&progress, "1 10 100 x\n"), 0);
	assert_int_equal(feed(&progress, "1 5 100 x\n"), 0); /* never back */
	assert_int_equal(progress.percent, 7);
}

TEST(cuts)
{
	static const char text[] = "1 50 100 /dev/vda1\n2 1 2 /dev/vda1\n";
	struct fsck_progress progress;

	fsck_progress_init(&progress);
	for (size_t i = 0; i < sizeof(text) - 2; i++)
		(void)fsck_progress_feed(&progress, text + i, 1);
	assert_int_equal(progress.percent, 35);
	assert_int_equal(fsck_progress_feed(&progress, "\n", 1), 1);
	assert_int_equal(progress.percent, 80);
}

TEST(nonsense)
{
	static const char *const lines[] = {
		"",
		"\n",
		"x\n",
		"1\n",
		"1 2\n",
		"0 1 1 x\n",
		"6 1 1 x\n",
		"1 1 0 x\n",
		"-1 1 1 x\n",
		"1 -1 1 x\n",
		"1 1x 1 x\n",
		"99999999999999999999 1 1\n",
		"/dev/vda1: clean, 11/8192\n",
	};
	struct fsck_progress progress;
	char longline[1000];

	fsck_progress_init(&progress);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(feed(&progress, lines[i]), 0);
	memset(longline, ' ', sizeof(longline));
	memcpy(longline, "1 50 100 ", 9);
	longline[sizeof(longline) - 1] = '\n';
	assert_int_equal(fsck_progress_feed(&progress, longline, sizeof(longline)), 0);
	/* The next line is a line again. More than all is all. */
	assert_int_equal(feed(&progress, "1 300 100 x\n"), 1);
	assert_int_equal(progress.percent, 70);
}

TEST_MAIN(cmocka_unit_test(passes), cmocka_unit_test(says_only_what_changed),
	  cmocka_unit_test(cuts), cmocka_unit_test(nonsense))

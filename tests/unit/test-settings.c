/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early.conf: its sections, and where it wants overlays. */
#include "early/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "early/log.h"
#include "early/macros.h"
#include "early/overlay_paths.h"
#include "early/parse.h"
#include "early_test.h"

static char faults[1024];

static void note_fault(unsigned int line, const char *text, void *data)
{
	size_t len = strlen(faults);

	(void)snprintf(faults + len, sizeof(faults) - len, "%u: %s\n", line, text);
}

static int take_number(void *to, const char *value)
{
	return parse_u32(value, to);
}

static const struct setting number[] = { { "Number", take_number, "a number" } };
static const struct settings_section numbers = { "Numbers", "numbers(7)", number,
						 ARRAY_SIZE(number) };

TEST(sections_and_faults)
{
	static const struct {
		const char *text;
		uint32_t number;
		const char *faults;
	} cases[] = {
		{ "", 0, "" },
		{ "Number=1\n", 0, "" },
		{ "[Numbers]\nNumber=1", 1, "" },
		{ "[Numbers]\r\n\t Number =\t1 \r\n", 1, "" },
		{ "[Numbers]\nNumber=1\nNumber=2\n", 2, "" },
		{ "[Numbers]\n[Others]\nNumber=1\nwords\n", 0, "" },
		{ "[Others]\n[Numbers]\n# Number=1\n;x\nX-Number=y\n[[[\n=\n", 0, "" },
		{ "[Numbers] \nNumber=1\n[NumbersX]\nNumber=2\n[Number]\nNumber=3\n", 1, "" },
		{ "\n[Numbers]\nNumber=1\nNumber=one\n", 1,
		  "4: Number=one is not a number; the default stands\n" },
		{ "[Numbers]\nnumber=1\n=2\nthree", 0,
		  "2: there is no setting number= in [Numbers] (see numbers(7)); it is passed "
		  "over\n"
		  "3: there is no setting = in [Numbers] (see numbers(7)); it is passed over\n"
		  "4: this is neither a [Section] nor NAME=VALUE; it is passed over\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text CLEANUP(free_charp)
		= strdup(cases[i].text);
		uint32_t value = 0;

		faults[0] = '\0';
		settings_parse(text, &numbers, &value, note_fault, NULL);
		assert_int_equal(value, cases[i].number);
		assert_string_equal(faults, cases[i].faults);
	}
}

TEST(files)
{
	uint32_t value = 0;

	assert_int_equal(settings_read(AT_FDCWD, "/nowhere/early.conf", &numbers, &value, true), 0);
	assert_int_equal(settings_read(AT_FDCWD, "/proc", &numbers, &value, true), -EISDIR);
	assert_int_equal(value, 0);
}

TEST(overlay_paths)
{
	static const struct {
		const char *text;
		int r;
		const char *first; /* NULL: none */
		uint32_t n;
	} cases[] = {
		{ "", 0, NULL, 0 },
		{ " \t ", 0, NULL, 0 },
		{ "/var", 0, "/var", 1 },
		{ "/var/ /home", 0, "/var", 2 },
		{ " /var/lib\t/var/log ", 0, "/var/lib", 2 },
		{ "/var /variable", 0, "/var", 2 },
		{ "/a /b /c /d /e /f /g /h", 0, "/a", 8 },
		{ "/a /b /c /d /e /f /g /h /i", -ERANGE, NULL, 0 },
		{ "/", -EINVAL, NULL, 0 },
		{ "///", -EINVAL, NULL, 0 },
		{ "var", -EINVAL, NULL, 0 },
		{ "/var/..", -EINVAL, NULL, 0 },
		{ "/var/../etc", -EINVAL, NULL, 0 },
		{ "/var/..x", 0, "/var/..x", 1 },
		{ "/var /var", -EINVAL, NULL, 0 },
		{ "/var /var/lib", -EINVAL, NULL, 0 },
		{ "/var/lib /var", -EINVAL, NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct overlay_paths paths = { .given = 0 };

		assert_int_equal(overlay_paths_parse(cases[i].text, " \t", &paths), cases[i].r);
		assert_int_equal(paths.given, cases[i].r == 0);
		assert_int_equal(paths.n, cases[i].n);
		if (cases[i].first)
			assert_string_equal(paths.paths[0], cases[i].first);
	}
}

TEST(path_that_is_too_long)
{
	struct overlay_paths paths = { .given = 0 };
	char text[OVERLAY_PATH_SIZE + 1];

	memset(text, 'x', OVERLAY_PATH_SIZE);
	text[0] = '/';
	text[OVERLAY_PATH_SIZE] = '\0';
	assert_int_equal(overlay_paths_parse(text, " ", &paths), -ERANGE);
	text[OVERLAY_PATH_SIZE - 1] = '\0';
	assert_int_equal(overlay_paths_parse(text, " ", &paths), 0);
	assert_string_equal(paths.paths[0], text);
}

TEST_MAIN(cmocka_unit_test(sections_and_faults), cmocka_unit_test(files),
	  cmocka_unit_test(overlay_paths), cmocka_unit_test(path_that_is_too_long))

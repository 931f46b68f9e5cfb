/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <stdio.h>
#include <string.h>

#include "wrap.h"

#include "early/macros.h"

/* Every character is ten wide. */
static unsigned int ten_each(void *data, const char *text, size_t len)
{
	unsigned int width = 0, c;

	for (size_t i = 0; i < len; width += 10)
		i += wrap_decode(text + i, len - i, &c);
	return width;
}

/* Lines joined by '|'. */
static const char *wrapped(const char *text, unsigned int width)
{
	static char all[256];
	struct wrap_line line;
	size_t len = 0;

	all[0] = '\0';
	while (wrap_next(&text, width, ten_each, NULL, &line)) {
		assert_true(len + line.len + 2 < sizeof(all));
		len += (size_t)sprintf(all + len, "%.*s|", (int)line.len, line.text);
	}
	return all;
}

TEST(wraps)
{
	const struct {
		const char *text;
		unsigned int width;
		const char *lines;
	} cases[] = {
		{ "", 100, "" },
		{ "one two", 100, "one two|" },
		{ "one two", 70, "one two|" },
		{ "one two", 69, "one|two|" },
		{ "one  two three", 50, "one|two|three|" },
		{ "a\nb\n", 100, "a|b|" },
		{ "a\n\nb", 100, "a||b|" },
		{ "abcdefg hi", 30, "abc|def|g|hi|" },
		{ "wide", 5, "w|i|d|e|" },
		{ "äöü ß", 30, "äöü|ß|" },
		{ "äöüß", 20, "äö|üß|" },
		{ "x\n y", 100, "x| y|" },
		{ "abc  \nd", 40, "abc|d|" }, /* blanks at the end that do not fit */
		{ "abc  \n\nd", 30, "abc||d|" },
		{ "abc  ", 30, "abc|" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(wrapped(cases[i].text, cases[i].width), cases[i].lines);
}

TEST(decodes)
{
	const struct {
		const char *text;
		size_t len, used;
		unsigned int value;
	} cases[] = {
		{ "A", 1, 1, 'A' },
		{ "ä", 2, 2, 0xe4 },
		{ "„", 3, 3, 0x201e },
		{ "😀", 4, 4, 0x1f600 },
		{ "ä", 1, 1, '?' }, /* cut off */
		{ "\xc0\xaf", 2, 1, '?' }, /* overlong */
		{ "\x80", 1, 1, '?' },
		{ "\xff\xff", 2, 1, '?' },
		{ "\xf4\x90\x80\x80", 4, 1, '?' }, /* beyond Unicode */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int c = 0;

		assert_int_equal(wrap_decode(cases[i].text, cases[i].len, &c), cases[i].used);
		assert_int_equal(c, cases[i].value);
	}
}

TEST_MAIN(cmocka_unit_test(wraps), cmocka_unit_test(decodes))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prompt.h"

#include "early/fd.h"

#define MAX_COLUMNS 300

/* What /dev/vcsa has of a console of @rows and @columns with @text in line @y, and whether that is a prompt. */
static bool shows(unsigned int rows, unsigned int columns, unsigned int x, unsigned int y,
		  const char *text)
{
	char path[] = "/tmp/test-splash-prompt-XXXXXX";
	const uint8_t head[] = { (uint8_t)rows, (uint8_t)(columns > 255 ? 255 : columns),
				 (uint8_t)x, (uint8_t)y };
	uint16_t line[MAX_COLUMNS];
	int fd = mkstemp(path);
	bool shown;

	assert_true(fd >= 0 && columns <= MAX_COLUMNS);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	for (unsigned int row = 0; row < rows; row++) {
		for (unsigned int i = 0; i < columns; i++)
			line[i] = 0x0700 | (row == y && i < strlen(text) ? text[i] : ' ');
		assert_int_equal(write(fd, line, columns * 2), columns * 2);
	}
	fd_close(fd);
	shown = prompt_is_shown(path);
	assert_int_equal(unlink(path), 0);
	return shown;
}

TEST(text_before_the_cursor_is_one)
{
	assert_true(shows(48, 128, 17, 0, "early-vm login: "));
	assert_true(shows(48, 128, 127, 47, "  |  Username:"));
	assert_true(shows(67, 300, 7, 5, "login:")); /* more columns than a byte can say */
}

TEST(lines_that_end_are_none)
{
	assert_false(shows(48, 128, 0, 0, ""));
	assert_false(shows(48, 128, 0, 3, "behind the cursor"));
	assert_false(shows(48, 128, 8, 3, "        indented"));
}

TEST(what_is_no_console_is_none)
{
	char path[] = "/tmp/test-splash-prompt-XXXXXX";
	static const char contents[][6] = { "", "\1\1", "\1\4\4\1", "\1\4\3\0x" };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_false(prompt_is_shown("/dev/null"));
	assert_false(prompt_is_shown("/nowhere"));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, contents[i], 5, 0), 5);
		assert_int_equal(ftruncate(fd, i == 0 ? 0 : (off_t)i + 2), 0);
		assert_false(prompt_is_shown(path));
	}
	fd_close(fd);
	assert_int_equal(unlink(path), 0);
}

TEST_MAIN(cmocka_unit_test(text_before_the_cursor_is_one),
	  cmocka_unit_test(lines_that_end_are_none), cmocka_unit_test(what_is_no_console_is_none))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmdline.h"

#include <string.h>

#include "early_test.h"

TEST(defaults)
{
	struct cmdline c;

	cmdline_parse(&c, "");
	assert_string_equal(c.root, "");
	assert_true(c.splash);
	assert_int_equal(c.unions.n, 2);
	assert_string_equal(c.unions.paths[0], "/var");
	assert_string_equal(c.unions.paths[1], "/home");
	assert_int_equal(c.root_wait_ms, CMDLINE_ROOT_WAIT_MS);
	assert_string_equal(c.complaints, "");
}

TEST(words_are_taken)
{
	struct cmdline c;

	cmdline_parse(&c, "BOOT_IMAGE=/vmlinuz root=\"UUID=ab cd\" ro quiet rootfstype=ext4 "
			  "rootflags=noatime rootdelay=30 early.splash=0 early.overlay=/var "
			  "early.fsck=force early.debug\n");
	assert_string_equal(c.root, "UUID=ab cd");
	assert_string_equal(c.rootfstype, "ext4");
	assert_string_equal(c.rootflags, "noatime");
	assert_int_equal(c.root_wait_ms, 30000);
	assert_false(c.splash);
	assert_int_equal(c.unions.n, 1);
	assert_int_equal(c.fsck, DISKS_CHECK_FORCE);
	assert_true(c.debug);
	assert_string_equal(c.complaints, "");
}

TEST(another_init)
{
	struct cmdline c;

	cmdline_parse(&c, "init=/lib/systemd/systemd early.stock");
	assert_string_equal(c.init, "/lib/systemd/systemd");
	assert_true(c.stock);
	cmdline_parse(&c, "init=bash -- init=/bin/sh");
	assert_string_equal(c.init, "");
	assert_string_equal(c.complaints, "init=bash");
}

TEST(ways_to_rescue)
{
	static const char *const words[] = { "single",       "1",
					     "rescue",       "emergency",
					     "early.rescue", "systemd.unit=rescue.target" };
	struct cmdline c;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		cmdline_parse(&c, words[i]);
		assert_true(c.rescue);
	}
	cmdline_parse(&c, "systemd.unit=graphical.target");
	assert_false(c.rescue);
	assert_string_equal(c.complaints, "");
}

TEST(nonsense_is_named)
{
	struct cmdline c;

	cmdline_parse(&c, "early.fsck=maybe early.spalsh=1 rootdelay=x early.overlay=var "
			  "systemd.unit=foo.target other.word=1");
	assert_string_equal(c.complaints, "early.fsck=maybe early.spalsh=1 rootdelay=x "
					  "early.overlay=var systemd.unit=foo.target");
}

TEST(masks_are_left_to_early_load)
{
	struct cmdline c;

	cmdline_parse(&c, "systemd.mask=a.service systemd.mask=b");
	assert_string_equal(c.complaints, "");
	cmdline_parse(&c, "systemd.mask= systemd.mask=a/b");
	assert_string_equal(c.complaints, "systemd.mask= systemd.mask=a/b");
}

TEST(long_words_do_no_harm)
{
	char text[2000];
	struct cmdline c;

	memset(text, 'x', sizeof(text));
	memcpy(text, "root=", 5);
	text[sizeof(text) - 1] = '\0';
	cmdline_parse(&c, text);
	assert_string_equal(c.root, "");
	assert_true(c.complaints[0]);
	cmdline_parse(&c, "early.overlay=");
	assert_int_equal(c.unions.n, 0);
	cmdline_parse(&c, "root=/dev/vda -- root=/dev/vdb");
	assert_string_equal(c.root, "/dev/vda");
}

TEST_MAIN(cmocka_unit_test(defaults), cmocka_unit_test(words_are_taken),
	  cmocka_unit_test(another_init), cmocka_unit_test(ways_to_rescue),
	  cmocka_unit_test(nonsense_is_named), cmocka_unit_test(masks_are_left_to_early_load),
	  cmocka_unit_test(long_words_do_no_harm))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "early/strv.h"
#include "early_test.h"

static int parse(struct options *options, const char *text, char **why)
{
	options_init(options);
	return options_parse_list(options, text, why);
}

TEST(layers)
{
	struct options options;
	char *why;

	assert_int_equal(
		parse(&options, "lowerdir=/a:/b\\:c:/d\\,e,upperdir=/u\\,v,workdir=/w,rw", &why),
		0);
	assert_int_equal(strv_length(options.lower), 3);
	assert_string_equal(options.lower[0], "/a");
	assert_string_equal(options.lower[1], "/b:c");
	assert_string_equal(options.lower[2], "/d,e");
	assert_string_equal(options.upper, "/u,v");
	assert_string_equal(options.work, "/w");
	options_done(&options);

	assert_int_equal(parse(&options, "lowerdir+=/a,lowerdir+=/b:c", &why), 0);
	assert_int_equal(strv_length(options.lower), 2);
	assert_string_equal(options.lower[1], "/b:c");
	options_done(&options);
}

TEST(flags)
{
	struct options options;
	char *why;

	assert_int_equal(
		parse(&options, "nosuid,nodev,noexec,ro,dev,rw,link_fd=3,x-foo=1,,nofail", &why),
		0);
	assert_int_equal((long)options.mount_flags, MS_NOSUID | MS_NOEXEC);
	assert_int_equal(options.link_fd, 3);
	options_done(&options);
}

TEST(refused_by_name)
{
	static const char *const texts[] = {
		"metacopy=on",     "redirect_dir=on", "index=on",    "nfs_export=on",
		"userxattr",       "verity=on",       "datadir+=/x", "lowerdir=",
		"lowerdir=/a::/b", "link_fd=-1",      "upperdir",    "squash_to_root",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct options options;
		char name[32] = { 0 };
		char *why;

		strncpy(name, texts[i], strcspn(texts[i], "="));
		assert_int_equal(parse(&options, texts[i], &why), -EINVAL);
		assert_true(why && strstr(why, name));
		free(why);
		options_done(&options);
	}
}

TEST(honoured_values)
{
	struct options options;
	char *why;

	assert_int_equal(parse(&options,
			       "metacopy=off,redirect_dir=nofollow,index=off,xino=auto,volatile",
			       &why),
			 0);
	assert_true(options.volatile_upper);
	options_done(&options);
}

TEST(what_goes_together)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{ "lowerdir=/a", 0 },
		{ "lowerdir=/a,upperdir=/u,workdir=/w", 0 },
		{ "lowerdir=/a,upper_tmpfs", 0 },
		{ "upperdir=/u,workdir=/w", -EINVAL },
		{ "lowerdir=/a,upperdir=/u", -EINVAL },
		{ "lowerdir=/a,workdir=/u", -EINVAL },
		{ "lowerdir=/a,upper_tmpfs=1M,upperdir=/u,workdir=/w", -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options;
		char *why;

		assert_int_equal(parse(&options, cases[i].text, &why), 0);
		options.mountpoint = strdup("/m");
		assert_int_equal(options_check(&options, &why), cases[i].result);
		free(why);
		options_done(&options);
	}
}

TEST(command_line_in_any_order)
{
	char *argv[] = { (char *)"early-overlay",
			 (char *)"-o",
			 (char *)"lowerdir=/a",
			 (char *)"src",
			 (char *)"-f",
			 (char *)"/m",
			 (char *)"-o",
			 (char *)"nosuid",
			 NULL };
	struct options options;

	options_init(&options);
	assert_int_equal(options_parse(&options, 8, argv), 0);
	assert_string_equal(options.source, "src");
	assert_string_equal(options.mountpoint, "/m");
	assert_true(options.foreground);
	assert_int_equal((long)options.mount_flags, MS_NOSUID | MS_RDONLY);
	options_done(&options);
}

TEST(socket_names)
{
	static const char *const cases[][2] = {
		{ "/var", "var" },
		{ "/var/lib/", "var-lib" },
		{ "//a//b", "a-b" },
		/* Each has its own. */
		{ "/", "-" },
		{ "/root", "root" },
		{ "/a-b", "a\\x2db" },
		{ "/a\\x2db", "a\\x5cx2db" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *name;

		assert_int_equal(options_socket_name(cases[i][0], &name), 0);
		assert_string_equal(name, cases[i][1]);
		free(name);
	}
}

TEST_MAIN(cmocka_unit_test(layers), cmocka_unit_test(flags), cmocka_unit_test(refused_by_name),
	  cmocka_unit_test(honoured_values), cmocka_unit_test(what_goes_together),
	  cmocka_unit_test(command_line_in_any_order), cmocka_unit_test(socket_names))

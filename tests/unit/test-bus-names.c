/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "machine.h"
#include "object_path.h"
#include "process.h"
#include "unit_name.h"

struct pair {
	const char *name;
	const char *path;
};

TEST(escapes_as_systemd_does)
{
	static const struct pair cases[] = {
		{ "dbus.service", UNIT_PATH_PREFIX "dbus_2eservice" },
		{ "session-c1.scope", UNIT_PATH_PREFIX "session_2dc1_2escope" },
		{ "user@101.service", UNIT_PATH_PREFIX "user_40101_2eservice" },
		{ "7z.service", UNIT_PATH_PREFIX "_37z_2eservice" },
		{ "a_b.service", UNIT_PATH_PREFIX "a_5fb_2eservice" },
		{ "dev-disk-by\\x2did.device",
		  UNIT_PATH_PREFIX "dev_2ddisk_2dby_5cx2did_2edevice" },
		{ "-.slice", UNIT_PATH_PREFIX "_2d_2eslice" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *path, *name;

		assert_int_equal(unit_path_new(cases[i].name, &path), 0);
		assert_string_equal(path, cases[i].path);
		assert_int_equal(unit_path_parse(path, &name), 0);
		assert_string_equal(name, cases[i].name);
		free(path);
		free(name);
	}
}

TEST(reads_paths_leniently_but_never_a_nul)
{
	char *name;

	assert_int_equal(unit_path_parse(UNIT_PATH_PREFIX "a_zz_2eservice", &name), 0);
	assert_string_equal(name, "a_zz.service");
	free(name);
	assert_int_equal(unit_path_parse(UNIT_PATH_PREFIX "a_4", &name), 0);
	assert_string_equal(name, "a_4");
	free(name);
	assert_int_equal(unit_path_parse(UNIT_PATH_PREFIX "A_4A", &name), 0);
	assert_string_equal(name, "AJ");
	free(name);
	assert_int_equal(unit_path_parse(UNIT_PATH_PREFIX "a_00b", &name), -EINVAL);
	assert_int_equal(unit_path_parse(UNIT_PATH_PREFIX, &name), -EINVAL);
	assert_int_equal(unit_path_parse(UNIT_PATH_PREFIX "_", &name), -EINVAL);
	assert_int_equal(unit_path_parse(UNIT_PATH_PREFIX "a/b", &name), -EINVAL);
	assert_int_equal(unit_path_parse(MANAGER_PATH "/units/a", &name), -ENOENT);
	assert_int_equal(unit_path_parse("", &name), -ENOENT);
}

TEST(reads_job_paths)
{
	char *path;
	uint32_t job;

	assert_int_equal(job_path_new(4294967295U, &path), 0);
	assert_string_equal(path, JOB_PATH_PREFIX "4294967295");
	assert_int_equal(job_path_parse(path, &job), 0);
	assert_true(job == 4294967295U);
	free(path);
	assert_int_equal(job_path_parse(JOB_PATH_PREFIX "0", &job), -EINVAL);
	assert_int_equal(job_path_parse(JOB_PATH_PREFIX "", &job), -EINVAL);
	assert_int_equal(job_path_parse(JOB_PATH_PREFIX "1x", &job), -EINVAL);
	assert_int_equal(job_path_parse(JOB_PATH_PREFIX "-1", &job), -EINVAL);
	assert_int_equal(job_path_parse(JOB_PATH_PREFIX "4294967296", &job), -EINVAL);
	assert_int_equal(job_path_parse(MANAGER_PATH, &job), -ENOENT);
}

TEST(tells_names_from_others)
{
	static const char *const valid[] = { "a.service", "a@.service",           "a@b.service",
					     "-.mount",   "a:b-c_d.e\\x2d.scope", "x.y.target" };
	static const char *const invalid[] = { "",
					       "a",
					       ".service",
					       "a.conf",
					       "a/b.service",
					       "a b.service",
					       "@.service",
					       "@a.service",
					       "../a.service",
					       "caf\xc3\xa9.service",
					       "a.service\n" };
	char huge[300];

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		if (!unit_name_is_valid(valid[i]))
			fail_msg("'%s' should be a name", valid[i]);
	}
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		if (unit_name_is_valid(invalid[i]))
			fail_msg("'%s' should be no name", invalid[i]);
	}
	memset(huge, 'a', sizeof(huge));
	strcpy(huge + sizeof(huge) - 9, ".service");
	assert_false(unit_name_is_valid(huge));
	assert_true(unit_name_is_valid(huge + sizeof(huge) - 256));
}

TEST(takes_instances_apart)
{
	char *text;

	assert_true(unit_name_is_template("getty@.service"));
	assert_false(unit_name_is_template("getty@tty1.service"));
	assert_int_equal(unit_name_template("getty@tty1.service", &text), 0);
	assert_string_equal(text, "getty@.service");
	free(text);
	assert_int_equal(unit_name_instance("a@b@c.d.service", &text), 0);
	assert_string_equal(text, "b@c.d");
	free(text);
	assert_int_equal(unit_name_template("getty@.service", &text), -ENOENT);
	assert_int_equal(unit_name_template("getty.service", &text), -ENOENT);
	assert_int_equal(unit_name_instance("no-suffix@x", &text), -ENOENT);
}

TEST(finds_the_unit_of_a_cgroup)
{
	static const struct pair cases[] = {
		{ "session-c1.scope", "/user.slice/user-101.slice/session-c1.scope" },
		{ "user@1000.service",
		  "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service" },
		{ "dbus.service", "/system.slice/dbus.service" },
		{ "udev.service", "/system.slice/udev.service/udev" },
		{ "user.slice", "/user.slice" },
		{ "user.slice", "/user.slice/foreign" },
		{ "-.slice", "/" },
		{ "-.slice", "/docker/123" },
		{ "cgroup.service", "/system.slice/_cgroup.service" },
	};
	char *name;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(unit_name_from_cgroup(cases[i].path, &name), 0);
		assert_string_equal(name, cases[i].name);
		free(name);
	}
	assert_int_equal(unit_name_from_cgroup("system.slice", &name), -EINVAL);
}

TEST(matches_patterns)
{
	char a[] = "ssh*", b[] = "*.mount", alias[] = "sshd.service";
	char *patterns[] = { b, a, NULL }, *none[] = { NULL }, *aliases[] = { alias, NULL };

	assert_true(unit_name_matches("ssh.service", NULL, patterns));
	assert_true(unit_name_matches("-.mount", NULL, patterns));
	assert_false(unit_name_matches("dbus.service", NULL, patterns));
	assert_true(unit_name_matches("openbsd.service", aliases, patterns));
	assert_true(unit_name_matches("x.service", NULL, none));
	assert_true(unit_name_matches("x.service", NULL, NULL));
}

TEST(names_errors)
{
	char buf[64];

	assert_string_equal(error_name(-ENOENT, buf, sizeof(buf)),
			    "org.freedesktop.DBus.Error.FileNotFound");
	assert_string_equal(error_name(-EROFS, buf, sizeof(buf)), "System.Error.EROFS");
	assert_string_equal(error_name(-99999, buf, sizeof(buf)),
			    "org.freedesktop.DBus.Error.Failed");
}

TEST(reads_the_unified_hierarchy)
{
	char *cgroup;

	assert_int_equal(process_parse_cgroup("4:memory:/x\n0::/system.slice/a.service\n", &cgroup),
			 0);
	assert_string_equal(cgroup, "/system.slice/a.service");
	free(cgroup);
	assert_int_equal(process_parse_cgroup("0::/", &cgroup), 0);
	assert_string_equal(cgroup, "/");
	free(cgroup);
	assert_int_equal(process_parse_cgroup("10::/no\n", &cgroup), -ENODATA);
	assert_int_equal(process_parse_cgroup("", &cgroup), -ENODATA);
}

TEST(knows_hypervisors)
{
	assert_string_equal(machine_hypervisor_name("TCGTCGTCGTCG"), "qemu");
	assert_string_equal(machine_hypervisor_name("KVMKVMKVM"), "kvm");
	assert_string_equal(machine_hypervisor_name("unheard of"), "vm-other");
}

TEST_MAIN(cmocka_unit_test(escapes_as_systemd_does),
	  cmocka_unit_test(reads_paths_leniently_but_never_a_nul),
	  cmocka_unit_test(reads_job_paths), cmocka_unit_test(tells_names_from_others),
	  cmocka_unit_test(takes_instances_apart), cmocka_unit_test(finds_the_unit_of_a_cgroup),
	  cmocka_unit_test(matches_patterns), cmocka_unit_test(names_errors),
	  cmocka_unit_test(reads_the_unified_hierarchy), cmocka_unit_test(knows_hypervisors))

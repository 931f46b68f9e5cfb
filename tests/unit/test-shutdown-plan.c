/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount_plan.h"

#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strbuf.h"
#include "early_test.h"
#include "processes.h"
#include "unions.h"

/* The steps that do something, as "TARGET" or "(TARGET)" if lazily, joined by blanks. */
static char *plan_text(const char *mountinfo, size_t *ret_bad)
{
	CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
	struct mount_plan plan = { NULL, 0 };

	assert_int_equal(mount_plan_make(mountinfo, &plan, ret_bad), 0);
	for (size_t i = 0; i < plan.n_steps; i++) {
		const struct mount_step *step = &plan.steps[i];

		if (step->action == MOUNT_ACTION_KEEP)
			continue;
		strbuf_printf(&text, "%s%s%s%s", text.len ? " " : "",
			      step->action == MOUNT_ACTION_DETACH ? "(" : "", step->target,
			      step->action == MOUNT_ACTION_DETACH ? ")" : "");
	}
	mount_plan_done(&plan);
	return strbuf_take(&text);
}

static void check(const char *mountinfo, const char *expected, size_t expected_bad)
{
	size_t bad = 0;
	CLEANUP(free_charp)
	char *text = plan_text(mountinfo, &bad);

	assert_string_equal(text, expected);
	assert_int_equal(bad, expected_bad);
}

TEST(machine)
{
	check("20 1 253:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
	      "21 20 0:20 / /proc rw - proc proc rw\n"
	      "22 20 0:21 / /sys rw - sysfs sysfs rw\n"
	      "23 22 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	      "24 20 0:5 / /dev rw - devtmpfs udev rw\n"
	      "25 24 0:23 / /dev/pts rw - devpts devpts rw\n"
	      "26 20 0:24 / /run rw - tmpfs tmpfs rw\n"
	      "27 26 0:25 / /run/lock rw - tmpfs tmpfs rw\n"
	      "28 20 253:2 / /home rw - ext4 /dev/vda2 rw\n"
	      "29 20 0:26 / /var rw - fuse.early-overlay early rw\n"
	      "30 28 0:27 / /home/x/net rw - nfs4 s:/e rw\n",
	      "(/home/x/net) /run/lock (/var) /home /run", 0);
}

/* After a move the id of what lies above may be the smaller one. */
TEST(tree_before_age)
{
	check("90 1 0:1 / / rw - tmpfs tmpfs rw\n"
	      "50 91 8:2 / /oldroot/home rw - ext4 /dev/sda2 rw\n"
	      "91 90 8:1 / /oldroot rw - ext4 /dev/sda1 rw\n"
	      "40 50 8:3 / /oldroot/home/a rw - ext4 /dev/sda3 rw\n",
	      "/oldroot/home/a /oldroot/home /oldroot", 0);
}

TEST(stacked_at_one_place)
{
	check("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	      "2 1 8:2 / /a rw - ext4 /dev/sda2 rw\n"
	      "3 2 8:3 / /a rw - ext4 /dev/sda3 rw\n",
	      "/a /a", 0);
}

TEST(names)
{
	check("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	      "2 1 8:2 / /my\\040disk\\134x rw - ext4 /dev/sda2 rw\n"
	      "3 1 8:2 / /development rw - ext4 /dev/sda2 rw\n"
	      "4 1 8:2 / /odd\\04 rw - ext4 /dev/sda2 rw\n",
	      "/odd\\04 /development /my disk\\x", 0);
}

TEST(nonsense)
{
	check("", "", 0);
	check("x\n1 2\n1 2 3 4 5 6\n- - - - -\na b 8:1 / /x rw - ext4 x rw\n", "", 5);
	/* Parents in a circle. */
	check("1 2 8:1 / /a rw - ext4 x rw\n2 1 8:1 / /b rw - ext4 x rw\n3 3 8:1 / /c rw - ext4\n",
	      "/b /a /c", 0);
}

TEST(read_only_superblock)
{
	struct mount_plan plan = { NULL, 0 };
	size_t bad = 0;

	assert_int_equal(mount_plan_make("1 0 8:1 / /a rw,noatime - ext4 /dev/sda1 errors=ro,ro,x\n"
					 "2 0 8:1 / /b ro - ext4 /dev/sda1 rw,errors=remount-ro\n",
					 &plan, &bad),
			 0);
	assert_int_equal(plan.n_steps, 2);
	assert_string_equal(plan.steps[1].target, "/a");
	assert_true(plan.steps[1].super_read_only);
	assert_false(plan.steps[0].super_read_only);
	mount_plan_done(&plan);
}

TEST(spared)
{
	assert_true(processes_is_spared("@ntfs-3g", 8));
	assert_false(processes_is_spared("ntfs-3g@", 8));
	assert_false(processes_is_spared("", 0));
	assert_false(processes_is_spared("@", 0));
}

TEST(kernel_threads)
{
	assert_true(processes_is_kernel_thread("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0"));
	assert_false(processes_is_kernel_thread("1 (systemd) S 0 1 1 0 -1 4194560 0 0 0"));
	/* A name that tries to look like the rest of the line. */
	assert_false(
		processes_is_kernel_thread("9 (x) S 0 0 0 0 -1 2129984 0) S 1 1 1 0 -1 4194560 0"));
	assert_false(processes_is_kernel_thread("9 (x"));
	assert_false(processes_is_kernel_thread(""));
}

#define CMDLINE(text) text, sizeof(text) - 1

TEST(upper_directory)
{
	static const struct {
		const char *cmdline;
		size_t len;
		const char *upper;
	} cases[] = {
		{ CMDLINE("@early-overlay\0/var\0-o\0lowerdir=/var,upperdir=/run/u,workdir=/run/"
			  "w\0"),
		  "/run/u" },
		{ CMDLINE("@early-overlay\0-olink_fd=3,upperdir=/u\0/var\0"), "/u" },
		{ CMDLINE("@early-overlay\0-oupperdir=/u\0"), "/u" },
		{ CMDLINE("@early-overlay\0-o\0lowerdir=/upperdir=/x\0"), NULL },
		{ CMDLINE("@early-overlay\0-o\0upperdir=relative\0"), NULL },
		{ CMDLINE(""), NULL },
		{ CMDLINE("\0\0\0"), NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(free_charp)
		char *upper = unions_find_upper(cases[i].cmdline, cases[i].len);

		if (cases[i].upper) {
			assert_non_null(upper);
			assert_string_equal(upper, cases[i].upper);
		} else {
			assert_null(upper);
		}
	}
}

TEST_MAIN(cmocka_unit_test(machine), cmocka_unit_test(tree_before_age),
	  cmocka_unit_test(stacked_at_one_place), cmocka_unit_test(names),
	  cmocka_unit_test(nonsense), cmocka_unit_test(read_only_superblock),
	  cmocka_unit_test(spared), cmocka_unit_test(kernel_threads),
	  cmocka_unit_test(upper_directory))

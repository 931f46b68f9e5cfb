/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which paths get an overlay, and which mounts are a dead overlay's. */
#include "unions.h"

#include <string.h>

#include "dead_mounts.h"
#include "early/macros.h"
#include "early_test.h"

static const char local[] = "/home\0/var/log\0/srv";
static const char network[] = "/mail\0/opt/share";

TEST(separate_paths)
{
	static const struct {
		const char *path;
		bool separate;
	} cases[] = {
		{ "/home", true },     { "/homeless", false },
		{ "/hom", false },     { "/var", true }, /* something beneath it */
		{ "/var/lib", false }, { "/srv/data", true }, /* something above it */
		{ "/mail", true },     { "/opt", false }, /* it comes when the overlay is gone */
	};
	const struct disks_mounted root = {
		.local = { local, sizeof(local) },
		.network = { network, sizeof(network) },
	};
	const struct disks_mounted none = { .local = { NULL, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(unions_is_separate(cases[i].path, &root), cases[i].separate);
		assert_false(unions_is_separate(cases[i].path, &none));
	}
}

TEST(settled)
{
	struct unions unions = { .n_mounts = 2 };

	unions.mounts[0].state = UNION_GONE;
	unions.mounts[1].state = UNION_LEFT_OUT;
	assert_true(unions_are_settled(&unions));
	assert_true(unions_any_left_out(&unions));
	unions.mounts[1].state = UNION_MERGED;
	assert_false(unions_are_settled(&unions));
	assert_true(unions_are_merging(&unions));
	assert_false(unions_any_left_out(&unions));
	unions.mounts[1].stays = true;
	assert_true(unions_are_settled(&unions));
	assert_false(unions_are_merging(&unions));
	unions.mounts[1].stays = false;
	unions.mounts[1].state = UNION_MOUNTED;
	assert_false(unions_are_settled(&unions));
	/* And none is asked to merge: their helpers do not run. */
	unions.keep = true;
	assert_true(unions_are_settled(&unions));
	unions_merge(&unions);
	assert_false(unions.merge_wanted);
}

TEST(mountinfo)
{
	static const char text[] =
		"20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"21 20 0:30 / /var rw,nosuid shared:2 master:1 - fuse.early-overlay early-overlay "
		"rw\n"
		"22 20 0:31 /d /var/a\\040dir\\134 rw - fuse.early-overlay x rw\n"
		"23 20 0:32 / /var/x rw - fuse.sshfs x rw\n"
		"24 20 0:33 / /variety rw - fuse.early-overlay x rw\n"
		"25 20 0:33 / - fuse.early-overlay\n"
		"26\n"
		"27 20 0:33 / /var/last rw - fuse.early-overlay x rw";
	const char *at = text;
	char target[16];

	assert_true(dead_mounts_next(&at, "/var", target, sizeof(target)));
	assert_string_equal(target, "/var");
	assert_true(dead_mounts_next(&at, "/var", target, sizeof(target)));
	assert_string_equal(target, "/var/a dir\\");
	assert_true(dead_mounts_next(&at, "/var", target, sizeof(target)));
	assert_string_equal(target, "/var/last");
	assert_false(dead_mounts_next(&at, "/var", target, sizeof(target)));
	/* What does not fit is left alone. */
	at = text;
	assert_false(dead_mounts_next(&at, "/var", target, 4));
}

TEST(uppermost)
{
	static const char text[] =
		"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"30 22 0:40 / /var rw - fuse.early-overlay early-overlay rw\n"
		"31 22 8:2 / /srv rw - ext4 /dev/sda2 rw\n"
		"32 22 0:41 / /srv rw shared:3 - fuse.early-overlay early-overlay rw\n"
		"33 22 0:42 / /home rw - fuse.early-overlay early-overlay rw\n"
		"34 33 8:3 / /home rw - ext4 /dev/sda3 rw\n";

	assert_true(dead_mounts_is_on_top(text, "/var"));
	assert_true(dead_mounts_is_on_top(text, "/srv"));
	assert_false(dead_mounts_is_on_top(text, "/home")); /* its disk has come upon it */
	assert_false(dead_mounts_is_on_top(text, "/va"));
	assert_false(dead_mounts_is_on_top(text, "/"));
	assert_false(dead_mounts_is_on_top("", "/var"));
}

TEST_MAIN(cmocka_unit_test(separate_paths), cmocka_unit_test(settled), cmocka_unit_test(mountinfo),
	  cmocka_unit_test(uppermost))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fstab_plan.h"

#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"
#include "early_test.h"
#include "mount_root.h"

static struct fstab_entry entry(const char *source, const char *target, const char *type,
				const char *options)
{
	return (struct fstab_entry){ .source = (char *)source,
				     .target = (char *)target,
				     .type = (char *)type,
				     .options = (char *)options };
}

TEST(classes)
{
	static const struct {
		const char *target;
		const char *type;
		const char *options;
		enum fstab_class class;
	} cases[] = {
		{ "/", "ext4", "defaults", FSTAB_ROOT },
		{ "/home", "ext4", "defaults", FSTAB_LOCAL },
		{ "/home", "ext4", "noauto", FSTAB_NOT_AT_BOOT },
		{ "/home", "ext4", "user,noauto,ro", FSTAB_NOT_AT_BOOT },
		{ "/home", "ext4", "noautodefrag", FSTAB_LOCAL },
		{ "none", "swap", "sw", FSTAB_SWAP },
		{ "/mnt", "nfs4", "defaults", FSTAB_NETWORK },
		{ "/mnt", "fuse.sshfs", "defaults", FSTAB_NETWORK },
		{ "/mnt", "ext4", "_netdev", FSTAB_NETWORK },
		{ "none", "ext4", "defaults", FSTAB_NOT_AT_BOOT },
		{ "/x", "ignore", "defaults", FSTAB_NOT_AT_BOOT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fstab_entry e = entry("/dev/x", cases[i].target, cases[i].type,
					     cases[i].options);

		assert_int_equal(fstab_classify(&e), cases[i].class);
	}
}

TEST(options)
{
	struct fstab_entry e = entry("/dev/x", "/", "ext4", "nofail,pri=5,x=,subvol=@a");
	const char *value = NULL;

	assert_true(fstab_option(&e, "nofail", &value));
	assert_int_equal(value[0], ',');
	assert_true(fstab_option(&e, "pri", &value));
	assert_memory_equal(value, "5,", 2);
	assert_true(fstab_option(&e, "subvol", &value));
	assert_string_equal(value, "@a");
	assert_false(fstab_option(&e, "pr", NULL));
	assert_false(fstab_option(&e, "fail", NULL));
}

TEST(timeouts)
{
	static const struct {
		const char *options;
		uint64_t timeout_us;
	} cases[] = {
		{ "defaults", 77 },
		{ "nofail", 0 },
		{ "nofail,x-systemd.device-timeout=2s", 2000000 },
		{ "x-systemd.device-timeout=1min,ro", 60000000 },
		{ "x-systemd.device-timeout=soon", 77 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fstab_entry e = entry("/dev/x", "/a", "ext4", cases[i].options);

		assert_int_equal(fstab_device_timeout_us(&e, 77), cases[i].timeout_us);
	}
}

static void expect_kept(char *const *paths, bool needs_root, const char *wanted)
{
	static const char *const all[][3] = {
		{ "/dev/r", "/", "ext4" },
		{ "/dev/h", "/home", "ext4" },
		{ "/dev/l", "/var/log", "ext4" },
		{ "/dev/x", "/homeless", "ext4" },
		{ "/srv/mail", "/var/mail", "none" },
		{ "/dev/s", "/srv", "ext4" },
		{ "/dev/sw", "none", "swap" },
		{ "server:/opt", "/opt", "nfs" },
	};
	struct fstab fstab = { calloc(ARRAY_SIZE(all), sizeof(struct fstab_entry)),
			       ARRAY_SIZE(all) };
	char kept[256] = "";

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		fstab.entries[i] = entry(strdup(all[i][0]), strdup(all[i][1]), strdup(all[i][2]),
					 strdup(i == 4 ? "bind" : "defaults"));
	assert_int_equal(fstab_keep_separate(&fstab, paths), needs_root);
	for (size_t i = 0; i < fstab.n_entries; i++) {
		strcat(kept, fstab.entries[i].target);
		strcat(kept, " ");
	}
	assert_string_equal(kept, wanted);
	fstab_done(&fstab);
}

TEST(separate)
{
	char home[] = "/home", var[] = "/var", opt[] = "/opt", tmp[] = "/tmp", deep[] = "/srv/deep";

	expect_kept((char *[]){ home, NULL }, false, "/ /home ");
	/* The root's /var is to be writable; what is bound into it comes from another disk. */
	expect_kept((char *[]){ var, NULL }, true, "/ /var/log /var/mail /srv ");
	expect_kept((char *[]){ home, var, NULL }, true, "/ /home /var/log /var/mail /srv ");
	expect_kept((char *[]){ deep, NULL }, false, "/ /srv ");
	expect_kept((char *[]){ opt, NULL }, false, "/ ");
	expect_kept((char *[]){ tmp, NULL }, true, "/ ");
}

TEST(devices)
{
	struct fstab_entry uuid = entry("UUID=x", "/a", "ext4", "defaults");
	struct fstab_entry tmpfs = entry("tmpfs", "/a", "tmpfs", "defaults");
	struct fstab_entry bind = entry("/dev/shm", "/a", "none", "bind");

	assert_true(fstab_has_device(&uuid));
	assert_false(fstab_has_device(&tmpfs));
	assert_false(fstab_has_device(&bind));
}

TEST(parents_first)
{
	static const char *const before[] = { "/a/b/c", "none", "/z", "/a/b",
					      "/",      "/ab",  "/a", "/z/y" };
	static const char *const after[] = { "/",    "/a", "/a/b", "/a/b/c",
					     "none", "/z", "/ab",  "/z/y" };
	struct fstab_entry entries[ARRAY_SIZE(before)];
	struct fstab fstab = { entries, ARRAY_SIZE(entries) };

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		entries[i] = entry("x", before[i], "ext4", "defaults");
	fstab_sort(&fstab);
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		assert_string_equal(entries[i].target, after[i]);
}

TEST(beneath)
{
	assert_true(fstab_path_is_beneath("/a/b", "/a"));
	assert_true(fstab_path_is_beneath("/a", "/a"));
	assert_true(fstab_path_is_beneath("/a", "/"));
	assert_true(fstab_path_is_beneath("/a/b", "/a/"));
	assert_false(fstab_path_is_beneath("/ab", "/a"));
	assert_false(fstab_path_is_beneath("/a", "/a/b"));
}

TEST(root_types)
{
	static const struct {
		const char *listed;
		const char *found;
		const char *types; /* joined by commas */
	} cases[] = {
		{ "", "xfs", "xfs" },
		{ "", NULL, "" },
		{ "", "ext3", "ext3,ext4" },
		{ "ext4", "xfs", "ext4" },
		{ "ext4,xfs", "xfs", "xfs,ext4" },
		{ "ext4,ext4", NULL, "ext4" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_STRV char **types = NULL;
		char joined[64] = "";

		assert_int_equal(mount_root_types(cases[i].listed, cases[i].found, &types), 0);
		for (size_t j = 0; types && types[j]; j++) {
			strcat(joined, j ? "," : "");
			strcat(joined, types[j]);
		}
		assert_string_equal(joined, cases[i].types);
	}
}

TEST_MAIN(cmocka_unit_test(classes), cmocka_unit_test(options), cmocka_unit_test(timeouts),
	  cmocka_unit_test(separate), cmocka_unit_test(devices), cmocka_unit_test(parents_first),
	  cmocka_unit_test(beneath), cmocka_unit_test(root_types))

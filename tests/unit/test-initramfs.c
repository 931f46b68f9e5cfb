/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image's tree, the look-up in roots and the archive, on a small root in a temporary directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "early_test.h"

#include "cpio.h"
#include "firmware.h"
#include "ld_conf.h"
#include "modprobe_conf.h"
#include "pack.h"
#include "picks.h"
#include "roots.h"
#include "tree.h"

struct machine {
	char dir[64];
	char *dirs[3];
	struct roots roots;
};

static void put(const char *dir, const char *path, const char *text)
{
	char host[256];
	FILE *file;

	snprintf(host, sizeof(host), "%s/%s", dir, path);
	*strrchr(host, '/') = '\0';
	assert_int_equal(fs_mkdir_p_at(AT_FDCWD, host, 0755), 0);
	host[strlen(host)] = '/';
	file = fopen(host, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_link(const char *dir, const char *path, const char *target)
{
	char host[256];

	snprintf(host, sizeof(host), "%s/%s", dir, path);
	assert_int_equal(symlink(target, host), 0);
}

/* A staging tree with a plain /lib over a root whose /lib is usr/lib. */
static void machine_make(struct machine *machine)
{
	char stage[96], root[96];

	strcpy(machine->dir, "/tmp/early-test-XXXXXX");
	assert_non_null(mkdtemp(machine->dir));
	snprintf(stage, sizeof(stage), "%s/stage", machine->dir);
	snprintf(root, sizeof(root), "%s/root", machine->dir);
	put(stage, "lib/staged", "staged");
	put(stage, "usr/sbin/tool", "new");
	put(root, "usr/lib/libx.so.1.2", "x");
	put(root, "usr/sbin/tool", "old");
	put(root, "etc/ld.so.conf",
	    "include ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf.d/*.conf\n");
	put(root, "etc/ld.so.conf.d/b.conf", "# comment\n/opt/b\n");
	put(root, "etc/ld.so.conf.d/a.conf", "/opt/a\n/opt/a\n");
	put(root, "etc/modprobe.d/z.conf",
	    "blacklist  Foo-bar\n# blacklist no\noptions foo-bar x=1 \\\n y=2\noptions foo_bar "
	    "z=3\n");
	put_link(root, "lib", "usr/lib");
	put_link(root, "usr/lib/libx.so.1", "libx.so.1.2");
	put_link(root, "usr/lib/up", "../../../../../usr/sbin/tool");
	put_link(root, "usr/lib/absolute", "/lib/libx.so.1");
	put_link(root, "usr/lib/ring", "ring");
	machine->dirs[0] = strdup(stage);
	machine->dirs[1] = strdup(root);
	machine->dirs[2] = NULL;
	machine->roots.dirs = machine->dirs;
}

static void machine_remove(struct machine *machine)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", machine->dir);
	assert_int_equal(system(command), 0);
	free(machine->dirs[0]);
	free(machine->dirs[1]);
}

static void expect_found(const struct machine *machine, struct tree *tree, const char *path,
			 const char *canonical, const char *host)
{
	CLEANUP_FOUND
	struct roots_found found = { 0 };

	assert_int_equal(roots_find(&machine->roots, path, tree, &found), 0);
	assert_string_equal(found.path, canonical);
	assert_string_equal(found.host + strlen(machine->dir), host);
}

TEST(look_up)
{
	struct machine machine;
	CLEANUP_TREE
	struct tree tree = { 0 };
	struct roots_found found;

	machine_make(&machine);
	expect_found(&machine, &tree, "/lib/libx.so.1", "usr/lib/libx.so.1.2",
		     "/root/usr/lib/libx.so.1.2");
	assert_true(S_ISLNK(tree_find(&tree, "lib")->mode));
	assert_string_equal(tree_find(&tree, "lib")->data, "usr/lib");
	assert_string_equal(tree_find(&tree, "usr/lib/libx.so.1")->data, "libx.so.1.2");
	expect_found(&machine, NULL, "/lib/absolute", "usr/lib/libx.so.1.2",
		     "/root/usr/lib/libx.so.1.2");
	expect_found(&machine, NULL, "/lib/up", "usr/sbin/tool", "/stage/usr/sbin/tool");
	expect_found(&machine, NULL, "/lib/staged", "usr/lib/staged", "/stage/lib/staged");
	expect_found(&machine, NULL, "//usr/./sbin/../sbin/tool", "usr/sbin/tool",
		     "/stage/usr/sbin/tool");
	assert_int_equal(roots_find(&machine.roots, "/lib/none", NULL, &found), -ENOENT);
	assert_int_equal(roots_find(&machine.roots, "/lib/ring", NULL, &found), -ELOOP);
	assert_int_equal(roots_find(&machine.roots, "/usr/sbin/tool/x", NULL, &found), -ENOTDIR);
	machine_remove(&machine);
}

TEST(configuration)
{
	struct machine machine;
	CLEANUP_STRV
	char **dirs = NULL;
	CLEANUP_MODPROBE_CONF
	struct modprobe_conf conf = { 0 };
	CLEANUP(free_charp)
	char *options = NULL;

	machine_make(&machine);
	assert_int_equal(ld_conf_read(&machine.roots, &dirs), 0);
	assert_int_equal(strv_length(dirs), 2);
	assert_string_equal(dirs[0], "/opt/a");
	assert_string_equal(dirs[1], "/opt/b");
	assert_int_equal(modprobe_conf_read(&conf, &machine.roots), 0);
	assert_int_equal(strv_length(conf.blacklist), 1);
	assert_true(modprobe_conf_is_blacklisted(&conf, "Foo_bar"));
	assert_int_equal(modprobe_conf_options(&conf, "foo_bar", &options), 0);
	assert_string_equal(options, "x=1    y=2 z=3");
	machine_remove(&machine);
}

TEST(sorted_tree)
{
	CLEANUP_TREE
	struct tree tree = { 0 };

	assert_int_equal(tree_add_file(&tree, "b/c/file", "/x", 1, false, TREE_GROUP_FILES),
			 TREE_ADDED);
	assert_int_equal(tree_add_link(&tree, "a", "b"), TREE_ADDED);
	assert_int_equal(tree_add_link(&tree, "a", "b"), 0);
	assert_int_equal(tree_add_dir(&tree, "a"), -EEXIST);
	assert_int_equal(tree_add_file(&tree, "a/x", "/x", 1, false, TREE_GROUP_FILES), -ENOTDIR);
	assert_int_equal(tree.n_entries, 4);
	for (size_t i = 1; i < tree.n_entries; i++)
		assert_true(strcmp(tree.entries[i - 1].path, tree.entries[i].path) < 0);
	assert_int_equal(tree_find(&tree, "b/c/file")->mode, S_IFREG | 0644);
	assert_null(tree_find(&tree, "b/d"));
}

TEST(archive)
{
	static const char expected[] = "070701"
				       "00000001"
				       "000081A4"
				       "00000000"
				       "00000000"
				       "00000001"
				       "00000007"
				       "00000003"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000000"
				       "00000002"
				       "00000000"
				       "f\0"
				       "abc";
	CLEANUP_STRBUF
	struct strbuf out = STRBUF_INIT;
	struct cpio cpio;

	cpio_init(&cpio, &out, 7);
	assert_int_equal(cpio_add(&cpio, "f", S_IFREG | 0644, "abc", 3, 0, 0), 0);
	assert_memory_equal(out.data, expected, sizeof(expected));
	assert_int_equal(out.len % 4, 0);
	assert_int_equal(cpio_finish(&cpio), 0);
	assert_int_equal(out.len % 512, 0);
}

TEST(packing)
{
	CLEANUP_STRBUF
	struct strbuf out = STRBUF_INIT;
	enum pack_method method;

	assert_int_equal(pack_parse("lz4", &method), 0);
	assert_int_equal(method, PACK_LZ4);
	assert_int_equal(pack_parse("gzip", &method), -EINVAL);
	assert_int_equal(pack_add(PACK_LZ4, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32, &out), 0);
	assert_memory_equal(out.data, "\x02\x21\x4c\x18", 4);
	assert_int_equal((unsigned char)out.data[4] + 8, out.len);
	strbuf_reset(&out);
	assert_int_equal(pack_add(PACK_ZSTD, "aaaa", 4, &out), 0);
	assert_memory_equal(out.data, "\x28\xb5\x2f\xfd", 4);
}

TEST(hardware)
{
	enum picks_hardware hardware;

	assert_int_equal(picks_parse("virtual", &hardware), 0);
	assert_int_equal(hardware, PICKS_VIRTUAL);
	assert_int_equal(picks_parse("all", &hardware), -EINVAL);
	assert_null(picks_display_names(PICKS_THIS)[0]);
	assert_true(picks_takes_path(PICKS_ANY, "kernel/drivers/gpu/drm/i915/i915.ko"));
	assert_false(picks_takes_path(PICKS_VIRTUAL, "kernel/drivers/gpu/drm/i915/i915.ko"));
	assert_true(picks_is_early("kernel/drivers/nvme/host/nvme.ko"));
	/* All that early-modules takes for storage, and what a rescue shell is typed on. */
	assert_true(picks_is_early("kernel/drivers/ufs/host/ufshcd-pci.ko"));
	assert_true(picks_is_early("kernel/drivers/memstick/host/rtsx_usb_ms.ko"));
	assert_true(picks_is_early("kernel/drivers/hid/usbhid/usbhid.ko"));
	assert_true(picks_is_early("kernel/drivers/input/serio/hyperv-keyboard.ko"));
	assert_true(picks_takes_path(PICKS_ANY, "kernel/drivers/hid/hid-apple.ko"));
	assert_true(picks_takes_path(PICKS_ANY, "kernel/drivers/hid/usbhid/usbhid.ko"));
	assert_false(picks_takes_path(PICKS_ANY, "kernel/drivers/hid/amd-sfh-hid/amd_sfh.ko"));
	assert_false(picks_is_early("kernel/drivers/net/ethernet/intel/e1000/e1000.ko"));
}

TEST(missing_firmware)
{
	static const struct {
		struct firmware_count count;
		const char *text;
	} cases[] = {
		{ { 3, 1, "amdgpu/x.bin" },
		  "m: 1 of 3 firmware files are not installed (amdgpu/x.bin); this GPU may be one "
		  "that "
		  "needs them; Debian's package: firmware-amd-graphics" },
		{ { 2, 2, "other/x.bin" },
		  "m: 2 of 2 firmware files are not installed (other/x.bin, ...); the picture may "
		  "not come "
		  "without them" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf text = STRBUF_INIT;

		firmware_describe("m", &cases[i].count, &text);
		assert_string_equal(text.data, cases[i].text);
		strbuf_done(&text);
	}
	assert_true(firmware_matters("kernel/drivers/gpu/drm/i915/i915.ko"));
	assert_false(firmware_matters("kernel/drivers/net/wireless/iwlwifi.ko"));
}

TEST_MAIN(cmocka_unit_test(look_up), cmocka_unit_test(configuration), cmocka_unit_test(sorted_tree),
	  cmocka_unit_test(archive), cmocka_unit_test(packing), cmocka_unit_test(hardware),
	  cmocka_unit_test(missing_firmware))

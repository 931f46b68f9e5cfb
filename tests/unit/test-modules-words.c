/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include "early/strbuf.h"
#include "early_test.h"
#include "uevent.h"

static void expect_parameters(const struct words *words, const char *module, const char *expected)
{
	CLEANUP_STRBUF
	struct strbuf out = STRBUF_INIT;

	words_add_parameters(words, module, &out);
	assert_string_equal(out.data ? out.data : "", expected);
}

TEST(command_line)
{
	CLEANUP_WORDS
	struct words words = { 0 };

	assert_int_equal(words_read(&words, "root=/dev/vda rootfstype=xfs rootfstype=ext4 "
					    "module_blacklist=qxl,dm-crypt "
					    "modprobe.blacklist=bochs virtio-gpu.modeset=1 "
					    "virtio_gpu.name=\"a b\" i915.modeset=0 "
					    "-- init.argument=1\n"),
			 0);
	assert_string_equal(words_value(&words, "rootfstype"), "ext4");
	assert_null(words_value(&words, "rootfs"));
	assert_null(words_value(&words, "init.argument"));
	assert_true(words_is_blacklisted(&words, "dm_crypt"));
	assert_true(words_is_blacklisted(&words, "bochs"));
	assert_false(words_is_blacklisted(&words, "boch"));
	assert_false(words_is_blacklisted(&words, "virtio_gpu"));
	expect_parameters(&words, "virtio_gpu", "modeset=1 name=\"a b\"");
	expect_parameters(&words, "qxl", "");
}

TEST(values_lose_their_quotes)
{
	CLEANUP_WORDS
	struct words words = { 0 };

	assert_int_equal(words_read(&words, "rootfstype=\"ext4,xfs\" \"module_blacklist=qxl\""), 0);
	assert_string_equal(words_value(&words, "rootfstype"), "ext4,xfs");
	assert_true(words_is_blacklisted(&words, "qxl"));
}

TEST(nothing_said)
{
	CLEANUP_WORDS
	struct words words = { 0 };

	assert_int_equal(words_read(&words, ""), 0);
	assert_null(words_value(&words, "rootfstype"));
	assert_false(words_is_blacklisted(&words, "drm"));
}

TEST(uevents)
{
	static const char add[] = "add@/devices/x\0ACTION=add\0MODALIAS=virtio:d1v2\0SEQNUM=1";
	static const char remove[] = "remove@/devices/x\0ACTION=remove\0MODALIAS=virtio:d1v2";
	static const char plain[] = "add@/devices/x\0ACTION=add\0SEQNUM=1";

	assert_string_equal(uevent_new_modalias(add, sizeof(add)), "virtio:d1v2");
	assert_null(uevent_new_modalias(remove, sizeof(remove)));
	assert_null(uevent_new_modalias(plain, sizeof(plain)));
	assert_null(uevent_new_modalias(add, sizeof(add) - 1)); /* cut off */
	assert_null(uevent_new_modalias(add, 0));
}

TEST_MAIN(cmocka_unit_test(command_line), cmocka_unit_test(values_lose_their_quotes),
	  cmocka_unit_test(nothing_said), cmocka_unit_test(uevents))

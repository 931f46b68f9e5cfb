/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec.h"

#include <errno.h>

#include "device.h"
#include "early/macros.h"
#include "early_test.h"
#include "hotplug.h"

TEST(good)
{
	static const struct {
		const char *text;
		enum spec_kind kind;
		const char *value;
	} cases[] = {
		{ "UUID=abcd-12", SPEC_UUID, "abcd-12" },
		{ "uuid=abcd-12", SPEC_UUID, "abcd-12" },
		{ "\"UUID=abcd-12\"", SPEC_UUID, "abcd-12" },
		{ "UUID='abcd-12'", SPEC_UUID, "abcd-12" },
		{ "LABEL=\"my root\"", SPEC_LABEL, "my root" },
		{ "LABEL=\"half", SPEC_LABEL, "\"half" },
		{ "PARTUUID=1234-01", SPEC_PARTUUID, "1234-01" },
		{ "PARTLABEL=Linux filesystem", SPEC_PARTLABEL, "Linux filesystem" },
		{ "/dev/disk/by-uuid/AB", SPEC_UUID, "AB" },
		{ "/dev/disk/by-label/my\\x20root", SPEC_LABEL, "my root" },
		{ "/dev/disk/by-label/odd\\x2", SPEC_LABEL, "odd\\x2" },
		{ "/dev/disk/by-partuuid/AB", SPEC_PARTUUID, "AB" },
		{ "/dev/disk/by-partlabel/AB", SPEC_PARTLABEL, "AB" },
		{ "/dev/disk/by-id/ata-X", SPEC_LINK, "/dev/disk/by-id/ata-X" },
		{ "/dev/vda1", SPEC_NODE, "vda1" },
		{ "/dev/mapper/vg-root", SPEC_NODE, "mapper/vg-root" },
		{ "8:1", SPEC_NUMBER, "8:1" },
		{ "801", SPEC_NUMBER, "801" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_SPEC struct spec spec = { .value = NULL };
		const char *why = NULL;

		assert_int_equal(spec_parse(cases[i].text, &spec, &why), 0);
		assert_int_equal(spec.kind, cases[i].kind);
		assert_string_equal(spec.value, cases[i].value);
	}
}

TEST(bad)
{
	static const char *const cases[] = {
		"",
		"\"\"",
		"UUID=",
		"LABEL=\"\"",
		"vda1",
		"/dev/",
		"/dev/nfs",
		"FOO=bar",
		"8:",
		"10000",
		"8:1x",
		"PARTUUID=x/PARTNROFF=",
		"PARTUUID=/PARTNROFF=1",
		"//host/share",
		"host:/path",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec spec = { .value = NULL };
		const char *why = NULL;

		assert_int_equal(spec_parse(cases[i], &spec, &why), -EINVAL);
		assert_non_null(why);
		assert_null(spec.value);
	}
}

static bool match(const char *text, const struct device *device)
{
	CLEANUP_SPEC struct spec spec = { .value = NULL };
	const char *why = NULL;

	assert_int_equal(spec_parse(text, &spec, &why), 0);
	return spec_matches(&spec, device);
}

TEST(matching)
{
	const struct device disk = {
		.name = (char *)"sda1",
		.uuid = (char *)"abcd",
		.label = (char *)"Root",
		.partuuid = (char *)"ef01",
		.partlabel = (char *)"part",
		.major = 8,
		.minor = 1,
	};
	const struct device volume = { .name = (char *)"dm-0", .dm_name = (char *)"my--vg-root" };
	const struct device bare = { .name = (char *)"vdb" };

	assert_true(match("UUID=ABCD", &disk));
	assert_false(match("UUID=ABC", &disk));
	assert_true(match("LABEL=Root", &disk));
	assert_false(match("LABEL=root", &disk));
	assert_true(match("PARTUUID=EF01", &disk));
	assert_true(match("PARTLABEL=part", &disk));
	assert_true(match("/dev/sda1", &disk));
	assert_false(match("/dev/sda", &disk));
	assert_true(match("8:1", &disk));
	assert_true(match("0801", &disk));
	assert_false(match("8:2", &disk));
	assert_true(match("/dev/mapper/my--vg-root", &volume));
	assert_true(match("/dev/my-vg/root", &volume));
	assert_true(match("/dev/dm-0", &volume));
	assert_false(match("/dev/my/vg-root", &volume));
	/* What a device does not have matches nothing. */
	assert_false(match("LABEL=x", &bare));
	assert_false(match("UUID=x", &bare));
}

TEST(partition_offset)
{
	CLEANUP_SPEC struct spec spec = { .value = NULL };
	const char *why = NULL;

	assert_int_equal(spec_parse("PARTUUID=ab/PARTNROFF=-1", &spec, &why), 0);
	assert_string_equal(spec.value, "ab");
	assert_int_equal(spec.partition_offset, -1);
}

#define MESSAGE(text) text, sizeof(text)

TEST(uevents)
{
	assert_string_equal(hotplug_parse(MESSAGE("add@/devices/x\0ACTION=add\0SUBSYSTEM=block\0"
						  "DEVNAME=vda1")),
			    "vda1");
	assert_null(hotplug_parse(MESSAGE("add@/devices/x\0SUBSYSTEM=tty\0DEVNAME=tty1")));
	assert_null(hotplug_parse(MESSAGE("add@/devices/x\0SUBSYSTEM=block")));
	assert_null(hotplug_parse("SUBSYSTEM=block\0DEVNAME=vda1", 28)); /* not terminated */
	assert_null(hotplug_parse("", 0));
}

TEST_MAIN(cmocka_unit_test(good), cmocka_unit_test(bad), cmocka_unit_test(matching),
	  cmocka_unit_test(partition_offset), cmocka_unit_test(uevents))

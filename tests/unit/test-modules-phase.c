/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "phase.h"

#include <errno.h>

#include "early/macros.h"
#include "early_test.h"

#define GPU "pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc00i00"
#define DISK "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00"

TEST(what_belongs_where)
{
	static const struct {
		const char *path;
		const char *modalias;
		bool display;
		bool storage;
	} cases[] = {
		{ "kernel/drivers/gpu/drm/tiny/bochs.ko",
		  "pci:v00001234d00001111sv00001AF4sd00001100bc03sc00i00", true, false },
		{ "kernel/drivers/virtio/virtio_pci.ko", GPU, true, true },
		/* The display phase loads nothing for a disk. */
		{ "kernel/drivers/virtio/virtio_pci.ko", DISK, false, true },
		{ "kernel/drivers/hv/hv_vmbus.ko", "acpi:VMBUS:", true, true },
		{ "kernel/drivers/block/virtio_blk.ko", "virtio:d00000002v00001AF4", false, true },
		{ "kernel/drivers/gpu/drm/virtio/virtio-gpu.ko", "virtio:d00000010v00001AF4", true,
		  false },
		{ "kernel/drivers/ata/ahci.ko", "pci:v00008086d00002922sv*sd*bc01sc06i01", false,
		  true },
		{ "kernel/drivers/net/virtio_net.ko", "virtio:d00000001v00001AF4", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *path = cases[i].path;
		const char *modalias = cases[i].modalias;

		if (phase_wants(PHASE_DISPLAY, path, modalias) != cases[i].display)
			fail_msg("display: %s for %s", path, modalias);
		if (phase_wants(PHASE_STORAGE, path, modalias) != cases[i].storage)
			fail_msg("storage: %s for %s", path, modalias);
		assert_true(phase_wants(PHASE_REST, path, modalias));
	}
}

TEST(virtio_is_foreseen)
{
	char text[64];

	assert_true(phase_predict(GPU, text, sizeof(text)));
	assert_string_equal(text, "virtio:d00000010v00001AF4");
	assert_true(phase_predict(DISK, text, sizeof(text))); /* a transitional one */
	assert_string_equal(text, "virtio:d00000002v00001AF4");
	assert_false(phase_predict("pci:v00001234d00001111sv00001AF4sd00001100bc03sc00i00", text,
				   sizeof(text)));
	assert_false(phase_predict("pci:v00001AF4d00001110sv00001AF4sd00001100bc05sc00i00", text,
				   sizeof(text)));
	assert_false(phase_predict("acpi:PNP0A03:", text, sizeof(text)));
}

TEST(buses)
{
	assert_true(phase_reads_bus(PHASE_DISPLAY, "pci"));
	assert_false(phase_reads_bus(PHASE_DISPLAY, "usb"));
	assert_true(phase_reads_bus(PHASE_STORAGE, "usb"));
}

TEST(late_disks_find_their_drivers)
{
	assert_string_equal(phase_companions("kernel/drivers/usb/host/xhci-pci.ko"),
			    "usb_storage uas sd_mod");
	assert_string_equal(phase_companions("kernel/drivers/scsi/hpsa.ko"), "sd_mod");
	assert_string_equal(phase_companions("kernel/drivers/ufs/host/ufshcd-pci.ko"), "sd_mod");
	assert_string_equal(phase_companions("kernel/drivers/ata/ahci.ko"), "");
	assert_string_equal(phase_companions("kernel/drivers/block/virtio_blk.ko"), "");
}

TEST(only_what_drives_nothing_is_passive)
{
	assert_true(phase_is_passive("kernel/fs/ext4/ext4.ko"));
	assert_true(phase_is_passive("kernel/arch/x86/crypto/crc32c-intel.ko"));
	assert_false(phase_is_passive("kernel/drivers/ata/ahci.ko"));
}

TEST(names)
{
	enum phase phase;

	assert_int_equal(phase_parse("storage", &phase), 0);
	assert_int_equal(phase, PHASE_STORAGE);
	assert_int_equal(phase_parse("all", &phase), -EINVAL);
}

TEST_MAIN(cmocka_unit_test(what_belongs_where), cmocka_unit_test(virtio_is_foreseen),
	  cmocka_unit_test(buses), cmocka_unit_test(late_disks_find_their_drivers),
	  cmocka_unit_test(only_what_drives_nothing_is_passive), cmocka_unit_test(names))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which kernel modules an image takes: tables only. Names that a kernel does not have (built in, or of another
 * architecture) are passed over, so the tables may name more than one kernel offers.
 */
#include "picks.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "early/macros.h"

int picks_parse(const char *text, enum picks_hardware *ret)
{
	static const char *const names[] = {
		[PICKS_THIS] = "this",
		[PICKS_VIRTUAL] = "virtual",
		[PICKS_ANY] = "any",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum picks_hardware)i;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *const none[] = { NULL };

const char *const *picks_display_names(enum picks_hardware hardware)
{
	static const char *const names[] = {
		"virtio_gpu", /* QEMU, crosvm */
		"bochs", /* QEMU -vga std */
		"cirrus", /* QEMU -vga cirrus */
		"qxl", /* QEMU with SPICE */
		"vmwgfx", /* VMware, VirtualBox */
		"vboxvideo", /* VirtualBox */
		"hyperv_drm", /* Hyper-V */
		"simpledrm", /* what the firmware left */
		NULL,
	};

	return hardware == PICKS_THIS ? none : names;
}

const char *const *picks_storage_names(enum picks_hardware hardware)
{
	static const char *const virtual[] = {
		"virtio_pci", /* the bus of all virtio devices, the display included */
		"virtio_mmio", /* the same on microvm and ARM */
		"virtio_blk",   "virtio_scsi",     "hv_storvsc", /* Hyper-V */
		"vmw_pvscsi", /* VMware */
		"xen_blkfront", /* Xen */
		"sd_mod",       "sr_mod",          "ahci",
		"ata_piix", /* QEMU's default IDE */
		"nvme",         "hyperv_keyboard", /* all that a rescue shell there has */
		NULL,
	};

	switch (hardware) {
	case PICKS_THIS:
		return none;
	case PICKS_VIRTUAL:
	case PICKS_ANY:
		return virtual;
	}
	return none;
}

const char *const *picks_real_names(enum picks_hardware hardware)
{
	static const char *const names[] = {
		"ata_generic",  "ahci_platform", "sata_nv",    "sata_sil",  "sata_sil24",
		"sata_via",     "pata_amd",      "pata_via",   "vmd",       "mptspi",
		"megaraid_sas", "mpt3sas",       "aacraid",    "hpsa",      "smartpqi",
		"xhci_pci",     "ehci_pci",      "uhci_hcd",   "ohci_pci",  "usb_storage",
		"uas",          "sdhci_pci",     "sdhci_acpi", "mmc_block", "ufshcd_pci",
		"dm_mod",       "dm_crypt",      NULL,
	};

	return hardware == PICKS_ANY ? names : none;
}

const char *const *picks_common_names(void)
{
	static const char *const names[] = {
		"fuse", /* early-overlay */
		"overlay",      "dm_mod", "dm_crypt", "crc32c_generic", /* ext4, btrfs, xfs */
		"crc32c_intel", NULL,
	};

	return names;
}

static bool is_below(const char *path, const char *const *dirs)
{
	for (; *dirs; dirs++) {
		if (strncmp(path, *dirs, strlen(*dirs)) == 0)
			return true;
	}
	return false;
}

bool picks_takes_path(enum picks_hardware hardware, const char *path)
{
	static const char *const any[] = { "kernel/drivers/gpu/drm/",
					   "kernel/drivers/hid/hid-", /* each make has its own */
					   "kernel/drivers/hid/usbhid/usbhid.", NULL };

	return hardware == PICKS_ANY && is_below(path, any);
}

bool picks_is_early(const char *path)
{
	static const char *const dirs[] = {
		"kernel/drivers/gpu/drm/",
		"kernel/drivers/video/",
		"kernel/drivers/virtio/",
		"kernel/drivers/hv/",
		"kernel/drivers/ata/",
		"kernel/drivers/block/",
		"kernel/drivers/nvme/",
		"kernel/drivers/scsi/",
		"kernel/drivers/message/fusion/",
		"kernel/drivers/mmc/",
		"kernel/drivers/memstick/",
		"kernel/drivers/ufs/",
		"kernel/drivers/firewire/",
		"kernel/drivers/md/",
		"kernel/drivers/usb/host/",
		"kernel/drivers/usb/storage/",
		"kernel/drivers/pci/controller/",
		"kernel/drivers/hid/",
		"kernel/drivers/input/serio/",
		NULL,
	};

	return is_below(path, dirs);
}

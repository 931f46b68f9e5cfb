/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What belongs to which phase, by where a module lies in the kernel's tree and by the device's class. The display phase must
 * not load a storage driver (nothing may delay the first frame), but needs the bus drivers that lead to a display: for
 * those the device's own class decides, where its modalias tells it.
 */
#include "phase.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "early/macros.h"

int phase_parse(const char *text, enum phase *ret)
{
	static const char *const names[] = {
		[PHASE_DISPLAY] = "display",
		[PHASE_STORAGE] = "storage",
		[PHASE_REST] = "rest",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum phase)i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool is_below(const char *path, const char *const *dirs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (begins(path, dirs[i]))
			return true;
	}
	return false;
}

static bool is_display(const char *path)
{
	static const char *const dirs[] = { "kernel/drivers/gpu/", "kernel/drivers/video/" };

	return is_below(path, dirs, ARRAY_SIZE(dirs));
}

bool phase_is_bus(const char *path)
{
	static const char *const dirs[] = {
		"kernel/drivers/virtio/virtio_pci",
		"kernel/drivers/virtio/virtio_mmio",
		"kernel/drivers/hv/",
		"kernel/drivers/pci/controller/",
	};

	return is_below(path, dirs, ARRAY_SIZE(dirs));
}

static bool is_storage(const char *path)
{
	static const char *const dirs[] = {
		"kernel/drivers/ata/",   "kernel/drivers/block/",    "kernel/drivers/nvme/",
		"kernel/drivers/scsi/",  "kernel/drivers/message/",  "kernel/drivers/mmc/",
		"kernel/drivers/md/",    "kernel/drivers/usb/host/", "kernel/drivers/usb/storage/",
		"kernel/drivers/cdrom/", "kernel/drivers/memstick/", "kernel/drivers/firewire/",
		"kernel/drivers/ufs/",
	};

	return is_below(path, dirs, ARRAY_SIZE(dirs));
}

/* Two hexadecimal digits of a PCI function's class, 0x100 when @modalias is of another bus. */
static unsigned int pci_class(const char *modalias)
{
	const char *class = begins(modalias, "pci:") ? strstr(modalias, "bc") : NULL;
	unsigned int value;

	if (!class || sscanf(class, "bc%2x", &value) != 1)
		return 0x100;
	return value;
}

bool phase_wants(enum phase phase, const char *path, const char *modalias)
{
	switch (phase) {
	case PHASE_DISPLAY:
		if (is_display(path))
			return true;
		return phase_is_bus(path) &&
		       (!begins(modalias, "pci:") || pci_class(modalias) == 0x03);
	case PHASE_STORAGE:
		return phase_is_bus(path) || is_storage(path);
	case PHASE_REST:
		return true;
	}
	return false;
}

bool phase_reads_bus(enum phase phase, const char *bus)
{
	static const char *const display[] = { "pci", "virtio", "platform", "vmbus", "acpi" };

	if (phase != PHASE_DISPLAY)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(display); i++) {
		if (strcmp(display[i], bus) == 0)
			return true;
	}
	return false;
}

bool phase_predict(const char *modalias, char *ret, size_t size)
{
	unsigned int vendor, device, subvendor, subdevice;

	if (sscanf(modalias, "pci:v%8xd%8xsv%8xsd%8x", &vendor, &device, &subvendor, &subdevice) !=
	    4)
		return false;
	if (vendor != 0x1af4 || device < 0x1000 || device > 0x107f)
		return false;
	if (device >= 0x1040) /* of virtio 1.0: the number is in the device's */
		subdevice = device - 0x1040;
	return snprintf(ret, size, "virtio:d%08Xv%08X", subdevice, subvendor) < (int)size;
}

const char *phase_companions(const char *path)
{
	static const struct {
		const char *dir;
		const char *names;
	} table[] = {
		{ "kernel/drivers/usb/host/", "usb_storage uas sd_mod" },
		{ "kernel/drivers/mmc/host/", "mmc_block" },
		{ "kernel/drivers/message/", "sd_mod" },
		{ "kernel/drivers/scsi/", "sd_mod" },
		{ "kernel/drivers/ufs/", "sd_mod" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (begins(path, table[i].dir))
			return table[i].names;
	}
	return "";
}

bool phase_is_passive(const char *path)
{
	static const char *const dirs[] = { "kernel/fs/", "kernel/lib/", "kernel/crypto/",
					    "kernel/arch/" };

	return is_below(path, dirs, ARRAY_SIZE(dirs));
}

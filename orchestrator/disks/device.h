/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/list.h"

struct spec;
struct strbuf;

/* A block device of /sys/class/block; text that is not known is NULL. */
struct device {
	struct list link; /* devices::list */
	char *name; /* below /dev: "sda1", "cciss/c0d0" */
	char *node; /* "/dev/sda1" */
	char *disk; /* sysfs name of the disk that this is a partition of */
	char *dm_name;
	char *type; /* of its content: "ext4", "swap", "crypto_LUKS" … */
	char *usage; /* "filesystem", "raid", "crypto", "other" */
	char *uuid;
	char *label;
	char *partuuid;
	char *partlabel;
	uint64_t bytes;
	uint32_t major;
	uint32_t minor;
	int partition; /* 0: not one */
	bool content_read;
	bool seen; /* in the scan under way */
};

/* All block devices that have a size. What was read of a device's content is kept until it is forgotten. */
struct devices {
	struct list list; /* device::link */
};

void devices_init(struct devices *devices);
void devices_done(struct devices *devices);

/* Brings the list up to date with @sys/class/block. With @content each new device is read by libblkid. */
int devices_scan(struct devices *devices, const char *sys, bool content);

/* The content of the device of that kernel name may have changed. */
void devices_forget(struct devices *devices, const char *name);

struct device *devices_find(struct devices *devices, const struct spec *spec);
struct device *devices_find_number(struct devices *devices, uint32_t major, uint32_t minor);

/* Reads the content of one device now. */
void device_read_content(struct device *device);

/* "vda1 (ext4, UUID=…), vda2 (swap, UUID=…)", for people. */
void devices_describe(const struct devices *devices, struct strbuf *text);

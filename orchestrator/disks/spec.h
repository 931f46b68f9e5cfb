/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/macros.h"

struct device;

/* What a person calls a block device: root=, the first field of fstab, resume=. */
enum spec_kind {
	SPEC_UUID, /* of the file system; compared without case */
	SPEC_LABEL, /* of the file system */
	SPEC_PARTUUID, /* of the partition; compared without case */
	SPEC_PARTLABEL, /* of the partition */
	SPEC_NODE, /* below /dev: a kernel name, or a device-mapper name (mapper/NAME, GROUP/VOLUME) */
	SPEC_LINK, /* a link that only udev makes: known once it exists */
	SPEC_NUMBER, /* major:minor */
};

struct spec {
	enum spec_kind kind;
	char *value; /* for SPEC_NODE without "/dev/", for SPEC_LINK the whole path */
	uint32_t major;
	uint32_t minor;
	int partition_offset; /* PARTUUID=…/PARTNROFF=N: that many partitions further */
};

/*
 * Takes @text as the kernel, mount(8) and boot loaders write it, with or without quotes. /dev/disk/by-uuid and its like
 * are taken by meaning. -EINVAL with *ret_why (a clause for people) for what names no block device.
 */
int spec_parse(const char *text, struct spec *ret_spec, const char **ret_why);
void spec_done(struct spec *spec);
#define CLEANUP_SPEC CLEANUP(spec_done)

/* Is it this device? Not for partition_offset, which takes two devices, nor for SPEC_LINK. */
bool spec_matches(const struct spec *spec, const struct device *device);

/* Does finding it take the content of the devices, or are their names enough? */
bool spec_needs_content(const struct spec *spec);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/loop.h"

/* The kernel's own uevents of block devices; no udev takes part. */
struct hotplug {
	struct loop_source source;
	int fd;
	/* @name: kernel name of the device that came, went or changed; NULL: some were missed. Any number in a row … */
	void (*on_device)(struct hotplug *hotplug, const char *name);
	/* … then this once. May stop the hotplug. */
	void (*on_settled)(struct hotplug *hotplug);
	void *data;
};

int hotplug_start(struct hotplug *hotplug, struct loop *loop);
void hotplug_stop(struct hotplug *hotplug);

/* Pure: the kernel name of the block device that a uevent speaks of, or NULL if it speaks of something else. */
const char *hotplug_parse(const char *message, size_t len);

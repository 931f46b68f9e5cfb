/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* [Manager] of early.conf. */

struct config {
	uint64_t watchdog_us; /* RuntimeWatchdogSec=; 0: off */
	char watchdog_device[256]; /* WatchdogDevice= */
};

/*
 * Reads @path; what is wrong in it is told with its line, and its default stands. No such file: the defaults. Negative errno if there
 * is one that can't be read, the defaults then as well.
 */
int config_read(struct config *ret, const char *path);

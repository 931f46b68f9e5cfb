/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether the disks still take data, by the kernel's own count of pages that it wrote. Zeroed memory is a beginning. */
struct disk_pulse {
	uint64_t n_pages;
};

#define DISK_PULSE_MIN_PAGES 256 /* less is a log line here and there */

/* Has enough been written since the last call? @path: /proc/vmstat. What can't be read has not moved. */
bool disk_pulse_moved(struct disk_pulse *pulse, const char *path);

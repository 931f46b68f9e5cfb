/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What `e2fsck -C FD` writes: lines "PASS CURRENT MAX DEVICE", in any cuts. */
struct fsck_progress {
	char line[256];
	size_t len;
	uint32_t percent; /* of the whole check, never goes back within one run */
};

void fsck_progress_init(struct fsck_progress *progress);

/* Takes @len more bytes. Returns 1 if the percentage has changed, 0 if not. Lines that are none are ignored. */
int fsck_progress_feed(struct fsck_progress *progress, const char *data, size_t len);

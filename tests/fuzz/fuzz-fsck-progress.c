/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>

#include "fsck_progress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In one piece and byte by byte must come to the same, never beyond 100. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsck_progress whole, bytes;

	fsck_progress_init(&whole);
	fsck_progress_init(&bytes);
	(void)fsck_progress_feed(&whole, (const char *)data, size);
	for (size_t i = 0; i < size; i++)
		(void)fsck_progress_feed(&bytes, (const char *)data + i, 1);
	if (whole.percent > 100 || whole.percent != bytes.percent)
		abort();
	return 0;
}

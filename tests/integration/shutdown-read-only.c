/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shutdown-read-only TARGET: what early-shutdown does to a file system that cannot be unmounted. */
#include <stdio.h>
#include <string.h>

#include "umounts.h"

int main(int argc, char **argv)
{
	int r;

	if (argc != 2)
		return 2;
	r = umounts_make_superblock_read_only(argv[1]);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	return r < 0 ? 1 : 0;
}

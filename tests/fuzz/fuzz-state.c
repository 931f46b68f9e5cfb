/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A saved state and its changes: what they lead to is a state that leads to itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "state_collapse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *once, *twice;
	size_t n_once, n_twice;

	if (state_collapse((const char *)data, size, &once, &n_once) < 0)
		return 0;
	if (state_collapse(once, n_once, &twice, &n_twice) < 0 || n_twice != n_once ||
	    memcmp(once, twice, n_once) != 0)
		abort();
	free(once);
	free(twice);
	return 0;
}

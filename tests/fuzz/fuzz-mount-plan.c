/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mount_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mount_plan plan = { NULL, 0 };
	char *text = malloc(size + 1);
	size_t bad = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (mount_plan_make(text, &plan, &bad) < 0 || mount_plan_count(&plan) > plan.n_steps)
		abort();
	mount_plan_done(&plan);
	free(text);
	return 0;
}

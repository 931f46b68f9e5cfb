/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"
#include "resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_RESOURCES (RESOURCE_IO_LATENCY + 1)

/* The first byte chooses the form. What is taken is a line with a file and a text, and an empty value takes it away again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = size > 0 ? strndup((const char *)data + 1, size - 1) : NULL;
	unsigned int choice = size > 0 ? data[0] % (N_RESOURCES + 4) : 0;
	char **list = NULL;
	uint64_t quota_us;

	if (!text)
		return 0;
	if (choice < N_RESOURCES) {
		if (resource_put(&list, choice, text) == 0 && *text &&
		    (!list || !list[0] || !strchr(list[0], '=')))
			abort();
		if (resource_put(&list, choice, "") < 0 || (list && list[0]))
			abort();
	} else if (choice == N_RESOURCES) {
		if (resource_parse_quota(text, &quota_us) == 0 &&
		    resource_put_quota(&list, quota_us, 0) < 0)
			abort();
	} else if (choice == N_RESOURCES + 1) {
		(void)resource_delegate(&list, text); /* any text is right or wrong */
	} else if (choice == N_RESOURCES + 2) {
		if (resource_addresses(&list, true, text) == 0 && list && list[0] &&
		    strncmp(list[0], "allow ", 6) != 0)
			abort();
	} else if (resource_device(&list, text) == 0 && (!list || !strchr(list[0], ' '))) {
		abort();
	}
	strv_free(list);
	free(text);
	return 0;
}

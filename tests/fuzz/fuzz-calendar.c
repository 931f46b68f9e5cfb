/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is taken has a canonical form that is taken again and is its own; its next moment lies ahead. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct calendar calendar, again;
	char first[CALENDAR_MAX_TEXT], second[CALENDAR_MAX_TEXT];
	uint64_t after_us = UINT64_C(1700000000000000), next_us;

	if (!text)
		abort();
	if (calendar_parse(text, &calendar) == 0 &&
	    calendar_format(&calendar, first, sizeof(first)) == 0) {
		if (calendar_parse(first, &again) < 0 ||
		    calendar_format(&again, second, sizeof(second)) < 0 ||
		    strcmp(first, second) != 0)
			abort();
		if (calendar_next(&calendar, after_us, &next_us) == 0 && next_us <= after_us)
			abort();
	}
	free(text);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rate.h"

#include <stdio.h>
#include <string.h>

#include "early/macros.h"

static bool is_over(const struct rate *rate, const struct rate_name *entry, uint64_t now_us)
{
	return now_us - entry->begun_us >= rate->interval_us;
}

/* The entry of @name, or one to begin anew; NULL if all others are in the middle of a storm. */
static struct rate_name *find(struct rate *rate, const char *name)
{
	struct rate_name *oldest = NULL;

	for (size_t i = 0; i < RATE_NAMES; i++) {
		struct rate_name *entry = &rate->names[i];

		if (strncmp(entry->name, name, sizeof(entry->name) - 1) == 0)
			return entry;
		if (entry->dropped == 0 && (!oldest || entry->begun_us < oldest->begun_us))
			oldest = entry;
	}
	if (oldest) {
		*oldest = (struct rate_name){ .begun_us = 0 };
		(void)snprintf(oldest->name, sizeof(oldest->name), "%s", name);
	}
	return oldest;
}

bool rate_take(struct rate *rate, const char *name, uint64_t now_us)
{
	struct rate_name *entry;

	if (rate->burst == 0)
		return true;
	entry = find(rate, name);
	if (!entry)
		return true;
	if (entry->dropped == 0 && is_over(rate, entry, now_us)) {
		entry->begun_us = now_us;
		entry->taken = 0;
	}
	if (entry->taken < rate->burst) {
		entry->taken++;
		return true;
	}
	entry->dropped++;
	return false;
}

uint64_t rate_tell(struct rate *rate, uint64_t now_us, rate_fn fn, void *data)
{
	uint64_t next_us = 0;

	for (size_t i = 0; i < RATE_NAMES; i++) {
		struct rate_name *entry = &rate->names[i];
		uint32_t dropped = entry->dropped;
		uint64_t end_us = entry->begun_us + rate->interval_us;

		if (dropped == 0)
			continue;
		if (!is_over(rate, entry, now_us)) {
			next_us = next_us ? MIN(next_us, end_us) : end_us;
			continue;
		}
		entry->dropped = 0;
		entry->taken = 0;
		entry->begun_us = now_us;
		fn(entry->name, dropped, data);
	}
	return next_us;
}

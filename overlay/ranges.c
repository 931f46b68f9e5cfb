/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"

void ranges_done(struct ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct ranges){ 0 };
}

static void push(struct ranges *ranges, uint64_t start, uint64_t end, int type)
{
	struct range *last = ranges->n ? &ranges->items[ranges->n - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->end == start && last->type == type)
		last->end = end;
	else
		ranges->items[ranges->n++] = (struct range){ start, end, type };
}

/* Rebuilds the list with [start, end) replaced; @type is put there if @keep. */
static int replace(struct ranges *ranges, uint64_t start, uint64_t end, int type, bool keep)
{
	struct ranges out = { 0 };
	bool placed = !keep;

	if (start >= end)
		return 0;
	out.size = ranges->n + 2;
	out.items = calloc(out.size, sizeof(*out.items));
	if (!out.items)
		return -ENOMEM;
	for (size_t i = 0; i < ranges->n; i++) {
		const struct range *r = &ranges->items[i];

		push(&out, r->start, MIN(r->end, start), r->type);
		if (!placed && r->end > start) {
			push(&out, start, end, type);
			placed = true;
		}
		push(&out, MAX(r->start, end), r->end, r->type);
	}
	if (!placed)
		push(&out, start, end, type);
	free(ranges->items);
	*ranges = out;
	return 0;
}

/* What grows at its end (an appended log) does not rebuild the list. */
static bool extend_last(struct ranges *ranges, uint64_t start, uint64_t end, int type)
{
	struct range *last = ranges->n ? &ranges->items[ranges->n - 1] : NULL;

	if (!last || last->type != type || start < last->start || start > last->end)
		return false;
	last->end = MAX(last->end, end);
	return true;
}

int ranges_set(struct ranges *ranges, uint64_t start, uint64_t end, int type)
{
	if (start < end && extend_last(ranges, start, end, type))
		return 0;
	return replace(ranges, start, end, type, true);
}

int ranges_clear(struct ranges *ranges, uint64_t start, uint64_t end)
{
	return replace(ranges, start, end, 0, false);
}

const struct range *ranges_find(const struct ranges *ranges, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < ranges->n; i++) {
		if (ranges->items[i].start < end && ranges->items[i].end > start)
			return &ranges->items[i];
	}
	return NULL;
}

uint64_t ranges_end_of(uint64_t start, uint64_t len)
{
	return len == 0 || len > RANGES_END - start ? RANGES_END : start + len;
}

uint64_t ranges_len_of(const struct range *range)
{
	return range->end == RANGES_END ? 0 : range->end - range->start;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An early-log may be killed between any two stores, so each step is one store, and what it is about is stored before it:
 *
 * - "is_active" hands the stream's unwritten bytes from its rest over to the batch, and back.
 * - A read goes directly into the batch. It is killed before its length is noted: the bytes tell it, because what is behind the
 *   end was filled before with a byte that no text has. (Trailing bytes of that value are lost then: there is none in UTF-8.)
 * - "begin" goes from line to line. The line at it may be written already, in part or as a whole: that is what the mark tells.
 *
 * A killed process is one that stands still between two instructions: memory is as they left it, so the order of the compiler is
 * all that counts.
 */
#include "batch.h"

#include <string.h>

#define FILL 0xff

void batch_begin(struct batch *batch, const struct batch_origin *origin, const char *bytes,
		 size_t len)
{
	batch->base += batch->end + 1;
	batch->origin = *origin;
	memcpy(batch->bytes, bytes, len);
	memset(batch->bytes + len, FILL, sizeof(batch->bytes) - len);
	batch->begin = 0;
	batch->end = len;
	batch->is_last = false;
	sink_mark_publish(&batch->is_active, true);
}

char *batch_room(struct batch *batch)
{
	return batch->bytes + batch->end;
}

void batch_add(struct batch *batch, size_t len)
{
	sink_mark_publish(&batch->end, batch->end + len);
}

void batch_set_last(struct batch *batch)
{
	sink_mark_publish(&batch->is_last, true);
}

uint64_t batch_number(const struct batch *batch)
{
	return batch->base + batch->begin + 1;
}

bool batch_next(struct batch *batch, struct line *ret_line)
{
	batch->mark.number = batch_number(batch);
	return lines_next(batch->bytes + batch->begin, batch->end - batch->begin, batch->is_last,
			  ret_line);
}

void batch_take(struct batch *batch, const struct line *line)
{
	sink_mark_publish(&batch->begin, batch->begin + line->taken);
}

size_t batch_left(const struct batch *batch, const char **ret_bytes)
{
	*ret_bytes = batch->bytes + batch->begin;
	return batch->end - batch->begin;
}

void batch_end(struct batch *batch)
{
	sink_mark_publish(&batch->is_active, false);
}

static bool is_sound(const struct batch_origin *origin)
{
	return memchr(origin->service, '\0', sizeof(origin->service)) &&
	       memchr(origin->identifier, '\0', sizeof(origin->identifier)) && origin->service[0] &&
	       origin->level >= 0 && origin->level <= 7 && origin->pid >= 0 &&
	       origin->is_prefixed <= 1;
}

bool batch_recover(struct batch *batch)
{
	size_t end = sizeof(batch->bytes);

	if (batch->is_active == 0 && batch->end <= sizeof(batch->bytes))
		return true;
	if (batch->is_active != 1 || batch->is_last > 1 || batch->begin > batch->end ||
	    batch->end > sizeof(batch->bytes) || !is_sound(&batch->origin)) {
		memset(batch, 0, sizeof(*batch));
		return false;
	}
	while (end > batch->end && (unsigned char)batch->bytes[end - 1] == FILL)
		end--;
	batch->end = end;
	return true;
}

bool batch_rest_recover(struct batch_rest *rest)
{
	if (rest->len == 0)
		return true;
	if (rest->len < sizeof(rest->text) && is_sound(&rest->origin))
		return true;
	rest->len = 0;
	return false;
}

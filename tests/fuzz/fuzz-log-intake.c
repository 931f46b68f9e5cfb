/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever lies in the file, it is read to its end, line by line, and each byte once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_batch(const uint8_t *data, size_t size)
{
	static struct batch batch;
	static char rest[LINES_MAX];
	struct batch_origin origin;
	struct line line;
	const char *bytes;
	size_t before, left;

	memset(&batch, 0, sizeof(batch));
	memcpy(&batch, data, size < sizeof(batch) ? size : sizeof(batch));
	if (!batch_recover(&batch) && (batch.is_active || batch.end))
		abort();
	if (!batch.is_active)
		return;
	if (strlen(batch.origin.service) >= sizeof(batch.origin.service))
		abort();
	left = before = batch_left(&batch, &bytes);
	while (batch_next(&batch, &line)) {
		if (line.text != bytes || line.taken == 0 || line.taken > left ||
		    line.len > LINES_MAX || batch.mark.number != batch_number(&batch))
			abort();
		batch_take(&batch, &line);
		if (batch_left(&batch, &bytes) != left - line.taken)
			abort();
		left -= line.taken;
	}
	if (before > BATCH_SIZE || left >= LINES_MAX || (batch.is_last && left > 0))
		abort();
	origin = batch.origin;
	memcpy(rest, bytes, left);
	batch_begin(&batch, &origin, rest, left);
	if (batch_left(&batch, &bytes) != left || batch_room(&batch) != bytes + left)
		abort();
}

static void read_rest(const uint8_t *data, size_t size)
{
	static struct batch_rest rest;

	memset(&rest, 0, sizeof(rest));
	memcpy(&rest, data, size < sizeof(rest) ? size : sizeof(rest));
	if (!batch_rest_recover(&rest) && rest.len)
		abort();
	if (rest.len >= sizeof(rest.text) ||
	    (rest.len && strlen(rest.origin.identifier) >= sizeof(rest.origin.identifier)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_batch(data, size);
	read_rest(data, size);
	return 0;
}

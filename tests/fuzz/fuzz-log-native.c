/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A datagram of the journal's protocol: all that comes out lies inside the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;
	char *buf = malloc(size + 1); /* the room that the header asks for, no more */

	if (!buf)
		return 0;
	memcpy(buf, data, size);
	if (message_parse_native(buf, size, &message)) {
		if (message.level < 0 || message.level > 7 || message.text < buf ||
		    message.text + message.len > buf + size)
			abort();
		if (message.identifier &&
		    (message.identifier < buf ||
		     message.identifier + strlen(message.identifier) > buf + size))
			abort();
	}
	free(buf);
	return 0;
}

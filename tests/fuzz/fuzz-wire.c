/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first byte picks the protocol; the rest is a message. What unpacks must pack to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/proto/bus.h"
#include "early/proto/control.h"
#include "early/proto/disks.h"
#include "early/proto/execs.h"
#include "early/proto/logs.h"
#include "early/proto/overlay.h"
#include "early/proto/splash.h"
#include "early/proto/table.h"
#include "early/proto/timers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct wire_protocol *const protocols[] = {
	&bus_protocol,     &control_protocol, &disks_protocol, &execs_protocol,  &logs_protocol,
	&overlay_protocol, &splash_protocol,  &table_protocol, &timers_protocol,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union {
		struct table_service largest;
		char bytes[4096];
	} value;
	uint16_t opcode;
	uint32_t len;

	if (size < 1)
		return 0;

	const struct wire_protocol *protocol = protocols[data[0] % ARRAY_SIZE(protocols)];

	data++;
	size--;
	if (wire_peek(data, size, &opcode, &len) < 0)
		return 0;
	memset(&value, 0, sizeof(value));
	if (wire_unpack(protocol, data, size, opcode, &value, sizeof(value)) < 0)
		return 0;

	uint8_t *again = malloc(len);

	if (again && (wire_pack(protocol, opcode, &value, again, len) != (int)len ||
		      memcmp(again, data, len) != 0))
		abort();
	free(again);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "early/proto/table.h"
#include "early_test.h"

/* Makes tables for tests, message by message. */
struct table_make {
	char data[65536];
	size_t len;
};

static inline void make_message(struct table_make *make, uint16_t opcode, const void *value)
{
	int len = wire_pack(&table_protocol, opcode, value, make->data + make->len,
			    sizeof(make->data) - make->len);

	assert_true(len > 0 && (size_t)len <= sizeof(make->data) - make->len);
	make->len += (size_t)len;
}

static inline void make_header(struct table_make *make)
{
	const struct table_header header = { .version = TABLE_VERSION, .services = 1 };

	make_message(make, TABLE_HEADER, &header);
}

static inline void make_service(struct table_make *make, const char *name)
{
	const struct table_service service = { .name = name, .slice = "system.slice" };

	make_message(make, TABLE_SERVICE, &service);
}

static inline void make_exec(struct table_make *make, enum table_phase phase, const char *program)
{
	const struct table_exec exec = {
		.phase = phase,
		.program = program,
		.argv = { program, (uint32_t)strlen(program) + 1 },
	};

	make_message(make, TABLE_EXEC, &exec);
}

#define LIST(text)                                                                                 \
	{                                                                                          \
		text "\0", sizeof(text)                                                            \
	}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every message of every protocol goes there and back: each field is filled with a value of its own, found by the tables,
 * so a field that a table forgot or names twice shows as a difference.
 */
#include <stdio.h>
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
#include "early_test.h"

static const struct wire_protocol *const protocols[] = {
	&bus_protocol,     &control_protocol, &disks_protocol, &execs_protocol,  &logs_protocol,
	&overlay_protocol, &splash_protocol,  &table_protocol, &timers_protocol,
};

static size_t type_size(enum wire_type type)
{
	switch (type) {
	case WIRE_U32:
	case WIRE_I32:
		return 4;
	case WIRE_U64:
		return 8;
	case WIRE_TEXT:
		return sizeof(char *);
	case WIRE_LIST:
		return sizeof(struct wire_list);
	}
	return 0;
}

static void fill(const struct wire_message *message, char *value, char texts[][32])
{
	for (size_t i = 0; i < message->n_fields; i++) {
		const struct wire_field *field = &message->fields[i];
		void *at = value + field->offset;
		uint64_t number = 0x1111111100000000ULL + i + 1;

		snprintf(texts[i], 32, "text-%zu", i);
		if (field->type == WIRE_TEXT)
			*(const char **)at = texts[i];
		else if (field->type == WIRE_LIST)
			*(struct wire_list *)at =
				(struct wire_list){ texts[i], (uint32_t)strlen(texts[i]) + 1 };
		else if (field->type == WIRE_U64)
			memcpy(at, &number, 8);
		else
			memcpy(at, &number, 4);
	}
}

static void compare(const struct wire_message *message, const char *got, char texts[][32])
{
	for (size_t i = 0; i < message->n_fields; i++) {
		const struct wire_field *field = &message->fields[i];
		const void *at = got + field->offset;

		if (field->type == WIRE_TEXT)
			assert_string_equal(*(const char *const *)at, texts[i]);
		else if (field->type == WIRE_LIST)
			assert_string_equal(((const struct wire_list *)at)->data, texts[i]);
		else if (field->type == WIRE_U64)
			assert_int_equal(*(const uint64_t *)at, 0x1111111100000000ULL + i + 1);
		else
			assert_int_equal(*(const uint32_t *)at, i + 1);
	}
}

/* The fields cover the struct: no member is missing in the table. Padding before an aligned member is fine. */
static void check_coverage(const struct wire_message *message)
{
	size_t end = 0;

	for (size_t i = 0; i < message->n_fields; i++) {
		assert_true(message->fields[i].offset >= end);
		assert_true(message->fields[i].offset - end < 8);
		end = message->fields[i].offset + type_size(message->fields[i].type);
	}
	assert_true(message->size >= end && message->size - end < 8);
}

TEST(every_message_goes_there_and_back)
{
	for (size_t p = 0; p < ARRAY_SIZE(protocols); p++) {
		for (const struct wire_message *m = protocols[p]->messages; m->name; m++) {
			char *value = calloc(1, m->size + 1), *got = calloc(1, m->size + 1);
			char texts[128][32];
			unsigned char buf[4096];
			int len;

			assert_true(m->n_fields < 128);
			check_coverage(m);
			fill(m, value, texts);
			len = wire_pack(protocols[p], m->opcode, value, buf, sizeof(buf));
			assert_true(len > 0 && len < (int)sizeof(buf));
			assert_int_equal(wire_unpack(protocols[p], buf, (size_t)len, m->opcode, got,
						     m->size),
					 0);
			compare(m, got, texts);
			free(value);
			free(got);
		}
	}
}

TEST(opcodes_are_unique)
{
	for (size_t p = 0; p < ARRAY_SIZE(protocols); p++) {
		for (const struct wire_message *m = protocols[p]->messages; m->name; m++)
			assert_ptr_equal(wire_find(protocols[p], m->opcode), m);
	}
}

TEST_MAIN(cmocka_unit_test(every_message_goes_there_and_back), cmocka_unit_test(opcodes_are_unique))

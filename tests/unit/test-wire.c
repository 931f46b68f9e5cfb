/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"
#include "early_test.h"

enum { SAMPLE = 7, NOTHING = 8 };

struct sample {
	uint32_t small;
	int32_t negative;
	uint64_t large;
	const char *text;
	struct wire_list list;
};

static const struct wire_field sample_fields[] = {
	WIRE_FIELD(struct sample, small, WIRE_U32), WIRE_FIELD(struct sample, negative, WIRE_I32),
	WIRE_FIELD(struct sample, large, WIRE_U64), WIRE_FIELD(struct sample, text, WIRE_TEXT),
	WIRE_FIELD(struct sample, list, WIRE_LIST),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(SAMPLE, struct sample, sample_fields),
	WIRE_EMPTY(NOTHING),
	{ 0, NULL, 0, 0, NULL },
};

static const struct wire_protocol protocol = { "test", messages };

static const struct sample value = { .small = 0xfedcba98,
				     .negative = -5,
				     .large = 0x0123456789abcdefULL,
				     .text = "text",
				     .list = { "one\0two", 8 } };

TEST(layout_is_little_endian)
{
	unsigned char buf[128];
	int len = wire_pack(&protocol, SAMPLE, &value, buf, sizeof(buf));

	assert_int_equal(len, 8 + 4 + 4 + 8 + 4 + 5 + 4 + 8);
	assert_memory_equal(buf, "\x2d\0\0\0\x01\0\x07\0\x98\xba\xdc\xfe\xfb\xff\xff\xff", 16);
}

TEST(round_trip)
{
	unsigned char buf[128];
	int len = wire_pack(&protocol, SAMPLE, &value, buf, sizeof(buf));
	struct sample got = { 0 };

	assert_int_equal(wire_unpack(&protocol, buf, (size_t)len, SAMPLE, &got, sizeof(got)), 0);
	assert_int_equal(got.small, value.small);
	assert_int_equal(got.negative, -5);
	assert_int_equal(got.large, value.large);
	assert_string_equal(got.text, "text");
	assert_int_equal(wire_list_count(&got.list), 2);
	assert_string_equal(wire_list_next(&got.list, wire_list_next(&got.list, NULL)), "two");
}

TEST(every_truncation_is_refused)
{
	unsigned char buf[128];
	int len = wire_pack(&protocol, SAMPLE, &value, buf, sizeof(buf));

	for (int cut = 0; cut < len; cut++) {
		struct sample got;
		unsigned char *part = malloc((size_t)cut + 1); /* its own size: for the sanitizer */

		memcpy(part, buf, (size_t)cut);
		assert_int_equal(
			wire_unpack(&protocol, part, (size_t)cut, SAMPLE, &got, sizeof(got)),
			-EPROTO);
		if (cut >= 8) { /* a length that says the truth about a message that lacks fields */
			part[0] = (unsigned char)cut;
			assert_int_equal(wire_unpack(&protocol, part, (size_t)cut, SAMPLE, &got,
						     sizeof(got)),
					 -EPROTO);
		}
		free(part);
	}
}

TEST(bad_text_is_refused)
{
	unsigned char buf[128];
	int len = wire_pack(&protocol, SAMPLE, &value, buf, sizeof(buf));
	struct sample got;

	buf[8 + 16 + 4 + 1] = '\0'; /* a NUL within "text" */
	assert_int_equal(wire_unpack(&protocol, buf, (size_t)len, SAMPLE, &got, sizeof(got)),
			 -EPROTO);
	(void)wire_pack(&protocol, SAMPLE, &value, buf, sizeof(buf));
	buf[8 + 16 + 4 + 4] = 'x'; /* no NUL at its end */
	assert_int_equal(wire_unpack(&protocol, buf, (size_t)len, SAMPLE, &got, sizeof(got)),
			 -EPROTO);
	(void)wire_pack(&protocol, SAMPLE, &value, buf, sizeof(buf));
	buf[4] = 99; /* version */
	assert_int_equal(wire_unpack(&protocol, buf, (size_t)len, SAMPLE, &got, sizeof(got)),
			 -EPROTO);
}

TEST(small_buffers_and_unknown_opcodes)
{
	unsigned char buf[16];
	struct sample got;

	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(wire_pack(&protocol, SAMPLE, &value, buf, sizeof(buf)), 45);
	assert_int_equal(wire_pack(&protocol, 99, &value, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(wire_pack(&protocol, NOTHING, NULL, buf, sizeof(buf)), 8);
	assert_int_equal(wire_unpack(&protocol, buf, 8, NOTHING, NULL, 0), 0);
	assert_int_equal(wire_unpack(&protocol, buf, 8, SAMPLE, &got, sizeof(got)), -EINVAL);
}

TEST(too_much_is_refused)
{
	char *text = malloc(WIRE_MAX_MESSAGE + 1);
	struct sample big = value;

	memset(text, 'x', WIRE_MAX_MESSAGE);
	text[WIRE_MAX_MESSAGE] = '\0';
	big.text = text;
	assert_int_equal(wire_pack(&protocol, SAMPLE, &big, NULL, 0), -EMSGSIZE);
	free(text);
}

TEST(lists_and_arrays)
{
	CLEANUP_STRV char **strv = NULL, **again = NULL;
	struct wire_list list;
	char *data;

	assert_int_equal(strv_append(&strv, "a"), 0);
	assert_int_equal(strv_append(&strv, ""), 0);
	assert_int_equal(strv_append(&strv, "bc"), 0);
	assert_int_equal(wire_list_from_strv(strv, &list, &data), 0);
	assert_int_equal(list.len, 6);
	assert_int_equal(wire_list_to_strv(&list, &again), 0);
	assert_int_equal(strv_length(again), 3);
	assert_string_equal(again[2], "bc");
	free(data);
	assert_int_equal(wire_list_from_strv(NULL, &list, &data), 0);
	assert_null(wire_list_next(&list, NULL));
	free(data);
}

/* All of a value, a part of it, and nothing. */
static const struct sample squeezable[] = {
	{ .small = 1, .negative = -5, .large = 2, .text = "text", .list = { "one\0two", 8 } },
	{ .large = 1, .text = "" },
	{ .text = "x" },
	{ .negative = -1, .list = { "a\0", 3 } },
	{ .text = NULL },
};

TEST(squeezed_and_expanded)
{
	const struct wire_message *message = wire_find(&protocol, SAMPLE);

	for (size_t i = 0; i < sizeof(squeezable) / sizeof(squeezable[0]); i++) {
		unsigned char before[128], after[128];
		int len = wire_pack(&protocol, SAMPLE, &squeezable[i], before, sizeof(before));
		size_t need = wire_squeeze(message, &squeezable[i], NULL, 0);
		char *squeezed = malloc(need); /* its own size: for the sanitizer */
		struct sample got;

		assert_true(need < (size_t)len);
		assert_int_equal(wire_squeeze(message, &squeezable[i], squeezed, need), need);
		memset(&got, 0xff, sizeof(got));
		assert_int_equal(wire_expand(message, squeezed, need, &got), 0);
		assert_int_equal(wire_pack(&protocol, SAMPLE, &got, after, sizeof(after)), len);
		assert_memory_equal(before, after, (size_t)len);
		for (size_t cut = 0; cut < need; cut++)
			assert_int_equal(wire_expand(message, squeezed, cut, &got), -EPROTO);
		free(squeezed);
	}
}

TEST_MAIN(cmocka_unit_test(layout_is_little_endian), cmocka_unit_test(round_trip),
	  cmocka_unit_test(every_truncation_is_refused), cmocka_unit_test(bad_text_is_refused),
	  cmocka_unit_test(small_buffers_and_unknown_opcodes),
	  cmocka_unit_test(too_much_is_refused), cmocka_unit_test(lists_and_arrays),
	  cmocka_unit_test(squeezed_and_expanded))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include "pixel.h"

#include "early/macros.h"

static const struct pixel_format rgb565 = { 2, { 11, 5 }, { 5, 6 }, { 0, 5 } };
static const struct pixel_format rgb888 = { 3, { 16, 8 }, { 8, 8 }, { 0, 8 } };
static const struct pixel_format xrgb = { 4, { 16, 8 }, { 8, 8 }, { 0, 8 } };
static const struct pixel_format xbgr = { 4, { 0, 8 }, { 8, 8 }, { 16, 8 } };

TEST(packs)
{
	const struct {
		const struct pixel_format *format;
		uint32_t color, packed;
	} cases[] = {
		{ &rgb565, 0xffffff, 0xffff },   { &rgb565, 0xff0000, 0xf800 },
		{ &rgb565, 0x00ff00, 0x07e0 },   { &rgb565, 0x0000ff, 0x001f },
		{ &rgb565, 0x171b26, 0x10c4 },   { &rgb888, 0x123456, 0x123456 },
		{ &xrgb, 0xaa123456, 0x123456 }, { &xbgr, 0x123456, 0x563412 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(pixel_pack(cases[i].format, cases[i].color), cases[i].packed);
}

TEST(converts)
{
	const uint32_t from[2] = { 0xff0000, 0x0000ff };
	uint8_t to[9] = { 0 };

	pixel_convert(&rgb565, to, from, 2);
	assert_memory_equal(to, ((uint8_t[]){ 0x00, 0xf8, 0x1f, 0x00, 0 }), 5);
	pixel_convert(&rgb888, to, from, 2);
	assert_memory_equal(to, ((uint8_t[]){ 0, 0, 0xff, 0xff, 0, 0, 0 }), 7);
	pixel_convert(&xbgr, to, from, 2);
	assert_memory_equal(to, ((uint8_t[]){ 0xff, 0, 0, 0, 0, 0, 0xff, 0, 0 }), 9);
	pixel_convert(&xrgb, to, from, 2);
	assert_memory_equal(to, ((uint8_t[]){ 0, 0, 0xff, 0, 0xff, 0, 0, 0, 0 }), 9);
}

TEST(refuses)
{
	const struct pixel_format bad[] = {
		{ 1, { 5, 3 }, { 2, 3 }, { 0, 2 } }, /* 8 bits */
		{ 5, { 16, 8 }, { 8, 8 }, { 0, 8 } },
		{ 2, { 11, 6 }, { 5, 6 }, { 0, 5 } }, /* beyond the pixel */
		{ 4, { 20, 10 }, { 10, 10 }, { 0, 10 } },
		{ 4, { 16, 0 }, { 8, 8 }, { 0, 8 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(pixel_format_is_valid(&bad[i]));
	assert_true(pixel_format_is_valid(&rgb565));
	assert_true(pixel_format_is_valid(&rgb888));
	assert_true(pixel_format_is_valid(&xrgb));
	assert_true(pixel_format_is_valid(&xbgr));
}

TEST_MAIN(cmocka_unit_test(packs), cmocka_unit_test(converts), cmocka_unit_test(refuses))

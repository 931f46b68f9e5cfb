/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include "layout.h"
#include "premade.h"

#include "early/macros.h"

static const struct {
	uint32_t width, height;
	unsigned int scale; /* in eighths */
} sizes[] = {
	{ 1024, 768, 8 },   { 1920, 1080, 11 }, { 640, 480, 5 },    { 768, 1366, 8 },
	{ 2560, 1440, 15 }, { 3840, 2160, 20 }, { 7680, 4320, 20 }, { 480, 800, 5 },
	{ 1280, 720, 8 },   { 1280, 719, 5 },
};

static void check_inside(const struct layout *layout, const struct rect *rect)
{
	assert_in_range(rect->x, 0, layout->screen.width);
	assert_in_range(rect->y, 0, layout->screen.height);
	assert_true(rect->x + rect->width <= layout->screen.width);
	assert_true(rect->y + rect->height <= layout->screen.height);
}

static void check_centred(const struct layout *layout, const struct rect *rect)
{
	const int right = layout->screen.width - rect->x - rect->width;

	assert_in_range(right - rect->x + 1, 0, 2);
}

TEST(every_size)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct layout layout;

		layout_compute(sizes[i].width, sizes[i].height, &layout);
		assert_int_equal(premade_scales[layout.scale_index], sizes[i].scale);
		check_inside(&layout, &layout.brand);
		check_inside(&layout, &layout.bar);
		check_inside(&layout, &layout.caption);
		check_centred(&layout, &layout.brand);
		check_centred(&layout, &layout.bar);
		check_centred(&layout, &layout.caption);
		check_centred(&layout, &layout.page);
		assert_true(layout.brand.y + layout.brand.height < layout.bar.y);
		assert_true(layout.bar.y + layout.bar.height < layout.caption.y);
		assert_true(layout.title_font < PREMADE_FONTS);
	}
}

TEST(bar)
{
	struct layout layout;

	layout_compute(1024, 768, &layout);
	assert_int_equal(layout.bar.width, 200);
	assert_int_equal(layout_bar_filled(&layout, 0).width, 0);
	assert_int_equal(layout_bar_filled(&layout, 400).width, 80);
	assert_int_equal(layout_bar_filled(&layout, 1000).width, 200);
	assert_int_equal(layout_bar_filled(&layout, 5000).width, 200);
}

TEST_MAIN(cmocka_unit_test(every_size), cmocka_unit_test(bar))

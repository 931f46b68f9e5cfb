/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "paint.h"
#include "picture.h"
#include "premade.h"

#define WIDTH 1024
#define HEIGHT 768

static uint32_t pixels[WIDTH * HEIGHT];
static const struct surface surface = { WIDTH, HEIGHT, WIDTH * 4, (uint8_t *)pixels };

static size_t count(const struct rect *rect, uint32_t color)
{
	size_t n = 0;

	for (int y = rect->y; y < rect->y + rect->height; y++)
		for (int x = rect->x; x < rect->x + rect->width; x++)
			n += pixels[y * WIDTH + x] == color;
	return n;
}

static size_t area(const struct rect *rect)
{
	return (size_t)rect->width * (size_t)rect->height;
}

TEST(the_bar_arrives_and_stops)
{
	struct picture picture = { 0 };
	unsigned int steps = 0, before = 0;

	assert_int_equal(picture_set_progress(&picture, 50, ""), 0);
	while (picture_step(&picture)) {
		assert_true(picture.shown_permille > before);
		before = picture.shown_permille;
		assert_in_range(++steps, 1, 20);
	}
	assert_int_equal(picture.shown_permille, 500);
	assert_true(steps > 3);
	assert_int_equal(picture_set_progress(&picture, 20, ""), 0);
	while (picture_step(&picture))
		assert_in_range(++steps, 1, 40);
	assert_int_equal(picture.shown_permille, 200);
	picture_done(&picture);
}

TEST(only_what_changed)
{
	struct picture picture = { 0 };

	assert_int_equal(picture_set_progress(&picture, 10, "a"), PICTURE_PART_CAPTION);
	assert_int_equal(picture_set_progress(&picture, 20, "a"), 0);
	assert_int_equal(picture_set_progress(&picture, 400, "b"), PICTURE_PART_CAPTION);
	assert_int_equal(picture.target_permille, 1000);
	assert_int_equal(picture_set_page(&picture, PICTURE_FAILURE, "t", "x"), PICTURE_PART_ALL);
	assert_int_equal(picture_set_page(&picture, PICTURE_FAILURE, "t", "x"), 0);
	assert_int_equal(picture_set_page(&picture, PICTURE_FAILURE, "t", "y"), PICTURE_PART_ALL);
	assert_int_equal(picture_set_progress(&picture, 30, "c"), 0); /* behind the page */
	assert_int_equal(picture_set_page(&picture, PICTURE_PROGRESS, "", ""), PICTURE_PART_ALL);
	assert_int_equal(picture_set_page(&picture, PICTURE_PROGRESS, "", ""), 0);
	picture_done(&picture);
}

TEST(paints_the_progress)
{
	struct picture picture = { .shown_permille = 500 };
	struct layout layout;
	struct damage damage;

	layout_compute(WIDTH, HEIGHT, &layout);
	picture_set_progress(&picture, 50, "Hello");
	picture_paint(&picture, &surface, &layout, PICTURE_PART_ALL, &damage);
	assert_int_equal(damage.n_rects, 1);
	assert_int_equal(area(&damage.rects[0]), WIDTH * HEIGHT);
	assert_true(paint_has_brand(&surface, &premade_brands[layout.scale_index], layout.brand.x,
				    layout.brand.y));
	assert_false(paint_has_brand(&surface, &premade_brands[layout.scale_index],
				     layout.brand.x + 1, layout.brand.y));
	assert_true(count(&layout.brand, COLOR_MARK) > 100);
	assert_true(count(&layout.brand, COLOR_NAME) > 50);
	assert_int_equal(count(&layout.bar, COLOR_BAR) * 2, area(&layout.bar));
	assert_int_equal(count(&layout.bar, COLOR_TRACK) * 2, area(&layout.bar));
	assert_true(count(&layout.caption, COLOR_BACKGROUND) < area(&layout.caption));

	picture_set_progress(&picture, 50, "");
	picture_paint(&picture, &surface, &layout, PICTURE_PART_CAPTION, &damage);
	assert_int_equal(count(&layout.caption, COLOR_BACKGROUND), area(&layout.caption));
	assert_int_equal(damage.n_rects, 1);
	assert_memory_equal(&damage.rects[0], &layout.caption, sizeof(layout.caption));
	picture_done(&picture);
}

TEST(paints_the_failure)
{
	struct picture picture = { 0 };
	struct layout layout;
	struct damage damage;

	layout_compute(WIDTH, HEIGHT, &layout);
	picture_set_page(&picture, PICTURE_FAILURE, "It failed", "This is why.\nDo that.");
	picture_paint(&picture, &surface, &layout, PICTURE_PART_ALL, &damage);
	assert_true(count(&layout.screen, COLOR_FAILURE) > 100);
	assert_true(count(&layout.screen, COLOR_TITLE) > 20);
	assert_true(count(&layout.screen, COLOR_TEXT) > 20);
	assert_int_equal(count(&layout.screen, COLOR_BAR), 0);
	picture_done(&picture);
}

/* Whatever the size and the text: nothing is written beyond the memory (the sanitizers watch). */
TEST(clips)
{
	static const uint32_t sides[][2] = { { 1, 1 }, { 17, 400 }, { 400, 17 }, { 130, 90 } };
	char *text = malloc(20001);

	assert_non_null(text);
	for (int i = 0; i < 20000; i++)
		text[i] = "word \nW%"[i % 8];
	text[20000] = '\0';
	for (size_t i = 0; i < 4; i++) {
		struct surface small = { sides[i][0], sides[i][1], sides[i][0] * 4, NULL };
		struct picture picture = { 0 };
		struct layout layout;
		struct damage damage;

		small.data = malloc((size_t)small.stride * small.height);
		assert_non_null(small.data);
		layout_compute(small.width, small.height, &layout);
		picture_set_progress(&picture, 77, text);
		picture_paint(&picture, &small, &layout, PICTURE_PART_ALL, &damage);
		picture_set_page(&picture, PICTURE_FAILURE, text, text);
		picture_paint(&picture, &small, &layout, PICTURE_PART_ALL, &damage);
		picture_done(&picture);
		free(small.data);
	}
	free(text);
}

TEST_MAIN(cmocka_unit_test(the_bar_arrives_and_stops), cmocka_unit_test(only_what_changed),
	  cmocka_unit_test(paints_the_progress), cmocka_unit_test(paints_the_failure),
	  cmocka_unit_test(clips))

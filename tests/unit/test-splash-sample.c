/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <stdlib.h>

#include "paint.h"
#include "sample.h"

#include "early/macros.h"

#define WIDTH 1024
#define HEIGHT 768

static uint32_t pixels[WIDTH * HEIGHT];
static const struct surface surface = { WIDTH, HEIGHT, WIDTH * 4, (uint8_t *)pixels };

static bool looks_like_picture(void)
{
	static uint32_t samples[SAMPLE_COLUMNS * SAMPLE_ROWS];
	const size_t n = sample_grid(&surface, samples, ARRAY_SIZE(samples));

	assert_int_equal(n, SAMPLE_COLUMNS * SAMPLE_ROWS);
	return sample_is_picture(samples, n);
}

static void plain(void)
{
	paint_fill(&surface, (struct rect){ 0, 0, WIDTH, HEIGHT }, 0x2e3436);
}

TEST(one_colour_is_none)
{
	plain();
	assert_false(looks_like_picture());
}

TEST(the_unused_byte_does_not_count)
{
	plain();
	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] |= (uint32_t)i << 24;
	assert_false(looks_like_picture());
}

TEST(a_pointer_is_none)
{
	for (int x = 0; x < WIDTH; x += 37) {
		plain();
		paint_fill(&surface, (struct rect){ x, x / 2, 24, 24 }, 0xffffff);
		assert_false(looks_like_picture());
	}
}

TEST(a_top_bar_is_one)
{
	plain();
	paint_fill(&surface, (struct rect){ 0, 0, WIDTH, 32 }, 0);
	assert_true(looks_like_picture());
}

TEST(many_colours_are_one)
{
	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] = (uint32_t)(i * 2654435761u);
	assert_true(looks_like_picture());
}

/* gdm's greeter with one user: a clock, an avatar and two short lines, at a scale of 1024 by 768. */
TEST(a_greeter_is_one)
{
	static const struct rect parts[] = {
		{ 465, 10, 95, 12 }, { 345, 338, 64, 64 }, { 422, 364, 30, 14 }, { 341, 422, 60, 9 }
	};

	plain();
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		paint_fill(&surface,
			   (struct rect){ parts[i].x * WIDTH / 1024, parts[i].y * HEIGHT / 768,
					  parts[i].width * WIDTH / 1024,
					  parts[i].height * HEIGHT / 768 },
			   0xeeeeee);
	assert_true(looks_like_picture());
}

/* The exact threshold, and wherever the odd ones are. */
TEST(three_of_a_thousand)
{
	uint32_t samples[1000];

	for (size_t start = 0; start <= 995; start += 43) {
		for (size_t odd = 0; odd <= 4; odd++) {
			for (size_t i = 0; i < 1000; i++)
				samples[i] = i >= start && i < start + odd ? (uint32_t)i : 0xabcdef;
			assert_int_equal(sample_is_picture(samples, 1000), odd > 3);
		}
	}
	assert_false(sample_is_picture(samples, 0));
}

TEST(small_surface)
{
	uint32_t few[6] = { 1, 1, 1, 1, 1, 2 }, samples[6];
	const struct surface small = { 3, 2, 12, (uint8_t *)few };

	assert_int_equal(sample_grid(&small, samples, ARRAY_SIZE(samples)), 6);
	assert_int_equal(samples[5], 2);
}

TEST_MAIN(cmocka_unit_test(one_colour_is_none), cmocka_unit_test(the_unused_byte_does_not_count),
	  cmocka_unit_test(a_pointer_is_none), cmocka_unit_test(a_top_bar_is_one),
	  cmocka_unit_test(many_colours_are_one), cmocka_unit_test(three_of_a_thousand),
	  cmocka_unit_test(a_greeter_is_one), cmocka_unit_test(small_surface))

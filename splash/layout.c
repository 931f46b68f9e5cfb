/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The group of brand, bar and caption stands in the middle, a little above it, where the eye expects a centre. All
 * sizes are in units of the design (a screen of 720 to 990 lines) times one of a few scales, because the brand and the glyphs
 * are drawn beforehand in just those. The smaller side of the screen decides, so that portrait screens fit as well.
 */
#include "layout.h"

#include "premade.h"

#include "early/macros.h"

#define PIXELS_PER_EIGHTH 90 /* smaller side of a screen that deserves one eighth more */

static unsigned int choose_scale(uint32_t width, uint32_t height)
{
	const uint32_t side = MIN(width, height);
	unsigned int index = 0;

	for (unsigned int i = 0; i < PREMADE_SCALES; i++)
		if (premade_scales[i] * (uint32_t)PIXELS_PER_EIGHTH <= side)
			index = i;
	return index;
}

static int scaled(const struct layout *layout, int units)
{
	return MAX(1, units * premade_scales[layout->scale_index] / 8);
}

static struct rect centred(uint32_t width, int y, int rect_width, int rect_height)
{
	return (struct rect){ ((int)width - rect_width) / 2, y, rect_width, rect_height };
}

void layout_compute(uint32_t width, uint32_t height, struct layout *ret_layout)
{
	struct layout l = { .scale_index = choose_scale(width, height) };
	const struct premade_brand *brand = &premade_brands[l.scale_index];
	int line, total, y;

	l.body_font = l.scale_index;
	l.title_font = l.scale_index + 1;
	l.screen = (struct rect){ 0, 0, (int)width, (int)height };
	line = premade_fonts[l.body_font].height;

	total = brand->height + scaled(&l, 30) + scaled(&l, 3) + scaled(&l, 20) + line;
	y = ((int)height - total) * 46 / 100;
	l.brand = centred(width, y, brand->width, brand->height);
	y += l.brand.height + scaled(&l, 30);
	l.bar = centred(width, y, scaled(&l, 200), scaled(&l, 3));
	y += l.bar.height + scaled(&l, 20);
	l.caption = centred(width, y, (int)width * 9 / 10, line);

	l.page = centred(width, 0, MIN((int)width * 86 / 100, scaled(&l, 640)), (int)height);
	l.page_accent = scaled(&l, 4);
	*ret_layout = l;
}

struct rect layout_bar_filled(const struct layout *layout, unsigned int permille)
{
	struct rect rect = layout->bar;

	rect.width = rect.width * (int)MIN(permille, 1000u) / 1000;
	return rect;
}

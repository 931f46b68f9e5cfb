/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "surface.h"

/* Where the picture's parts are on a screen of a given size. Pure. */
struct layout {
	unsigned int scale_index; /* of premade_scales */
	unsigned int body_font; /* of premade_fonts */
	unsigned int title_font;
	struct rect screen;
	struct rect brand;
	struct rect bar;
	struct rect caption; /* the whole band, so that a shorter caption wipes a longer one */
	struct rect
		page; /* the column of a message page: x and width count, it is centred by its text */
	int page_accent; /* width of the coloured strip left of the page; the text is as far again from it, twice */
};

void layout_compute(uint32_t width, uint32_t height, struct layout *ret_layout);

/* The part of the bar that shows @permille. */
struct rect layout_bar_filled(const struct layout *layout, unsigned int permille);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "surface.h"

/* Lines of text. ASCII comes from the premade glyphs; the first other character loads the canvas plug-in. */
struct text_style {
	unsigned int font; /* of premade_fonts */
	uint32_t color;
	uint32_t background;
};

unsigned int text_measure(const struct text_style *style, const char *text, size_t len);
void text_draw(const struct surface *surface, const struct text_style *style, int x, int baseline,
	       const char *text, size_t len);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "premade.h"
#include "surface.h"

/*
 * Painting into memory without any library. Nothing is ever read back: device memory is slow to read, and every part stands on
 * a known colour. All of it clips to the surface.
 */
void paint_fill(const struct surface *surface, struct rect rect, uint32_t color);
void paint_brand(const struct surface *surface, const struct premade_brand *brand, int x, int y);

/* One glyph at pen @x on @baseline. */
void paint_glyph(const struct surface *surface, const struct premade_font *font,
		 const struct premade_glyph *glyph, int x, int baseline, uint32_t color,
		 uint32_t background);

/* All of @from at @x, @y. */
void paint_copy(const struct surface *surface, const struct surface *from, int x, int y);

/* Does the surface show the brand there? */
int paint_has_brand(const struct surface *surface, const struct premade_brand *brand, int x, int y);

/* @part of 15 from @background to @color. */
uint32_t paint_mix(uint32_t color, uint32_t background, unsigned int part);

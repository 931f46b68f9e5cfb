/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "paint.h"

#include <string.h>

#include "early/macros.h"

static struct rect clip(const struct surface *surface, struct rect rect)
{
	const int right = MIN(rect.x + rect.width, (int)surface->width);
	const int bottom = MIN(rect.y + rect.height, (int)surface->height);

	rect.x = MAX(rect.x, 0);
	rect.y = MAX(rect.y, 0);
	rect.width = MAX(right - rect.x, 0);
	rect.height = MAX(bottom - rect.y, 0);
	return rect;
}

/* The first row is written pixel by pixel, the others are copies of it. */
void paint_fill(const struct surface *surface, struct rect rect, uint32_t color)
{
	const struct rect r = clip(surface, rect);
	uint32_t *first;

	if (r.width == 0 || r.height == 0)
		return;
	first = surface_row(surface, (uint32_t)r.y) + r.x;
	for (int x = 0; x < r.width; x++)
		first[x] = color;
	for (int y = 1; y < r.height; y++)
		memcpy(surface_row(surface, (uint32_t)(r.y + y)) + r.x, first, (size_t)r.width * 4);
}

static void put(const struct surface *surface, int x, int y, uint32_t color)
{
	if (x >= 0 && y >= 0 && x < (int)surface->width && y < (int)surface->height)
		surface_row(surface, (uint32_t)y)[x] = color;
}

void paint_brand(const struct surface *surface, const struct premade_brand *brand, int x, int y)
{
	int column = 0;

	for (uint32_t i = 0; i < brand->n_runs; i++) {
		const uint32_t color = brand->runs[i] & 0xffffff;

		for (uint32_t n = brand->runs[i] >> 24; n > 0; n--) {
			put(surface, x + column, y, color);
			if (++column == brand->width) {
				column = 0;
				y++;
			}
		}
	}
}

int paint_has_brand(const struct surface *surface, const struct premade_brand *brand, int x, int y)
{
	int column = 0;

	if (x < 0 || y < 0 || x + brand->width > (int)surface->width ||
	    y + brand->height > (int)surface->height)
		return 0;
	for (uint32_t i = 0; i < brand->n_runs; i++) {
		const uint32_t color = brand->runs[i] & 0xffffff;

		for (uint32_t n = brand->runs[i] >> 24; n > 0; n--) {
			if ((surface_row(surface, (uint32_t)y)[x + column] & 0xffffff) != color)
				return 0;
			if (++column == brand->width) {
				column = 0;
				y++;
			}
		}
	}
	return 1;
}

uint32_t paint_mix(uint32_t color, uint32_t background, unsigned int part)
{
	uint32_t mixed = 0;

	for (unsigned int shift = 0; shift <= 16; shift += 8) {
		const uint32_t a = color >> shift & 0xff, b = background >> shift & 0xff;

		mixed |= (a * part + b * (15 - part) + 7) / 15 << shift;
	}
	return mixed;
}

void paint_glyph(const struct surface *surface, const struct premade_font *font,
		 const struct premade_glyph *glyph, int x, int baseline, uint32_t color,
		 uint32_t background)
{
	const uint32_t row_bytes = (glyph->width + 1u) / 2;

	for (int row = 0; row < glyph->height; row++) {
		const uint8_t *bits = font->bits + glyph->offset + (uint32_t)row * row_bytes;

		for (int column = 0; column < glyph->width; column++) {
			const unsigned int part = column % 2 ? bits[column / 2] & 0xfu
							     : bits[column / 2] >> 4;

			if (part)
				put(surface, x + glyph->left + column, baseline - glyph->top + row,
				    paint_mix(color, background, part));
		}
	}
}

void paint_copy(const struct surface *surface, const struct surface *from, int x, int y)
{
	const struct rect r = clip(surface,
				   (struct rect){ x, y, (int)from->width, (int)from->height });

	for (int row = 0; row < r.height; row++)
		memcpy(surface_row(surface, (uint32_t)(r.y + row)) + r.x,
		       surface_row(from, (uint32_t)(r.y - y + row)) + (r.x - x),
		       (size_t)r.width * 4);
}

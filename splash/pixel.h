/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Pixels as a framebuffer device wants them. Pure. */
struct pixel_format {
	unsigned int bytes; /* of one pixel: 2, 3 or 4 */
	struct {
		unsigned int offset;
		unsigned int bits;
	} red, green, blue;
};

bool pixel_format_is_valid(const struct pixel_format *format);

/* XRGB8888 to one pixel's value. */
uint32_t pixel_pack(const struct pixel_format *format, uint32_t color);

/* @n pixels of XRGB8888 to @to, little-endian. */
void pixel_convert(const struct pixel_format *format, uint8_t *to, const uint32_t *from,
		   uint32_t n);

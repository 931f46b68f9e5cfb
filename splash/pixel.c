/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pixel.h"

#include <string.h>

static bool channel_fits(unsigned int offset, unsigned int bits, unsigned int bytes)
{
	return bits >= 1 && bits <= 8 && offset + bits <= bytes * 8;
}

bool pixel_format_is_valid(const struct pixel_format *format)
{
	return format->bytes >= 2 && format->bytes <= 4 &&
	       channel_fits(format->red.offset, format->red.bits, format->bytes) &&
	       channel_fits(format->green.offset, format->green.bits, format->bytes) &&
	       channel_fits(format->blue.offset, format->blue.bits, format->bytes);
}

uint32_t pixel_pack(const struct pixel_format *format, uint32_t color)
{
	const uint32_t red = color >> 16 & 0xff, green = color >> 8 & 0xff, blue = color & 0xff;

	return red >> (8 - format->red.bits) << format->red.offset |
	       green >> (8 - format->green.bits) << format->green.offset |
	       blue >> (8 - format->blue.bits) << format->blue.offset;
}

static bool is_xrgb8888(const struct pixel_format *format)
{
	return format->bytes == 4 && format->red.offset == 16 && format->green.offset == 8 &&
	       format->blue.offset == 0 && format->red.bits == 8 && format->green.bits == 8 &&
	       format->blue.bits == 8;
}

void pixel_convert(const struct pixel_format *format, uint8_t *to, const uint32_t *from, uint32_t n)
{
	if (is_xrgb8888(format)) {
		memcpy(to, from, (size_t)n * 4);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t value = pixel_pack(format, from[i]);

		for (unsigned int byte = 0; byte < format->bytes; byte++)
			*to++ = (uint8_t)(value >> (8 * byte));
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two ways to the same letters: the build drew ASCII with cairo from the very font that the plug-in uses at run time, so a
 * line in either way looks alike. The first is a table look-up. The second loads cairo and its two dozen libraries: measured
 * in an emulated machine, the first such line takes 110 ms of CPU, while the splash as a whole takes 75 ms from its exec to
 * the first frame; and the libraries are 6 MB of initramfs. Only a line that needs it pays that. Without the
 * plug-in or its font such characters are shown as question marks.
 */
#include "text.h"

#include <errno.h>
#include <stdlib.h>

#include "paint.h"
#include "plugin.h"
#include "premade.h"
#include "wrap.h"

static int is_premade(unsigned int c)
{
	return c >= PREMADE_FIRST_CHAR && c <= PREMADE_LAST_CHAR;
}

static int all_premade(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_premade((unsigned char)text[i]))
			return 0;
	return 1;
}

static const struct premade_glyph *glyph_of(const struct premade_font *font, unsigned int c)
{
	return &font->glyphs[(is_premade(c) ? c : '?') - PREMADE_FIRST_CHAR];
}

static unsigned int premade_measure(const struct premade_font *font, const char *text, size_t len)
{
	unsigned int width = 0, c;

	for (size_t i = 0; i < len;) {
		i += wrap_decode(text + i, len - i, &c);
		width += glyph_of(font, c)->advance;
	}
	return width;
}

unsigned int text_measure(const struct text_style *style, const char *text, size_t len)
{
	const struct plugin *plugin;
	unsigned int width;

	if (!all_premade(text, len) && plugin_get(&plugin) == 0 &&
	    plugin->api->measure(plugin->canvas, premade_font_sizes[style->font], text, len,
				 &width) == 0)
		return width;
	return premade_measure(&premade_fonts[style->font], text, len);
}

/* Through a buffer of its own: the screen's memory is written once and never read. */
static int draw_with_plugin(const struct surface *surface, const struct text_style *style, int x,
			    int baseline, const char *text, size_t len)
{
	const struct premade_font *font = &premade_fonts[style->font];
	const struct plugin *plugin;
	struct surface line = { .height = font->height };
	unsigned int width;
	int r;

	r = plugin_get(&plugin);
	if (r < 0)
		return r;
	r = plugin->api->measure(plugin->canvas, premade_font_sizes[style->font], text, len,
				 &width);
	if (r < 0)
		return r;
	line.width = width < surface->width ? width : surface->width;
	line.stride = line.width * 4;
	line.data = calloc(line.height, line.stride);
	if (!line.data)
		return -ENOMEM;
	r = plugin->api->write(plugin->canvas, &line, premade_font_sizes[style->font], font->ascent,
			       style->color, style->background, text, len);
	if (r == 0)
		paint_copy(surface, &line, x, baseline - font->ascent);
	free(line.data);
	return r;
}

void text_draw(const struct surface *surface, const struct text_style *style, int x, int baseline,
	       const char *text, size_t len)
{
	const struct premade_font *font = &premade_fonts[style->font];
	unsigned int c;

	if (!all_premade(text, len) &&
	    draw_with_plugin(surface, style, x, baseline, text, len) == 0)
		return;
	for (size_t i = 0; i < len;) {
		const struct premade_glyph *glyph;

		i += wrap_decode(text + i, len - i, &c);
		glyph = glyph_of(font, c);
		paint_glyph(surface, font, glyph, x, baseline, style->color, style->background);
		x += glyph->advance;
	}
}

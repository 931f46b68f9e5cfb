/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only file of earlyctl that knows cairo: a plug-in of its own, see png.c. */
#include "png_draw.h"

#include <cairo.h>
#include <errno.h>

#include "png.h"

#define SCALE 1.5 /* readable on dense screens */

static void set_color(cairo_t *cairo, enum layout_style style)
{
	uint32_t color = layout_color(style);

	cairo_set_source_rgb(cairo, (color >> 16 & 0xff) / 255.0, (color >> 8 & 0xff) / 255.0,
			     (color & 0xff) / 255.0);
}

static void draw_item(cairo_t *cairo, const struct layout_item *item)
{
	set_color(cairo, item->style);
	switch (item->kind) {
	case LAYOUT_RECT:
		cairo_rectangle(cairo, item->x, item->y, item->w, item->h);
		cairo_fill(cairo);
		break;
	case LAYOUT_LINE:
		cairo_move_to(cairo, item->x, item->y);
		cairo_line_to(cairo, item->x + item->w, item->y + item->h);
		cairo_stroke(cairo);
		break;
	case LAYOUT_TEXT:
		cairo_move_to(cairo, item->x, item->y);
		cairo_show_text(cairo, item->text);
		break;
	}
}

static cairo_status_t take_bytes(void *closure, const unsigned char *data, unsigned int len)
{
	struct strbuf *out = closure;

	strbuf_add(out, data, len);
	return strbuf_error(out) < 0 ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

__attribute__((visibility("default"))) int png_draw(const struct layout *layout, struct strbuf *out)
{
	cairo_surface_t *surface = cairo_image_surface_create(
		CAIRO_FORMAT_RGB24, (int)(layout->width * SCALE), (int)(layout->height * SCALE));
	cairo_t *cairo = cairo_create(surface);
	cairo_status_t status;

	cairo_scale(cairo, SCALE, SCALE);
	cairo_set_line_width(cairo, 1.0);
	cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cairo, LAYOUT_FONT_SIZE);
	for (size_t i = 0; i < layout->n_items; i++)
		draw_item(cairo, &layout->items[i]);
	status = cairo_status(cairo);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_write_to_png_stream(surface, take_bytes, out);
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	if (status == CAIRO_STATUS_NO_MEMORY)
		return -ENOMEM;
	return status == CAIRO_STATUS_SUCCESS ? 0 : -EIO;
}

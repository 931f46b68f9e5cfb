/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cairo draws: the brand in vectors, and text from one font file through FreeType. No fontconfig: in the initramfs there
 * is neither its configuration nor its cache, and a look-up there costs more than the whole first frame.
 *
 * The brand is drawn in a space of 208 by 150 units, which are pixels at scale 1 (eight eighths): a sun's arc that rises over
 * a horizon, and the name beneath as one stroke for each letter, so that no font has a say in it.
 */
#include "canvas.h"

#include <cairo-ft.h>
#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "premade.h"

#include "early/macros.h"

#define BRAND_WIDTH 208
#define BRAND_HEIGHT 150

struct canvas {
	FT_Library library;
	FT_Face face;
	cairo_font_face_t *font;
};

int canvas_new(const char *font_path, struct canvas **ret_canvas)
{
	struct canvas *canvas = calloc(1, sizeof(*canvas));

	if (!canvas)
		return -ENOMEM;
	if (FT_Init_FreeType(&canvas->library)) {
		free(canvas);
		return -ENOMEM;
	}
	if (FT_New_Face(canvas->library, font_path, 0, &canvas->face)) {
		canvas_free(canvas);
		return -ENOENT;
	}
	canvas->font = cairo_ft_font_face_create_for_ft_face(canvas->face, 0);
	if (cairo_font_face_status(canvas->font) != CAIRO_STATUS_SUCCESS) {
		canvas_free(canvas);
		return -ENOMEM;
	}
	*ret_canvas = canvas;
	return 0;
}

struct canvas *canvas_free(struct canvas *canvas)
{
	if (!canvas)
		return NULL;
	if (canvas->font)
		cairo_font_face_destroy(canvas->font);
	if (canvas->face)
		FT_Done_Face(canvas->face);
	FT_Done_FreeType(canvas->library);
	free(canvas);
	return NULL;
}

static void set_color(cairo_t *cr, uint32_t color)
{
	cairo_set_source_rgb(cr, (color >> 16 & 0xff) / 255.0, (color >> 8 & 0xff) / 255.0,
			     (color & 0xff) / 255.0);
}

/* A context on the surface's memory; NULL if cairo refuses it. */
static cairo_t *context_new(const struct surface *surface)
{
	cairo_surface_t *image = cairo_image_surface_create_for_data(
		surface->data, CAIRO_FORMAT_RGB24, (int)surface->width, (int)surface->height,
		(int)surface->stride);
	cairo_t *cr = cairo_create(image);

	cairo_surface_destroy(image);
	if (cairo_status(cr) == CAIRO_STATUS_SUCCESS)
		return cr;
	cairo_destroy(cr);
	return NULL;
}

static int context_done(cairo_t *cr)
{
	cairo_status_t status = cairo_status(cr);

	cairo_surface_flush(cairo_get_target(cr));
	cairo_destroy(cr);
	return status == CAIRO_STATUS_SUCCESS ? 0 : -EIO;
}

static cairo_scaled_font_t *scaled_font_new(struct canvas *canvas, unsigned int size)
{
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_scaled_font_t *font;
	cairo_matrix_t matrix, identity;

	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_ON);
	cairo_matrix_init_scale(&matrix, size, size);
	cairo_matrix_init_identity(&identity);
	font = cairo_scaled_font_create(canvas->font, &matrix, &identity, options);
	cairo_font_options_destroy(options);
	return font;
}

/* Glyphs of @text, free with cairo_glyph_free. Bytes that are no UTF-8 are an error. */
static int glyphs_of(cairo_scaled_font_t *font, double y, const char *text, size_t len,
		     cairo_glyph_t **ret_glyphs, int *ret_n)
{
	cairo_glyph_t *glyphs = NULL;
	int n = 0;

	if (cairo_scaled_font_text_to_glyphs(font, 0, y, text, (int)len, &glyphs, &n, NULL, NULL,
					     NULL) != CAIRO_STATUS_SUCCESS)
		return -EILSEQ;
	*ret_glyphs = glyphs;
	*ret_n = n;
	return 0;
}

int canvas_measure(struct canvas *canvas, unsigned int size, const char *text, size_t len,
		   unsigned int *ret_width)
{
	cairo_scaled_font_t *font = scaled_font_new(canvas, size);
	cairo_text_extents_t extents;
	cairo_glyph_t *glyphs;
	int n, r;

	r = glyphs_of(font, 0, text, len, &glyphs, &n);
	if (r == 0) {
		cairo_scaled_font_glyph_extents(font, glyphs, n, &extents);
		cairo_glyph_free(glyphs);
		*ret_width = (unsigned int)ceil(extents.x_advance);
	}
	cairo_scaled_font_destroy(font);
	return r;
}

int canvas_write(struct canvas *canvas, const struct surface *surface, unsigned int size,
		 unsigned int baseline, uint32_t color, uint32_t background, const char *text,
		 size_t len)
{
	cairo_scaled_font_t *font;
	cairo_glyph_t *glyphs;
	cairo_t *cr = context_new(surface);
	int n, r;

	if (!cr)
		return -EINVAL;
	set_color(cr, background);
	cairo_paint(cr);
	font = scaled_font_new(canvas, size);
	r = glyphs_of(font, baseline, text, len, &glyphs, &n);
	if (r == 0) {
		set_color(cr, color);
		cairo_set_scaled_font(cr, font);
		cairo_show_glyphs(cr, glyphs, n);
		cairo_glyph_free(glyphs);
	}
	cairo_scaled_font_destroy(font);
	if (r < 0) {
		cairo_destroy(cr);
		return r;
	}
	return context_done(cr);
}

int canvas_line(struct canvas *canvas, unsigned int size, unsigned int *ret_ascent,
		unsigned int *ret_height)
{
	cairo_scaled_font_t *font = scaled_font_new(canvas, size);
	cairo_font_extents_t extents;

	cairo_scaled_font_extents(font, &extents);
	cairo_scaled_font_destroy(font);
	*ret_ascent = (unsigned int)ceil(extents.ascent);
	*ret_height = (unsigned int)ceil(extents.height * 1.25);
	return 0;
}

void canvas_brand_size(unsigned int scale, uint32_t *ret_width, uint32_t *ret_height)
{
	*ret_width = BRAND_WIDTH * scale / 8;
	*ret_height = BRAND_HEIGHT * scale / 8;
}

/* Sun, its halo and the horizon. */
static void draw_mark(cairo_t *cr)
{
	const double x = BRAND_WIDTH / 2.0, y = 84;

	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	set_color(cr, COLOR_MARK);
	cairo_set_line_width(cr, 7);
	cairo_arc(cr, x, y, 36, M_PI * 1.045, M_PI * 1.955);
	cairo_stroke(cr);
	cairo_set_line_width(cr, 3.5);
	cairo_arc(cr, x, y, 56, M_PI * 1.24, M_PI * 1.76);
	cairo_stroke(cr);
	cairo_arc(cr, x, y, 17, M_PI, M_PI * 2);
	cairo_close_path(cr);
	cairo_fill(cr);
	set_color(cr, COLOR_HORIZON);
	cairo_set_line_width(cr, 3);
	cairo_move_to(cr, x - 64, y + 8.5);
	cairo_line_to(cr, x + 64, y + 8.5);
	cairo_stroke(cr);
}

/* "early", x-height 18, baseline at @y; each letter moves the pen on. */
static void draw_name(cairo_t *cr, double x, double y)
{
	const double r = 8.5, mid = y - 8.5;

	/* e */
	cairo_move_to(cr, x, mid);
	cairo_line_to(cr, x + 2 * r, mid);
	cairo_arc_negative(cr, x + r, mid, r, 0, M_PI * 0.27);
	x += 2 * r + 9;
	/* a */
	cairo_new_sub_path(cr);
	cairo_arc(cr, x + r, mid, r, 0, M_PI * 2);
	cairo_move_to(cr, x + 2 * r, mid - r);
	cairo_line_to(cr, x + 2 * r, y);
	x += 2 * r + 10;
	/* r */
	cairo_move_to(cr, x, mid - r);
	cairo_line_to(cr, x, y);
	cairo_move_to(cr, x, mid);
	cairo_arc(cr, x + r, mid, r, M_PI, M_PI * 1.62);
	x += 2 * r + 3;
	/* l */
	cairo_move_to(cr, x, y - 27);
	cairo_line_to(cr, x, y);
	x += 9;
	/* y */
	cairo_move_to(cr, x, mid - r);
	cairo_line_to(cr, x + 8.5, y - 0.5);
	cairo_move_to(cr, x + 17, mid - r);
	cairo_line_to(cr, x + 6.5, y + 8.5);
}

int canvas_brand(const struct surface *surface, unsigned int scale)
{
	cairo_t *cr = context_new(surface);

	if (!cr)
		return -EINVAL;
	set_color(cr, COLOR_BACKGROUND);
	cairo_paint(cr);
	cairo_scale(cr, scale / 8.0, scale / 8.0);
	draw_mark(cr);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	cairo_set_line_width(cr, 3.2);
	set_color(cr, COLOR_NAME);
	draw_name(cr, 55, 138);
	cairo_stroke(cr);
	return context_done(cr);
}

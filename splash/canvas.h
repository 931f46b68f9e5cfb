/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "surface.h"

/*
 * Drawing with cairo. It is never linked into early-splash: the build's generator uses it for what is drawn beforehand, and
 * the plug-in early-splash-canvas.so hands it to a running splash as a struct canvas_api.
 */
struct canvas;

int canvas_new(const char *font_path, struct canvas **ret_canvas);
struct canvas *canvas_free(struct canvas *canvas);

/* Width in pixels of UTF-8 text in a font of @size pixels. */
int canvas_measure(struct canvas *canvas, unsigned int size, const char *text, size_t len,
		   unsigned int *ret_width);

/* Fills @surface with @background and writes @text from its left edge. */
int canvas_write(struct canvas *canvas, const struct surface *surface, unsigned int size,
		 unsigned int baseline, uint32_t color, uint32_t background, const char *text,
		 size_t len);

/* Ascent and line height of the font. */
int canvas_line(struct canvas *canvas, unsigned int size, unsigned int *ret_ascent,
		unsigned int *ret_height);

/* The brand's size at a scale in eighths, and the brand itself on COLOR_BACKGROUND over the whole surface. */
void canvas_brand_size(unsigned int scale, uint32_t *ret_width, uint32_t *ret_height);
int canvas_brand(const struct surface *surface, unsigned int scale);

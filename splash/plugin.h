/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "surface.h"

/* cairo behind a door: early-splash-canvas.so, beside the executable. */
#define PLUGIN_VERSION 1
#define PLUGIN_SYMBOL "early_splash_canvas"

struct canvas;

struct canvas_api {
	uint32_t version;
	int (*open)(const char *font_path, struct canvas **ret_canvas);
	int (*measure)(struct canvas *canvas, unsigned int size, const char *text, size_t len,
		       unsigned int *ret_width);
	int (*write)(struct canvas *canvas, const struct surface *surface, unsigned int size,
		     unsigned int baseline, uint32_t color, uint32_t background, const char *text,
		     size_t len);
	int (*save_png)(const struct surface *surface, const char *path);
};

struct plugin {
	const struct canvas_api *api;
	struct canvas *canvas; /* NULL: the font is missing */
};

/* The plug-in with its font, loaded at the first call; a failure is logged once and remembered. */
int plugin_get(const struct plugin **ret_plugin);

/* The same for uses without text. */
int plugin_get_without_font(const struct plugin **ret_plugin);

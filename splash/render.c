/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plug-in's face: what a running splash may ask of cairo. */
#include "render.h"

#include <cairo.h>
#include <errno.h>

#include "canvas.h"
#include "plugin.h"

int render_png(const struct surface *surface, const char *path)
{
	cairo_surface_t *image = cairo_image_surface_create_for_data(
		surface->data, CAIRO_FORMAT_RGB24, (int)surface->width, (int)surface->height,
		(int)surface->stride);
	cairo_status_t status = cairo_surface_write_to_png(image, path);

	cairo_surface_destroy(image);
	if (status == CAIRO_STATUS_WRITE_ERROR)
		return errno ? -errno : -EIO;
	return status == CAIRO_STATUS_SUCCESS ? 0 : -EIO;
}

__attribute__((visibility("default"))) extern const struct canvas_api early_splash_canvas;
const struct canvas_api early_splash_canvas = {
	.version = PLUGIN_VERSION,
	.open = canvas_new,
	.measure = canvas_measure,
	.write = canvas_write,
	.save_png = render_png,
};

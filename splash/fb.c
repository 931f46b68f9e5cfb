/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture is kept in ordinary memory and copied out where it changed: the device may have 16 or 24 bits, and its memory is
 * slow to read. The copy also tells, once the display manager has the device, whether what is there is still ours.
 */
#include "fb.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "pixel.h"
#include "sample.h"

#include "early/fd.h"
#include "early/macros.h"

struct fb {
	int fd;
	uint8_t *map;
	size_t map_size;
	size_t visible; /* offset of what is shown */
	uint32_t stride;
	struct pixel_format format;
	struct fb_screen screen;
};

static int read_format(struct fb *fb, const struct fb_var_screeninfo *var,
		       const struct fb_fix_screeninfo *fix)
{
	fb->format = (struct pixel_format){ var->bits_per_pixel / 8,
					    { var->red.offset, var->red.length },
					    { var->green.offset, var->green.length },
					    { var->blue.offset, var->blue.length } };
	if (fix->type != FB_TYPE_PACKED_PIXELS ||
	    (fix->visual != FB_VISUAL_TRUECOLOR && fix->visual != FB_VISUAL_DIRECTCOLOR) ||
	    !pixel_format_is_valid(&fb->format))
		return -EOPNOTSUPP;
	return 0;
}

static int map_device(struct fb *fb)
{
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;
	struct surface *surface = &fb->screen.surface;
	void *map;
	int r;

	if (ioctl(fb->fd, FBIOGET_VSCREENINFO, &var) < 0 ||
	    ioctl(fb->fd, FBIOGET_FSCREENINFO, &fix) < 0)
		return -errno;
	r = read_format(fb, &var, &fix);
	if (r < 0)
		return r;
	fb->stride = fix.line_length;
	fb->visible = (size_t)var.yoffset * fix.line_length +
		      (size_t)var.xoffset * fb->format.bytes;
	if (fb->visible + (size_t)fix.line_length * var.yres > fix.smem_len ||
	    var.xres * fb->format.bytes > fix.line_length || var.xres == 0 || var.yres == 0)
		return -EINVAL;
	map = mmap(NULL, fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fb->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	fb->map = map;
	fb->map_size = fix.smem_len;
	*surface = (struct surface){ var.xres, var.yres, var.xres * 4, NULL };
	surface->data = calloc(surface->height, surface->stride);
	if (!surface->data)
		return -ENOMEM;
	layout_compute(var.xres, var.yres, &fb->screen.layout);
	return 0;
}

int fb_open(const char *path, struct fb **ret_fb)
{
	struct fb *fb = calloc(1, sizeof(*fb));
	int r;

	if (!fb)
		return -ENOMEM;
	fb->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	r = fb->fd < 0 ? -errno : map_device(fb);
	if (r < 0) {
		fb_free(fb);
		return r;
	}
	*ret_fb = fb;
	return 0;
}

struct fb *fb_free(struct fb *fb)
{
	if (!fb)
		return NULL;
	if (fb->map)
		munmap(fb->map, fb->map_size);
	fd_close(fb->fd);
	free(fb->screen.surface.data);
	free(fb);
	return NULL;
}

struct fb_screen *fb_screen(struct fb *fb)
{
	return &fb->screen;
}

static uint8_t *device_row(struct fb *fb, uint32_t y)
{
	return fb->map + fb->visible + (size_t)y * fb->stride;
}

void fb_flush(struct fb *fb, const struct damage *damage)
{
	const struct surface *surface = &fb->screen.surface;

	for (unsigned int i = 0; i < damage->n_rects; i++) {
		const struct rect *rect = &damage->rects[i];
		const int left = MAX(rect->x, 0), top = MAX(rect->y, 0);
		const int right = MIN(rect->x + rect->width, (int)surface->width);
		const int bottom = MIN(rect->y + rect->height, (int)surface->height);

		for (int y = top; y < bottom && left < right; y++)
			pixel_convert(&fb->format,
				      device_row(fb, (uint32_t)y) + (size_t)left * fb->format.bytes,
				      surface_row(surface, (uint32_t)y) + left,
				      (uint32_t)(right - left));
	}
}

static uint32_t device_pixel(struct fb *fb, uint32_t x, uint32_t y)
{
	const uint8_t *bytes = device_row(fb, y) + (size_t)x * fb->format.bytes;
	uint32_t value = 0;

	for (unsigned int i = 0; i < fb->format.bytes; i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return fb->format.bytes == 4 ? value & 0xffffff : value;
}

bool fb_watch_look(struct fb *fb)
{
	static uint32_t samples[SAMPLE_COLUMNS * SAMPLE_ROWS];
	const struct surface *surface = &fb->screen.surface;
	size_t n = 0, foreign = 0;

	for (uint32_t row = 0; row < SAMPLE_ROWS; row++) {
		const uint32_t y = (row * 2 + 1) * surface->height / (SAMPLE_ROWS * 2);

		for (uint32_t column = 0; column < SAMPLE_COLUMNS; column++) {
			const uint32_t x = (column * 2 + 1) * surface->width / (SAMPLE_COLUMNS * 2);
			const uint32_t ours = pixel_pack(&fb->format, surface_row(surface, y)[x]);

			samples[n] = device_pixel(fb, x, y);
			foreign += samples[n++] != ours;
		}
	}
	return foreign * 100 > n && sample_is_picture(samples, n);
}

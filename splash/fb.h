/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "layout.h"
#include "surface.h"

/* A framebuffer device (vesafb, efifb …): a screen before any DRM driver. */
struct fb;

struct fb_screen {
	struct surface surface; /* a copy in ordinary memory, converted on flush */
	struct layout layout;
};

/* -EOPNOTSUPP: not true colour of 16, 24 or 32 bits. */
int fb_open(const char *path, struct fb **ret_fb);
struct fb *fb_free(struct fb *fb);

struct fb_screen *fb_screen(struct fb *fb);
void fb_flush(struct fb *fb, const struct damage *damage);

/* Does the device's memory hold a picture that is not ours and not of one colour? */
bool fb_watch_look(struct fb *fb);

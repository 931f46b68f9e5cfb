/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "picture.h"

/* The device that shows the picture, of either kind. Zeroed memory is "none". */
struct kms;
struct fb;

struct display {
	struct kms *kms;
	struct fb *fb;
	char *path;
};

/* Opens @path, /dev/fb* or a DRM node, in place of what is there; that stays on failure. */
int display_open(struct display *display, const char *path);

/* Goes on with the open DRM file @fd, which is taken over. */
int display_adopt(struct display *display, int fd);

void display_done(struct display *display);
bool display_is_open(const struct display *display);

/* Paints @parts and shows them. Fails only if no screen took it. */
int display_show(struct display *display, const struct picture *picture, unsigned int parts);

/* Is everything on the screen already (adopted frame)? *ret_permille is then how far its bar is. */
bool display_shows_adopted(struct display *display, unsigned int *ret_permille);

bool display_watch_look(struct display *display);

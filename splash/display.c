/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fb.h"
#include "kms.h"
#include "premade.h"

#include "early/fd.h"

static bool is_fb_path(const char *path)
{
	const char *name = strrchr(path, '/');

	return strncmp(name ? name + 1 : path, "fb", 2) == 0;
}

int display_open(struct display *display, const char *path)
{
	struct display next = { .path = strdup(path) };
	int r;

	if (!next.path)
		return -ENOMEM;
	r = is_fb_path(path) ? fb_open(path, &next.fb) : kms_open(path, &next.kms);
	if (r < 0) {
		free(next.path);
		return r;
	}
	display_done(display);
	*display = next;
	return 0;
}

/* The node behind an open descriptor, for FRAME and the log. */
static char *path_of_fd(int fd)
{
	char link[32], path[256];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd); /* fits any number */
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return strdup("adopted");
	path[len] = '\0';
	return strdup(path);
}

int display_adopt(struct display *display, int fd)
{
	struct display next = { .path = path_of_fd(fd) };
	int r;

	if (!next.path) {
		fd_close(fd);
		return -ENOMEM;
	}
	r = kms_adopt(fd, &next.kms);
	if (r < 0) {
		free(next.path);
		return r;
	}
	display_done(display);
	*display = next;
	return 0;
}

void display_done(struct display *display)
{
	kms_free(display->kms);
	fb_free(display->fb);
	free(display->path);
	*display = (struct display){ 0 };
}

bool display_is_open(const struct display *display)
{
	return display->kms || display->fb;
}

static int show_kms(struct kms *kms, const struct picture *picture, unsigned int parts)
{
	int r = -ENXIO, shown = 0;

	for (size_t i = 0; i < kms_n_screens(kms); i++) {
		struct kms_screen *screen = kms_screen(kms, i);
		struct damage damage;

		picture_paint(picture, &screen->surface, &screen->layout,
			      screen->shown ? parts : PICTURE_PART_ALL, &damage);
		r = kms_commit(kms, i, &damage);
		if (r == 0)
			shown++;
	}
	return shown ? 0 : r;
}

int display_show(struct display *display, const struct picture *picture, unsigned int parts)
{
	struct fb_screen *screen;
	struct damage damage;

	if (display->kms)
		return show_kms(display->kms, picture, parts);
	if (!display->fb)
		return -ENODEV;
	screen = fb_screen(display->fb);
	picture_paint(picture, &screen->surface, &screen->layout, parts, &damage);
	fb_flush(display->fb, &damage);
	return 0;
}

/* The bar is read back from the screen: the earlier splash knew how far it was, this one does not yet. */
static unsigned int bar_permille(const struct kms_screen *screen)
{
	const struct rect *bar = &screen->layout.bar;
	const uint32_t *row = surface_row(&screen->surface, (uint32_t)bar->y) + bar->x;
	int filled = 0;

	while (filled < bar->width && (row[filled] & 0xffffff) == COLOR_BAR)
		filled++;
	return (unsigned int)(filled * 1000 / bar->width);
}

bool display_shows_adopted(struct display *display, unsigned int *ret_permille)
{
	if (!display->kms || kms_n_screens(display->kms) == 0)
		return false;
	for (size_t i = 0; i < kms_n_screens(display->kms); i++)
		if (!kms_screen(display->kms, i)->shown)
			return false;
	*ret_permille = bar_permille(kms_screen(display->kms, 0));
	return true;
}

bool display_watch_look(struct display *display)
{
	if (display->kms)
		return kms_watch_look(display->kms);
	return display->fb && fb_watch_look(display->fb);
}

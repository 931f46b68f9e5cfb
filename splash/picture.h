/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "layout.h"
#include "surface.h"

/* What is to be seen, apart from any screen. */
enum picture_page {
	PICTURE_PROGRESS,
	PICTURE_INFO,
	PICTURE_FAILURE,
};

enum picture_part {
	PICTURE_PART_BAR = 1,
	PICTURE_PART_CAPTION = 2,
	PICTURE_PART_ALL = 4,
};

struct picture {
	enum picture_page page;
	unsigned int target_permille;
	unsigned int shown_permille;
	char *caption;
	char *title;
	char *text;
};

void picture_done(struct picture *picture);

/* Each returns the parts that must be painted anew (enum picture_part), or -ENOMEM. */
int picture_set_progress(struct picture *picture, unsigned int percent, const char *caption);
int picture_set_page(struct picture *picture, enum picture_page page, const char *title,
		     const char *text);

/* One step of the bar towards its target. Returns whether it moved. */
bool picture_step(struct picture *picture);

/* Paints @parts; *ret_damage is what changed. */
void picture_paint(const struct picture *picture, const struct surface *surface,
		   const struct layout *layout, unsigned int parts, struct damage *ret_damage);

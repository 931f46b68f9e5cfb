/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A timeline as a picture: what is where, without anything that draws. Pure. */

struct layout_event {
	const char *name; /* a milestone, or service:NAME:start|ready|stop */
	uint64_t t_us;
	const char *why; /* a stop's is its result, if it was no success; "" */
};

enum layout_kind { LAYOUT_RECT, LAYOUT_LINE, LAYOUT_TEXT };

enum layout_style {
	LAYOUT_STYLE_BACKGROUND,
	LAYOUT_STYLE_GRID,
	LAYOUT_STYLE_MILESTONE,
	LAYOUT_STYLE_STARTING, /* until it was ready */
	LAYOUT_STYLE_RUNNING,
	LAYOUT_STYLE_FINISHED, /* ended well without ever being ready: a oneshot */
	LAYOUT_STYLE_FAILED,
	LAYOUT_STYLE_WAITING, /* not ready when the chart ends */
	LAYOUT_STYLE_TEXT,
	LAYOUT_STYLE_FAINT_TEXT,
};

/* Text is set at its baseline's left end and takes @w by @h above it. Lines go from (x, y) to (x + w, y + h). */
struct layout_item {
	enum layout_kind kind;
	enum layout_style style;
	double x, y, w, h;
	char *text;
	char *title; /* what a pointer over it is told; NULL: nothing */
};

struct layout {
	double width, height;
	struct layout_item *items;
	size_t n_items;
};

#define LAYOUT_FONT_SIZE 12.0

int layout_make(const struct layout_event *events, size_t n_events, struct layout *ret_layout);
void layout_done(struct layout *layout);

/* 0xRRGGBB */
uint32_t layout_color(enum layout_style style);

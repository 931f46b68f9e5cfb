/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture's state and how it gets into memory. The bar never jumps: each step goes a quarter of what is left, so it is
 * quick at first and settles; when it has arrived there is nothing left to do, and nothing is done.
 */
#include "picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "paint.h"
#include "premade.h"
#include "text.h"
#include "wrap.h"

#include "early/macros.h"

#define PAGE_MAX_LINES 60

void picture_done(struct picture *picture)
{
	free(picture->caption);
	free(picture->title);
	free(picture->text);
	*picture = (struct picture){ 0 };
}

/* Returns 1 if it changed. */
static int replace(char **field, const char *text)
{
	char *copy;

	if (*field && strcmp(*field, text) == 0)
		return 0;
	if (!*field && text[0] == '\0')
		return 0;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 1;
}

int picture_set_progress(struct picture *picture, unsigned int percent, const char *caption)
{
	int r = replace(&picture->caption, caption);

	if (r < 0)
		return r;
	picture->target_permille = MIN(percent, 100u) * 10;
	return r > 0 && picture->page == PICTURE_PROGRESS ? PICTURE_PART_CAPTION : 0;
}

int picture_set_page(struct picture *picture, enum picture_page page, const char *title,
		     const char *text)
{
	const bool same_page = page == picture->page;
	int title_changed, text_changed;

	picture->page = page;
	if (page == PICTURE_PROGRESS)
		return same_page ? 0 : PICTURE_PART_ALL;
	title_changed = replace(&picture->title, title);
	text_changed = replace(&picture->text, text);
	if (title_changed < 0 || text_changed < 0)
		return -ENOMEM;
	return same_page && !title_changed && !text_changed ? 0 : PICTURE_PART_ALL;
}

bool picture_step(struct picture *picture)
{
	const int left = (int)picture->target_permille - (int)picture->shown_permille;
	int step = left / 4;

	if (left == 0)
		return false;
	if (step == 0 || abs(left) < 12)
		step = left;
	picture->shown_permille = (unsigned int)((int)picture->shown_permille + step);
	return true;
}

static void damage_add(struct damage *damage, struct rect rect)
{
	if (damage->n_rects < DAMAGE_MAX)
		damage->rects[damage->n_rects++] = rect;
}

static void paint_bar(const struct picture *picture, const struct surface *surface,
		      const struct layout *layout)
{
	struct rect filled = layout_bar_filled(layout, picture->shown_permille);
	struct rect rest = layout->bar;

	rest.x += filled.width;
	rest.width -= filled.width;
	paint_fill(surface, filled, COLOR_BAR);
	paint_fill(surface, rest, COLOR_TRACK);
}

static unsigned int measure(void *data, const char *text, size_t len)
{
	return text_measure(data, text, len);
}

/* One line: what does not fit is left out. */
static void paint_caption(const struct picture *picture, const struct surface *surface,
			  const struct layout *layout)
{
	struct text_style style = { layout->body_font, COLOR_CAPTION, COLOR_BACKGROUND };
	const struct rect *band = &layout->caption;
	const char *text = picture->caption ? picture->caption : "";
	struct wrap_line line;

	paint_fill(surface, *band, COLOR_BACKGROUND);
	if (!wrap_next(&text, (unsigned int)band->width, measure, &style, &line))
		return;
	text_draw(surface, &style,
		  band->x + (band->width - (int)text_measure(&style, line.text, line.len)) / 2,
		  band->y + premade_fonts[style.font].ascent, line.text, line.len);
}

static size_t wrap_all(const char *text, int width, struct text_style *style,
		       struct wrap_line *lines, size_t max)
{
	size_t n = 0;

	while (n < max && wrap_next(&text, (unsigned int)MAX(width, 1), measure, style, &lines[n]))
		n++;
	return n;
}

static int paint_lines(const struct surface *surface, const struct text_style *style, int x, int y,
		       const struct wrap_line *lines, size_t n)
{
	const struct premade_font *font = &premade_fonts[style->font];

	for (size_t i = 0; i < n; i++, y += font->height)
		text_draw(surface, style, x, y + font->ascent, lines[i].text, lines[i].len);
	return y;
}

/* Title, then the text, both wrapped, left-aligned behind a coloured strip; the block is centred as a whole. */
static void paint_page(const struct picture *picture, const struct surface *surface,
		       const struct layout *layout)
{
	struct text_style title = { layout->title_font, COLOR_TITLE, COLOR_BACKGROUND };
	struct text_style body = { layout->body_font, COLOR_TEXT, COLOR_BACKGROUND };
	const int gap = layout->page_accent * 4;
	const int x = layout->page.x + layout->page_accent + gap;
	const int width = layout->page.width - layout->page_accent - gap;
	struct wrap_line title_lines[4], lines[PAGE_MAX_LINES];
	size_t n_title, n_lines;
	int height, y;

	n_title = wrap_all(picture->title ? picture->title : "", width, &title, title_lines,
			   ARRAY_SIZE(title_lines));
	n_lines = wrap_all(picture->text ? picture->text : "", width, &body, lines,
			   ARRAY_SIZE(lines));
	height = (int)n_title * premade_fonts[title.font].height + gap +
		 (int)n_lines * premade_fonts[body.font].height;
	y = MAX(((int)surface->height - height) * 42 / 100, gap);
	paint_fill(surface, (struct rect){ layout->page.x, y, layout->page_accent, height },
		   picture->page == PICTURE_FAILURE ? COLOR_FAILURE : COLOR_MARK);
	y = paint_lines(surface, &title, x, y, title_lines, n_title);
	paint_lines(surface, &body, x, y + gap, lines, n_lines);
}

void picture_paint(const struct picture *picture, const struct surface *surface,
		   const struct layout *layout, unsigned int parts, struct damage *ret_damage)
{
	struct damage damage = { 0 };

	if (parts & PICTURE_PART_ALL) {
		paint_fill(surface, layout->screen, COLOR_BACKGROUND);
		damage_add(&damage, layout->screen);
		if (picture->page != PICTURE_PROGRESS) {
			paint_page(picture, surface, layout);
		} else {
			paint_brand(surface, &premade_brands[layout->scale_index], layout->brand.x,
				    layout->brand.y);
			paint_bar(picture, surface, layout);
			paint_caption(picture, surface, layout);
		}
	} else if (picture->page == PICTURE_PROGRESS) {
		if (parts & PICTURE_PART_BAR) {
			paint_bar(picture, surface, layout);
			damage_add(&damage, layout->bar);
		}
		if (parts & PICTURE_PART_CAPTION) {
			paint_caption(picture, surface, layout);
			damage_add(&damage, layout->caption);
		}
	}
	*ret_damage = damage;
}

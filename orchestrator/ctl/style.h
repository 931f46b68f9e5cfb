/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/strbuf.h"

/* How text looks where it goes: colours and a width on a terminal, everything and plain elsewhere. */

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum tone { TONE_PLAIN, TONE_STRONG, TONE_FAINT, TONE_GOOD, TONE_BUSY, TONE_BAD };

struct style {
	bool color;
	bool utf8; /* the terminal's characters; lines of a tree */
	size_t width; /* columns; 0: nothing is cut */
};

/* What the environment says, as texts or NULL. */
struct style_source {
	enum color_mode mode;
	bool is_terminal;
	const char *no_color; /* NO_COLOR */
	const char *term; /* TERM */
	const char *columns; /* COLUMNS */
	unsigned int terminal_columns; /* 0: it does not say */
	bool utf8;
};

/* Pure. */
struct style style_decide(const struct style_source *source);

/* For stdout. Makes LC_CTYPE UTF-8, which every text here is. */
struct style style_of_stdout(enum color_mode mode);

void style_begin(const struct style *style, struct strbuf *out, enum tone tone);
void style_end(const struct style *style, struct strbuf *out, enum tone tone);

/* @text in @tone. */
void style_put(const struct style *style, struct strbuf *out, enum tone tone, const char *text);

/* The tone of an active_state. */
enum tone style_state_tone(const char *active_state);

/* Columns that @text takes on a terminal. Pure, but for LC_CTYPE. */
size_t style_width_of(const char *text);

/* At most @width columns of @text; what is cut ends in "…". Control characters become "?". Returns the columns taken. */
size_t style_put_cut(const struct style *style, struct strbuf *out, const char *text, size_t width);

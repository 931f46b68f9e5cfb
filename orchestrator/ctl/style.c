/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Only a terminal gets colours, and only a terminal is narrow: what goes to a file or another program is whole, whatever COLUMNS
 * says. Texts are UTF-8 by contract (manifests, names); bytes that are none count as one column each and become "?".
 */
#include "style.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "early/parse.h"

static bool wants_color(const struct style_source *source)
{
	if (source->mode != COLOR_AUTO)
		return source->mode == COLOR_ALWAYS;
	return source->is_terminal && !(source->no_color && *source->no_color) &&
	       !(source->term && strcmp(source->term, "dumb") == 0);
}

struct style style_decide(const struct style_source *source)
{
	struct style style = { .color = wants_color(source), .utf8 = source->utf8 };
	uint32_t columns;

	if (!source->is_terminal)
		return style;
	style.width = source->terminal_columns ? source->terminal_columns : 80;
	if (source->columns && parse_u32(source->columns, &columns) == 0 && columns > 0 &&
	    columns <= USHRT_MAX)
		style.width = columns;
	return style;
}

struct style style_of_stdout(enum color_mode mode)
{
	struct style_source source = {
		.mode = mode,
		.is_terminal = isatty(STDOUT_FILENO),
		.no_color = getenv("NO_COLOR"),
		.term = getenv("TERM"),
		.columns = getenv("COLUMNS"),
	};
	struct winsize size;

	if (source.is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		source.terminal_columns = size.ws_col;
	source.utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* glibc has it built in; else widths are bytes */
	return style_decide(&source);
}

static const char *sequence(enum tone tone)
{
	switch (tone) {
	case TONE_PLAIN:
		break;
	case TONE_STRONG:
		return "\033[1m";
	case TONE_FAINT:
		return "\033[2m";
	case TONE_GOOD:
		return "\033[32m";
	case TONE_BUSY:
		return "\033[33m";
	case TONE_BAD:
		return "\033[1;31m";
	}
	return "";
}

void style_begin(const struct style *style, struct strbuf *out, enum tone tone)
{
	if (style->color)
		strbuf_puts(out, sequence(tone));
}

void style_end(const struct style *style, struct strbuf *out, enum tone tone)
{
	if (style->color && tone != TONE_PLAIN)
		strbuf_puts(out, "\033[0m");
}

void style_put(const struct style *style, struct strbuf *out, enum tone tone, const char *text)
{
	style_begin(style, out, tone);
	strbuf_puts(out, text);
	style_end(style, out, tone);
}

enum tone style_state_tone(const char *active_state)
{
	if (strcmp(active_state, "active") == 0)
		return TONE_GOOD;
	if (strcmp(active_state, "failed") == 0)
		return TONE_BAD;
	if (strcmp(active_state, "inactive") == 0)
		return TONE_FAINT;
	return TONE_BUSY;
}

/* --- columns --- */

/* One character: its bytes and columns. What is no character is one byte of one column, and not good. */
static size_t next_character(const char *text, size_t *ret_columns, bool *ret_good)
{
	mbstate_t state = { 0 };
	wchar_t character;
	size_t len = mbrtowc(&character, text, strlen(text), &state);
	int columns;

	*ret_columns = 1;
	*ret_good = false;
	if (len == (size_t)-1 || len == (size_t)-2 || len == 0)
		return 1;
	columns = wcwidth(character);
	if (columns < 0)
		return len;
	*ret_good = true;
	*ret_columns = (size_t)columns;
	return len;
}

size_t style_width_of(const char *text)
{
	size_t width = 0;

	while (*text) {
		size_t columns;
		bool good;

		text += next_character(text, &columns, &good);
		width += columns;
	}
	return width;
}

size_t style_put_cut(const struct style *style, struct strbuf *out, const char *text, size_t width)
{
	bool is_cut = style_width_of(text) > width;
	size_t room = is_cut && width > 0 ? width - 1 : width;
	size_t used = 0;

	while (*text) {
		size_t columns;
		bool good;
		size_t len = next_character(text, &columns, &good);

		if (used + columns > room)
			break;
		if (good)
			strbuf_add(out, text, len);
		else
			strbuf_putc(out, '?');
		used += columns;
		text += len;
	}
	if (is_cut && width > 0) {
		strbuf_puts(out, style->utf8 ? "…" : "~");
		used++;
	}
	return used;
}

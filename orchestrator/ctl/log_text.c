/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log_text.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "log_boot.h"

/* What stands before the text of a line; lengths 0 if it has no such thing. */
struct head {
	uint64_t t_us;
	size_t time_len; /* "[   12.345678] " */
	size_t level_at, level_len;
	size_t text_at;
};

static size_t digits(const char *text, size_t len, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i = 0;

	for (; i < len && i < 18 && isdigit((unsigned char)text[i]); i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	*ret_value = value;
	return i;
}

static bool parse_time(const char *text, size_t len, struct head *head)
{
	uint64_t seconds, micros;
	size_t at = 1, n;

	if (len < 2 || text[0] != '[')
		return false;
	while (at < len && text[at] == ' ')
		at++;
	n = digits(text + at, MIN(len - at, 12UL), &seconds);
	at += n;
	if (n == 0 || at >= len || text[at++] != '.')
		return false;
	if (digits(text + at, MIN(len - at, 6UL), &micros) != 6)
		return false;
	at += 6;
	if (at + 1 >= len || text[at] != ']' || text[at + 1] != ' ')
		return false;
	head->t_us = seconds * 1000000 + micros;
	head->time_len = at + 2;
	return true;
}

bool log_line_time(const char *text, size_t len, uint64_t *ret_t_us)
{
	struct head head;

	if (!parse_time(text, len, &head))
		return false;
	*ret_t_us = head.t_us;
	return true;
}

static void parse_head(const struct log_line *line, struct head *head)
{
	size_t at, len = 0;

	*head = (struct head){ .t_us = line->t_us };
	if (!parse_time(line->text, line->len, head))
		return;
	at = head->time_len;
	while (at + len < line->len && islower((unsigned char)line->text[at + len]))
		len++;
	head->text_at = at;
	if (len == 0 || at + len >= line->len || line->text[at + len] != ' ')
		return;
	head->level_at = at;
	head->level_len = len;
	head->text_at = at + len + 1;
}

static int add_line(struct log_lines *lines, const char *name, const struct log_boot *boot,
		    const char *text, size_t len)
{
	struct log_line *grown = lines->lines;
	struct log_line line = { name, text, len, 0, boot };
	struct head head;

	/* Grown by halves: a log may have a million lines. */
	if ((lines->n & (lines->n - 1)) == 0)
		grown = reallocarray(lines->lines, lines->n ? lines->n * 2 : 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	lines->lines = grown;
	if (lines->n > 0 && grown[lines->n - 1].name == name && grown[lines->n - 1].boot == boot)
		line.t_us = grown[lines->n - 1].t_us;
	parse_head(&line, &head);
	line.t_us = head.t_us;
	grown[lines->n++] = line;
	return 0;
}

int log_lines_add(struct log_lines *lines, const char *name, const struct log_boot *boot,
		  const char *text, size_t len)
{
	int r = 0;

	while (len > 0 && r == 0) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) : len;

		r = add_line(lines, name, boot, text, n);
		n = MIN(n + 1, len);
		text += n;
		len -= n;
	}
	return r;
}

void log_lines_done(struct log_lines *lines)
{
	free(lines->lines);
	*lines = (struct log_lines){ 0 };
}

/* By the clock of all boots; 0: of no known boot. */
static uint64_t when_us(const struct log_line *line)
{
	return line->boot ? line->boot->began_us + line->t_us : 0;
}

static int compare(const void *a, const void *b)
{
	const struct log_line *x = a, *y = b;
	uint64_t x_us = when_us(x), y_us = when_us(y);

	if (x_us == y_us)
		return x->t_us < y->t_us ? -1 : x->t_us > y->t_us;
	return x_us < y_us ? -1 : 1;
}

/* glibc's qsort is a merge sort up to a quarter of the memory, and says so nowhere: stability is made by hand. */
static void merge(struct log_line *lines, struct log_line *buf, size_t n)
{
	size_t half = n / 2, i = 0, k = half, at = 0;

	if (n < 2)
		return;
	merge(lines, buf, half);
	merge(lines + half, buf, n - half);
	memcpy(buf, lines, n * sizeof(*lines));
	while (at < n)
		lines[at++] = k >= n || (i < half && compare(&buf[i], &buf[k]) <= 0) ? buf[i++]
										     : buf[k++];
}

void log_lines_sort(struct log_lines *lines)
{
	struct log_line *buf = calloc(lines->n + 1, sizeof(*buf));

	if (buf)
		merge(lines->lines, buf, lines->n);
	else /* no memory for that: in order, if not stable */
		qsort(lines->lines, lines->n, sizeof(*lines->lines), compare);
	free(buf);
}

void log_lines_select(struct log_lines *lines, const struct log_boot *boot, uint64_t since_us)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++)
		if ((!boot || lines->lines[i].boot == boot) &&
		    when_us(&lines->lines[i]) >= since_us)
			lines->lines[n++] = lines->lines[i];
	lines->n = n;
}

void log_lines_merge_marks(struct log_lines *lines, struct log_boots *boots)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++) {
		const struct log_line *line = &lines->lines[i];
		struct log_boot *boot = NULL;

		if (log_boot_is_mark(line->text, line->len) &&
		    log_boots_read(boots, line->text, line->len, &boot) < 0)
			boot = NULL; /* twice is better than not at all */
		if (boot && boot->is_told)
			continue;
		if (boot)
			boot->is_told = true;
		lines->lines[n++] = *line;
	}
	lines->n = n;
}

void log_lines_keep(struct log_lines *lines, size_t n)
{
	if (lines->n <= n)
		return;
	memmove(lines->lines, lines->lines + (lines->n - n), n * sizeof(*lines->lines));
	lines->n = n;
}

static enum tone level_tone(const char *level, size_t len)
{
	static const char *const bad[] = { "emerg", "alert", "crit", "err", "error" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (strlen(bad[i]) == len && memcmp(bad[i], level, len) == 0)
			return TONE_BAD;
	return len == 7 && memcmp(level, "warning", 7) == 0 ? TONE_BUSY : TONE_PLAIN;
}

static void put_text(const char *text, size_t len, bool clean, struct strbuf *out)
{
	if (!clean) {
		strbuf_add(out, text, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		strbuf_putc(out, c != '\t' && (c < 0x20 || c == 0x7f) ? '?' : (char)c);
	}
}

void log_line_put(const struct log_line *line, const struct style *style, bool with_name,
		  struct strbuf *out)
{
	bool clean = style->width > 0; /* to a terminal */
	struct head head;
	enum tone tone;

	parse_head(line, &head);
	tone = level_tone(line->text + head.level_at, head.level_len);
	style_begin(style, out, TONE_FAINT);
	put_text(line->text, head.time_len, clean, out);
	style_end(style, out, TONE_FAINT);
	if (with_name) {
		style_put(style, out, TONE_STRONG, line->name);
		strbuf_putc(out, ' ');
	}
	style_begin(style, out, tone);
	put_text(line->text + head.time_len, line->len - head.time_len, clean, out);
	style_end(style, out, tone);
	strbuf_putc(out, '\n');
}

void log_line_put_json(const struct log_line *line, struct strbuf *out)
{
	struct json_object *object = json_object_new_object();
	struct head head;

	parse_head(line, &head);
	json_object_object_add(object, "service", json_object_new_string(line->name));
	if (line->boot)
		json_object_object_add(object, "boot", json_object_new_string(line->boot->id));
	if (head.time_len > 0)
		json_object_object_add(object, "t_us", json_object_new_int64((int64_t)head.t_us));
	if (head.level_len > 0)
		json_object_object_add(object, "level",
				       json_object_new_string_len(line->text + head.level_at,
								  (int)head.level_len));
	json_object_object_add(object, "text",
			       json_object_new_string_len(line->text + head.text_at,
							  (int)(line->len - head.text_at)));
	strbuf_puts(out, json_object_to_json_string_ext(
				 object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	strbuf_putc(out, '\n');
	json_object_put(object);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record.h"

#include <stdio.h>
#include <string.h>

#include "early/clock.h"
#include "early/macros.h"

const char *record_level_name(int level)
{
	static const char *const names[] = { "emerg",   "alert",  "crit", "err",
					     "warning", "notice", "info", "debug" };

	return level >= 0 && level < (int)ARRAY_SIZE(names) ? names[level] : "info";
}

struct output {
	char *buf;
	size_t size;
	size_t len;
};

static void put(struct output *out, const char *text, size_t len)
{
	if (out->len < out->size)
		memcpy(out->buf + out->len, text, MIN(len, out->size - out->len));
	out->len += len;
}

/* Control characters other than the tab would let a service write on the reader's terminal. */
static void put_clean(struct output *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char clean = c == '\t' || (c >= 0x20 && c != 0x7f) ? (char)c : '?';

		put(out, &clean, 1);
	}
}

static void put_head(struct output *out, const struct record *record)
{
	char head[64];
	int len = snprintf(head, sizeof(head), "[%5llu.%06llu] %s ",
			   (unsigned long long)(record->t_us / USEC_PER_SEC),
			   (unsigned long long)(record->t_us % USEC_PER_SEC),
			   record_level_name(record->level));

	put(out, head, (size_t)len);
	if (!record->identifier)
		return;
	put_clean(out, record->identifier, strnlen(record->identifier, 128));
	len = record->pid > 0 ? snprintf(head, sizeof(head), "[%d]: ", (int)record->pid)
			      : snprintf(head, sizeof(head), ": ");
	put(out, head, (size_t)len);
}

size_t record_piece(const char *text, size_t len)
{
	size_t max = MIN(len, (size_t)RECORD_PIECE_MAX);
	size_t at = 0;

	for (int i = 0; i < RECORD_PIECE_LINES && at < max; i++) {
		const char *newline = memchr(text + at, '\n', max - at);

		if (!newline) /* the whole rest, the lines before it, or one line's part */
			return at == 0 || max == len ? max : at;
		at = (size_t)(newline - text) + 1;
	}
	return at;
}

size_t record_format(const struct record *record, char *buf, size_t size)
{
	struct output out = { buf, size, 0 };
	const char *text = record->text;
	size_t len = MIN(record->len, (size_t)RECORD_TEXT_MAX);

	while (len > 0 && text[len - 1] == '\n')
		len--;
	do {
		const char *newline = memchr(text, '\n', len);
		size_t line_len = newline ? (size_t)(newline - text) : len;

		put_head(&out, record);
		put_clean(&out, text, line_len);
		put(&out, "\n", 1);
		if (!newline)
			break;
		text += line_len + 1;
		len -= line_len + 1;
	} while (len > 0);
	return out.len;
}

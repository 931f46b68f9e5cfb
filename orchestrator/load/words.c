/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words of a value. The rules are those of systemd.syntax(7) and of ExecStart= in systemd.service(5): a quote may begin anywhere in
 * a word, an escape works inside and outside of quotes, "\;" is a plain semicolon, and an unknown escape stays as it is,
 * because many units carry regular expressions.
 */
#include "words.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Exactly @n digits to @base: false if they are not there. */
static bool read_digits(const char *text, int n, int base, uint32_t *ret_value)
{
	uint32_t value = 0;

	for (int i = 0; i < n; i++) {
		int digit = digit_value(text[i]);

		if (digit >= base)
			return false;
		value = value * (uint32_t)base + (uint32_t)digit;
	}
	*ret_value = value;
	return true;
}

static int put_utf8(struct strbuf *word, uint32_t c)
{
	if (c == 0 || c > 0x10ffff)
		return -EINVAL;
	if (c < 0x80) {
		strbuf_putc(word, (char)c);
	} else if (c < 0x800) {
		strbuf_putc(word, (char)(0xc0 | (c >> 6)));
		strbuf_putc(word, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		strbuf_putc(word, (char)(0xe0 | (c >> 12)));
		strbuf_putc(word, (char)(0x80 | ((c >> 6) & 0x3f)));
		strbuf_putc(word, (char)(0x80 | (c & 0x3f)));
	} else {
		strbuf_putc(word, (char)(0xf0 | (c >> 18)));
		strbuf_putc(word, (char)(0x80 | ((c >> 12) & 0x3f)));
		strbuf_putc(word, (char)(0x80 | ((c >> 6) & 0x3f)));
		strbuf_putc(word, (char)(0x80 | (c & 0x3f)));
	}
	return 0;
}

/* Escapes by number. Returns the characters taken after the backslash, 0 if it is none. */
static int unescape_number(const char *text, struct strbuf *word)
{
	uint32_t value;

	if (text[0] == 'x' && read_digits(text + 1, 2, 16, &value)) {
		if (value == 0)
			return -EINVAL;
		strbuf_putc(word, (char)value);
		return 3;
	}
	if (text[0] == 'u' && read_digits(text + 1, 4, 16, &value))
		return put_utf8(word, value) < 0 ? -EINVAL : 5;
	if (text[0] == 'U' && read_digits(text + 1, 8, 16, &value))
		return put_utf8(word, value) < 0 ? -EINVAL : 9;
	if (read_digits(text, 3, 8, &value)) {
		if (value == 0 || value > 0xff)
			return -EINVAL;
		strbuf_putc(word, (char)value);
		return 3;
	}
	return 0;
}

/* @text is behind the backslash. Returns how many characters were taken. */
static int unescape(const char *text, struct strbuf *word)
{
	static const char from[] = "abfnrtvs\\\"'";
	static const char to[] = "\a\b\f\n\r\t\v \\\"'";
	const char *found = text[0] ? strchr(from, text[0]) : NULL;
	int r;

	if (found) {
		strbuf_putc(word, to[found - from]);
		return 1;
	}
	r = unescape_number(text, word);
	if (r != 0)
		return r;
	strbuf_putc(word, '\\');
	if (!text[0])
		return 0;
	strbuf_putc(word, text[0]);
	return 1;
}

/* Reads one word at @text, which is no blank. Returns its length in the text. */
static int read_word(const char *text, bool escapes, struct strbuf *word)
{
	char quote = 0;
	int i = 0;

	while (text[i] && (quote || !is_blank(text[i]))) {
		if (text[i] == '\\' && escapes) {
			int taken = unescape(text + i + 1, word);

			if (taken < 0)
				return taken;
			i += 1 + taken;
			continue;
		}
		if (quote && text[i] == quote)
			quote = 0;
		else if (!quote && (text[i] == '"' || text[i] == '\''))
			quote = text[i];
		else
			strbuf_putc(word, text[i]);
		i++;
	}
	return quote ? -EINVAL : i;
}

static const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

static int append_word(const char **text, bool escapes, char ***words)
{
	struct strbuf word = STRBUF_INIT;
	int taken = read_word(*text, escapes, &word);

	if (taken < 0) {
		strbuf_done(&word);
		return taken;
	}
	*text += taken;
	return strv_consume(words, strbuf_take(&word));
}

static bool at_separator(const char *text)
{
	return text[0] == ';' && (!text[1] || is_blank(text[1]));
}

int words_split_command(const char **rest, char ***ret_words)
{
	char **words CLEANUP_STRV = NULL;
	const char *text = skip_blanks(*rest);
	int r;

	while (*text && !at_separator(text)) {
		if (text[0] == '\\' && at_separator(text + 1)) {
			r = strv_append(&words, ";");
			text += 2;
		} else {
			r = append_word(&text, true, &words);
		}
		if (r < 0)
			return r;
		text = skip_blanks(text);
	}
	if (*text)
		text = skip_blanks(text + 1);
	*rest = text;
	*ret_words = TAKE_PTR(words);
	return 0;
}

int words_split(const char *text, bool escapes, char ***ret_words)
{
	char **words CLEANUP_STRV = NULL;

	text = skip_blanks(text);
	while (*text) {
		int r = append_word(&text, escapes, &words);

		if (r < 0)
			return r;
		text = skip_blanks(text);
	}
	*ret_words = TAKE_PTR(words);
	return 0;
}

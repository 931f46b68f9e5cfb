/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wrap.h"

#include <string.h>

size_t wrap_decode(const char *text, size_t len, unsigned int *ret_char)
{
	static const struct {
		unsigned char mask, lead;
		unsigned int least;
	} forms[] = { { 0x80, 0x00, 0 },
		      { 0xe0, 0xc0, 0x80 },
		      { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };
	const unsigned char first = (unsigned char)text[0];

	for (size_t n = 1; n <= 4 && n <= len; n++) {
		unsigned int value = first & (unsigned char)~forms[n - 1].mask;

		if ((first & forms[n - 1].mask) != forms[n - 1].lead)
			continue;
		for (size_t i = 1; i < n; i++) {
			if (((unsigned char)text[i] & 0xc0) != 0x80)
				goto invalid;
			value = value << 6 | ((unsigned char)text[i] & 0x3f);
		}
		if (value < forms[n - 1].least || value > 0x10ffff)
			goto invalid;
		*ret_char = value;
		return n;
	}
invalid:
	*ret_char = '?';
	return 1;
}

/* The longest beginning of a word that fits; one character at least, or a narrow column would never end. */
static size_t break_word(const char *text, size_t len, unsigned int max_width,
			 wrap_measure_fn measure, void *data)
{
	size_t fits = 0;
	unsigned int unused;

	while (fits < len) {
		const size_t next = fits + wrap_decode(text + fits, len - fits, &unused);

		if (fits > 0 && measure(data, text, next) > max_width)
			break;
		fits = next;
	}
	return fits;
}

int wrap_next(const char **text, unsigned int max_width, wrap_measure_fn measure, void *data,
	      struct wrap_line *ret_line)
{
	const char *start = *text;
	const size_t line_len = strcspn(start, "\n");
	size_t fits = 0;

	if (*start == '\0')
		return 0;
	while (fits < line_len) {
		const size_t blanks = strspn(start + fits, " ");
		const size_t word = strcspn(start + fits + blanks, " \n");

		if (measure(data, start, fits + blanks + word) > max_width)
			break;
		fits += blanks + word;
	}
	if (fits == 0 && line_len > 0)
		fits = break_word(start, strcspn(start, " \n") ? strcspn(start, " \n") : line_len,
				  max_width, measure, data);
	*ret_line = (struct wrap_line){ start, fits };
	if (fits < line_len)
		fits += strspn(start + fits, " ");
	/* Blanks that do not fit end a line as well as its newline does. */
	*text = start + fits + (start[fits] == '\n');
	return 1;
}

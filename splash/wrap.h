/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Breaking text into lines. Pure: the width of a piece of text comes from a callback. */
typedef unsigned int (*wrap_measure_fn)(void *data, const char *text, size_t len);

struct wrap_line {
	const char *text;
	size_t len; /* without the blank or newline that ended it */
};

/*
 * The next line of *text that is no wider than @max_width, at blanks where possible, within a word where not; a newline always
 * ends a line. Moves *text on. Returns 0 when nothing is left.
 */
int wrap_next(const char **text, unsigned int max_width, wrap_measure_fn measure, void *data,
	      struct wrap_line *ret_line);

/* Bytes of the UTF-8 character at @text (1 for a byte that begins none) and the character ('?' then). */
size_t wrap_decode(const char *text, size_t len, unsigned int *ret_char);

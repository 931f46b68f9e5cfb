/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * Splits a value into words as systemd does: blanks separate, quotes of both kinds hold a word together and are removed.
 * With @unescape, C escapes are resolved (\n, \x2d, \u00e9, \s …); an unknown one is kept as it stands. Otherwise a
 * backslash is a character like any other.
 * -EINVAL for a quote that is not closed, or for an escape that would be a zero byte.
 */
int words_split(const char *text, bool unescape, char ***ret_words);

/* The same, except that a word ";" that is neither quoted nor escaped ends each list but the last: the word after it begins a
 * new command. *rest is moved behind it, or to the end. */
int words_split_command(const char **rest, char ***ret_words);

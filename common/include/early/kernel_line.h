/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#define KERNEL_LINE_MAX 4096 /* the largest COMMAND_LINE_SIZE, with what ends the line */

/*
 * The kernel's command line: words with blanks between them, and double quotes within which blanks are no end. Behind the word "--" are
 * init's arguments; it is a word as any other here.
 */

/* The next word as it stands, of *@ret_len bytes, and @text moved behind it; NULL: there is none. Nothing is allocated. */
const char *kernel_line_next(const char **text, size_t *ret_len);

/* A word of @len bytes without its quotes into @size bytes; its length without them, cut if that is not less than @size (as snprintf). */
size_t kernel_line_unquote(const char *word, size_t len, char *to, size_t size);

/* All words up to "--", without quotes. 0, or -ENOMEM. */
int kernel_line_split(const char *text, char ***ret_words);

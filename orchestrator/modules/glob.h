/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * Does a module's alias @pattern ("*", "?", "[…]") cover @text? "-" and "_" are the same outside of brackets, as they
 * are to modprobe. Time is bounded by the product of the lengths.
 */
bool glob_match(const char *pattern, const char *text);

/* Is @a the same module name as @b, "-" being "_"? */
bool glob_same_name(const char *a, const char *b);

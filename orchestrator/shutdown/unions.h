/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Warns of each union whose upper layer still holds something: PID 1 asks for the merge before, here it is too late. */
void unions_warn(void);

/*
 * Pure: the upper directory in early-overlay's command line (NUL-separated, @len bytes and one more NUL), as a copy to free; NULL: none.
 */
char *unions_find_upper(const char *cmdline, size_t len);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * Does a text console ask for something? It does when there are characters before the cursor in its line: what is only told ends
 * with its line. @path is /dev/vcsa, the console at the front, or a file like it.
 */
bool prompt_is_shown(const char *path);

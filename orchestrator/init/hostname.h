/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#define HOSTNAME_MAX 64 /* the kernel's */

/* The name in the text of a hostname(5) file: its first line that is neither empty nor a comment, if that is a valid name. Pure. */
bool hostname_parse(const char *text, char ret_name[HOSTNAME_MAX + 1]);

/* What /etc/hostname says becomes the machine's name, or else "localhost". */
void hostname_set(void);

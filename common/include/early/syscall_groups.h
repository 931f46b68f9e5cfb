/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Names of system calls and of groups of them, as unit files use them. early-load checks names, early-exec expands groups. Pure. */

/* The members of "@group", separated by blanks, or NULL. */
const char *syscall_group_members(const char *name);

/* The next word of such a list, *ret_len characters long, or NULL at the end. *rest is moved behind it. */
const char *syscall_group_next(const char **rest, size_t *ret_len);

bool syscall_is_known(const char *name);

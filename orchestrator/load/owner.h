/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * The number of @name in the text of /etc/passwd or /etc/group; a number is its own. -ENOENT: nobody is called so.
 */
int owner_find(const char *text, const char *name, uint32_t *ret_id);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* 0 or -ENOMEM. Free *ret_copy. */
int text_copy(const char *text, char **ret_copy);
int text_copy_start(const char *text, size_t len, char **ret_copy);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/macros.h"

/* NULL-terminated arrays of strings on the heap. A NULL array is an empty one. */

void strv_free(char **strv);
void strv_freep(char ***strv);
#define CLEANUP_STRV CLEANUP(strv_freep)

size_t strv_length(char *const *strv);
bool strv_contains(char *const *strv, const char *text);

/* Appends a copy of @text. */
int strv_append(char ***strv, const char *text);
int strv_appendf(char ***strv, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "NAME=value", in the place of the one of that name. */
int strv_set_variable(char ***strv, const char *assignment);

/* Takes @text over, also when it fails. NULL is -ENOMEM, so that results of strdup can be handed in. */
int strv_consume(char ***strv, char *text);

/* Splits at any run of the characters in @separators. */
int strv_split(const char *text, const char *separators, char ***ret_strv);

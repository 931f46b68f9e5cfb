/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/wire.h"
#include "steps.h"

/*
 * The settings of a unit as early-load wrote them: "Key=canonical value", a list with one entry for each value. They are trusted to be
 * what early-load writes, but not to be in bounds. Pure.
 */

/* Every entry's key is one that some step reads; otherwise both programs are of different versions. */
int settings_check(const struct wire_list *settings, struct failure *failure);

/* The value of a key with one value, or NULL. */
const char *settings_get(const struct wire_list *settings, const char *key);

/* The next value of a key with several after @value (NULL: the first), or NULL. */
const char *settings_next(const struct wire_list *settings, const char *key, const char *value);

/* True for "yes". */
bool settings_is_on(const struct wire_list *settings, const char *key);

/* The number to @base, @fallback where there is none. */
uint64_t settings_number(const struct wire_list *settings, const char *key, int base,
			 uint64_t fallback);

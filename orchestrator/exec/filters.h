/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/wire.h"
#include "steps.h"

/* System call filters: the last step before the execution. */

/* True if there is any; without CAP_SYS_ADMIN no new privileges may be gained then. */
bool filters_are_wanted(const struct wire_list *settings);

int filters_load(const struct wire_list *settings, struct failure *failure);

typedef void *filters_context; /* libseccomp's */

/* A filter for @arch alone that allows everything yet. */
int filters_begin(uint32_t arch, filters_context *ret_context);

/* --- restrictions.c --- */

/*
 * Adds the rules of RestrictNamespaces= and its like for architecture @arch to @context, which allows what no rule names. 1 if there were
 * any, 0 if not.
 */
int restrictions_add(filters_context context, uint32_t arch, const struct wire_list *settings);

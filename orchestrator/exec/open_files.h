/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/wire.h"
#include "steps.h"

/*
 * OpenFile=: opens each with the rights that early-exec has, from descriptor @first on, to be kept over the execution. Whatever had such a
 * number is gone. *ret_names is "a:b" for LISTEN_FDNAMES, to be freed; NULL: there are none.
 */
int open_files(const struct wire_list *settings, int first, uint32_t *ret_n, char **ret_names,
	       struct failure *failure);

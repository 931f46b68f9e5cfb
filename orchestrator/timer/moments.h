/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/wire.h"

/*
 * The first moment of any of @calendars after @after_us, and of which; UINT64_MAX if none comes. One whose zone is not there or that is
 * no moment is told and left out. Sets TZ for the while: for a process with one thread.
 */
void moments_next(const struct wire_list *calendars, uint64_t after_us, uint64_t *ret_us,
		  uint32_t *ret_which);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/table.h"

/* The path of a service's terminal. */
const char *terminal_path(const struct table_service *service);

/*
 * TTYVHangup=, TTYReset=, TTYRows=, TTYColumns= and TTYVTDisallocate=: before a service gets its terminal, and after it. What does not
 * work is left: a terminal that is not as it should be is better than none.
 */
void terminal_prepare(const struct table_service *service);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* Writes a packed table as text: one paragraph for each unit, then the remarks. -EPROTO if it is no whole table. */
int dump_table(FILE *file, const void *table, size_t len);

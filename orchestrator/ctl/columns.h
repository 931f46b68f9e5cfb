/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "style.h"

/* Rows of cells, printed as aligned columns that fit the terminal's width. */

struct columns_cell {
	char *text;
	enum tone tone;
};

struct columns {
	size_t n_columns;
	struct columns_cell *cells;
	size_t n_cells;
	bool no_memory;
};

void columns_init(struct columns *columns, size_t n_columns);
void columns_done(struct columns *columns);

/* Fills from left to right, row by row. A failed allocation is told by columns_put. */
void columns_add(struct columns *columns, enum tone tone, const char *text);

/* 0 or -ENOMEM. */
int columns_put(const struct columns *columns, const struct style *style, struct strbuf *out);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A column is as wide as its widest cell. Where the sum does not fit, the widest column gives a character, again and again: long
 * descriptions shrink before names, and nothing shrinks below COLUMNS_MIN. The last column of a row is not padded.
 */
#include "columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"

#define COLUMNS_MIN 6
#define GAP 2

void columns_init(struct columns *columns, size_t n_columns)
{
	*columns = (struct columns){ .n_columns = n_columns };
}

void columns_done(struct columns *columns)
{
	for (size_t i = 0; i < columns->n_cells; i++)
		free(columns->cells[i].text);
	free(columns->cells);
	*columns = (struct columns){ 0 };
}

void columns_add(struct columns *columns, enum tone tone, const char *text)
{
	struct columns_cell *cells = reallocarray(columns->cells, columns->n_cells + 1,
						  sizeof(*cells));
	char *copy = strdup(text);

	if (cells)
		columns->cells = cells;
	if (!cells || !copy) {
		free(copy);
		columns->no_memory = true;
		return;
	}
	cells[columns->n_cells++] = (struct columns_cell){ copy, tone };
}

static void measure(const struct columns *columns, size_t *widths)
{
	for (size_t i = 0; i < columns->n_cells; i++) {
		size_t *width = &widths[i % columns->n_columns];

		*width = MAX(*width, style_width_of(columns->cells[i].text));
	}
}

static size_t widest(const size_t *widths, size_t n)
{
	size_t found = 0;

	for (size_t i = 1; i < n; i++)
		if (widths[i] >= widths[found])
			found = i;
	return found;
}

static void fit(size_t *widths, size_t n, size_t limit)
{
	size_t sum = GAP * (n - 1);

	for (size_t i = 0; i < n; i++)
		sum += widths[i];
	while (sum > limit) {
		size_t i = widest(widths, n);

		if (widths[i] <= COLUMNS_MIN)
			return;
		widths[i]--;
		sum--;
	}
}

static void put_row(const struct columns_cell *cells, const size_t *widths, size_t n,
		    const struct style *style, struct strbuf *out)
{
	size_t last = n - 1;

	while (last > 0 && cells[last].text[0] == '\0')
		last--;
	for (size_t i = 0; i <= last; i++) {
		size_t used;

		style_begin(style, out, cells[i].tone);
		used = style_put_cut(style, out, cells[i].text, widths[i]);
		style_end(style, out, cells[i].tone);
		for (; i < last && used < widths[i] + GAP; used++)
			strbuf_putc(out, ' ');
	}
	strbuf_putc(out, '\n');
}

int columns_put(const struct columns *columns, const struct style *style, struct strbuf *out)
{
	size_t n = columns->n_columns;
	size_t *widths = calloc(n, sizeof(*widths));

	if (!widths || columns->no_memory) {
		free(widths);
		return -ENOMEM;
	}
	measure(columns, widths);
	if (style->width > 0)
		fit(widths, n, style->width);
	for (size_t i = 0; i + n <= columns->n_cells; i += n)
		put_row(&columns->cells[i], widths, n, style, out);
	free(widths);
	return strbuf_error(out);
}

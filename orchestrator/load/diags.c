/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "diags.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"

static void diag_done(struct diag *diag)
{
	free(diag->file);
	free(diag->directive);
	free(diag->text);
	free(diag->unit);
}

void diags_done(struct diags *diags)
{
	for (size_t i = 0; i < diags->n_items; i++)
		diag_done(&diags->items[i]);
	free(diags->items);
	*diags = (struct diags){ 0 };
}

static int diags_push(struct diags *diags, struct diag diag)
{
	struct diag *items;

	if (!diag.file || !diag.directive || !diag.text)
		return -ENOMEM;
	items = reallocarray(diags->items, diags->n_items + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	diags->items = items;
	diags->items[diags->n_items++] = diag;
	return 0;
}

void diags_add(struct diags *diags, const char *file, uint32_t line, enum diag_level level,
	       const char *directive, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	struct diag diag;
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
	diag = (struct diag){
		.file = strdup(file ? file : ""),
		.line = line,
		.level = level,
		.directive = strdup(directive ? directive : ""),
		.text = strbuf_take(&text),
	};
	if (diags_push(diags, diag) < 0) {
		diag_done(&diag);
		diags->error = -ENOMEM;
	}
}

int diags_claim(struct diags *diags, size_t first, const char *unit, uint32_t *ret_n)
{
	uint32_t n = 0;

	for (size_t i = first; i < diags->n_items; i++) {
		char *copy = strdup(unit);

		if (!copy)
			return -ENOMEM;
		free(diags->items[i].unit);
		diags->items[i].unit = copy;
		n += diags->items[i].level <= DIAG_WARNING;
	}
	*ret_n = n;
	return 0;
}

int diags_take(struct diags *diags, struct diags *from)
{
	size_t n = diags->n_items + from->n_items;
	struct diag *items;

	if (from->n_items == 0)
		return 0;
	items = reallocarray(diags->items, n, sizeof(*items));
	if (!items)
		return -ENOMEM;
	diags->items = items;
	memcpy(items + diags->n_items, from->items, from->n_items * sizeof(*items));
	diags->n_items = n;
	free(from->items);
	*from = (struct diags){ .error = from->error };
	return 0;
}

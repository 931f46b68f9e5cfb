/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"

/* What the loader has to say about manifests: each remark with its file and line. */

enum diag_level {
	DIAG_ERROR = 3, /* the line, or the unit, could not be used */
	DIAG_WARNING = 4, /* a directive that is refused: not understood, or not supported */
	DIAG_FAULT = 5, /* the line is good, but what it names is not there; with --notes only */
	DIAG_NOTE = 6, /* accepted and without effect here; in the table only with --notes */
	DIAG_HONOURED = 7, /* taken over; likewise */
};

struct diag {
	char *file;
	uint32_t line;
	enum diag_level level;
	char *directive; /* may be empty */
	char *text;
	char *unit; /* whose remark it is; NULL: nobody's */
};

struct diags {
	struct diag *items;
	size_t n_items;
	int error; /* first failed allocation */
};

void diags_done(struct diags *diags);
#define CLEANUP_DIAGS CLEANUP(diags_done)

/* The remarks from @first on are about @unit; those that count for PID 1 (not notes) are counted in *ret_n. 0 or -ENOMEM. */
int diags_claim(struct diags *diags, size_t first, const char *unit, uint32_t *ret_n);

/* @file and @directive may be NULL. */
void diags_add(struct diags *diags, const char *file, uint32_t line, enum diag_level level,
	       const char *directive, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* Moves all remarks of @from behind those of @diags. */
int diags_take(struct diags *diags, struct diags *from);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "early/proto/table.h"

/* What a start needs, and in which order. Pure: asks about units by a callback, changes nothing. */
#define DEPEND_MAX_ITEMS 1024

/* What is said about @name: its manifest's words, or NULL if nobody knows it. Aliases are resolved. */
struct depend_source {
	const struct table_service *(*find)(const char *name, void *data);
	void *data;
};

struct depend_item {
	const struct table_service *service;
	bool required; /* by the unit that was asked for, through Requires= or BindsTo= all the way */
	size_t *waits; /* indices of items that come before this one */
	size_t n_waits;
};

struct depend_plan {
	struct depend_item *items; /* in an order in which they may be started one by one */
	size_t n_items;
	char **missing; /* names that nobody knows, wanted or required */
	char **reports; /* one line for each cycle that was broken */
};

/* All that a start of @name pulls in, itself included. -ENOENT: @name itself is unknown. */
int depend_plan(struct depend_plan *ret, const struct depend_source *source, const char *name);
void depend_plan_done(struct depend_plan *plan);

/* Does @first come before @second by what their manifests say? */
bool depend_is_before(const struct table_service *first, const struct table_service *second);

bool depend_lists(const struct wire_list *list, const struct table_service *service);

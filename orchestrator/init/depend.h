/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "definition.h"

/* What a start needs, and in which order. Pure: asks about units by a callback, changes nothing. */
#define DEPEND_MAX_ITEMS 16384
#define DEPEND_MAX_REPORTS 32

/* What is said about @name: its manifest's words, or NULL if nobody knows it. Aliases are resolved. */
struct depend_source {
	const struct definition_words *(*find)(const char *name, void *data);
	void *data;
};

/* One item comes before another; where that comes from is depend.c's business. */
struct depend_wait {
	size_t index;
	uint8_t edge;
	uint8_t strength;
};

struct depend_item {
	const struct definition_words *service;
	bool required; /* by the unit that was asked for, through Requires= or BindsTo= all the way */
	struct depend_wait *waits; /* items that come before this one */
	size_t n_waits;
};

struct depend_plan {
	struct depend_item *items; /* in an order in which they may be started one by one */
	size_t n_items;
	char **missing; /* names that nobody knows, wanted or required */
	char **reports; /* the path of each cycle that was broken, DEPEND_MAX_REPORTS at most */
};

/* All that a start of @name pulls in, itself included. -ENOENT: @name itself is unknown. */
int depend_plan(struct depend_plan *ret, const struct depend_source *source, const char *name);
void depend_plan_done(struct depend_plan *plan);

/* Does @first come before @second by what their manifests say? */
bool depend_is_before(const struct definition_words *first, const struct definition_words *second);

bool depend_lists(const struct wire_list *list, const struct definition_words *service);

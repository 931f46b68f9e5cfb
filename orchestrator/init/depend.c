/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "depend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"

#include "early/nametable.h"

/*
 * The plan of a start
 *
 * 1. Collect: the unit, and through Requires=, BindsTo= and Wants= all that hangs on it. Each unit stands in the plan once.
 * 2. Order: After= of one or Before= of the other makes an edge. A target comes after what it pulls in, unless the other
 *    side says the opposite (systemd's default dependency).
 * 3. Sort by a depth-first walk. An edge that leads back to a unit that is still being walked closes a cycle, whose edges are
 *    those of the walk's stack: the weakest of them is dropped (enum edge_strength), the walk goes back to where that edge
 *    began, and the cycle is reported as its path. No start is ever refused for a cycle.
 *
 * Going back costs time, so after DEPEND_MAX_REPORTS cycles the edge that closes one is dropped without a choice: then the
 * walk is linear, whatever the manifests say.
 *
 * The walk keeps its own stack: the depth is the manifests' business, PID 1's stack is not.
 */

enum colour {
	WHITE, /* not visited */
	GREY, /* on the stack */
	BLACK, /* placed */
};

/* Where an order comes from. The one that waits is "self". */
enum edge {
	EDGE_AFTER, /* After= of self */
	EDGE_BEFORE, /* Before= of the other */
	EDGE_PULLS, /* self is a target that pulls the other in, and the other doesn't say the opposite */
};

/* What is lost if an order is not kept; a cycle is broken at the weakest. */
enum edge_strength {
	STRENGTH_IMPLIED, /* a target's: nobody wrote it */
	STRENGTH_ORDER, /* After= alone */
	STRENGTH_WANTS, /* self wants the other as well */
	STRENGTH_REQUIRES,
	STRENGTH_BINDS,
};

struct walk {
	const struct depend_source *source;
	struct depend_item *items; /* in the order of collection */
	size_t n_items;
	size_t size;
	struct nametable names; /* to the item's index plus one */
	char **missing;
	char **reports;
	enum colour *colours;
	size_t *stack; /* of the depth-first walk */
	size_t *nths; /* for each place of the stack: the edge it is at */
	size_t *order; /* order[k]: index of the item in place k */
	size_t n_order;
};

static bool name_matches(const struct definition_words *service, const char *name)
{
	const char *alias = NULL;

	if (strcmp(service->name, name) == 0)
		return true;
	while ((alias = wire_list_next(&service->rare->aliases, alias)))
		if (strcmp(alias, name) == 0)
			return true;
	return false;
}

bool depend_lists(const struct wire_list *list, const struct definition_words *service)
{
	const char *name = NULL;

	while ((name = wire_list_next(list, name)))
		if (name_matches(service, name))
			return true;
	return false;
}

static bool pulls_in(const struct definition_words *service, const struct definition_words *other)
{
	return depend_lists(&service->requires, other) || depend_lists(&service->wants, other) ||
	       depend_lists(&service->rare->binds_to, other);
}

static bool says_before(const struct definition_words *first, const struct definition_words *second)
{
	return depend_lists(&first->before, second) || depend_lists(&second->after, first);
}

bool depend_is_before(const struct definition_words *first, const struct definition_words *second)
{
	if (first == second)
		return false;
	if (says_before(first, second))
		return true;
	return second->type == TABLE_TYPE_TARGET && pulls_in(second, first) &&
	       !says_before(second, first);
}

static bool has_item(const struct walk *walk, const struct definition_words *service)
{
	return nametable_find(&walk->names, service->name) != NULL;
}

static int add_names(struct walk *walk, const struct definition_words *service)
{
	void *index = (void *)(walk->n_items + 1);
	const char *alias = NULL;
	int r;

	r = nametable_add(&walk->names, service->name, index);
	while (r == 0 && (alias = wire_list_next(&service->rare->aliases, alias)))
		r = nametable_add(&walk->names, alias, index);
	return r;
}

static int add_item(struct walk *walk, const struct definition_words *service, bool required)
{
	int r;

	if (walk->n_items == DEPEND_MAX_ITEMS)
		return -E2BIG;
	r = add_names(walk, service);
	if (r < 0)
		return r;
	if (walk->n_items == walk->size) {
		size_t size = walk->size ? walk->size * 2 : 16;
		struct depend_item *items = realloc(walk->items, size * sizeof(*items));

		if (!items)
			return -ENOMEM;
		walk->items = items;
		walk->size = size;
	}
	walk->items[walk->n_items++] = (struct depend_item){ .service = service,
							     .required = required };
	return 0;
}

static int add_missing(struct walk *walk, const char *name)
{
	if (strv_contains(walk->missing, name) || strv_length(walk->missing) >= DEPEND_MAX_ITEMS)
		return 0;
	return strv_append(&walk->missing, name);
}

static int collect_list(struct walk *walk, const struct wire_list *list, bool required)
{
	const char *name = NULL;
	int r = 0;

	while (r == 0 && (name = wire_list_next(list, name))) {
		const struct definition_words *service = walk->source->find(name,
									    walk->source->data);

		if (!service)
			r = add_missing(walk, name);
		else if (!has_item(walk, service))
			r = add_item(walk, service, required);
	}
	return r;
}

/* Two passes, so that a unit that is both wanted and required counts as required and comes first. */
static int collect(struct walk *walk)
{
	int r = 0;

	for (size_t i = 0; i < walk->n_items && r == 0; i++) {
		const struct definition_words *service = walk->items[i].service;

		if (!walk->items[i].required)
			continue;
		r = collect_list(walk, &service->requires, true);
		if (r == 0)
			r = collect_list(walk, &service->rare->binds_to, true);
	}
	for (size_t i = 0; i < walk->n_items && r == 0; i++) {
		const struct definition_words *service = walk->items[i].service;

		r = collect_list(walk, &service->requires, false);
		if (r == 0)
			r = collect_list(walk, &service->rare->binds_to, false);
		if (r == 0)
			r = collect_list(walk, &service->wants, false);
		if (r == 0)
			r = collect_list(walk, &service->rare->upholds, false);
	}
	return r;
}

static enum edge_strength strength_of(const struct definition_words *self,
				      const struct definition_words *other, enum edge edge)
{
	if (edge == EDGE_PULLS)
		return STRENGTH_IMPLIED;
	if (depend_lists(&self->rare->binds_to, other))
		return STRENGTH_BINDS;
	if (depend_lists(&self->requires, other) || depend_lists(&self->rare->requisite, other))
		return STRENGTH_REQUIRES;
	return depend_lists(&self->wants, other) ? STRENGTH_WANTS : STRENGTH_ORDER;
}

static int add_wait(struct walk *walk, size_t index, size_t before, enum edge edge)
{
	struct depend_item *item = &walk->items[index];
	struct depend_wait *waits;

	if (index == before)
		return 0;
	for (size_t i = 0; i < item->n_waits; i++)
		if (item->waits[i].index == before)
			return 0;
	waits = realloc(item->waits, (item->n_waits + 1) * sizeof(*waits));
	if (!waits)
		return -ENOMEM;
	item->waits = waits;
	item->waits[item->n_waits++] = (struct depend_wait){
		.index = before,
		.edge = (uint8_t)edge,
		.strength = (uint8_t)strength_of(item->service, walk->items[before].service, edge),
	};
	return 0;
}

static int add_edges(struct walk *walk, size_t index, const struct wire_list *list, enum edge edge)
{
	const struct definition_words *service = walk->items[index].service;
	const char *name = NULL;
	int r = 0;

	while (r == 0 && (name = wire_list_next(list, name))) {
		size_t other = (size_t)nametable_find(&walk->names, name);

		if (other-- == 0)
			continue;
		if (edge == EDGE_BEFORE)
			r = add_wait(walk, other, index, edge);
		else if (edge == EDGE_AFTER || !says_before(service, walk->items[other].service))
			r = add_wait(walk, index, other, edge);
	}
	return r;
}

static int find_edges(struct walk *walk)
{
	int r = 0;

	for (size_t i = 0; i < walk->n_items && r == 0; i++) {
		const struct definition_words *service = walk->items[i].service;

		r = add_edges(walk, i, &service->after, EDGE_AFTER);
		if (r == 0)
			r = add_edges(walk, i, &service->before, EDGE_BEFORE);
		if (service->type != TABLE_TYPE_TARGET)
			continue;
		if (r == 0)
			r = add_edges(walk, i, &service->requires, EDGE_PULLS);
		if (r == 0)
			r = add_edges(walk, i, &service->wants, EDGE_PULLS);
		if (r == 0)
			r = add_edges(walk, i, &service->rare->binds_to, EDGE_PULLS);
	}
	return r;
}

static void drop_edge(struct depend_item *item, size_t nth)
{
	item->n_waits--;
	memmove(&item->waits[nth], &item->waits[nth + 1],
		(item->n_waits - nth) * sizeof(*item->waits));
}

/* --- cycles --- */

static const struct depend_wait *taken_edge(const struct walk *walk, size_t place)
{
	return &walk->items[walk->stack[place]].waits[walk->nths[place]];
}

static void say_edge(struct strbuf *text, const struct walk *walk, size_t place)
{
	const struct depend_wait *wait = taken_edge(walk, place);
	const char *self = walk->items[walk->stack[place]].service->name;
	const char *other = walk->items[wait->index].service->name;

	switch ((enum edge)wait->edge) {
	case EDGE_AFTER:
		strbuf_printf(text, " -> %s (After= of %s)", other, self);
		break;
	case EDGE_BEFORE:
		strbuf_printf(text, " -> %s (Before= of %s)", other, other);
		break;
	case EDGE_PULLS:
		strbuf_printf(text, " -> %s (pulled in by %s)", other, self);
		break;
	}
}

/* @first to @last: the places of the stack whose edges close the circle. */
static int report_cycle(struct walk *walk, size_t first, size_t last, size_t weakest)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	const struct depend_wait *wait = taken_edge(walk, weakest);

	strbuf_printf(&text, "ordering cycle: %s", walk->items[walk->stack[first]].service->name);
	for (size_t place = first; place <= last; place++)
		say_edge(&text, walk, place);
	strbuf_printf(&text, "; %s does not wait for %s",
		      walk->items[walk->stack[weakest]].service->name,
		      walk->items[wait->index].service->name);
	if (strbuf_error(&text) < 0)
		return strbuf_error(&text);
	return strv_append(&walk->reports, text.data);
}

/* The edge at @depth leads back into the stack. Ret: the place at which the walk goes on, without the edge that was dropped. */
static int break_cycle(struct walk *walk, size_t depth, size_t *ret_depth)
{
	size_t target = taken_edge(walk, depth)->index;
	size_t first = depth, weakest = depth;
	int r;

	if (strv_length(walk->reports) >= DEPEND_MAX_REPORTS) {
		drop_edge(&walk->items[walk->stack[depth]], walk->nths[depth]);
		return 0;
	}
	while (walk->stack[first] != target) {
		first--;
		if (taken_edge(walk, first)->strength < taken_edge(walk, weakest)->strength)
			weakest = first;
	}
	r = report_cycle(walk, first, depth, weakest);
	if (r < 0)
		return r;
	for (size_t place = weakest + 1; place <= depth; place++)
		walk->colours[walk->stack[place]] = WHITE;
	drop_edge(&walk->items[walk->stack[weakest]], walk->nths[weakest]);
	*ret_depth = weakest;
	return 0;
}

static void push(struct walk *walk, size_t depth, size_t index)
{
	walk->colours[index] = GREY;
	walk->stack[depth] = index;
	walk->nths[depth] = 0;
}

/*
 * One root of the depth-first walk. While an item is on the stack below the top, its nths is the edge that led upwards, so that the
 * stack is the path.
 */
static int visit(struct walk *walk, size_t root)
{
	size_t depth = 0;

	if (walk->colours[root] != WHITE)
		return 0;
	push(walk, 0, root);
	for (;;) {
		size_t index = walk->stack[depth];
		size_t next;

		if (walk->nths[depth] == walk->items[index].n_waits) {
			walk->colours[index] = BLACK;
			walk->order[walk->n_order++] = index;
			if (depth-- == 0)
				return 0;
			walk->nths[depth]++;
			continue;
		}
		next = taken_edge(walk, depth)->index;
		if (walk->colours[next] == GREY) {
			int r = break_cycle(walk, depth, &depth);

			if (r < 0)
				return r;
		} else if (walk->colours[next] == WHITE) {
			push(walk, ++depth, next);
		} else {
			walk->nths[depth]++;
		}
	}
}

static int sort(struct walk *walk)
{
	int r = 0;

	walk->stack = calloc(walk->n_items, sizeof(*walk->stack));
	walk->nths = calloc(walk->n_items, sizeof(*walk->nths));
	walk->colours = calloc(walk->n_items, sizeof(*walk->colours));
	walk->order = calloc(walk->n_items, sizeof(*walk->order));
	if (!walk->stack || !walk->nths || !walk->colours || !walk->order)
		return -ENOMEM;
	for (size_t i = 0; i < walk->n_items && r == 0; i++)
		r = visit(walk, i);
	return r;
}

/* Puts the items in their order and makes the waits' indices those of the new places. */
static int place(struct walk *walk, struct depend_plan *plan)
{
	size_t *places = calloc(walk->n_items, sizeof(*places));

	plan->items = calloc(walk->n_items, sizeof(*plan->items));
	if (!places || !plan->items) {
		free(places);
		return -ENOMEM;
	}
	for (size_t k = 0; k < walk->n_order; k++)
		places[walk->order[k]] = k;
	for (size_t k = 0; k < walk->n_order; k++) {
		struct depend_item *item = &walk->items[walk->order[k]];

		for (size_t i = 0; i < item->n_waits; i++)
			item->waits[i].index = places[item->waits[i].index];
		plan->items[k] = *item;
		item->waits = NULL;
	}
	plan->n_items = walk->n_order;
	free(places);
	return 0;
}

static void walk_done(struct walk *walk)
{
	for (size_t i = 0; i < walk->n_items; i++)
		free(walk->items[i].waits);
	free(walk->items);
	nametable_clear(&walk->names);
	free(walk->stack);
	free(walk->nths);
	free(walk->colours);
	free(walk->order);
	strv_free(walk->missing);
	strv_free(walk->reports);
}

int depend_plan(struct depend_plan *ret, const struct depend_source *source, const char *name)
{
	struct walk walk CLEANUP(walk_done) = { .source = source };
	struct depend_plan plan = { 0 };
	const struct definition_words *service = source->find(name, source->data);
	int r;

	if (!service)
		return -ENOENT;
	r = add_item(&walk, service, true);
	if (r == 0)
		r = collect(&walk);
	if (r == 0)
		r = find_edges(&walk);
	if (r == 0)
		r = sort(&walk);
	if (r == 0)
		r = place(&walk, &plan);
	if (r < 0) {
		depend_plan_done(&plan);
		return r;
	}
	plan.missing = TAKE_PTR(walk.missing);
	plan.reports = TAKE_PTR(walk.reports);
	*ret = plan;
	return 0;
}

void depend_plan_done(struct depend_plan *plan)
{
	for (size_t i = 0; i < plan->n_items; i++)
		free(plan->items[i].waits);
	free(plan->items);
	strv_free(plan->missing);
	strv_free(plan->reports);
	*plan = (struct depend_plan){ 0 };
}

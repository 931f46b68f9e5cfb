/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "depend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"
#include "early_test.h"
#include "table_make.h"

/*
 * Cycles: how they are reported and where they are broken; and random graphs against a model that knows nothing but a
 * matrix of who says that it comes after whom, and how much that matters.
 */

#define MAX_UNITS 12

static const struct definition_words *world;
static size_t n_world;

static const struct definition_words *find(const char *name, void *data)
{
	for (size_t i = 0; i < n_world; i++)
		if (strcmp(world[i].name, name) == 0)
			return &world[i];
	return NULL;
}

static const struct depend_source source = { find, NULL };

#define WORLD(...)                                                                                 \
	struct definition_words units[] = { __VA_ARGS__ };                                         \
	for (size_t unit = 0; unit < sizeof(units) / sizeof(units[0]); unit++)                     \
		units[unit].rare = &definition_no_rare;                                            \
	world = units;                                                                             \
	n_world = sizeof(units) / sizeof(units[0])

static void expect(const char *start, const char *order, const char *report)
{
	struct depend_plan plan;
	char buf[256] = "";

	assert_int_equal(depend_plan(&plan, &source, start), 0);
	for (size_t i = 0; i < plan.n_items; i++)
		snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), "%s ",
			 plan.items[i].service->name);
	assert_string_equal(buf, order);
	assert_int_equal(strv_length(plan.reports), 1);
	assert_string_equal(plan.reports[0], report);
	depend_plan_done(&plan);
}

TEST(the_wish_goes_before_the_requirement)
{
	/* The walk meets b's requirement last; it is c's mere wish that goes. */
	WORLD({ .name = "a", .requires = LIST("b"), .after = LIST("b") },
	      { .name = "b", .wants = LIST("c"), .after = LIST("c") },
	      { .name = "c", .requires = LIST("a"), .after = LIST("a") });

	expect("a", "b a c ",
	       "ordering cycle: a -> b (After= of a) -> c (After= of b) -> a (After= of c); b does "
	       "not wait for c");
}

TEST(the_order_alone_goes_before_the_wish)
{
	WORLD({ .name = "a", .wants = LIST("b"), .after = LIST("b") },
	      { .name = "b", .wants = LIST("c"), .after = LIST("c") },
	      { .name = "c", .before = LIST("x"), .after = LIST("a") });

	expect("a", "c b a ",
	       "ordering cycle: a -> b (After= of a) -> c (After= of b) -> a (After= of c); c does "
	       "not wait for a");
}

TEST(what_nobody_wrote_goes_first)
{
	WORLD({ .name = "t", .type = TABLE_TYPE_TARGET, .requires = LIST("a") },
	      { .name = "a", .wants = LIST("b"), .after = LIST("b") },
	      { .name = "b", .after = LIST("t") });

	expect("t", "t b a ",
	       "ordering cycle: t -> a (pulled in by t) -> b (After= of a) -> t (After= of b); t "
	       "does "
	       "not wait for a");
}

TEST(before_names_its_owner)
{
	WORLD({ .name = "a", .requires = LIST("b"), .before = LIST("b") },
	      { .name = "b", .before = LIST("a") });

	expect("a", "b a ",
	       "ordering cycle: a -> b (Before= of b) -> a (Before= of a); b does not wait for a");
}

/* --- random graphs --- */

enum { NONE, IMPLIED, ORDER, WANTS, REQUIRES, BINDS };

struct model {
	int n;
	int edges[MAX_UNITS][MAX_UNITS]; /* [self][other]: the strength of self's wait */
	char names[MAX_UNITS][4];
	char texts[MAX_UNITS][5][MAX_UNITS * 4]; /* after, before, wants, requires, binds_to */
	uint32_t lens[MAX_UNITS][5];
	struct definition_words units[MAX_UNITS];
	struct definition_rare rare[MAX_UNITS];
};

enum { AFTER, BEFORE, LIST_WANTS, LIST_REQUIRES, LIST_BINDS };

static void say(struct model *model, int self, int list, int other)
{
	uint32_t *len = &model->lens[self][list];

	strcpy(model->texts[self][list] + *len, model->names[other]);
	*len += (uint32_t)strlen(model->names[other]) + 1;
}

static void make_edge(struct model *model, unsigned int *seed, int self, int other)
{
	int strength = ORDER + rand_r(seed) % 4;

	model->edges[self][other] = strength;
	if (rand_r(seed) % 2)
		say(model, self, AFTER, other);
	else
		say(model, other, BEFORE, self);
	if (strength > ORDER)
		say(model, self, LIST_WANTS + strength - WANTS, other);
}

static void make_model(struct model *model, unsigned int *seed)
{
	int density = 5 + rand_r(seed) % 50;

	memset(model, 0, sizeof(*model));
	model->n = 2 + rand_r(seed) % (MAX_UNITS - 1);
	for (int i = 0; i < model->n; i++)
		snprintf(model->names[i], sizeof(model->names[i]), "u%d", i % 100);
	for (int i = 0; i < model->n; i++)
		for (int k = 0; k < model->n; k++)
			if (i != k && rand_r(seed) % 100 < density)
				make_edge(model, seed, i, k);
	for (int i = 1; i < model->n; i++) /* u0 pulls everything in, without an order */
		if (model->edges[0][i] < WANTS) {
			say(model, 0, LIST_WANTS, i);
			if (model->edges[0][i] == ORDER)
				model->edges[0][i] = WANTS;
		}
	for (int i = 0; i < model->n; i++) {
		struct wire_list lists[5];

		for (int l = 0; l < 5; l++)
			lists[l] = (struct wire_list){ model->texts[i][l], model->lens[i][l] };
		model->rare[i] = (struct definition_rare){ .binds_to = lists[LIST_BINDS] };
		model->units[i] = (struct definition_words){
			.rare = &model->rare[i],
			.name = model->names[i],
			.after = lists[AFTER],
			.before = lists[BEFORE],
			.wants = lists[LIST_WANTS],
			.requires = lists[LIST_REQUIRES],
		};
	}
}

/* Is there a way from @from to @to over edges of at least @least? */
static bool model_reaches(const struct model *model, int from, int to, int least, bool *seen)
{
	if (from == to)
		return true;
	if (seen[from])
		return false;
	seen[from] = true;
	for (int k = 0; k < model->n; k++)
		if (model->edges[from][k] >= least && model_reaches(model, k, to, least, seen))
			return true;
	return false;
}

static bool is_in_cycle(const struct model *model, int self, int other, int least)
{
	bool seen[MAX_UNITS] = { false };

	return model_reaches(model, other, self, least, seen);
}

static int index_of(const struct model *model, const struct definition_words *service)
{
	return (int)(service - model->units);
}

static void check_model(const struct model *model)
{
	bool kept[MAX_UNITS][MAX_UNITS] = { 0 };
	struct depend_plan plan;
	size_t lost = 0;

	assert_int_equal(depend_plan(&plan, &source, "u0"), 0);
	assert_int_equal(plan.n_items, model->n);
	for (size_t i = 0; i < plan.n_items; i++)
		for (size_t k = 0; k < plan.items[i].n_waits; k++) {
			size_t before = plan.items[i].waits[k].index;

			/* Can be started one by one: so nothing can hang. */
			assert_true(before < i);
			kept[index_of(model, plan.items[i].service)]
			    [index_of(model, plan.items[before].service)] = true;
		}
	for (int i = 0; i < model->n; i++)
		for (int k = 0; k < model->n; k++) {
			/* No order is invented, and one is lost only if it is a weakest one of a cycle. */
			if (model->edges[i][k] == NONE) {
				assert_false(kept[i][k]);
			} else if (!kept[i][k]) {
				lost++;
				assert_true(is_in_cycle(model, i, k, model->edges[i][k]));
			}
		}
	assert_int_equal(lost, strv_length(plan.reports));
	depend_plan_done(&plan);
}

TEST(random_graphs)
{
	static struct model model;
	unsigned int seed = 20261120;
	int cyclic = 0;

	for (int round = 0; round < 5000; round++) {
		struct depend_plan plan;

		make_model(&model, &seed);
		world = model.units;
		n_world = (size_t)model.n;
		assert_int_equal(depend_plan(&plan, &source, "u0"), 0);
		cyclic += plan.reports != NULL;
		if (strv_length(plan.reports) < DEPEND_MAX_REPORTS)
			check_model(&model);
		depend_plan_done(&plan);
	}
	/* Both kinds were there. */
	assert_true(cyclic > 500 && cyclic < 4500);
}

/* Everybody after everybody: the walk may not go back for each of 40,000 cycles. */
TEST(complete_graph)
{
	enum { N = 300 };
	static struct definition_words units[N];
	static char names[N][8], all[N * 8];
	struct depend_plan plan;
	uint32_t len = 0;

	for (int i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "u%d", i);
		strcpy(all + len, names[i]);
		len += (uint32_t)strlen(names[i]) + 1;
	}
	for (int i = 0; i < N; i++)
		units[i] = (struct definition_words){ .rare = &definition_no_rare,
						      .name = names[i],
						      .after = { all, len },
						      .wants = { all, len } };
	world = units;
	n_world = N;
	assert_int_equal(depend_plan(&plan, &source, "u0"), 0);
	assert_int_equal(plan.n_items, N);
	assert_int_equal(strv_length(plan.reports), DEPEND_MAX_REPORTS);
	for (size_t i = 0; i < plan.n_items; i++)
		for (size_t k = 0; k < plan.items[i].n_waits; k++)
			assert_true(plan.items[i].waits[k].index < i);
	depend_plan_done(&plan);
}

TEST_MAIN(cmocka_unit_test(the_wish_goes_before_the_requirement),
	  cmocka_unit_test(the_order_alone_goes_before_the_wish),
	  cmocka_unit_test(what_nobody_wrote_goes_first), cmocka_unit_test(before_names_its_owner),
	  cmocka_unit_test(random_graphs), cmocka_unit_test(complete_graph))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "depend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "early/strv.h"
#include "early_test.h"
#include "table_make.h"

static const struct definition_words *world;
static size_t n_world;

static const struct definition_words *find(const char *name, void *data)
{
	for (size_t i = 0; i < n_world; i++) {
		const char *alias = NULL;

		if (strcmp(world[i].name, name) == 0)
			return &world[i];
		while ((alias = wire_list_next(&world[i].rare->aliases, alias)))
			if (strcmp(alias, name) == 0)
				return &world[i];
	}
	return NULL;
}

#define WORLD(...)                                                                                 \
	struct definition_words units[] = { __VA_ARGS__ };                                         \
	for (size_t unit = 0; unit < sizeof(units) / sizeof(units[0]); unit++)                     \
		if (!units[unit].rare)                                                             \
			units[unit].rare = &definition_no_rare;                                    \
	world = units;                                                                             \
	n_world = sizeof(units) / sizeof(units[0])

static const struct depend_source source = { find, NULL };

static void order_of(const char *name, char *buf, size_t size, struct depend_plan *plan)
{
	buf[0] = '\0';
	assert_int_equal(depend_plan(plan, &source, name), 0);
	for (size_t i = 0; i < plan->n_items; i++)
		snprintf(buf + strlen(buf), size - strlen(buf), "%s%s ",
			 plan->items[i].service->name, plan->items[i].required ? "!" : "");
}

TEST(order)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a", .requires = LIST("b"), .after = LIST("b") },
	      { .name = "b", .wants = LIST("c"), .after = LIST("c") }, { .name = "c" },
	      { .name = "unrelated" });

	order_of("a", buf, sizeof(buf), &plan);
	assert_string_equal(buf, "c b! a! ");
	assert_int_equal(plan.items[2].n_waits, 1);
	assert_int_equal(plan.items[2].waits[0].index, 1);
	assert_null(plan.reports);
	depend_plan_done(&plan);
}

TEST(before_is_the_other_side_of_after)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a", .wants = LIST("z"), .before = LIST("z") }, { .name = "z" });

	order_of("a", buf, sizeof(buf), &plan);
	assert_string_equal(buf, "a! z ");
	depend_plan_done(&plan);
}

TEST(no_ordering_without_after)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a", .requires = LIST("b") }, { .name = "b" });

	order_of("a", buf, sizeof(buf), &plan);
	for (size_t i = 0; i < plan.n_items; i++)
		assert_int_equal(plan.items[i].n_waits, 0);
	depend_plan_done(&plan);
}

TEST(a_target_comes_after_what_it_pulls_in)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "t", .type = TABLE_TYPE_TARGET, .wants = LIST("a\0late") }, { .name = "a" },
	      { .name = "late", .after = LIST("t") });

	order_of("t", buf, sizeof(buf), &plan);
	assert_string_equal(buf, "a t! late ");
	assert_null(plan.reports);
	depend_plan_done(&plan);
}

TEST(cycles_are_broken_and_reported)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a", .requires = LIST("b"), .after = LIST("b") },
	      { .name = "b", .requires = LIST("c"), .after = LIST("c") },
	      { .name = "c", .requires = LIST("a"), .after = LIST("a") });

	order_of("a", buf, sizeof(buf), &plan);
	assert_int_equal(plan.n_items, 3);
	assert_int_equal(strv_length(plan.reports), 1);
	assert_string_equal(buf, "c! b! a! ");
	for (size_t i = 0; i < plan.n_items; i++)
		for (size_t k = 0; k < plan.items[i].n_waits; k++)
			assert_true(plan.items[i].waits[k].index < i);
	depend_plan_done(&plan);
}

TEST(unit_after_itself)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a", .requires = LIST("a"), .after = LIST("a"), .before = LIST("a") });

	order_of("a", buf, sizeof(buf), &plan);
	assert_string_equal(buf, "a! ");
	depend_plan_done(&plan);
}

TEST(missing_units)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a", .requires = LIST("r"), .wants = LIST("w\0r") });

	order_of("a", buf, sizeof(buf), &plan);
	assert_int_equal(strv_length(plan.missing), 2);
	assert_true(strv_contains(plan.missing, "r"));
	assert_true(strv_contains(plan.missing, "w"));
	depend_plan_done(&plan);
	assert_int_equal(depend_plan(&plan, &source, "nobody"), -ENOENT);
}

TEST(aliases_are_the_same_unit)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a", .wants = LIST("dm\0gdm"), .after = LIST("dm") },
	      { .name = "gdm", .rare = &(struct definition_rare){ .aliases = LIST("dm") } });

	order_of("a", buf, sizeof(buf), &plan);
	assert_string_equal(buf, "gdm a! ");
	depend_plan_done(&plan);
}

TEST(required_only_where_all_the_way_is)
{
	struct depend_plan plan;
	char buf[256];
	WORLD({ .name = "a",
		.wants = LIST("b"),
		.rare = &(struct definition_rare){ .binds_to = LIST("d") } },
	      { .name = "b", .requires = LIST("c") }, { .name = "c" }, { .name = "d" });

	order_of("a", buf, sizeof(buf), &plan);
	assert_string_equal(buf, "a! d! b c ");
	depend_plan_done(&plan);
}

/* A chain of a thousand: no recursion that would eat the stack, no quadratic blow-up beyond reason. */
TEST(long_chain)
{
	enum { N = 1000 };
	static struct definition_words units[N];
	static char names[N][16];
	struct depend_plan plan;

	for (size_t i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "u%zu", i);
		units[i].name = names[i];
		units[i].rare = &definition_no_rare;
		if (i > 0) {
			units[i].requires = (struct wire_list){
				names[i - 1], (uint32_t)strlen(names[i - 1]) + 1
			};
			units[i].after = units[i].requires;
		}
	}
	world = units;
	n_world = N;
	assert_int_equal(depend_plan(&plan, &source, names[N - 1]), 0);
	assert_int_equal(plan.n_items, N);
	for (size_t i = 0; i < N; i++)
		assert_ptr_equal(plan.items[i].service, &units[i]);
	depend_plan_done(&plan);
}

TEST_MAIN(cmocka_unit_test(order), cmocka_unit_test(before_is_the_other_side_of_after),
	  cmocka_unit_test(no_ordering_without_after),
	  cmocka_unit_test(a_target_comes_after_what_it_pulls_in),
	  cmocka_unit_test(cycles_are_broken_and_reported), cmocka_unit_test(unit_after_itself),
	  cmocka_unit_test(missing_units), cmocka_unit_test(aliases_are_the_same_unit),
	  cmocka_unit_test(required_only_where_all_the_way_is), cmocka_unit_test(long_chain))

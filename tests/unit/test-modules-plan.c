/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "early_test.h"
#include "modlist.h"

static struct modlist list;
static struct plan plan;

static void open_plan(const char *modules)
{
	static const char header[] = "early-modules 1 6.1\n";
	struct modlist_complaint complaint;
	char *text = NULL;

	assert_true(asprintf(&text, "%s%s", header, modules) > 0);
	assert_int_equal(modlist_read(&list, text, &complaint), 0);
	assert_int_equal(plan_init(&plan, &list), 0);
}

static void close_plan(void)
{
	plan_done(&plan);
	modlist_done(&list);
}

static size_t find(const char *name)
{
	size_t index = modlist_find(&list, name);

	assert_int_not_equal(index, MODLIST_NONE);
	return index;
}

static void expect_next(const char *name)
{
	size_t index = plan_next(&plan);

	assert_int_not_equal(index, MODLIST_NONE);
	assert_string_equal(list.modules[index].name, name);
}

TEST(needs_come_first)
{
	open_plan("m drm 5 d\nm gpu 1 g\nd helper drm\nm helper 2 h\nd drm\n");
	assert_true(plan_want(&plan, find("gpu"), 0));
	assert_false(plan_want(&plan, find("gpu"), 0));
	expect_next("drm");
	assert_int_equal(plan_next(&plan), MODLIST_NONE); /* all others wait for it */
	assert_false(plan_is_idle(&plan));
	plan_finish(&plan, find("drm"), 0);
	expect_next("helper");
	plan_finish(&plan, find("helper"), 0);
	expect_next("gpu");
	plan_finish(&plan, find("gpu"), 0);
	assert_int_equal(plan_next(&plan), MODLIST_NONE);
	assert_true(plan_is_idle(&plan));
	close_plan();
}

TEST(longest_chain_goes_first)
{
	/* "ring" is larger than "drm", but less waits for it. */
	open_plan("m blk 1 b\nd ring\nm drm 10 d\nm gpu 50 g\nd drm\nm ring 20 r\n");
	plan_want(&plan, find("blk"), 0);
	plan_want(&plan, find("gpu"), 0);
	expect_next("drm");
	expect_next("ring");
	close_plan();
}

TEST(a_lead_goes_before_it)
{
	open_plan("m blk 1 b\nd ring\nm drm 10 d\nm gpu 50 g\nd drm\nm ring 20 r\n");
	plan_want(&plan, find("gpu"), 0);
	plan_want(&plan, find("blk"), 100);
	expect_next("ring");
	expect_next("drm");
	close_plan();
}

TEST(failure_reaches_what_needs_it)
{
	open_plan("m a 1 a\nd b\nm b 1 b\nd c\nm c 1 c\nm d 1 d\np c\n");
	plan_want(&plan, find("a"), 0);
	plan_want(&plan, find("d"), 0);
	expect_next("c");
	plan_finish(&plan, find("c"), -ENOEXEC);
	expect_next("d"); /* a soft need may fail */
	plan_finish(&plan, find("d"), 0);
	assert_int_equal(plan_next(&plan), MODLIST_NONE);
	assert_true(plan_is_idle(&plan));
	assert_int_equal(plan.entries[find("a")].state, PLAN_FAILED);
	assert_int_equal(plan.entries[find("a")].error, -ENOEXEC);
	assert_int_equal(plan.entries[find("a")].culprit, find("b"));
	assert_int_equal(plan.entries[find("d")].state, PLAN_DONE);
	close_plan();
}

TEST(soft_needs_are_waited_for)
{
	open_plan("m a 1 a\np b\nm b 1 b\n");
	plan_want(&plan, find("a"), 0);
	expect_next("b");
	assert_int_equal(plan_next(&plan), MODLIST_NONE);
	plan_finish(&plan, find("b"), 0);
	expect_next("a");
	close_plan();
}

TEST(rings_end)
{
	open_plan("m a 1 a\np b\nm b 1 b\np a\nm x 1 x\nd y\nm y 1 y\nd x\n");
	plan_want(&plan, find("a"), 0);
	expect_next("a"); /* soft: both are loaded */
	plan_finish(&plan, find("a"), 0);
	expect_next("b");
	plan_finish(&plan, find("b"), 0);
	plan_want(&plan, find("x"), 0);
	assert_int_equal(plan_next(&plan), MODLIST_NONE); /* hard: none is */
	assert_true(plan_is_idle(&plan));
	assert_int_equal(plan.entries[find("y")].state, PLAN_FAILED);
	assert_int_equal(plan.entries[find("x")].error, -ELOOP);
	close_plan();
}

TEST(loaded_and_forbidden)
{
	open_plan("m a 1 a\nd b\nm b 1 b\nm c 1 c\nd d\nm d 1 d\n");
	plan_set_loaded(&plan, find("b"));
	plan_forbid(&plan, find("d"), -ECANCELED);
	plan_want(&plan, find("a"), 0);
	plan_want(&plan, find("c"), 0);
	expect_next("a");
	plan_finish(&plan, find("a"), 0);
	assert_int_equal(plan_next(&plan), MODLIST_NONE);
	assert_true(plan_is_idle(&plan));
	assert_int_equal(plan.entries[find("c")].error, -ECANCELED);
	close_plan();
}

TEST_MAIN(cmocka_unit_test(needs_come_first), cmocka_unit_test(longest_chain_goes_first),
	  cmocka_unit_test(a_lead_goes_before_it), cmocka_unit_test(failure_reaches_what_needs_it),
	  cmocka_unit_test(soft_needs_are_waited_for), cmocka_unit_test(rings_end),
	  cmocka_unit_test(loaded_and_forbidden))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "early_test.h"
#include "marks.h"

#define N PLAN_KIND_NOTHING
#define F PLAN_KIND_FILE
#define D PLAN_KIND_DIR
#define W PLAN_KIND_WHITEOUT

static const struct {
	struct plan_input in;
	struct plan wanted;
} cases[] = {
	/* upper, real, expected, opaque, shared, placed -> conflict, set_aside, remove, clear, step */
	{ { F, N, false, false, false, false }, { false, false, false, false, PLAN_REPLACE } },
	{ { F, F, true, false, false, false }, { false, false, false, false, PLAN_REPLACE } },
	{ { F, F, false, false, false, false }, { true, true, false, false, PLAN_REPLACE } },
	{ { F, F, true, false, true, false }, { false, false, false, false, PLAN_REWRITE } },
	{ { F, F, false, false, true, false }, { true, true, false, false, PLAN_REPLACE } },
	{ { F, N, false, false, false, true }, { false, false, false, false, PLAN_LINK } },
	{ { F, F, true, false, true, true }, { false, false, false, false, PLAN_LINK } },
	{ { F, D, true, false, false, false }, { false, false, true, false, PLAN_REPLACE } },
	{ { F, D, false, false, false, false }, { true, true, false, false, PLAN_REPLACE } },
	{ { D, N, false, false, false, false }, { false, false, false, false, PLAN_MAKE_DIR } },
	{ { D, N, false, true, false, false }, { false, false, false, false, PLAN_MAKE_DIR } },
	{ { D, D, false, false, false, false }, { false, false, false, false, PLAN_MERGE_DIR } },
	{ { D, D, true, true, false, false }, { false, false, false, true, PLAN_MERGE_DIR } },
	{ { D, F, true, false, false, false }, { false, false, true, false, PLAN_MAKE_DIR } },
	{ { D, F, false, false, false, false }, { true, true, false, false, PLAN_MAKE_DIR } },
	{ { W, N, false, false, false, false }, { false, false, false, false, PLAN_NOTHING } },
	{ { W, F, true, false, false, false }, { false, false, true, false, PLAN_NOTHING } },
	{ { W, D, true, false, false, false }, { false, false, true, false, PLAN_NOTHING } },
	{ { W, F, false, false, false, false }, { true, false, false, false, PLAN_NOTHING } },
};

TEST(each_case)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = plan_decide(&cases[i].in);

		if (plan.conflict != cases[i].wanted.conflict ||
		    plan.set_aside != cases[i].wanted.set_aside ||
		    plan.remove != cases[i].wanted.remove || plan.clear != cases[i].wanted.clear ||
		    plan.step != cases[i].wanted.step)
			fail_msg("case %zu is decided wrongly (step %d)", i, plan.step);
	}
}

/* Whatever comes, an object that the union never knew of is not removed. */
TEST(nothing_unknown_is_removed)
{
	for (int bits = 0; bits < 4 * 3 * 8; bits++) {
		struct plan_input in = {
			.upper = (enum plan_kind)(bits % 4),
			.real = (enum plan_kind)(bits / 4 % 3),
			.opaque = bits / 12 & 1,
			.shared = bits / 12 & 2,
			.placed = bits / 12 & 4,
		};
		struct plan plan = plan_decide(&in);

		assert_false(plan.remove);
		if (in.real == PLAN_KIND_FILE && in.upper != PLAN_KIND_NOTHING)
			assert_true(plan.conflict);
	}
}

TEST(whiteouts)
{
	struct stat st = { .st_mode = S_IFCHR, .st_rdev = makedev(0, 0) };

	assert_true(marks_is_whiteout(&st));
	st.st_rdev = makedev(1, 3);
	assert_false(marks_is_whiteout(&st));
	st = (struct stat){ .st_mode = S_IFBLK };
	assert_false(marks_is_whiteout(&st));
	assert_true(marks_is_opaque("y", 1));
	assert_false(marks_is_opaque("x", 1));
	assert_false(marks_is_opaque("yy", 2));
	assert_false(marks_is_opaque("", 0));
}

TEST(attribute_names)
{
	char buf[256];
	char deep[256];

	assert_true(marks_is_private_xattr("trusted.overlay.origin"));
	assert_true(marks_is_private_xattr("trusted.early.stamp"));
	assert_false(marks_is_private_xattr("trusted.other"));
	assert_true(marks_xattr_to_upper("user.a", true, buf, sizeof(buf)));
	assert_string_equal(buf, "user.a");
	assert_true(marks_xattr_to_upper("user.a", false, buf, sizeof(buf)));
	assert_string_equal(buf, "trusted.early.user.a");
	assert_true(marks_xattr_from_upper(buf, deep, sizeof(deep)));
	assert_string_equal(deep, "user.a");
	memset(deep, 'x', 255);
	memcpy(deep, "user.", 5);
	deep[255] = '\0';
	assert_false(marks_xattr_to_upper(deep, false, buf, sizeof(buf)));
}

TEST(conflict_names)
{
	char buf[NAME_MAX + 1];
	char deep[NAME_MAX + 1];

	assert_true(marks_conflict_name("a", 0, buf, sizeof(buf)));
	assert_string_equal(buf, "a.early-conflict");
	assert_true(marks_conflict_name("a", 12, buf, sizeof(buf)));
	assert_string_equal(buf, "a.early-conflict-12");
	memset(deep, 'x', NAME_MAX);
	deep[NAME_MAX] = '\0';
	assert_true(marks_conflict_name(deep, 3, buf, sizeof(buf)));
	assert_int_equal(strlen(buf), NAME_MAX);
	assert_string_equal(buf + NAME_MAX - 17, ".early-conflict-3");
}

TEST(numbers_of_layers_differ)
{
	uint64_t numbers[] = { marks_ino(MARKS_LAYER_LOWER, 5), marks_ino(MARKS_LAYER_UPPER, 5),
			       marks_ino(MARKS_LAYER_REAL, 5), marks_ino(MARKS_LAYER_OTHER, 5) };

	assert_int_equal(numbers[0], 5);
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < i; j++)
			assert_true(numbers[i] != numbers[j]);
	}
}

TEST_MAIN(cmocka_unit_test(each_case), cmocka_unit_test(nothing_unknown_is_removed),
	  cmocka_unit_test(whiteouts), cmocka_unit_test(attribute_names),
	  cmocka_unit_test(conflict_names), cmocka_unit_test(numbers_of_layers_differ))

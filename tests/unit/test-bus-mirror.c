/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <stdlib.h>
#include <string.h>

#include "mirror.h"
#include "special.h"

static const uint64_t now_us[2] = { 1000, 10 }, later_us[2] = { 2000, 20 };

static struct bus_unit make(const char *name, const char *active, const char *sub)
{
	return (struct bus_unit){
		.unit = name,
		.description = "d",
		.load_state = "loaded",
		.active_state = active,
		.sub_state = sub,
		.path = "",
		.cgroup = "",
	};
}

static int update(struct mirror *mirror, struct bus_unit message, const uint64_t when_us[2],
		  struct unit **unit)
{
	int changes = mirror_update(mirror, &message, when_us, unit);

	assert_true(changes >= 0);
	return changes;
}

TEST(says_what_changed)
{
	struct bus_unit message = make("a.service", "inactive", "dead");
	struct mirror mirror;
	struct unit *unit;

	mirror_init(&mirror);
	assert_int_equal(update(&mirror, message, now_us, &unit),
			 UNIT_CHANGE_NEW | UNIT_CHANGE_STATE);
	assert_int_equal(update(&mirror, message, now_us, &unit), 0);
	message.main_pid = 5;
	assert_int_equal(update(&mirror, message, now_us, &unit), UNIT_CHANGE_PROCESS);
	message.cgroup = "/x";
	message.description = "other";
	assert_int_equal(update(&mirror, message, now_us, &unit),
			 UNIT_CHANGE_PROCESS | UNIT_CHANGE_OTHER);
	message.load_state = "masked";
	assert_int_equal(update(&mirror, message, now_us, &unit), UNIT_CHANGE_STATE);
	assert_int_equal(mirror.n_units, 1);
	mirror_done(&mirror);
}

TEST(keeps_times)
{
	struct mirror mirror;
	struct unit *unit;

	mirror_init(&mirror);
	update(&mirror, make("a.service", "inactive", "dead"), now_us, &unit);
	assert_int_equal(unit->times.state_change_us[0], 0);
	update(&mirror, make("a.service", "activating", "start"), now_us, &unit);
	assert_int_equal(unit->times.inactive_exit_us[0], 1000);
	assert_int_equal(unit->times.active_enter_us[0], 0);
	update(&mirror, make("a.service", "active", "running"), later_us, &unit);
	assert_int_equal(unit->times.active_enter_us[1], 20);
	assert_int_equal(unit->times.inactive_exit_us[1], 10);
	update(&mirror, make("a.service", "active", "exited"), now_us, &unit);
	assert_int_equal(unit->times.active_enter_us[1], 20);
	assert_int_equal(unit->times.state_change_us[1], 20);
	update(&mirror, make("a.service", "failed", "failed"), later_us, &unit);
	assert_int_equal(unit->times.active_exit_us[0], 2000);
	assert_int_equal(unit->times.inactive_enter_us[0], 2000);
	assert_int_equal(mirror_count_failed(&mirror), 1);
	mirror_done(&mirror);
}

TEST(finds_by_alias_until_it_is_a_unit_itself)
{
	struct mirror mirror;
	struct unit *unit, *own;

	mirror_init(&mirror);
	update(&mirror, make("real.service", "active", "running"), now_us, &unit);
	assert_int_equal(mirror_add_alias(unit, "alias.service"), 0);
	assert_int_equal(mirror_add_alias(unit, "alias.service"), 0);
	assert_int_equal(mirror_add_alias(unit, "real.service"), 0);
	assert_ptr_equal(mirror_find(&mirror, "alias.service"), unit);
	assert_string_equal(unit->aliases[0], "alias.service");
	assert_null(unit->aliases[1]);
	update(&mirror, make("alias.service", "inactive", "dead"), now_us, &own);
	assert_ptr_not_equal(own, unit);
	assert_ptr_equal(mirror_find(&mirror, "alias.service"), own);
	mirror_remove(&mirror, own);
	mirror_forget_aliases(&mirror);
	assert_null(mirror_find(&mirror, "alias.service"));
	mirror_done(&mirror);
}

TEST(has_targets_by_name)
{
	struct mirror mirror;
	struct unit *unit;

	mirror_init(&mirror);
	assert_int_equal(special_add(&mirror), 0);
	unit = mirror_find(&mirror, "suspend.target");
	assert_non_null(unit);
	assert_string_equal(unit->load_state, "loaded");
	assert_true(unit->special);
	update(&mirror, make("suspend.target", "inactive", "dead"), now_us, &unit);
	assert_false(unit->special);
	mirror_done(&mirror);
}

TEST(keeps_jobs)
{
	struct mirror mirror;
	struct unit *unit;
	struct job *job, *same;

	mirror_init(&mirror);
	update(&mirror, make("real.service", "active", "running"), now_us, &unit);
	assert_int_equal(mirror_add_alias(unit, "alias.service"), 0);
	assert_int_equal(mirror_add_job(&mirror, 7, "alias.service", "start", &job), 1);
	assert_int_equal(mirror_add_job(&mirror, 7, "alias.service", "start", &same), 0);
	assert_ptr_equal(job, same);
	assert_int_equal(mirror.n_jobs, 1);
	assert_ptr_equal(mirror_find_job_of(&mirror, unit), job);
	assert_null(mirror_find_job(&mirror, 8));
	mirror_remove_job(&mirror, job);
	assert_null(mirror_find_job(&mirror, 7));
	assert_int_equal(mirror.n_jobs, 0);
	mirror_done(&mirror);
}

TEST_MAIN(cmocka_unit_test(says_what_changed), cmocka_unit_test(keeps_times),
	  cmocka_unit_test(finds_by_alias_until_it_is_a_unit_itself),
	  cmocka_unit_test(has_targets_by_name), cmocka_unit_test(keeps_jobs))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timed.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "early/clock.h"
#include "early_test.h"

static int run_value(void *data)
{
	return *(int *)data;
}

static int __attribute__((noreturn)) run_for_ever(void *data)
{
	for (;;)
		pause();
}

static int run_die(void *data)
{
	raise(SIGKILL);
	return 0;
}

TEST(results)
{
	int value = 0;

	assert_int_equal(timed_run(run_value, &value, 60000), 0);
	value = -EBUSY;
	assert_int_equal(timed_run(run_value, &value, 60000), -EBUSY);
	assert_int_equal(timed_run(run_die, NULL, 60000), -EIO);
}

TEST(deadline)
{
	uint64_t start_us = clock_monotonic_us();

	assert_int_equal(timed_run(run_for_ever, NULL, 200), -ETIMEDOUT);
	assert_in_range(clock_monotonic_us() - start_us, 200 * USEC_PER_MSEC, 60 * USEC_PER_SEC);
	/* No time at all is a deadline, too. */
	assert_int_equal(timed_run(run_for_ever, NULL, 0), -ETIMEDOUT);
}

TEST_MAIN(cmocka_unit_test(results), cmocka_unit_test(deadline))

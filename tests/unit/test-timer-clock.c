/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clocks of timers in a process that has no descriptor left. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "early/log.h"
#include "early_test.h"
#include "timer_clock.h"

static unsigned int n_wakes;

static void handle_woke(struct timer_clock *clock)
{
	(void)clock;
	n_wakes++;
}

static void handle_set(struct timer_clock *clock)
{
	(void)clock;
}

static void handle_any(struct loop_timer *timer)
{
	(void)timer;
}

static rlim_t limit_descriptors(rlim_t most)
{
	struct rlimit limit;
	rlim_t old;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	old = limit.rlim_cur;
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return old;
}

/* It wakes to try again, and then waits for what is wanted, and for nothing else. */
TEST(no_descriptors)
{
	struct timer_clock clock = { .woke = handle_woke, .was_set = handle_set };
	uint64_t when_us[TIMER_ALARM_COUNT];
	struct loop_timer any = { 0 };
	struct timer_clocks now;
	rlim_t old;

	n_wakes = 0;
	timer_clock_init(&clock);
	assert_int_equal(loop_new(&clock.loop), 0);
	/* The loop has its own by then. */
	assert_int_equal(loop_timer_start(clock.loop, &any, UINT64_MAX / 2, handle_any), 0);
	loop_timer_stop(&any);
	timer_clock_read(&now);
	for (size_t i = 0; i < TIMER_ALARM_COUNT; i++)
		when_us[i] = TIMER_NEVER;
	when_us[TIMER_ALARM_REALTIME] = now.realtime_us + 3600 * 1000000ULL;
	old = limit_descriptors(0);
	timer_clock_arm(&clock, when_us, true);
	assert_int_equal(clock.sources[TIMER_ALARM_REALTIME].fd, -1);
	while (n_wakes == 0)
		assert_true(loop_turn(clock.loop, -1) >= 0);
	(void)limit_descriptors(old);
	timer_clock_arm(&clock, when_us, true);
	assert_true(clock.sources[TIMER_ALARM_REALTIME].fd >= 0);
	assert_int_equal(clock.sources[TIMER_ALARM_REALTIME].armed_us,
			 when_us[TIMER_ALARM_REALTIME]);
	assert_null(clock.monotonic.loop);
	timer_clock_done(&clock);
	loop_free(clock.loop);
}

TEST_MAIN(cmocka_unit_test(no_descriptors))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When timers elapse: single decisions, and days of them on a clock that only the test moves. */
#include "timer_next.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "early/calendar.h"
#include "early/macros.h"
#include "early_test.h"

#define SEC 1000000ULL
#define HOUR (3600 * SEC)
#define DAY (24 * HOUR)
#define START 1704067200ULL * SEC /* 2024-01-01 00:00:00 UTC, a Monday */

/* --- a simulated timer --- */

struct simulation {
	struct table_timer lines[4];
	size_t n_lines;
	struct timer_clocks now;
	struct timer_past past;
	size_t n_elapses;
	size_t n_wakes;
	uint64_t last_us; /* CLOCK_REALTIME of the last elapse */
};

static struct timer_lines lines_of(const struct simulation *simulation)
{
	return (struct timer_lines){ simulation->lines, simulation->n_lines };
}

/* The machine has run for an hour, and slept for ten minutes of it. */
static struct simulation simulate(void)
{
	struct simulation simulation = {
		.now = { START, HOUR - 600 * SEC, HOUR },
	};

	simulation.past.activated = simulation.now;
	simulation.past.ready_us = START;
	simulation.past.origin_startup = (struct timer_clocks){ START - HOUR, SEC, SEC };
	return simulation;
}

static void add(struct simulation *simulation, uint32_t kind, uint64_t span_us,
		const char *calendar)
{
	simulation->lines[simulation->n_lines++] = (struct table_timer){
		.kind = kind, .span_us = span_us, .calendar = calendar ? calendar : ""
	};
}

static void advance(struct simulation *simulation, uint64_t us)
{
	simulation->now.realtime_us += us;
	simulation->now.monotonic_us += us;
	simulation->now.boottime_us += us;
}

/* What early-timer answers. */
static uint64_t ask_calendar(const struct simulation *simulation, size_t *ret_nth)
{
	struct timer_lines lines = lines_of(simulation);
	uint64_t after_us = timer_calendar_after(&lines, &simulation->past, &simulation->now);
	uint64_t best_us = TIMER_NEVER;
	size_t nth = 0;

	*ret_nth = 0;
	for (size_t i = 0; i < lines.n_lines; i++) {
		struct calendar calendar;
		uint64_t at_us;

		if (lines.lines[i].kind != TABLE_TIMER_CALENDAR)
			continue;
		assert_int_equal(calendar_parse(lines.lines[i].calendar, &calendar), 0);
		if (calendar_next(&calendar, after_us, &at_us) == 0 && at_us < best_us) {
			best_us = at_us;
			*ret_nth = nth;
		}
		nth++;
	}
	return best_us;
}

static struct timer_plan plan_of(const struct simulation *simulation)
{
	struct timer_lines lines = lines_of(simulation);
	struct timer_plan plan;
	size_t nth;
	uint64_t calendar_us = ask_calendar(simulation, &nth);

	timer_plan(&lines, &simulation->past, calendar_us, nth, &plan);
	return plan;
}

static void elapse(struct simulation *simulation)
{
	simulation->past.elapsed = simulation->now;
	simulation->past.ready_us = simulation->now.realtime_us;
	simulation->past.unit_started = simulation->past.unit_ended = simulation->now;
	simulation->last_us = simulation->now.realtime_us;
	simulation->n_elapses++;
}

/* Sleeps to each wake-up, as PID 1 does, until @end_us of CLOCK_REALTIME. */
static void run_until(struct simulation *simulation, uint64_t end_us)
{
	struct timer_lines lines = lines_of(simulation);
	uint64_t accuracy_us = timer_accuracy_us(&lines);

	for (;;) {
		struct timer_plan plan = plan_of(simulation);
		uint64_t ahead_us = simulation->now.realtime_us -
				    timer_span_clock(&lines, &simulation->now);
		uint64_t wake_us = TIMER_NEVER;
		size_t line;

		if (plan.span_us != TIMER_NEVER)
			wake_us = timer_wake_us(plan.span_us, accuracy_us, ahead_us) + ahead_us;
		if (plan.calendar_us != TIMER_NEVER)
			wake_us = MIN(wake_us, timer_wake_us(plan.calendar_us, accuracy_us, 0));
		if (wake_us >= end_us)
			break;
		if (wake_us > simulation->now.realtime_us)
			advance(simulation, wake_us - simulation->now.realtime_us);
		simulation->n_wakes++;
		assert_true(timer_is_due(&lines, &plan, &simulation->now, &line));
		assert_true(line < lines.n_lines);
		elapse(simulation);
	}
	advance(simulation, end_us - simulation->now.realtime_us);
}

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

/* --- bases --- */

TEST(each_base)
{
	static const struct {
		uint32_t kind;
		uint32_t flags;
		uint64_t span_us;
		uint64_t expected_us; /* of the clock of its spans */
	} cases[] = {
		{ TABLE_TIMER_ACTIVE, 0, 5 * SEC, HOUR - 595 * SEC },
		{ TABLE_TIMER_BOOT, 0, 5 * SEC, 5 * SEC }, /* long past: at once */
		{ TABLE_TIMER_BOOT, 0, DAY, DAY },
		{ TABLE_TIMER_STARTUP, 0, DAY, DAY + SEC },
		{ TABLE_TIMER_UNIT_ACTIVE, 0, SEC, TIMER_NEVER }, /* it never ran */
		{ TABLE_TIMER_UNIT_INACTIVE, 0, SEC, TIMER_NEVER },
		{ TABLE_TIMER_ACTIVE, TABLE_TIMER_WAKE_SYSTEM, 5 * SEC, HOUR + 5 * SEC },
		{ TABLE_TIMER_ACTIVE, 0, UINT64_MAX, TIMER_NEVER }, /* infinity */
		{ TABLE_TIMER_CLOCK_CHANGE, 0, 0, TIMER_NEVER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct simulation simulation = simulate();
		struct timer_plan plan;

		add(&simulation, cases[i].kind, cases[i].span_us, NULL);
		simulation.lines[0].flags = cases[i].flags;
		plan = plan_of(&simulation);
		if (plan.span_us != cases[i].expected_us || plan.calendar_us != TIMER_NEVER)
			fail_msg("case %zu: %llu beside %llu", i, (unsigned long long)plan.span_us,
				 (unsigned long long)cases[i].expected_us);
	}
}

/* What happens once is spent; what follows the service goes on; a new start begins anew. */
TEST(once_and_again)
{
	struct simulation simulation = simulate();
	struct timer_lines lines;
	struct timer_plan plan;

	add(&simulation, TABLE_TIMER_ACTIVE, SEC, NULL);
	run_until(&simulation, START + DAY);
	assert_int_equal(simulation.n_elapses, 1);
	plan = plan_of(&simulation);
	lines = lines_of(&simulation);
	assert_false(timer_can_come(&lines, &simulation.past, &plan));
	simulation.past.activated = simulation.now;
	assert_int_equal(plan_of(&simulation).span_us, simulation.now.monotonic_us + SEC);
	add(&simulation, TABLE_TIMER_UNIT_ACTIVE, HOUR, NULL);
	run_until(&simulation, START + 2 * DAY);
	/* its service ran a day ago: at once; then a second after the new start, and each hour from there */
	assert_int_equal(simulation.n_elapses, 1 + 2 + 23);
}

TEST(while_its_service_runs)
{
	struct simulation simulation = simulate();
	struct timer_lines lines;
	struct timer_plan plan;

	add(&simulation, TABLE_TIMER_CALENDAR, 0, "hourly");
	simulation.past.running = true;
	plan = plan_of(&simulation);
	lines = lines_of(&simulation);
	assert_int_equal(plan.calendar_us, TIMER_NEVER);
	assert_true(timer_can_come(&lines, &simulation.past, &plan));
	assert_int_equal(timer_plan_realtime(&lines, &plan, &simulation.now), TIMER_NEVER);
}

/* --- the calendar --- */

TEST(missed_moments)
{
	struct simulation simulation = simulate();
	struct timer_plan plan;

	set_zone("UTC");
	add(&simulation, TABLE_TIMER_CALENDAR, 0, "daily");
	/* an elapse before its start, which only Persistent= knows of */
	simulation.past.elapsed.realtime_us = START - 3 * DAY;
	simulation.past.activated.realtime_us = simulation.now.realtime_us += HOUR;
	simulation.past.ready_us = simulation.now.realtime_us;
	assert_int_equal(plan_of(&simulation).calendar_us, START + DAY);
	simulation.lines[0].flags = TABLE_TIMER_PERSISTENT;
	plan = plan_of(&simulation);
	assert_int_equal(plan.calendar_us, simulation.now.realtime_us);
	/* its delay counts from there, and does not start anew whenever somebody looks */
	simulation.past.random_us = 10 * SEC;
	advance(&simulation, 3 * SEC);
	assert_int_equal(plan_of(&simulation).calendar_us, START + HOUR + 10 * SEC);
	elapse(&simulation);
	simulation.past.random_us = 0;
	assert_int_equal(plan_of(&simulation).calendar_us, START + DAY);
}

TEST(several_calendars)
{
	struct simulation simulation = simulate();
	struct timer_plan plan;

	set_zone("UTC");
	add(&simulation, TABLE_TIMER_ACTIVE, DAY, NULL);
	add(&simulation, TABLE_TIMER_CALENDAR, 0, "2099-01-01");
	add(&simulation, TABLE_TIMER_CALENDAR, 0, "*-*-* 02:00");
	plan = plan_of(&simulation);
	assert_int_equal(plan.calendar_us, START + 2 * HOUR);
	assert_int_equal(plan.calendar_line, 2);
	assert_int_equal(plan.span_line, 0);
}

/* Somebody sets the clock: what was missed comes once, and a clock that goes back does not wait for its old time. */
TEST(clock_jumps)
{
	struct simulation simulation = simulate();
	struct timer_lines lines;
	struct timer_plan plan;
	size_t line;

	set_zone("UTC");
	add(&simulation, TABLE_TIMER_CALENDAR, 0, "hourly");
	lines = lines_of(&simulation);
	simulation.now.realtime_us += 5 * HOUR + SEC;
	plan = plan_of(&simulation);
	assert_true(timer_is_due(&lines, &plan, &simulation.now, &line));
	elapse(&simulation);
	assert_int_equal(plan_of(&simulation).calendar_us, START + 6 * HOUR);
	simulation.now.realtime_us = START - DAY + SEC;
	timer_past_rewind(&simulation.past, &simulation.now);
	assert_int_equal(plan_of(&simulation).calendar_us, START - DAY + HOUR);
}

/* --- days --- */

TEST(a_day)
{
	static const struct {
		uint32_t kind;
		uint64_t span_us;
		const char *calendar;
		size_t expected;
	} cases[] = {
		{ TABLE_TIMER_CALENDAR, 0, "hourly", 23 },
		{ TABLE_TIMER_CALENDAR, 0, "*:0/15", 95 },
		{ TABLE_TIMER_CALENDAR, 0, "*:*:0/20", 24 * 180 - 1 },
		{ TABLE_TIMER_CALENDAR, 0, "Tue", 0 },
		{ TABLE_TIMER_CALENDAR, 0, "*-*-* 06,18:30", 2 },
		{ TABLE_TIMER_UNIT_ACTIVE, HOUR, NULL, 23 },
		{ TABLE_TIMER_UNIT_INACTIVE, 10 * SEC, NULL, 8639 },
		{ TABLE_TIMER_ACTIVE, HOUR, NULL, 1 },
	};

	set_zone("UTC");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct simulation simulation = simulate();

		simulation.past.unit_started = simulation.past.unit_ended = simulation.now;
		add(&simulation, cases[i].kind, cases[i].span_us, cases[i].calendar);
		run_until(&simulation, START + DAY);
		if (simulation.n_elapses != cases[i].expected)
			fail_msg("case %zu: %zu elapses beside %zu", i, simulation.n_elapses,
				 cases[i].expected);
	}
}

/* An elapse may be late by its accuracy, and the next is not late for that. */
TEST(a_day_of_coarse_elapses)
{
	struct simulation simulation = simulate();

	set_zone("UTC");
	add(&simulation, TABLE_TIMER_CALENDAR, 0, "*:*:0/20");
	simulation.lines[0].accuracy_us = 60 * SEC;
	run_until(&simulation, START + DAY);
	assert_int_equal(simulation.n_elapses, 24 * 60 - 1); /* on full minutes, with all others */
	assert_int_equal(simulation.last_us % (60 * SEC), 0);
}

/* The hour that summer time leaves out, and the one that comes twice. */
TEST(summer_time)
{
	static const struct {
		const char *calendar;
		const char *from; /* local midnight */
		size_t days;
		size_t expected;
	} cases[] = {
		{ "*-*-* 02:30", "2024-03-30", 3, 2 }, /* not on the 31st: there is no such time */
		{ "*-*-* 03:30", "2024-03-30", 3, 3 },
		{ "daily", "2024-03-30", 3, 2 }, /* the first midnight is its start */
		{ "hourly", "2024-03-31", 1, 22 }, /* a day of 23 hours */
		{ "*-*-* 02:30", "2024-10-26", 3, 3 }, /* on the 27th once of twice */
		{ "daily", "2024-10-26", 3, 2 },
		{ "*-*-* 04:00", "2024-10-26", 3, 3 },
	};

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct simulation simulation = simulate();
		struct tm tm = { .tm_isdst = -1 };
		uint64_t from_us, end_us;

		assert_non_null(strptime(cases[i].from, "%Y-%m-%d", &tm));
		from_us = (uint64_t)mktime(&tm) * SEC;
		tm.tm_mday += (int)cases[i].days;
		tm.tm_isdst = -1;
		end_us = (uint64_t)mktime(&tm) * SEC;
		simulation.now.realtime_us = simulation.past.ready_us = from_us;
		simulation.past.activated.realtime_us = from_us;
		add(&simulation, TABLE_TIMER_CALENDAR, 0, cases[i].calendar);
		run_until(&simulation, end_us);
		if (simulation.n_elapses != cases[i].expected)
			fail_msg("%s from %s: %zu elapses beside %zu", cases[i].calendar,
				 cases[i].from, simulation.n_elapses, cases[i].expected);
	}
	set_zone("UTC");
}

/* --- waking --- */

TEST(round_moments)
{
	static const struct {
		uint64_t earliest_us;
		uint64_t accuracy_us;
		uint64_t to_realtime_us;
		uint64_t expected_us;
	} cases[] = {
		{ 61 * SEC, 60 * SEC, 0, 120 * SEC },
		{ 61 * SEC, 59 * SEC, 0, 120 * SEC },
		{ 61 * SEC, 58 * SEC, 0, 70 * SEC },
		{ 120 * SEC, 60 * SEC, 0, 120 * SEC },
		{ 61 * SEC + 1, 5 * SEC, 0, 62 * SEC },
		{ 61 * SEC + 1, SEC / 2, 0, 61 * SEC + SEC / 4 },
		{ 61 * SEC + 1, 10, 0, 61 * SEC + 11 },
		{ 61 * SEC + 1, 0, 0, 61 * SEC + 1 },
		{ 61 * SEC, 60 * SEC, 7 * SEC, 113 * SEC }, /* a full minute of CLOCK_REALTIME */
		{ 61 * SEC, UINT64_MAX, 0, 120 * SEC },
		{ UINT64_MAX - 1, 60 * SEC, 0, UINT64_MAX - 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t found = timer_wake_us(cases[i].earliest_us, cases[i].accuracy_us,
					       cases[i].to_realtime_us);

		if (found != cases[i].expected_us)
			fail_msg("case %zu: %llu beside %llu", i, (unsigned long long)found,
				 (unsigned long long)cases[i].expected_us);
	}
}

TEST_MAIN(cmocka_unit_test(each_base), cmocka_unit_test(once_and_again),
	  cmocka_unit_test(while_its_service_runs), cmocka_unit_test(missed_moments),
	  cmocka_unit_test(several_calendars), cmocka_unit_test(clock_jumps),
	  cmocka_unit_test(a_day), cmocka_unit_test(a_day_of_coarse_elapses),
	  cmocka_unit_test(summer_time), cmocka_unit_test(round_moments))

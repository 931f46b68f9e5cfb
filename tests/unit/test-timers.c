/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A manager's timers over a day that takes a second: this test has the clocks and early-timer's place (its functions stand for those
 * of timer_clock.c and timer_link.c), so that everything between them is PID 1's own code.
 */
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "early/calendar.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/proto/timers.h"
#include "early_test.h"
#include "manager_internal.h"
#include "table_make.h"

#define SEC 1000000ULL
#define HOUR (3600 * SEC)
#define DAY (24 * HOUR)
#define START 1704067200ULL * SEC /* 2024-01-01 00:00:00 UTC */

static struct timer_clocks now;
static uint64_t armed_us[TIMER_ALARM_COUNT];
static bool watched;
static struct timer_clock *clocks;
static struct timer_link *the_link;
static unsigned int n_questions;
static uint64_t stamp_us; /* the one stamp; 0: none */
static unsigned int n_stamps; /* written */
static uint32_t stamp_error; /* they cannot be written */

/* --- the clocks --- */

void timer_clock_init(struct timer_clock *clock)
{
	clocks = clock;
}

void timer_clock_done(struct timer_clock *clock)
{
	(void)clock;
}

void timer_clock_read(struct timer_clocks *ret_now)
{
	*ret_now = now;
}

void timer_clock_arm(struct timer_clock *clock, const uint64_t when_us[static TIMER_ALARM_COUNT],
		     bool watch)
{
	(void)clock;
	memcpy(armed_us, when_us, sizeof(armed_us));
	watched = watch;
}

/* --- early-timer --- */

void timer_link_init(struct timer_link *link)
{
	link->channel.fd = -1;
	link->channel.protocol = &timers_protocol;
	the_link = link;
}

void timer_link_done(struct timer_link *link)
{
	(void)link;
}

/* What it answers comes when PID 1 is back in its loop. */
static struct {
	char data[512];
	int len;
	uint16_t opcode;
} answers[16];
static size_t n_answers;

static void answer(uint16_t opcode, const void *value)
{
	assert_true(n_answers < ARRAY_SIZE(answers));
	answers[n_answers].opcode = opcode;
	answers[n_answers].len = wire_pack(&timers_protocol, opcode, value, answers[n_answers].data,
					   sizeof(answers[n_answers].data));
	assert_in_range(answers[n_answers].len, 1, sizeof(answers[n_answers].data));
	n_answers++;
}

static void deliver_answers(void)
{
	for (size_t i = 0; i < n_answers; i++) {
		struct channel_message message = { .opcode = answers[i].opcode,
						   .data = answers[i].data,
						   .len = (uint32_t)answers[i].len };

		the_link->message(the_link, &message);
	}
	n_answers = 0;
}

static void answer_next(const struct timers_next *next)
{
	struct timers_moment moment = { next->timer, next->serial, 0, UINT64_MAX };
	const char *text = NULL;

	for (uint32_t i = 0; (text = wire_list_next(&next->calendars, text)); i++) {
		struct calendar calendar;
		uint64_t at_us;

		assert_int_equal(calendar_parse(text, &calendar), 0);
		if (calendar_next(&calendar, next->after_us, &at_us) < 0 || at_us >= moment.at_us)
			continue;
		moment.at_us = at_us;
		moment.which = i;
	}
	answer(TIMERS_MOMENT, &moment);
}

bool timer_link_send(struct timer_link *link, uint16_t opcode, const void *value)
{
	const struct timers_stamp *stamp = value;
	struct timers_stamp stamped;

	(void)link;
	n_questions++;
	if (opcode == TIMERS_NEXT) {
		answer_next(value);
		return true;
	}
	assert_int_equal(opcode, TIMERS_STAMP);
	stamped = (struct timers_stamp){ stamp->timer, stamp->at_us ? stamp->at_us : stamp_us,
					 stamp->at_us > 0, stamp_error };
	if (stamp->at_us > 0 && stamp_error == 0) {
		stamp_us = stamp->at_us;
		n_stamps++;
	}
	answer(TIMERS_STAMPED, &stamped);
	return true;
}

/* --- a machine --- */

static struct loop *loop;
static struct manager *manager;
static struct manager_listener listener;
static unsigned int n_starts;

/* What a timer starts is over at once. */
static void handle_unit(struct manager_listener *self, const struct manager_unit *unit)
{
	(void)self;
	if (strcmp(unit->name, "work.target") != 0 || strcmp(unit->active_state, "active") != 0)
		return;
	n_starts++;
	assert_int_equal(manager_stop_unit(manager, unit->name, "the test", NULL), 0);
}

static void make_unit(struct table_make *make, const char *name)
{
	const struct table_service service = {
		.name = name,
		.slice = "system.slice",
		.type = TABLE_TYPE_TARGET,
		.start_timeout_us = UINT64_MAX,
	};

	make_message(make, TABLE_SERVICE, &service);
}

static void make_timer(struct table_make *make, uint32_t kind, uint64_t span_us,
		       const char *calendar, uint32_t flags)
{
	const struct table_timer timer = {
		.kind = kind,
		.span_us = span_us,
		.calendar = calendar,
		.flags = flags,
		.unit = "work.target",
	};

	make_message(make, TABLE_TIMER, &timer);
}

static void read_table(const struct table_make *make)
{
	int fd CLEANUP_FD
	= -1;

	assert_int_equal(fd_new_memfd("table", &fd), 0);
	assert_int_equal(fd_write_all(fd, make->data, make->len), 0);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(manager_read_table(manager, fd), 0);
}

/* One timer, "t.timer", with one line, and its target. */
static void begin_with(uint32_t kind, uint64_t span_us, const char *calendar, uint32_t flags)
{
	static struct table_make make;

	make.len = 0;
	make_header(&make);
	make_unit(&make, "work.target");
	make_unit(&make, "t.timer");
	make_timer(&make, kind, span_us, calendar, flags);
	make_message(&make, TABLE_END, NULL);
	read_table(&make);
}

static void settle(void)
{
	for (int i = 0; i < 16; i++) {
		assert_true(loop_turn(loop, 0) >= 0);
		deliver_answers();
	}
}

static int begin(void **state)
{
	struct manager_options options = { .run_dir = "/tmp" };

	(void)state;
	now = (struct timer_clocks){ START, 100 * SEC, 200 * SEC };
	stamp_us = n_stamps = n_starts = n_questions = stamp_error = 0;
	n_answers = 0;
	for (size_t i = 0; i < TIMER_ALARM_COUNT; i++)
		armed_us[i] = TIMER_NEVER;
	listener = (struct manager_listener){ .unit_changed = handle_unit };
	if (loop_new(&loop) < 0 || manager_new(&manager, loop, &options) < 0)
		return -1;
	manager_listen(manager, &listener);
	return setenv("TZ", "UTC", 1);
}

static int end(void **state)
{
	(void)state;
	manager_unlisten(&listener);
	manager_free(manager);
	loop_free(loop);
	return 0;
}

static void start(const char *name)
{
	assert_int_equal(manager_start_unit(manager, name, "the test", NULL), 0);
	settle();
}

static void complete(void)
{
	manager_event(manager, "complete", 1, NULL);
	settle();
}

static void advance(uint64_t us)
{
	now.realtime_us += us;
	now.monotonic_us += us;
	now.boottime_us += us;
}

static uint64_t earliest(void)
{
	uint64_t real_us = MIN(armed_us[TIMER_ALARM_REALTIME], armed_us[TIMER_ALARM_REALTIME_WAKE]);
	uint64_t best_us = TIMER_NEVER;

	if (armed_us[TIMER_ALARM_MONOTONIC] != TIMER_NEVER)
		best_us = armed_us[TIMER_ALARM_MONOTONIC] - now.monotonic_us + now.realtime_us;
	if (armed_us[TIMER_ALARM_BOOTTIME_WAKE] != TIMER_NEVER)
		best_us = MIN(best_us, armed_us[TIMER_ALARM_BOOTTIME_WAKE] - now.boottime_us +
					       now.realtime_us);
	return MIN(best_us, real_us);
}

static void run_until(uint64_t end_us)
{
	while (earliest() < end_us) {
		if (earliest() > now.realtime_us)
			advance(earliest() - now.realtime_us);
		clocks->woke(clocks);
		settle();
	}
	advance(end_us - now.realtime_us);
}

/* --- tests --- */

/* Nothing before the boot is complete; then what was due. */
TEST(the_gate)
{
	begin_with(TABLE_TIMER_BOOT, 10 * SEC, "", 0);
	start("t.timer");
	run_until(START + HOUR);
	assert_int_equal(n_starts, 0);
	assert_int_equal(n_questions, 0);
	complete();
	assert_int_equal(n_starts, 1);
	run_until(START + DAY);
	assert_int_equal(n_starts, 1);
}

TEST(stamps)
{
	stamp_us = START - 3 * DAY;
	begin_with(TABLE_TIMER_CALENDAR, 0, "*-*-* 00:00:00", TABLE_TIMER_PERSISTENT);
	start("t.timer");
	assert_int_equal(n_questions, 0); /* nobody looks at a disk that is not there yet */
	complete();
	assert_int_equal(n_starts, 1);
	assert_int_equal(n_stamps, 1);
	assert_int_equal(stamp_us, START);
	run_until(START + 3 * DAY - 1);
	assert_int_equal(n_starts, 3);
	assert_int_equal(stamp_us, START + 2 * DAY);
}

/* A stamp of the future is a clock's fault, and does not hold a timer up. */
TEST(stamp_of_the_future)
{
	struct timer_facts facts;

	stamp_us = START + 300 * DAY;
	begin_with(TABLE_TIMER_CALENDAR, 0, "*-*-* 00:00:00", TABLE_TIMER_PERSISTENT);
	start("t.timer");
	complete();
	timer_describe(manager_find(manager, "t.timer")->times, &facts);
	assert_int_equal(facts.last_us, 0);
	assert_int_equal(facts.next_us, START + DAY);
	run_until(START + 2 * DAY - 1);
	assert_int_equal(n_starts, 1);
}

/* What could not be written is written as soon as it can be, and not before the next day. */
TEST(stamp_that_cannot_be_written)
{
	stamp_us = START - DAY;
	stamp_error = EROFS;
	begin_with(TABLE_TIMER_CALENDAR, 0, "*-*-* 00:00:00", TABLE_TIMER_PERSISTENT);
	start("t.timer");
	complete();
	assert_int_equal(n_starts, 1);
	run_until(START + HOUR);
	assert_int_equal(n_stamps, 0);
	assert_in_range(n_questions, 4, 2 * 6 + 4); /* tried now and then */
	stamp_error = 0;
	run_until(START + 2 * HOUR);
	assert_int_equal(n_stamps, 1);
	assert_int_equal(stamp_us, START);
	assert_int_equal(earliest(), START + DAY);
}

/* Its next try is no time any more at which the timer is woken. */
TEST(stamp_that_new_words_do_without)
{
	stamp_us = START - DAY;
	stamp_error = EROFS;
	begin_with(TABLE_TIMER_CALENDAR, 0, "*-*-* 00:00:00", TABLE_TIMER_PERSISTENT);
	start("t.timer");
	complete();
	begin_with(TABLE_TIMER_BOOT, 300 * DAY, "", TABLE_TIMER_PERSISTENT);
	settle();
	advance(HOUR);
	clocks->woke(clocks);
	settle();
	assert_true(earliest() > now.realtime_us);
}

/* A new timer's first stamp, from which the next start of the machine counts. */
TEST(first_stamp_that_cannot_be_written)
{
	stamp_error = ENOSPC;
	begin_with(TABLE_TIMER_CALENDAR, 0, "*-*-* 12:00:00", TABLE_TIMER_PERSISTENT);
	start("t.timer");
	complete();
	stamp_error = 0;
	run_until(START + HOUR);
	assert_int_equal(n_starts, 0);
	assert_int_equal(n_stamps, 1);
	assert_int_equal(stamp_us, START);
}

/* The queue of jobs is full at that moment. */
static void check_full_queue(uint32_t kind, uint64_t span_us, const char *calendar)
{
	begin_with(kind, span_us, calendar, 0);
	start("t.timer");
	complete();
	manager->jobs.max_jobs = manager->jobs.n_jobs;
	run_until(START + HOUR + 60 * SEC);
	assert_int_equal(n_starts, 0);
	assert_true(service_state_is_active(manager_find(manager, "t.timer")->state));
	manager->jobs.max_jobs = MANAGER_MAX_JOBS;
	run_until(START + HOUR + 70 * SEC);
	assert_int_equal(n_starts, 1);
}

TEST(no_room_for_a_job)
{
	check_full_queue(TABLE_TIMER_ACTIVE, HOUR, "");
	assert_int_equal(earliest(), TIMER_NEVER);
}

TEST(no_room_for_a_job_of_a_calendar)
{
	check_full_queue(TABLE_TIMER_CALENDAR, 0, "*-*-* 01:00:00");
	assert_int_equal(earliest(), START + DAY + HOUR);
}

TEST(no_room_for_a_job_of_a_change)
{
	begin_with(TABLE_TIMER_CLOCK_CHANGE, 0, "", 0);
	start("t.timer");
	complete();
	manager->jobs.max_jobs = manager->jobs.n_jobs;
	clocks->was_set(clocks);
	clocks->woke(clocks);
	settle();
	run_until(START + 60 * SEC);
	assert_int_equal(n_starts, 0);
	manager->jobs.max_jobs = MANAGER_MAX_JOBS;
	run_until(START + 70 * SEC);
	assert_int_equal(n_starts, 1);
	assert_int_equal(earliest(), TIMER_NEVER);
}

TEST(clock_set)
{
	begin_with(TABLE_TIMER_CLOCK_CHANGE, 0, "", 0);
	start("t.timer");
	complete();
	assert_true(watched);
	now.realtime_us += DAY;
	clocks->was_set(clocks);
	clocks->woke(clocks);
	settle();
	assert_int_equal(n_starts, 1);
	assert_int_equal(earliest(), TIMER_NEVER);
	assert_int_equal(manager_stop_unit(manager, "t.timer", "the test", NULL), 0);
	settle();
	assert_false(watched);
}

TEST(wakes_the_system)
{
	begin_with(TABLE_TIMER_ACTIVE, HOUR, "", TABLE_TIMER_WAKE_SYSTEM);
	start("t.timer");
	complete();
	assert_int_equal(armed_us[TIMER_ALARM_BOOTTIME_WAKE], 200 * SEC + HOUR);
	assert_int_equal(armed_us[TIMER_ALARM_MONOTONIC], TIMER_NEVER);
}

/* Other words for a timer that waits. */
TEST(new_words)
{
	begin_with(TABLE_TIMER_CALENDAR, 0, "*-*-* 12:00:00", 0);
	start("t.timer");
	complete();
	assert_int_equal(earliest(), START + 12 * HOUR);
	begin_with(TABLE_TIMER_CALENDAR, 0, "*-*-* 15:00:00", 0);
	settle();
	assert_int_equal(earliest(), START + 15 * HOUR);
}

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A day of a timer for each minute and others, after a first hour in which lists reach their size. */
TEST(a_day_without_a_leak)
{
	static struct table_make make;
	struct mallinfo2 before, after;
	size_t n_fds;

	make_header(&make);
	make_unit(&make, "work.target");
	make_unit(&make, "minute.timer");
	make_timer(&make, TABLE_TIMER_CALENDAR, 0, "*-*-* *:*:00", TABLE_TIMER_PERSISTENT);
	make_unit(&make, "again.timer");
	make_timer(&make, TABLE_TIMER_ACTIVE, SEC, "", 0);
	make_timer(&make, TABLE_TIMER_UNIT_ACTIVE, 90 * SEC, "", TABLE_TIMER_WAKE_SYSTEM);
	make_message(&make, TABLE_END, NULL);
	read_table(&make);
	start("minute.timer");
	start("again.timer");
	complete();
	/* The timeline keeps the newest 2048 events: let it reach that. */
	run_until(START + 24 * HOUR);
	n_starts = 0;
	before = mallinfo2();
	n_fds = count_fds();
	run_until(START + 48 * HOUR);
	after = mallinfo2();
	assert_in_range(n_starts, 24 * 60, 24 * 60 * 2);
	assert_int_equal(count_fds(), n_fds);
	if (after.uordblks > before.uordblks + 4096)
		fail_msg("%zu bytes more than a day before", after.uordblks - before.uordblks);
	assert_int_equal(manager->jobs.n_jobs, 0);
}

#define MACHINE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE(the_gate),
		MACHINE(stamps),
		MACHINE(stamp_of_the_future),
		MACHINE(stamp_that_cannot_be_written),
		MACHINE(stamp_that_new_words_do_without),
		MACHINE(first_stamp_that_cannot_be_written),
		MACHINE(no_room_for_a_job),
		MACHINE(no_room_for_a_job_of_a_calendar),
		MACHINE(no_room_for_a_job_of_a_change),
		MACHINE(clock_set),
		MACHINE(wakes_the_system),
		MACHINE(new_words),
		MACHINE(a_day_without_a_leak),
	};

	log_init("test", LOG_SINK_STDERR, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service_state.h"

#include "early_test.h"

#define E(name) SERVICE_EVENT_##name
#define S(name) SERVICE_##name
#define END_OF_EVENTS SERVICE_EVENT_COUNT

/* Lives: events, and the state after each. */
static const struct {
	const char *name;
	struct {
		enum service_event event;
		enum service_state state;
	} steps[16];
} lives[] = {
	{ "a good daemon, stopped",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_DONE), S(START) },
	    { E(READY), S(START_POST) },
	    { E(PHASE_DONE), S(RUNNING) },
	    { E(STOP), S(STOP) },
	    { E(PHASE_DONE), S(STOP_SIGTERM) },
	    { E(EMPTY), S(STOP_POST) },
	    { E(PHASE_DONE), S(FINAL_SIGKILL) },
	    { E(EMPTY), S(FINAL_SIGKILL) },
	    { E(END_DEAD), S(DEAD) },
	    { END_OF_EVENTS, 0 } } },
	{ "a crash with a restart",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_DONE), S(START) },
	    { E(READY), S(START_POST) },
	    { E(PHASE_DONE), S(RUNNING) },
	    { E(MAIN_FAILED), S(STOP_SIGTERM) },
	    { E(EMPTY), S(STOP_POST) },
	    { E(PHASE_DONE), S(FINAL_SIGKILL) },
	    { E(EMPTY), S(FINAL_SIGKILL) },
	    { E(END_RESTART), S(AUTO_RESTART) },
	    { E(START), S(CONDITION) },
	    { END_OF_EVENTS, 0 } } },
	{ "reloads by a signal, and then ends by its own wish",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_DONE), S(START) },
	    { E(READY), S(START_POST) },
	    { E(PHASE_DONE), S(RUNNING) },
	    { E(RELOAD_BY_SIGNAL), S(RELOAD_SIGNAL) },
	    { E(RELOADING), S(RELOAD_NOTIFY) },
	    { E(READY), S(RUNNING) },
	    { E(RELOADING), S(RELOAD_NOTIFY) },
	    { E(TIMEOUT), S(RUNNING) },
	    { E(STOPPING), S(STOPPING) },
	    { E(RELOADING), S(STOPPING) },
	    { E(MAIN_GONE), S(STOP) },
	    { END_OF_EVENTS, 0 } } },
	{ "says that it stops, and doesn't",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_DONE), S(START) },
	    { E(READY), S(START_POST) },
	    { E(PHASE_DONE), S(RUNNING) },
	    { E(STOPPING), S(STOPPING) },
	    { E(TIMEOUT), S(STOP_SIGTERM) },
	    { E(TIMEOUT_ABORT), S(STOP_ABORT) },
	    { E(TIMEOUT), S(STOP_SIGKILL) },
	    { END_OF_EVENTS, 0 } } },
	{ "a start that hangs is killed at once",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(TIMEOUT_KILL), S(STOP_SIGKILL) },
	    { E(EMPTY), S(STOP_POST) },
	    { END_OF_EVENTS, 0 } } },
	{ "one that ignores SIGTERM",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_DONE), S(START) },
	    { E(STOP), S(STOP_SIGTERM) },
	    { E(TIMEOUT), S(STOP_SIGKILL) },
	    { E(TIMEOUT), S(STOP_POST) },
	    { E(TIMEOUT), S(FINAL_SIGKILL) },
	    { E(TIMEOUT), S(FINAL_SIGKILL) },
	    { E(END_FAILED), S(FAILED) },
	    { E(START), S(CONDITION) },
	    { END_OF_EVENTS, 0 } } },
	{ "a failed ExecStartPre",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_FAILED), S(STOP_SIGTERM) },
	    { E(EMPTY), S(STOP_POST) },
	    { END_OF_EVENTS, 0 } } },
	{ "a condition that is not met",
	  { { E(START), S(CONDITION) },
	    { E(SKIPPED), S(FINAL_SIGKILL) },
	    { E(EMPTY), S(FINAL_SIGKILL) },
	    { E(END_DEAD), S(DEAD) },
	    { END_OF_EVENTS, 0 } } },
	{ "a oneshot that remains, reloaded",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_DONE), S(START) },
	    { E(READY), S(START_POST) },
	    { E(PHASE_DONE), S(RUNNING) },
	    { E(MAIN_REMAINS), S(EXITED) },
	    { E(RELOAD), S(RELOAD) },
	    { E(PHASE_FAILED), S(RUNNING) },
	    { E(MAIN_REMAINS), S(EXITED) },
	    { E(STOP), S(STOP) },
	    { END_OF_EVENTS, 0 } } },
	{ "stopped while it waits for its restart",
	  { { E(START), S(CONDITION) },
	    { E(STOP), S(STOP_SIGTERM) },
	    { E(STOP), S(STOP_SIGTERM) },
	    { E(EMPTY), S(STOP_POST) },
	    { E(PHASE_DONE), S(FINAL_SIGKILL) },
	    { E(END_RESTART), S(AUTO_RESTART) },
	    { E(STOP), S(DEAD) },
	    { E(STOP), S(DEAD) },
	    { END_OF_EVENTS, 0 } } },
	{ "restarted too often",
	  { { E(START), S(CONDITION) },
	    { E(SKIPPED), S(FINAL_SIGKILL) },
	    { E(END_RESTART), S(AUTO_RESTART) },
	    { E(RESTART_REFUSED), S(FAILED) },
	    { END_OF_EVENTS, 0 } } },
	{ "a watchdog in start",
	  { { E(START), S(CONDITION) },
	    { E(PHASE_DONE), S(START_PRE) },
	    { E(PHASE_DONE), S(START) },
	    { E(WATCHDOG), S(STOP_SIGTERM) },
	    { END_OF_EVENTS, 0 } } },
};

TEST(lives_of_services)
{
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		enum service_state now = SERVICE_DEAD;

		for (size_t k = 0; lives[i].steps[k].event != END_OF_EVENTS; k++) {
			now = service_step(now, lives[i].steps[k].event).next;
			if (now != lives[i].steps[k].state)
				fail_msg("%s: %s leads to %s", lives[i].name,
					 service_event_name(lives[i].steps[k].event),
					 service_sub_state_name(now));
		}
	}
}

/* A stop reaches a state of rest from everywhere, with whatever comes first of what can come. */
TEST(every_state_can_be_stopped)
{
	static const enum service_event ends[] = { E(TIMEOUT), E(PHASE_DONE), E(EMPTY),
						   E(END_DEAD) };

	for (int start = 0; start < SERVICE_STATE_COUNT; start++) {
		enum service_state now = service_step(start, E(STOP)).next;

		for (int turn = 0; turn < 10 && !service_state_is_inactive(now); turn++)
			for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
				now = service_step(now, ends[i]).next;
		if (!service_state_is_inactive(now))
			fail_msg("from %s it ends in %s", service_sub_state_name(start),
				 service_sub_state_name(now));
	}
}

/* No process of one life meets the next: every way from a started service to rest leads through FINAL_SIGKILL. */
TEST(no_way_around_the_last_kill)
{
	for (int now = SERVICE_CONDITION; now <= SERVICE_STOP_POST; now++)
		for (int event = 0; event < SERVICE_EVENT_COUNT; event++) {
			enum service_state next = service_step(now, event).next;

			if (service_state_is_inactive(next) || next == SERVICE_AUTO_RESTART)
				fail_msg("%s in %s", service_event_name(event),
					 service_sub_state_name(now));
		}
}

/* A state that waits for processes has a deadline, and takes it. */
TEST(waiting_has_a_deadline)
{
	const uint32_t timers = SERVICE_ACTION_TIME_START | SERVICE_ACTION_TIME_STOP |
				SERVICE_ACTION_TIME_REST | SERVICE_ACTION_TIME_RESTART;

	for (int now = 0; now < SERVICE_STATE_COUNT; now++)
		for (int event = 0; event < SERVICE_EVENT_COUNT; event++) {
			struct service_step step = service_step(now, event);

			if (!step.taken || !(step.actions & SERVICE_ACTION_RUN))
				continue;
			assert_true(step.actions & timers);
			assert_true(service_step(step.next, E(TIMEOUT)).taken);
		}
}

TEST(out_of_range)
{
	assert_false(service_step(SERVICE_STATE_COUNT, E(STOP)).taken);
	assert_false(service_step(SERVICE_DEAD, SERVICE_EVENT_COUNT).taken);
}

TEST(names)
{
	assert_string_equal(service_active_state_name(SERVICE_RELOAD), "reloading");
	assert_string_equal(service_active_state_name(SERVICE_AUTO_RESTART), "activating");
	assert_string_equal(service_sub_state_name(SERVICE_START_PRE), "start-pre");
	for (int now = 0; now < SERVICE_STATE_COUNT; now++) {
		assert_non_null(service_active_state_name(now));
		assert_non_null(service_sub_state_name(now));
	}
	for (int event = 0; event < SERVICE_EVENT_COUNT; event++)
		assert_non_null(service_event_name(event));
}

TEST_MAIN(cmocka_unit_test(lives_of_services), cmocka_unit_test(every_state_can_be_stopped),
	  cmocka_unit_test(no_way_around_the_last_kill), cmocka_unit_test(waiting_has_a_deadline),
	  cmocka_unit_test(out_of_range), cmocka_unit_test(names))

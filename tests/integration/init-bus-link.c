/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PID 1 answers early-bus: the end of the machine, and jobs under another unit's name. Run by init-manager.sh. */
#include "bus_link.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early_test.h"
#include "table_make.h"

static char run_dir[] = "/tmp/early-bus-link-XXXXXX";
static struct loop *loop;
static struct manager *manager;
static struct bus_link bus;
static int bus_fd; /* early-bus's end */
static char ends[64]; /* what on_power was called with */

static bool is_power(const char *unit)
{
	return strcmp(unit, "poweroff.target") == 0 || strcmp(unit, "reboot.target") == 0;
}

static void on_power(struct bus_link *link, const char *unit)
{
	(void)snprintf(ends + strlen(ends), sizeof(ends) - strlen(ends), "%s ", unit);
}

static int set_up(void **state)
{
	const struct manager_options options = { .run_dir = run_dir };
	int ours;
	pid_t pid;

	ends[0] = '\0';
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(manager_new(&manager, loop, &options), 0);
	assert_int_equal(manager_open_control(manager),
			 0); /* makes the directory of notify sockets */
	assert_int_equal(channel_pair(&ours, &bus_fd), 0);
	pid = fork();
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	memset(&bus, 0, sizeof(bus));
	bus.is_power = is_power;
	bus.on_power = on_power;
	bus_link_init(&bus, loop, manager);
	assert_int_equal(bus_link_adopt(&bus, pid, ours), 0);
	assert_int_equal(loop_reap_children(loop), 0);
	return 0;
}

static int tear_down(void **state)
{
	loop_timer_stop(&bus.retry);
	(void)fd_close(helper_release(&bus.helper));
	bus_fd = fd_close(bus_fd);
	manager = manager_free(manager);
	(void)kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	loop = loop_free(loop);
	return 0;
}

#define PATIENCE_MS 120000

struct answer {
	uint16_t opcode; /* 0: none in time */
	struct bus_queued queued;
	uint32_t done_job;
	char done_unit[64];
	char done_result[16];
};

/* The next QUEUED or DONE; what is told of units is passed over. */
static struct answer next_answer(unsigned int ms)
{
	uint64_t end_us = clock_monotonic_us() + ms * USEC_PER_MSEC;
	struct answer answer = { 0 };
	struct bus_done done;
	static char buf[65536];
	uint16_t opcode;

	do {
		(void)loop_turn(loop, 10);
		while (recv(bus_fd, buf, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
			int len = channel_receive_sync(bus_fd, buf, sizeof(buf), &opcode);

			assert_true(len > 0);
			if (opcode == BUS_QUEUED) {
				assert_int_equal(wire_unpack(&bus_protocol, buf, (size_t)len,
							     opcode, &answer.queued,
							     sizeof(answer.queued)),
						 0);
			} else if (opcode == BUS_DONE) {
				assert_int_equal(wire_unpack(&bus_protocol, buf, (size_t)len,
							     opcode, &done, sizeof(done)),
						 0);
				answer.done_job = done.job;
				(void)snprintf(answer.done_unit, sizeof(answer.done_unit), "%s",
					       done.unit);
				(void)snprintf(answer.done_result, sizeof(answer.done_result), "%s",
					       done.result);
			} else {
				continue;
			}
			answer.opcode = opcode;
			return answer;
		}
	} while (clock_monotonic_us() < end_us);
	return answer;
}

static struct answer ask(uint32_t cookie, enum bus_verb verb, const char *unit)
{
	const struct bus_job job = { .cookie = cookie, .verb = verb, .unit = unit, .why = "test" };
	struct answer answer;

	assert_true(channel_send_sync(bus_fd, &bus_protocol, BUS_JOB, &job) >= 0);
	answer = next_answer(PATIENCE_MS);
	assert_int_equal(answer.opcode, BUS_QUEUED);
	assert_int_equal(answer.queued.cookie, cookie);
	return answer;
}

TEST(the_end_is_queued_first_and_done_at_the_end)
{
	struct answer first = ask(1, BUS_VERB_START, "poweroff.target"), answer;

	assert_int_equal(first.queued.error, 0);
	assert_string_equal(ends, "poweroff.target ");
	assert_int_equal(next_answer(200).opcode, 0); /* nothing is done yet */
	answer = ask(2, BUS_VERB_START, "poweroff.target");
	assert_int_equal(answer.queued.job, first.queued.job);
	answer = ask(3, BUS_VERB_START, "reboot.target");
	assert_int_equal(answer.queued.error, -ESHUTDOWN);
	assert_string_equal(ends, "poweroff.target "); /* once */
	bus_link_stop(&bus);
	answer = next_answer(PATIENCE_MS);
	assert_int_equal(answer.opcode, BUS_DONE);
	assert_int_equal(answer.done_job, first.queued.job);
	assert_string_equal(answer.done_unit, "poweroff.target");
	assert_string_equal(answer.done_result, "done");
}

static struct table_make make;

/* A unit whose start takes for ever. */
static void add_slow(const char *name)
{
	static const char sleeper[] = "/bin/sleep\0"
				      "1000";
	const struct table_service service = { .name = name, .type = TABLE_TYPE_NOTIFY };
	const struct table_exec exec = {
		.phase = TABLE_PHASE_START,
		.program = "/bin/sleep",
		.argv = { sleeper, sizeof(sleeper) },
	};
	CLEANUP_FD
	int fd = -1;

	make.len = 0;
	make_header(&make);
	make_message(&make, TABLE_SERVICE, &service);
	make_message(&make, TABLE_EXEC, &exec);
	make_message(&make, TABLE_END, NULL);
	assert_int_equal(fd_new_memfd("table", &fd), 0);
	assert_int_equal(fd_write_all(fd, make.data, make.len), 0);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(manager_read_table(manager, fd), 0);
}

static struct answer start_user(uint32_t uid)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "user-runtime-dir@%u.service", uid);
	add_slow(name);
	(void)snprintf(name, sizeof(name), "user@%u.service", uid);
	return ask(uid, BUS_VERB_START, name);
}

TEST(other_names_are_kept_once_and_refused_when_there_are_too_many)
{
	struct answer first = start_user(100), answer;

	assert_int_equal(first.queued.error, 0);
	for (uint32_t i = 0; i < 2 * BUS_LINK_MAX_FORWARDS; i++) /* of the same job: no new place */
		assert_int_equal(ask(i, BUS_VERB_START, "user@100.service").queued.job,
				 first.queued.job);
	for (uint32_t i = 1; i < BUS_LINK_MAX_FORWARDS; i++)
		assert_int_equal(start_user(100 + i).queued.error, 0);
	answer = start_user(100 + BUS_LINK_MAX_FORWARDS);
	assert_int_equal(answer.queued.job, 0);
	assert_int_equal(answer.queued.error, -EAGAIN);
	/* One ends, by its right name, and there is room again. */
	assert_true(ask(1, BUS_VERB_STOP, "user-runtime-dir@100.service").queued.job > 0);
	do
		answer = next_answer(PATIENCE_MS);
	while (answer.opcode == BUS_DONE && answer.done_job != first.queued.job);
	assert_int_equal(answer.opcode, BUS_DONE);
	assert_string_equal(answer.done_unit, "user@100.service");
	assert_string_equal(answer.done_result, "canceled");
	while (next_answer(300).opcode == BUS_DONE)
		continue;
	assert_int_equal(start_user(100 + BUS_LINK_MAX_FORWARDS).queued.error, 0);
}

TEST(one_job_that_was_asked_for_by_two_names_ends_by_both)
{
	bool user = false, directory = false;
	struct answer answer;
	uint32_t job;

	add_slow("user-runtime-dir@100.service");
	job = ask(1, BUS_VERB_START, "user-runtime-dir@100.service").queued.job;
	assert_true(job > 0);
	assert_int_equal(ask(2, BUS_VERB_START, "user@100.service").queued.job, job);
	assert_true(ask(3, BUS_VERB_STOP, "user-runtime-dir@100.service").queued.job > 0);
	while (!user || !directory) {
		answer = next_answer(PATIENCE_MS);
		assert_int_equal(answer.opcode, BUS_DONE);
		if (answer.done_job != job)
			continue;
		assert_string_equal(answer.done_result, "canceled");
		user = user || strcmp(answer.done_unit, "user@100.service") == 0;
		directory = directory ||
			    strcmp(answer.done_unit, "user-runtime-dir@100.service") == 0;
	}
}

static void clean_up(void)
{
	static const char *const names[] = { "control", "notify", "" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", run_dir, names[i]);
		if (remove(path) < 0)
			fprintf(stderr, "left behind: %s\n", path);
	}
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(the_end_is_queued_first_and_done_at_the_end),
		LINK_TEST(other_names_are_kept_once_and_refused_when_there_are_too_many),
		LINK_TEST(one_job_that_was_asked_for_by_two_names_ends_by_both),
	};

	int failed;

	/* It ends whatever runs beside it. */
	if (getpid() != 1) {
		fputs("run by init-manager.sh in a PID name space\n", stderr);
		return 1;
	}
	if (!mkdtemp(run_dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clean_up();
	return failed;
}

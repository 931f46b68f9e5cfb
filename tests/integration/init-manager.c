/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manager as the boot code drives it: scopes, listeners, prestart, bus names, jobs. With `CGROUP-DIR` or without. */
#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early_test.h"
#include "image.h"
#include "manager_internal.h"
#include "table_make.h"

static const char *cgroup_root;
static char run_dir[] = "/tmp/early-manager-XXXXXX";

struct seen {
	struct manager_listener listener;
	char gone[64];
	char result[32];
	uint32_t job;
	char changes[1024]; /* "name:active " */
	unsigned int prestarts;
	unsigned int restarts;
	bool delay;
};

static struct loop *loop;
static struct manager *manager;
static struct seen seen;

static void handle_unit(struct manager_listener *listener, const struct manager_unit *unit)
{
	size_t len = strlen(seen.changes);

	snprintf(seen.changes + len, sizeof(seen.changes) - len, "%s:%s ", unit->name,
		 unit->active_state);
}

static void handle_gone(struct manager_listener *listener, const char *name)
{
	snprintf(seen.gone, sizeof(seen.gone), "%s", name);
}

static void handle_job(struct manager_listener *listener, uint32_t job, const char *unit,
		       const char *result)
{
	seen.job = job;
	snprintf(seen.result, sizeof(seen.result), "%s", result);
}

static bool handle_prestart(struct manager_listener *listener, const struct manager_unit *unit,
			    bool restart)
{
	seen.prestarts++;
	seen.restarts += restart;
	return seen.delay;
}

/* Turns the loop until @condition or for two minutes. */
#define TURN_UNTIL(condition)                                                                      \
	do {                                                                                       \
		uint64_t end_us_ = clock_monotonic_us() + 120 * USEC_PER_SEC;                      \
		while (!(condition) && clock_monotonic_us() < end_us_)                             \
			loop_turn(loop, 20);                                                       \
		assert_true(condition);                                                            \
	} while (0)

static void turn_for(unsigned int ms)
{
	uint64_t end_us = clock_monotonic_us() + ms * USEC_PER_MSEC;

	while (clock_monotonic_us() < end_us)
		loop_turn(loop, 10);
}

static const char *active(const char *name)
{
	struct manager_unit unit;

	return manager_unit(manager, name, &unit) ? unit.active_state : "none";
}

static bool is(const char *name, const char *state)
{
	return strcmp(active(name), state) == 0;
}

static int set_up(void **state)
{
	const struct manager_options options = { .run_dir = run_dir, .cgroup_root = cgroup_root };

	memset(&seen, 0, sizeof(seen));
	seen.listener = (struct manager_listener){
		.unit_changed = handle_unit,
		.unit_gone = handle_gone,
		.job_done = handle_job,
		.prestart = handle_prestart,
	};
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_reap_children(loop), 0);
	assert_int_equal(manager_new(&manager, loop, &options), 0);
	assert_int_equal(manager_open_control(manager), 0);
	manager_listen(manager, &seen.listener);
	return 0;
}

static int tear_down(void **state)
{
	manager = manager_free(manager);
	/* A manager that is freed leaves its processes alone; the next one must not find them. */
	(void)kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	loop = loop_free(loop);
	return 0;
}

static struct table_make make;

static void add_unit(const struct table_service *service)
{
	static const char sleeper[] = "/bin/sleep\0"
				      "1000";
	const struct table_exec exec = {
		.phase = TABLE_PHASE_START,
		.program = "/bin/sleep",
		.argv = { sleeper, sizeof(sleeper) },
	};
	int fd;

	make.len = 0;
	make_header(&make);
	make_message(&make, TABLE_SERVICE, service);
	make_message(&make, TABLE_EXEC, &exec);
	make_message(&make, TABLE_END, NULL);
	assert_int_equal(fd_new_memfd("table", &fd), 0);
	assert_int_equal(fd_write_all(fd, make.data, make.len), 0);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(manager_read_table(manager, fd), 0);
	close(fd);
}

static pid_t make_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		for (;;)
			(void)pause();
	}
	assert_true(pid > 0);
	return pid;
}

TEST(scope_lives_as_long_as_its_processes)
{
	pid_t pids[] = { make_child(), make_child() };

	assert_int_equal(manager_scope_new(manager, "session-1.scope", "user-1000.slice", "Session",
					   pids, 2),
			 0);
	assert_string_equal(active("session-1.scope"), "active");
	assert_int_equal(manager_scope_new(manager, "session-1.scope", "", "", pids, 2), -EEXIST);
	assert_int_equal(manager_scope_abandon(manager, "session-1.scope"), 0);
	kill(pids[0], SIGKILL);
	turn_for(100);
	assert_string_equal(active("session-1.scope"), "active");
	kill(pids[1], SIGKILL);
	TURN_UNTIL(strcmp(seen.gone, "session-1.scope") == 0);
	assert_string_equal(active("session-1.scope"), "none");
	assert_int_equal(manager_scope_abandon(manager, "session-1.scope"), -ENOENT);
}

static bool image_has(const struct image *image, const char *name)
{
	char *bytes;
	size_t len;
	bool has;

	if (image_read(image->fds, &bytes, &len) < 0)
		return false;
	has = memmem(bytes, len, name, strlen(name)) != NULL;
	free(bytes);
	return has;
}

TEST(what_is_too_long_for_the_state_is_left_out_alone)
{
	static char text[70000];
	const struct table_service service = { .name = "plain.service" };
	pid_t pids[] = { make_child(), make_child() };
	struct image image;
	uint32_t job;

	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(image_init(&image), 0);
	manager_keep_image(manager, &image);
	add_unit(&service);
	assert_int_equal(manager_scope_new(manager, "long.scope", "user.slice", text, pids, 1), 0);
	assert_int_equal(manager_scope_new(manager, "short.scope", "user.slice", "x", pids + 1, 1),
			 0);
	assert_int_equal(manager_start_unit(manager, "plain.service", text, &job), 0);
	assert_int_equal(manager_save(manager), 0);
	assert_true(image_has(&image, "long.scope"));
	assert_true(image_has(&image, "short.scope"));
	assert_true(image_has(&image, "plain.service"));
	manager_keep_image(manager, NULL);
	image_done(&image);
}

TEST(scope_is_killed_whole)
{
	pid_t pids[] = { make_child(), make_child() };

	assert_int_equal(manager_scope_new(manager, "g.scope", "user.slice", "x", pids, 2), 0);
	assert_int_equal(manager_scope_kill(manager, "g.scope"), 0);
	TURN_UNTIL(strcmp(seen.gone, "g.scope") == 0);
	assert_int_equal(kill(pids[0], 0), -1);
	assert_int_equal(kill(pids[1], 0), -1);
}

TEST(scope_is_stopped_by_a_job)
{
	pid_t pids[] = { make_child() };
	uint32_t job = 0, again = 0;

	assert_int_equal(manager_scope_new(manager, "s.scope", "user.slice", "x", pids, 1), 0);
	assert_int_equal(manager_stop_unit(manager, "s.scope", "test", &job), 0);
	assert_true(job > 0);
	assert_int_equal(manager_stop_unit(manager, "s.scope", "test", &again), 0);
	assert_int_equal(again, job);
	assert_string_equal(active("s.scope"), "deactivating");
	TURN_UNTIL(seen.job == job);
	assert_string_equal(seen.result, "done");
	assert_string_equal(seen.gone, "s.scope");
}

TEST(scope_of_nobody_is_refused)
{
	pid_t gone = make_child();

	kill(gone, SIGKILL);
	TURN_UNTIL(kill(gone, 0) < 0);
	if (cgroup_root)
		assert_true(manager_scope_new(manager, "n.scope", "", "", &gone, 1) < 0);
	assert_true(manager_scope_new(manager, "n.scope", "", "", &(pid_t){ 1 }, 1) < 0);
	assert_string_equal(active("n.scope"), "none");
	assert_int_equal(manager_scope_new(manager, "../n.scope", "", "", NULL, 0), -EINVAL);
}

TEST(job_and_listener)
{
	const struct table_service service = { .name = "a.service", .aliases = LIST("b.service") };
	uint32_t job = 0;

	add_unit(&service);
	assert_int_equal(manager_start_unit(manager, "b.service", "test", &job), 0);
	assert_true(job > 0);
	TURN_UNTIL(seen.job == job);
	assert_string_equal(seen.result, "done");
	assert_non_null(strstr(seen.changes, "a.service:active"));
	assert_int_equal(manager_start_unit(manager, "a.service", "again", &job), -EALREADY);
	assert_int_equal(manager_stop_unit(manager, "a.service", "test", &job), 0);
	TURN_UNTIL(seen.job == job);
	assert_string_equal(active("a.service"), "inactive");
	assert_int_equal(manager_stop_unit(manager, "a.service", "test", &job), -EALREADY);
	assert_int_equal(manager_start_unit(manager, "no such", "test", &job), -EINVAL);
}

TEST(masked_unit)
{
	const struct table_service service = { .name = "m.service",
					       .load_state = TABLE_LOAD_MASKED };

	add_unit(&service);
	assert_int_equal(manager_start_unit(manager, "m.service", "test", NULL), -ERFKILL);
}

/* early-load is not there: the job ends as failed, nothing hangs. */
TEST(unknown_unit)
{
	uint32_t job = 0;
	int r = manager_start_unit(manager, "nobody.service", "test", &job);

	assert_int_equal(r, 0);
	TURN_UNTIL(seen.job == job);
	assert_string_equal(seen.result, "failed");
}

/* Its manifest is known only when the order has been taken; of what others want already it changes nothing. */
TEST(an_order_that_the_manifest_refuses)
{
	const struct table_service service = { .name = "r.service",
					       .flags = TABLE_FLAG_REFUSE_MANUAL_START };
	uint32_t wish = 0, order = 0;

	assert_int_equal(manager_order(manager, MANAGER_VERB_START, "r.service", "test", &order),
			 0);
	add_unit(&service);
	TURN_UNTIL(seen.job == order);
	assert_string_equal(seen.result, "failed");
	tear_down(NULL);
	set_up(NULL);
	assert_int_equal(manager_start_unit(manager, "r.service", "another unit", &wish), 0);
	assert_int_equal(manager_order(manager, MANAGER_VERB_START, "r.service", "test", &order),
			 0);
	add_unit(&service);
	TURN_UNTIL(seen.job == wish);
	assert_string_equal(seen.result, "done");
}

TEST(prestart_delays_a_restart)
{
	const struct table_service service = {
		.name = "dm.service",
		.restart = TABLE_RESTART_ALWAYS,
		.restart_us = 1000,
	};
	struct manager_unit unit;
	pid_t first;

	add_unit(&service);
	assert_int_equal(manager_start_unit(manager, "dm.service", "test", NULL), 0);
	TURN_UNTIL(is("dm.service", "active"));
	assert_int_equal(seen.prestarts, 1);
	assert_int_equal(seen.restarts, 0);
	assert_true(manager_unit(manager, "dm.service", &unit));
	first = unit.main_pid;
	seen.delay = true;
	kill(first, SIGKILL);
	TURN_UNTIL(seen.restarts == 1);
	turn_for(200);
	assert_string_equal(active("dm.service"), "activating");
	assert_true(manager_unit(manager, "dm.service", &unit));
	assert_int_equal(unit.main_pid, 0);
	manager_prestart_done(manager, "dm.service");
	manager_prestart_done(manager, "dm.service");
	TURN_UNTIL(is("dm.service", "active"));
	assert_true(manager_unit(manager, "dm.service", &unit));
	assert_int_not_equal(unit.main_pid, first);

	/* A stop while it waits ends the waiting. */
	kill(unit.main_pid, SIGKILL);
	TURN_UNTIL(seen.restarts == 2);
	assert_int_equal(manager_stop_unit(manager, "dm.service", "test", NULL), 0);
	TURN_UNTIL(is("dm.service", "inactive"));
	manager_prestart_done(manager, "dm.service");
	turn_for(100);
	assert_string_equal(active("dm.service"), "inactive");
}

TEST(bus_name_makes_it_ready)
{
	const struct table_service service = {
		.name = "l.service",
		.type = TABLE_TYPE_DBUS,
		.bus_name = "org.example.L",
	};

	add_unit(&service);
	assert_int_equal(manager_start_unit(manager, "l.service", "test", NULL), 0);
	turn_for(200);
	assert_string_equal(active("l.service"), "activating");
	manager_owner_changed(manager, "org.example.Other", 5);
	turn_for(50);
	assert_string_equal(active("l.service"), "activating");
	manager_owner_changed(manager, "org.example.L", 5);
	TURN_UNTIL(is("l.service", "active"));
	manager_owner_changed(manager, "org.example.L", 0);
	manager_owner_changed(manager, "org.example.L", 6);
	turn_for(50);
	assert_string_equal(active("l.service"), "active");
}

static void handle_stopped(struct manager *stopped, void *data)
{
	*(bool *)data = true;
}

TEST(stop_all)
{
	const struct table_service service = { .name = "a.service" };
	bool done = false;

	add_unit(&service);
	assert_int_equal(manager_start_unit(manager, "a.service", "test", NULL), 0);
	TURN_UNTIL(is("a.service", "active"));
	assert_int_equal(manager_stop_all(manager, "end", clock_monotonic_us() + 90 * USEC_PER_SEC,
					  handle_stopped, &done),
			 0);
	TURN_UNTIL(done);
	assert_string_equal(active("a.service"), "inactive");
	assert_int_equal(manager_start_unit(manager, "a.service", "test", NULL), -ESHUTDOWN);
}

static void clean_up(void)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/control", run_dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/notify", run_dir);
	(void)rmdir(path);
	if (rmdir(run_dir) < 0)
		fprintf(stderr, "left behind: %s\n", run_dir);
}

#define MANAGER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int policy_of(const char *name)
{
	struct manager_unit unit;

	return manager_unit(manager, name, &unit) && unit.main_pid > 0
		       ? sched_getscheduler(unit.main_pid)
		       : -1;
}

/* Is it in the background, by its group or by itself? */
static bool is_background(const char *name)
{
	char path[256], *line = NULL;
	bool idle = false;

	if (policy_of(name) == SCHED_IDLE)
		return true;
	if (!cgroup_root)
		return false;
	snprintf(path, sizeof(path), "%s/system.slice/%s/cpu.idle", cgroup_root, name);
	if (fs_read_line_at(AT_FDCWD, path, &line) == 0)
		idle = strcmp(line, "1") == 0;
	free(line);
	return idle;
}

TEST(the_gate)
{
	const struct table_service wished = { .name = "wished.service" };
	const struct table_service needed = { .name = "needed.service" };
	const struct table_service of_display = { .name = "seat.service",
						  .stage = TABLE_STAGE_DISPLAY };
	const struct table_service later = { .name = "later.service",
					     .requires = LIST("wished.service") };
	const struct table_service dm = {
		.name = "dm.service",
		.requires = LIST("needed.service"),
		.wants = LIST("wished.service\0seat.service\0before.service"),
		.after = LIST("before.service"),
	};
	const struct table_service before = { .name = "before.service" };

	add_unit(&wished);
	add_unit(&needed);
	add_unit(&before);
	add_unit(&of_display);
	add_unit(&later);
	add_unit(&dm);
	manager_gate(manager, true);
	assert_int_equal(manager_start_unit(manager, "dm.service", "test", NULL), 0);
	TURN_UNTIL(is("dm.service", "active") && is("wished.service", "active") &&
		   is("seat.service", "active"));
	assert_true(is_background("wished.service"));
	assert_false(is_background("needed.service"));
	assert_false(is_background("before.service")); /* a wish, but dm waits for it */
	assert_false(is_background("seat.service"));
	assert_false(is_background("dm.service"));

	/* Somebody needs it: raised at once. */
	assert_int_equal(manager_start_unit(manager, "later.service", "test", NULL), 0);
	TURN_UNTIL(is("later.service", "active"));
	assert_false(is_background("wished.service"));

	/* Down and up again by a wish: in the background until the gate opens. */
	assert_int_equal(manager_stop_unit(manager, "dm.service", "test", NULL), 0);
	assert_int_equal(manager_stop_unit(manager, "wished.service", "test", NULL), 0);
	TURN_UNTIL(is("dm.service", "inactive") && is("wished.service", "inactive"));
	assert_int_equal(manager_start_unit(manager, "dm.service", "test", NULL), 0);
	TURN_UNTIL(is("dm.service", "active") && is("wished.service", "active"));
	assert_true(is_background("wished.service"));
	manager_gate(manager, false);
	assert_false(is_background("wished.service"));
	assert_int_equal(policy_of("wished.service"), SCHED_OTHER);
}

/* As over an exec, without a turn of the loop; descriptors are lost on the way. */
static void replace_manager(void)
{
	const struct manager_options options = { .run_dir = run_dir, .cgroup_root = cgroup_root };
	int fd;

	assert_int_equal(fd_new_memfd("state", &fd), 0);
	assert_int_equal(manager_serialize(manager, fd), 0);
	manager_unlisten(&seen.listener);
	manager = manager_free(manager);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(manager_new(&manager, loop, &options), 0);
	assert_int_equal(manager_deserialize(manager, fd), 0);
	seen.listener.link = (struct list){ 0 };
	manager_listen(manager, &seen.listener);
	close(fd);
}

TEST(the_gate_over_an_exec)
{
	const struct table_service wished = { .name = "wished.service" };
	const struct table_service late = { .name = "late.service",
					    .after = LIST("first.service") };
	const struct table_service first = { .name = "first.service",
					     .type = TABLE_TYPE_DBUS,
					     .bus_name = "org.example.First" };
	const struct table_service dm = { .name = "dm.service",
					  .stage = TABLE_STAGE_DISPLAY,
					  .wants = LIST(
						  "wished.service\0first.service\0late.service") };

	add_unit(&wished);
	add_unit(&late);
	add_unit(&first);
	add_unit(&dm);
	manager_gate(manager, true);
	assert_int_equal(manager_start_unit(manager, "dm.service", "test", NULL), 0);
	TURN_UNTIL(is("dm.service", "active") && is("wished.service", "active"));
	replace_manager();
	assert_true(is_background("wished.service"));
	assert_true(is("late.service", "inactive"));
	/* It was wished for before, and starts now. */
	manager_owner_changed(manager, "org.example.First", 2);
	TURN_UNTIL(is("late.service", "active"));
	assert_true(is_background("late.service"));
	manager_gate(manager, false);
	assert_false(is_background("wished.service"));
	assert_false(is_background("late.service"));
	replace_manager();
	assert_false(is_background("late.service"));
}

static void save_nothing(state_put_fn put, void *to, bool whole, void *data)
{
	fail_msg("asked for more than the manager's own state");
}

/* Stage 1 hands its overlays and its picture over by a part of its own: twice would be two of each. */
TEST(a_hand_over_is_the_managers_own)
{
	manager->options.save = save_nothing;
	replace_manager();
}

TEST(an_end_that_was_not_told)
{
	manager_job_ended(manager, 77, "b.service", JOB_FAILED, -ENOENT, "no such unit");
	replace_manager();
	assert_true(manager_has_job(manager, 77));
	TURN_UNTIL(seen.job == 77);
	assert_string_equal(seen.result, "failed");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		MANAGER_TEST(scope_lives_as_long_as_its_processes),
		MANAGER_TEST(what_is_too_long_for_the_state_is_left_out_alone),
		MANAGER_TEST(scope_is_killed_whole),
		MANAGER_TEST(scope_is_stopped_by_a_job),
		MANAGER_TEST(scope_of_nobody_is_refused),
		MANAGER_TEST(job_and_listener),
		MANAGER_TEST(masked_unit),
		MANAGER_TEST(unknown_unit),
		MANAGER_TEST(an_order_that_the_manifest_refuses),
		MANAGER_TEST(prestart_delays_a_restart),
		MANAGER_TEST(bus_name_makes_it_ready),
		MANAGER_TEST(the_gate),
		MANAGER_TEST(the_gate_over_an_exec),
		MANAGER_TEST(an_end_that_was_not_told),
		MANAGER_TEST(a_hand_over_is_the_managers_own),
		MANAGER_TEST(stop_all),
	};
	int failed;

	if (getpid() != 1) {
		fprintf(stderr, "init-manager kills all processes that it sees: run it by "
				"init-manager.sh\n");
		return EXIT_FAILURE;
	}
	cgroup_root = argc > 1 ? argv[1] : NULL;
	if (!mkdtemp(run_dir))
		return EXIT_FAILURE;
	log_init("init-manager", LOG_SINK_STDERR, LOG_LEVEL_WARNING);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clean_up();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

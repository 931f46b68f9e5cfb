/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PID 1 crashes in the very turn in which it forked helpers or heard messages: nothing runs twice, nothing is lost. Each test is a
 * PID 1 of its own name space with a crash handler, an image and a helper, and nothing else.
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/proto/splash.h"
#include "early_test.h"
#include "helper.h"
#include "image.h"

#define PATIENCE_US (60 * USEC_PER_SEC)
#define NOTHING_COMES_US (2 * USEC_PER_SEC)
#define MESSAGES "12345"

/* What there is to save. */
struct saved {
	int pid; /* 0: none */
	int link_fd;
	char seen[16];
	unsigned int deaths;
};

static struct {
	char **argv;
	const char *scenario;
	const char *dir;
	struct loop *loop;
	struct image image;
	struct helper helpers[2];
	struct loop_hook at_the_end;
	struct saved now, saved;
} one;

static bool is(const char *scenario)
{
	return strcmp(one.scenario, scenario) == 0;
}

static void append(const char *name, const char *text)
{
	char path[256];
	int fd CLEANUP_FD
	= -1;

	(void)snprintf(path, sizeof(path), "%s/%s", one.dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(90);
}

static size_t read_file(const char *dir, const char *name, char *buf, size_t size)
{
	char path[256];
	int fd CLEANUP_FD
	= -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	return strlen(buf);
}

static void crash_now(void)
{
	append("crashes", "x");
	(void)raise(SIGSEGV);
}

static bool has_crashed(void)
{
	char text[16];

	return read_file(one.dir, "crashes", text, sizeof(text)) > 0;
}

/* --- PID 1 --- */

static void save(void *data)
{
	one.now.pid = helper_is_running(&one.helpers[0]) ? one.helpers[0].child.pid : 0;
	one.now.link_fd = channel_is_open(&one.helpers[0].channel) ? one.helpers[0].channel.fd : -1;
	if (one.image.len > 0 && memcmp(&one.now, &one.saved, sizeof(one.now)) == 0)
		return;
	if (image_replace(&one.image, &one.now, sizeof(one.now)) < 0)
		_exit(91);
	one.saved = one.now;
	crash_children_are_known();
}

static void handle_end_of_turn(struct loop_hook *hook)
{
	crash_now();
}

static void handle_message(struct helper *helper, struct channel_message *message)
{
	struct splash_failed failed;
	size_t n = strlen(one.now.seen);

	if (channel_unpack(&helper->channel, message, &failed, sizeof(failed)) < 0)
		_exit(92);
	one.now.seen[n] = failed.why[0];
	if (failed.why[0] != '3')
		return;
	if (is("poison") || (is("once") && !has_crashed()))
		crash_now();
	if (is("late") && !has_crashed())
		loop_hook_schedule(one.loop, &one.at_the_end, handle_end_of_turn);
	if (is("closed") && !has_crashed()) {
		(void)fd_close(helper_release(helper));
		crash_now();
	}
}

static void handle_exit(struct helper *helper, int status)
{
	if (is("dead") && !has_crashed())
		crash_now();
	one.now.deaths++;
}

static struct helper_spec make_spec(const char *const *argv)
{
	return (struct helper_spec){
		.name = "helper",
		.argv = argv,
		.protocol = &splash_protocol,
		.on_message = handle_message,
		.on_exit = handle_exit,
	};
}

static void start(struct helper *helper, const char *const *argv)
{
	const struct helper_spec spec = make_spec(argv);

	if (helper_start(helper, one.loop, &spec) < 0)
		_exit(93);
}

/* The first program. */
static void begin(void)
{
	char command[300];
	const char *const slow[] = { "/bin/sh", "-c", command, NULL };
	const char *const talk[] = { one.argv[0], "--talk", is("dead") ? "and end" : "and stay",
				     NULL };
	siginfo_t info;

	(void)snprintf(command, sizeof(command), "sleep 0.3; echo >> %s/runs; exec sleep 100",
		       one.dir);
	if (is("born") || is("known")) {
		start(&one.helpers[0], slow);
		start(&one.helpers[1], slow);
		if (is("known"))
			(void)loop_turn(one.loop, 0);
		crash_now();
	}
	start(&one.helpers[0], talk);
	if (is("dead")) {
		(void)loop_turn(one.loop, 0); /* it is saved */
		(void)waitid(P_PID, (id_t)one.helpers[0].child.pid, &info, WEXITED | WNOWAIT);
	}
}

static void go_on(const struct crash_state *state)
{
	const struct helper_spec spec = make_spec(NULL);
	char *bytes;
	size_t len;

	if (image_read(state->fds, &bytes, &len) < 0)
		return; /* nothing was saved before the crash */
	if (len < sizeof(one.now))
		_exit(94);
	memcpy(&one.now, bytes + len - sizeof(one.now), sizeof(one.now));
	free(bytes);
	if (one.now.pid > 0 &&
	    helper_adopt(&one.helpers[0], one.loop, &spec, one.now.pid, one.now.link_fd) < 0)
		_exit(95);
}

static void find_state(int argc, struct crash_state *ret_state)
{
	const char *option = argc > 3 ? one.argv[3] : "";

	if (strncmp(option, "--state=", 8) != 0 || crash_parse(option + 8, ret_state) < 0)
		ret_state->fds[0] = -1;
}

/* All is seen that there can be; in one scenario there is nothing to see. */
static bool is_over(void)
{
	char runs[64];

	if (is("known"))
		return read_file(one.dir, "runs", runs, sizeof(runs)) >= ARRAY_SIZE(one.helpers);
	return strchr(one.now.seen, MESSAGES[strlen(MESSAGES) - 1]);
}

static int run_as_pid_1(int argc, char **argv)
{
	struct crash_state state = { .fds = { -1, -1 } };
	char deaths[16];
	uint64_t end_us;

	one.argv = argv;
	one.scenario = argv[1];
	one.dir = argv[2];
	crash_init(true);
	log_init("crash-turn", LOG_SINK_STDERR, LOG_LEVEL_WARNING);
	find_state(argc, &state);
	if (loop_new(&one.loop) < 0 || image_init(&one.image) < 0)
		return 96;
	if (state.fds[0] >= 0)
		go_on(&state);
	if (loop_reap_children(one.loop) < 0)
		return 97;
	loop_set_sleep_fn(one.loop, save, NULL);
	if (!is("born"))
		save(NULL);
	crash_arm(&one.image, argv);
	if (state.fds[0] < 0)
		begin();
	end_us = clock_monotonic_us() + (is("born") ? NOTHING_COMES_US : PATIENCE_US);
	while (clock_monotonic_us() < end_us && !is_over())
		(void)loop_turn(one.loop, 50);
	for (int i = 0; i < 5; i++)
		(void)loop_turn(one.loop, 20);
	append("seen", one.now.seen);
	(void)snprintf(deaths, sizeof(deaths), "%u", one.now.deaths);
	append("deaths", deaths);
	_exit(0); /* with all that run */
}

/* --- the helper --- */

static int talk(const char *and)
{
	char word[2] = { 0 };
	const struct splash_failed failed = { word };

	for (const char *at = MESSAGES; *at; at++) {
		word[0] = *at;
		if (channel_send_sync(CHANNEL_HELPER_FD, &splash_protocol, SPLASH_FAILED, &failed) <
		    0)
			return 1;
	}
	if (strcmp(and, "and stay") == 0)
		(void)pause();
	return 0;
}

/* --- the tests --- */

static char *program;

struct outcome {
	char seen[64];
	char runs[64];
	char crashes[64];
	char deaths[64];
};

static void execute(const char *scenario, const char *dir)
{
	char *const argv[] = { program, (char *)scenario, (char *)dir, NULL };

	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("proc", "/proc", "proc", 0, NULL) == 0)
		(void)execv(program, argv);
	_exit(98);
}

static void run(const char *scenario, struct outcome *ret)
{
	char dir[] = "/tmp/early-crash-turn-XXXXXX", command[64];
	int status = -1;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(99);
		pid = fork();
		if (pid == 0)
			execute(scenario, dir);
		(void)waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 100);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)read_file(dir, "seen", ret->seen, sizeof(ret->seen));
	(void)read_file(dir, "runs", ret->runs, sizeof(ret->runs));
	(void)read_file(dir, "crashes", ret->crashes, sizeof(ret->crashes));
	(void)read_file(dir, "deaths", ret->deaths, sizeof(ret->deaths));
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(status, 0);
}

TEST(helpers_of_the_turn_that_crashed_are_no_more)
{
	struct outcome outcome;

	run("born", &outcome);
	assert_string_equal(outcome.crashes, "x");
	assert_string_equal(outcome.runs, "");
}

TEST(helpers_that_are_known_live_on)
{
	struct outcome outcome;

	run("known", &outcome);
	assert_string_equal(outcome.crashes, "x");
	assert_string_equal(outcome.runs, "\n\n");
}

static void assert_heard_again(const char *how)
{
	struct outcome outcome;

	run(how, &outcome);
	assert_string_equal(outcome.crashes, "x");
	assert_string_equal(outcome.seen, MESSAGES);
}

TEST(a_message_under_dispatch_is_heard_again)
{
	assert_heard_again("once");
}

TEST(a_message_whose_effect_was_not_saved_is_heard_again)
{
	assert_heard_again("late");
}

TEST(a_message_that_ended_the_link_is_heard_again)
{
	assert_heard_again("closed");
}

TEST(the_last_words_of_a_dead_one_are_heard_again)
{
	struct outcome outcome;

	run("dead", &outcome);
	assert_string_equal(outcome.crashes, "x");
	assert_string_equal(outcome.seen, MESSAGES);
	assert_string_equal(outcome.deaths, "1");
}

TEST(a_message_that_crashes_twice_is_dropped)
{
	struct outcome outcome;

	run("poison", &outcome);
	assert_string_equal(outcome.crashes, "xx");
	assert_string_equal(outcome.seen, "1245");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(helpers_of_the_turn_that_crashed_are_no_more),
		cmocka_unit_test(helpers_that_are_known_live_on),
		cmocka_unit_test(a_message_under_dispatch_is_heard_again),
		cmocka_unit_test(a_message_whose_effect_was_not_saved_is_heard_again),
		cmocka_unit_test(a_message_that_ended_the_link_is_heard_again),
		cmocka_unit_test(the_last_words_of_a_dead_one_are_heard_again),
		cmocka_unit_test(a_message_that_crashes_twice_is_dropped),
	};

	if (argc == 3 && strcmp(argv[1], "--talk") == 0)
		return talk(argv[2]);
	if (getpid() == 1)
		return run_as_pid_1(argc, argv);
	program = realpath("/proc/self/exe", NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

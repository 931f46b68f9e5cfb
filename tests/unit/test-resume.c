/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A main process after an exec of PID 1: a pid alone does not say that it is the one. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early_test.h"
#include "manager_internal.h"
#include "service_internal.h"
#include "state_fd.h"
#include "state_proto.h"
#include "table_make.h"

static struct loop *loop;
static struct manager *manager;
static pid_t parent; /* of a process that is no child of ours */
static pid_t stranger;

static void make_stranger(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		pid_t pid = fork();

		if (pid > 0)
			(void)!write(ends[1], &pid, sizeof(pid));
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &stranger, sizeof(stranger)), sizeof(stranger));
	close(ends[0]);
	close(ends[1]);
}

static struct service *make_running(void)
{
	static struct table_make make;
	const struct table_service service = { .name = "s.service",
					       .slice = "system.slice",
					       .type = TABLE_TYPE_SIMPLE };
	struct service *made;
	int fd CLEANUP_FD
	= -1;

	make.len = 0;
	make_header(&make);
	make_message(&make, TABLE_SERVICE, &service);
	make_message(&make, TABLE_END, NULL);
	assert_int_equal(fd_new_memfd("table", &fd), 0);
	assert_int_equal(fd_write_all(fd, make.data, make.len), 0);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(manager_read_table(manager, fd), 0);
	made = manager_find(manager, "s.service");
	assert_non_null(made);
	made->state = SERVICE_RUNNING;
	return made;
}

static int begin(void **state)
{
	struct manager_options options = { .run_dir = "/tmp" };

	(void)state;
	make_stranger();
	return loop_new(&loop) < 0 || manager_new(&manager, loop, &options) < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	manager_free(manager);
	loop_free(loop);
	(void)kill(stranger, SIGKILL);
	(void)kill(parent, SIGKILL);
	return waitpid(parent, NULL, 0) == parent ? 0 : -1;
}

static const struct state_service nothing = {
	.main_pipe = STATE_NO_FD,
	.control_pipe = STATE_NO_FD,
	.main_pidfd = STATE_NO_FD,
};

/* It was reaped, what it meant was not saved, and somebody else has its pid. */
TEST(a_pid_that_was_given_away)
{
	struct service *service = make_running();
	struct state_service past = nothing;

	past.main_pid = stranger;
	service_resume_processes(service, &past);
	assert_int_equal(service->main.pid, 0);
	assert_int_not_equal(service->state, SERVICE_RUNNING);
}

/* Ended, but not reaped: that is still to come, and says how it ended. */
TEST(a_zombie)
{
	struct service *service = make_running();
	struct state_service past = nothing;
	siginfo_t info;

	past.main_pid = fork();
	assert_true(past.main_pid >= 0);
	if (past.main_pid == 0)
		_exit(3);
	assert_int_equal(waitid(P_PID, (id_t)past.main_pid, &info, WEXITED | WNOWAIT), 0);
	service_resume_processes(service, &past);
	assert_int_equal(service->main.pid, past.main_pid);
	assert_int_equal(service->state, SERVICE_RUNNING);
	assert_int_equal(loop_reap_children(loop), 0);
	assert_int_equal(service->main.pid, 0);
	assert_int_equal(service->exit_status, 3);
}

/* A main process that has another parent, as MAINPID= may name one. */
TEST(somebody_elses_child)
{
	struct service *service = make_running();
	struct state_service past = nothing;
	int fd = pidfd_open(stranger, 0);

	assert_true(fd >= 0);
	assert_true(fd_set_cloexec(fd, false) >= 0); /* as it comes over an exec */
	past.main_pid = stranger;
	past.main_pidfd = state_fd(fd);
	service_resume_processes(service, &past);
	assert_int_equal(service->main.pid, stranger);
	assert_int_equal(service->main_pidfd, fd);
	assert_int_equal(service->state, SERVICE_RUNNING);
	assert_int_equal(kill(stranger, SIGKILL), 0);
	while (service->main.pid > 0)
		assert_true(loop_turn(loop, -1) >= 0);
	assert_int_equal(service->main_pidfd, -1);
	assert_int_not_equal(service->state, SERVICE_RUNNING);
}

#define MACHINE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE(a_pid_that_was_given_away),
		MACHINE(a_zombie),
		MACHINE(somebody_elses_child),
	};

	log_init("test", LOG_SINK_STDERR, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

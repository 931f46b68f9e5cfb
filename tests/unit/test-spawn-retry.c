/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service that no process can be made for: a filter stands for the full machine. It stays, so it leaves the leak checker its clone(). */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>

#include "early/fd.h"
#include "early/log.h"
#include "early_test.h"
#include "manager_internal.h"
#include "table_make.h"

static struct loop *loop;
static struct manager *manager;

static void refuse_processes(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	assert_non_null(filter);
	assert_int_equal(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAGAIN), SCMP_SYS(clone3), 0), 0);
	assert_int_equal(seccomp_load(filter), 0);
	seccomp_release(filter);
}

static struct service *make_sleeper(void)
{
	static const char sleeper[] = "/bin/sleep\0"
				      "1000";
	static struct table_make make;
	const struct table_service service = {
		.name = "s.service",
		.slice = "system.slice",
		.type = TABLE_TYPE_SIMPLE,
		.start_timeout_us = UINT64_MAX,
		.stop_timeout_us = UINT64_MAX,
	};
	const struct table_exec exec = {
		.phase = TABLE_PHASE_START,
		.program = "/bin/sleep",
		.argv = { sleeper, sizeof(sleeper) },
	};
	int fd CLEANUP_FD
	= -1;

	make_header(&make);
	make_message(&make, TABLE_SERVICE, &service);
	make_message(&make, TABLE_EXEC, &exec);
	make_message(&make, TABLE_END, NULL);
	assert_int_equal(fd_new_memfd("table", &fd), 0);
	assert_int_equal(fd_write_all(fd, make.data, make.len), 0);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(manager_read_table(manager, fd), 0);
	return manager_find(manager, "s.service");
}

static void start_and_wait(struct service *service, unsigned int n_retries)
{
	assert_int_equal(manager_start_unit(manager, "s.service", "the test", NULL), 0);
	while (service->n_spawn_retries < n_retries)
		assert_true(loop_turn(loop, -1) >= 0);
}

/* Each start has all its tries. */
TEST(a_later_start_counts_anew)
{
	struct manager_options options = { .run_dir = "/tmp" };
	struct service *service;

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(manager_new(&manager, loop, &options), 0);
	service = make_sleeper();
	assert_non_null(service);
	refuse_processes();
	start_and_wait(service, 3);
	assert_int_equal(service->state, SERVICE_START);
	assert_int_equal(manager_stop_unit(manager, "s.service", "the test", NULL), 0);
	assert_true(loop_turn(loop, 0) >= 0); /* there is no process to wait for */
	assert_true(service_state_is_inactive(service->state));
	assert_int_equal(service->n_spawn_retries, 0);
	manager_free(manager);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_later_start_counts_anew) };

	log_init("test", LOG_SINK_STDERR, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

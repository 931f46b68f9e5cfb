/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The real early-exec, given orders as PID 1 gives them: exit codes, answers, environment, identity, sockets. Runs as root, because
 * changing users is its business. argv[1] is its path.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"
#include "exec_unit.h"

TEST(exit_codes)
{
	static const struct {
		const char *user, *group, *directory, *program, *limit, *capability, *pam, *output;
		int code;
	} cases[] = {
		{ .program = "/no/such", .code = 203 },
		{ .program = "/etc", .code = 203 },
		{ .program = "/bin/true", .user = "no-such-user", .code = 217 },
		{ .program = "/bin/true", .group = "no-such-group", .code = 216 },
		{ .program = "/bin/true", .directory = "/no/such", .code = 200 },
		{ .program = "/bin/true", .directory = "-/no/such", .code = 0 },
		{ .program = "/bin/true", .limit = "NOFILE=9:5", .code = 205 },
		{ .program = "/bin/true", .capability = "CAP_NONSENSE", .code = 218 },
		{ .program = "/bin/true", .output = "file:/no/such/file", .code = 209 },
		{ .program = "/bin/false", .code = 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct table_service service = plain;
		struct execs_context context = { .cgroup = "" };
		struct table_exec exec = { TABLE_PHASE_START, 0, cases[i].program, WORDS("x") };
		struct outcome outcome;

		service.user = cases[i].user;
		service.group = cases[i].group;
		service.working_directory = cases[i].directory;
		service.standard_output = cases[i].output;
		if (cases[i].limit)
			service.limits = words(cases[i].limit, strlen(cases[i].limit) + 1);
		if (cases[i].capability)
			service.capabilities = words(cases[i].capability,
						     strlen(cases[i].capability) + 1);
		run_order(&service, &context, &exec, &outcome);
		if (outcome.code != cases[i].code)
			fail_msg("case %zu: exit code %d instead of %d", i, outcome.code,
				 cases[i].code);
		assert_int_equal(outcome.answer, cases[i].code >= 200 ? EXECS_FAILED : 0);
		if (cases[i].code >= 200)
			assert_int_equal(outcome.failed.exit_code, cases[i].code);
	}
}

TEST(conditions_are_for_the_start)
{
	struct table_service service = plain;
	struct execs_context context = { .cgroup = "" };
	struct table_exec exec = { TABLE_PHASE_START, 0, "/bin/false", WORDS("x") };
	struct outcome outcome;

	service.conditions = WORDS("path-exists:/no/such");
	run_order(&service, &context, &exec, &outcome);
	assert_int_equal(outcome.code, 0);
	assert_int_equal(outcome.answer, EXECS_SKIPPED);
	assert_string_equal(outcome.skipped.condition, "path-exists:/no/such");
	exec.phase = TABLE_PHASE_STOP;
	run_order(&service, &context, &exec, &outcome);
	assert_int_equal(outcome.code, 1);
	exec.phase = TABLE_PHASE_START;
	context.environment = WORDS("EARLY_CONDITIONS=met");
	run_order(&service, &context, &exec, &outcome);
	assert_int_equal(outcome.code, 1);
}

TEST(environment_in_its_order)
{
	struct table_service service = plain;
	struct execs_context context = { .environment = WORDS(
						 "NOTIFY_SOCKET=/n\0A=context\0LISTEN_FDS=1") };
	struct table_exec exec = {
		TABLE_PHASE_START, TABLE_EXEC_HAS_VARIABLES, "/bin/sh",
		WORDS("sh\0-c\0env; echo pid $$$$ ; echo words $#\0zero\0$TWO")
	};
	struct outcome outcome;
	char path[] = "/tmp/exec-run-XXXXXX";
	char list[64];
	int fd = mkstemp(path);
	int len = snprintf(list, sizeof(list), "-/no/such%c%s", 0, path) + 1;

	assert_int_equal(fd_write_all(fd, "B=file\nTWO=\"a b\"\n", 17), 0);
	close(fd);
	service.environment = WORDS("A=manifest\0B=manifest\0GONE=1");
	service.environment_files = words(list, (size_t)len);
	service.unset_environment = WORDS("GONE");
	run_order(&service, &context, &exec, &outcome);
	(void)unlink(path);
	assert_int_equal(outcome.code, 0);
	assert_said(outcome, "NOTIFY_SOCKET=/n\n");
	assert_said(outcome, "A=manifest\n");
	assert_said(outcome, "B=file\n");
	assert_said(outcome, "words 2\n");
	assert_null(strstr(outcome.output, "GONE="));
	{
		/* LISTEN_PID is the program's own */
		const char *listen = strstr(outcome.output, "LISTEN_PID=");
		const char *pid = strstr(outcome.output, "pid ");

		assert_non_null(listen);
		assert_non_null(pid);
		assert_int_equal(atoi(listen + 11), atoi(pid + 4));
	}
}

TEST(descriptors)
{
	struct table_service service = plain;
	struct execs_context context = { .environment = WORDS("LISTEN_FDS=1") };
	struct table_exec exec = { TABLE_PHASE_START, 0, "/bin/sh",
				   WORDS("sh\0-c\0exec readlink /proc/self/fd/0 /proc/self/fd/3 "
					 "/proc/self/fd/4 /proc/self/fd/5") };
	struct outcome outcome;

	run_order(&service, &context, &exec, &outcome);
	assert_said(outcome, "/dev/null\nsocket:[");
	assert_int_equal(outcome.code, 1); /* readlink's: there are no 4 and 5 */
	assert_non_null(strchr(outcome.output, ']'));
	assert_string_equal(strchr(outcome.output, ']'), "]\n");
}

TEST(identity_and_surroundings)
{
	struct table_service service = plain;
	struct outcome outcome;

	if (geteuid() != 0)
		fail_msg("this test must run as root");
	service.user = "nobody";
	service.supplementary_groups = WORDS("tty");
	service.limits = WORDS("NOFILE=77:78");
	service.nice = 3;
	service.umask = 0027;
	service.oom_score_adjust = 100;
	service.working_directory = "/tmp";
	service.ambient_capabilities = WORDS("CAP_KILL");
	service.capabilities = WORDS("CAP_KILL\0CAP_CHOWN");
	service.runtime_directory = WORDS("early-test-run/sub");
	service.runtime_directory_mode = 0750;
	run_script(&service,
		   "id -un; id -Gn; ulimit -n; nice; umask; cat /proc/self/oom_score_adj; pwd; "
		   "grep Cap /proc/self/status;"
		   "stat -c '%U %a' $RUNTIME_DIRECTORY; echo $HOME $USER $LOGNAME; grep SigIgn "
		   "/proc/self/status",
		   &outcome);
	(void)rmdir("/run/early-test-run/sub");
	(void)rmdir("/run/early-test-run");
	assert_int_equal(outcome.code, 0);
	assert_said(outcome, "nobody\nnogroup tty\n77\n3\n0027\n100\n/tmp\n");
	assert_said(outcome, "CapEff:\t0000000000000020\n");
	assert_said(outcome, "CapBnd:\t0000000000000021\n");
	assert_said(outcome, "CapAmb:\t0000000000000020\n");
	assert_said(outcome, "nobody 750\n");
	assert_said(outcome, "/nonexistent nobody nobody\n");
	assert_said(outcome, "SigIgn:\t0000000000001000\n"); /* SIGPIPE only */
}

/* The kernel allows nobody more descriptors than fs.nr_open, and who has no CAP_SYS_RESOURCE no more than he has. */
TEST(a_limit_beyond_what_is_allowed_is_the_highest_that_is)
{
	struct table_service service = plain;
	struct outcome outcome;

	service.limits = WORDS("NOFILE=infinity:infinity");
	run_script(&service,
		   "max=$(cat /proc/sys/fs/nr_open); n=$(ulimit -Hn); test $(ulimit -n) = $n && "
		   "{ test $n = $max || ! ulimit -Hn $max; } && echo highest",
		   &outcome);
	assert_int_equal(outcome.code, 0);
	assert_said(outcome, "highest\n");
}

TEST(full_privilege_and_sigpipe)
{
	struct table_service service = plain;
	struct execs_context context = { .cgroup = "" };
	struct table_exec exec = { TABLE_PHASE_START, TABLE_EXEC_FULL_PRIVILEGE, "/bin/sh",
				   WORDS("sh\0-c\0id -u; grep SigIgn /proc/self/status") };
	struct outcome outcome;

	service.user = "nobody";
	service.flags = TABLE_FLAG_KEEP_SIGPIPE;
	run_order(&service, &context, &exec, &outcome);
	assert_said(outcome, "0\nSigIgn:\t0000000000000000\n");
}

/* In a mount name space of its own, where /var/lib is read-only. */
static void check_read_only_state(void)
{
	struct table_service service = plain;
	struct outcome outcome;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/var/lib", "tmpfs", MS_RDONLY, NULL) < 0)
		_exit(2);
	service.state_directory = WORDS("early-test-state");
	run_script(&service, "echo runs", &outcome);
	_exit(outcome.code == 0 && strstr(outcome.output, "runs\n") ? 0 : 1);
}

TEST(a_read_only_disk_is_no_obstacle)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		check_read_only_state();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

TEST(streams)
{
	struct table_service service = plain;
	struct outcome outcome;
	char path[] = "/tmp/exec-run-XXXXXX";
	char output[64];
	struct stat st;

	close(mkstemp(path));
	(void)snprintf(output, sizeof(output), "append:%s", path);
	service.standard_output = output;
	service.standard_error = "null";
	run_script(&service, "echo to the file; echo nowhere >&2", &outcome);
	assert_string_equal(outcome.output, "");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, strlen("to the file\n"));
	(void)unlink(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(conditions_are_for_the_start),
		cmocka_unit_test(environment_in_its_order),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(identity_and_surroundings),
		cmocka_unit_test(a_limit_beyond_what_is_allowed_is_the_highest_that_is),
		cmocka_unit_test(full_privilege_and_sigpipe),
		cmocka_unit_test(a_read_only_disk_is_no_obstacle),
		cmocka_unit_test(streams),
	};

	if (!exec_unit_begin(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

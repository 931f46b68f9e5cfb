/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small parts of early-init: timeline, notify's text, process sets, paths of groups, the exec pipe. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/proto/execs.h"
#include "early/strv.h"
#include "early_test.h"
#include "execs_pipe.h"
#include "hostname.h"
#include "notify.h"
#include "procset.h"
#include "scope.h"
#include "shared_text.h"
#include "timeline.h"
#include "unions.h"

TEST(timeline_keeps_milestones)
{
	struct timeline timeline;

	timeline_init(&timeline);
	assert_int_equal(timeline_add(&timeline, "first-frame", 7, NULL), 0);
	for (uint64_t i = 0; i < 3 * TIMELINE_MAX_EVENTS; i++)
		assert_int_equal(timeline_add(&timeline, "service:x:start", i + 100, "why"), 0);
	assert_int_equal(timeline.n_events, TIMELINE_MAX_EVENTS);
	assert_int_equal(timeline_when(&timeline, "first-frame"), 7);
	assert_int_equal(timeline_when(&timeline, "greeter"), 0);
	/* The oldest service events went. */
	assert_true(timeline.events[1].t_us > 2 * TIMELINE_MAX_EVENTS);
	timeline_done(&timeline);
	assert_int_equal(timeline.n_events, 0);
}

TEST(timeline_takes_names_apart)
{
	static const char *const names[] = { "bus",
					     "service:a.service:start",
					     "service:a@b:c.service:software-rendering",
					     "service:a.service:unheard-of",
					     "service:",
					     "service:start",
					     "service::ready" };
	struct timeline timeline;
	const char *unit = shared_text_own("a.service");
	char buf[TIMELINE_NAME_MAX];

	timeline_init(&timeline);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(timeline_add(&timeline, names[i], i, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(timeline_event_name(&timeline.events[i], buf), names[i]);
	assert_string_equal(timeline.events[2].name, "a@b:c.service");
	assert_int_equal(timeline_add_of_unit(&timeline, unit, TIMELINE_STOP, 9, "why"), 0);
	shared_text_free(unit);
	assert_string_equal(timeline_event_name(&timeline.events[timeline.n_events - 1], buf),
			    "service:a.service:stop");
	timeline_done(&timeline);
}

TEST(texts_are_shared)
{
	const char *a = shared_text_new("a cause"), *again = shared_text_new("a cause");
	const char *others[8];

	assert_ptr_equal(a, again);
	shared_text_free(a);
	assert_string_equal(again, "a cause");
	for (size_t i = 0; i < 8; i++) {
		char text[] = { (char)('a' + i), '\0' };

		others[i] = shared_text_new(text);
	}
	a = shared_text_new("a cause"); /* forgotten meanwhile, and still there */
	assert_string_equal(a, again);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(others[i][0], 'a' + (char)i);
		shared_text_free(others[i]);
	}
	shared_text_free(a);
	shared_text_free(again);
	shared_text_free(NULL);
	a = shared_text_new("a cause"); /* not one that was freed */
	assert_string_equal(a, "a cause");
	shared_text_free(a);
}

TEST(hostname)
{
	static const struct {
		const char *text;
		const char *name; /* NULL: none */
	} cases[] = {
		{ "box\n", "box" },
		{ "box", "box" },
		{ "# a\n\n  box \r\nb", "box" },
		{ "a.example.org.\n", "a.example.org" },
		{ "a b\n", NULL },
		{ "", NULL },
		{ "# only\n", NULL },
		{ "a..b\n", NULL },
		{ ".a\n", NULL },
		{ "\xc3\xa4\n", NULL },
		{ "-\n", "-" },
		{ ".\n", NULL },
	};
	char long_name[HOSTNAME_MAX + 2] = "";
	char name[HOSTNAME_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(hostname_parse(cases[i].text, name), cases[i].name != NULL);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
	}
	memset(long_name, 'x', HOSTNAME_MAX + 1);
	assert_false(hostname_parse(long_name, name));
	long_name[HOSTNAME_MAX] = '\0';
	assert_true(hostname_parse(long_name, name));
}

TEST(notify_text)
{
	const char *text = "READY=1\nSTATUS=all is well\nMAINPIDX=3\nMAINPID=12\nEMPTY=\nX";
	char buf[16];
	size_t len;

	assert_true(notify_get(text, "READY", buf, sizeof(buf)));
	assert_string_equal(buf, "1");
	assert_true(notify_get(text, "MAINPID", buf, sizeof(buf)));
	assert_string_equal(buf, "12");
	assert_true(notify_get(text, "STATUS", buf, 8));
	assert_string_equal(buf, "all is ");
	assert_false(notify_get(text, "X", buf, sizeof(buf)));
	assert_false(notify_get(text, "EADY", buf, sizeof(buf)));
	assert_non_null(notify_find(text, "EMPTY", &len));
	assert_int_equal(len, 0);
	assert_false(notify_get("", "READY", buf, sizeof(buf)));
	assert_false(notify_get("\n\n=1\n", "READY", buf, sizeof(buf)));
}

TEST(stat_lines)
{
	struct procset_process process;

	assert_int_equal(
		procset_parse_stat(
			"42 (a) b) (x) S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 1 2",
			&process),
		0);
	assert_int_equal(process.pid, 42);
	assert_int_equal(process.ppid, 7);
	assert_int_equal(process.session, 9);
	assert_int_equal(process.start, 777);
	assert_int_equal(
		procset_parse_stat("42 (x) Z 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777",
				   &process),
		-ESRCH);
	assert_int_equal(procset_parse_stat("", &process), -EINVAL);
	assert_int_equal(procset_parse_stat("42 (x) S 7", &process), -EINVAL);
}

TEST(sets_of_processes)
{
	struct procset_process first[] = {
		{ 10, 1, 10, 5 }, { 11, 10, 10, 6 }, { 12, 11, 12, 7 }, /* setsid, still a child */
		{ 20, 1, 20, 5 }, { 21, 20, 20, 6 },
	};
	struct procset_process second[] = {
		{ 13, 1, 10, 8 }, /* an orphan in its session */
		{ 12, 1, 12, 7 },
		{ 11, 1, 11, 99 }, /* the number again, another process */
		{ 20, 1, 20, 5 },
	};
	struct procset set = { 0 };

	assert_int_equal(procset_add(&set, 10), 0);
	assert_int_equal(procset_refresh(&set, first, 5), 0);
	assert_int_equal(set.n_members, 3);
	assert_true(procset_has(&set, 12));
	assert_false(procset_has(&set, 21));
	assert_int_equal(procset_refresh(&set, second, 4), 0);
	assert_true(procset_has(&set, 13));
	assert_true(procset_has(&set, 12));
	assert_false(procset_has(&set, 11));
	assert_false(procset_has(&set, 10));
	assert_int_equal(procset_refresh(&set, NULL, 0), 0);
	assert_int_equal(set.n_members, 0);
	procset_done(&set);
}

TEST(own_children_and_all_processes)
{
	struct procset_process *all = NULL, one;
	int proc_fd CLEANUP_FD
	= open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t *children = NULL, pid = fork();
	size_t n = 0, n_all = 0, found = 0;

	if (pid == 0)
		_exit(pause());
	assert_true(pid > 0 && proc_fd >= 0);
	assert_int_equal(procset_children(proc_fd, &children, &n), 0);
	for (size_t i = 0; i < n; i++)
		found += children[i] == pid;
	assert_int_equal(found, 1);
	assert_int_equal(procset_read(proc_fd, pid, &one), 0);
	assert_int_equal(one.ppid, getpid());
	assert_int_equal(procset_scan(proc_fd, &all, &n_all), 0);
	for (size_t i = 0; i < n_all; i++)
		found += all[i].pid == pid && all[i].start == one.start;
	assert_int_equal(found, 2);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(procset_read(proc_fd, pid, &one), -ENOENT);
	free(children);
	free(all);
	children = NULL;
	assert_int_equal(procset_children(proc_fd, &children, &n), 0);
	assert_int_equal(n, 0);
	free(children);
}

TEST(paths_of_groups)
{
	static const struct {
		const char *slice;
		const char *path;
	} rows[] = {
		{ "system.slice", "/system.slice/x.service" },
		{ "user-1000.slice", "/user.slice/user-1000.slice/x.service" },
		{ "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice/x.service" },
		{ "-.slice", "/x.service" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *path = NULL;

		assert_int_equal(scope_path(rows[i].slice, "x.service", &path), 0);
		assert_string_equal(path, rows[i].path);
		free(path);
	}
	assert_int_equal(scope_path("../x.slice", "x.service", &(char *){ NULL }), -EINVAL);
	assert_int_equal(scope_path("x.slice", "../x.service", &(char *){ NULL }), -EINVAL);
}

static enum execs_outcome outcome_of(const void *bytes, size_t len, struct execs_pipe *pipe_)
{
	struct loop *loop;
	int ends[2];

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, len), len);
	close(ends[1]);
	assert_int_equal(execs_pipe_open(pipe_, loop, ends[0], NULL), 0);
	execs_pipe_drain(pipe_);
	loop_free(loop);
	return pipe_->outcome;
}

TEST(exec_pipe)
{
	const struct execs_failed failed = { 203, -ENOENT, "EXEC", "/bin/no" };
	const struct execs_skipped skipped = { "path-exists:/x" };
	struct execs_pipe pipe_ = { .fd = -1 };
	char buf[256];
	int len;

	assert_int_equal(outcome_of("", 0, &pipe_), EXECS_EXECUTED);
	assert_int_equal(outcome_of("garbage and more", 16, &pipe_), EXECS_EXECUTED);
	len = wire_pack(&execs_protocol, EXECS_FAILED, &failed, buf, sizeof(buf));
	assert_int_equal(outcome_of(buf, (size_t)len, &pipe_), EXECS_OUTCOME_FAILED);
	assert_string_equal(execs_pipe_text(&pipe_), "EXEC: No such file or directory: /bin/no");
	assert_int_equal(outcome_of(buf, (size_t)len - 1, &pipe_), EXECS_EXECUTED);
	len = wire_pack(&execs_protocol, EXECS_SKIPPED, &skipped, buf, sizeof(buf));
	assert_int_equal(outcome_of(buf, (size_t)len, &pipe_), EXECS_OUTCOME_SKIPPED);
	assert_string_equal(execs_pipe_text(&pipe_), "path-exists:/x");
	execs_pipe_done(&pipe_);
}

/* From the wish to mount it on, until look-ups reach the real directory. */
TEST(overlaid_paths)
{
	static struct unions unions = { .n_mounts = 6 };
	char **paths CLEANUP_STRV = NULL;

	for (uint32_t i = 0; i < unions.n_mounts; i++) {
		unions.mounts[i].state = (enum union_state)i;
		(void)snprintf(unions.mounts[i].path, sizeof(unions.mounts[i].path), "/%s",
			       union_state_name((enum union_state)i));
	}
	assert_int_equal(unions_list_overlaid(&unions, &paths), 0);
	assert_int_equal(strv_length(paths), UNION_GONE);
	assert_false(strv_contains(paths, "/gone"));
	assert_true(strv_contains(paths, "/merged"));
}

TEST_MAIN(cmocka_unit_test(overlaid_paths), cmocka_unit_test(timeline_keeps_milestones),
	  cmocka_unit_test(timeline_takes_names_apart), cmocka_unit_test(texts_are_shared),
	  cmocka_unit_test(hostname), cmocka_unit_test(notify_text), cmocka_unit_test(stat_lines),
	  cmocka_unit_test(sets_of_processes), cmocka_unit_test(own_children_and_all_processes),
	  cmocka_unit_test(paths_of_groups), cmocka_unit_test(exec_pipe))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line that says why: written, read back, and not led astray by what a process is called. */
#include <string.h>

#include "early/cause.h"
#include "early/macros.h"
#include "early_test.h"

static const struct {
	const char *text;
	struct cause cause;
} cases[] = {
	{ "start by /usr/bin/earlyctl (pid 812, uid 0)",
	  { "start", "", "", "", "/usr/bin/earlyctl", 812, 0 } },
	{ "start by earlyctl (uid 7)", { "start", "", "", "", "earlyctl", 0, 7 } },
	{ "start (uid 7)", { "start", "", "", "", "", 0, 7 } },
	{ "StartUnit by /usr/sbin/gdm3 (x) (pid 65, uid 101)",
	  { "StartUnit", "", "", "", "/usr/sbin/gdm3 (x)", 65, 101 } },
	/* An executable of anybody can't say how, or whose process it was. */
	{ "start by /tmp/a by /sbin/b (pid 1, uid 0) (pid 65, uid 101)",
	  { "start", "", "", "", "/tmp/a by /sbin/b (pid 1, uid 0)", 65, 101 } },
	{ "ListenStream=/run/cups.sock by /usr/bin/lp (pid 9, uid 1000)",
	  { "", "ListenStream=", "/run/cups.sock", "", "/usr/bin/lp", 9, 1000 } },
	{ "PathChanged=/etc/x", { "", "PathChanged=", "/etc/x", "", "", 0, CAUSE_NO_UID } },
	{ "Stage=display: on the way to the login",
	  { "", "Stage=", "display", "", "", 0, CAUSE_NO_UID } },
	{ "a call to its bus name (ActivationRequest of the D-Bus daemon)",
	  { "", "BusName=", "", "", "", 0, CAUSE_NO_UID } },
	{ "required by b.service", { "", "Requires=", "", "b.service", "", 0, CAUSE_NO_UID } },
	{ "wanted by b.service", { "", "Wants=", "", "b.service", "", 0, CAUSE_NO_UID } },
	{ "b.service failed", { "", "OnFailure=", "", "b.service", "", 0, CAUSE_NO_UID } },
	{ "b.service ended", { "", "OnSuccess=", "", "b.service", "", 0, CAUSE_NO_UID } },
	{ "bound to b.service, which ended", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ " failed", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "b.service gave up", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "required by ", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "(pid 1, uid 0)", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "start by x (pid 1, uid 0) and more", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "start by x (pid 1, uid 0", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "lower=case", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "=x", { "", "", "", "", "", 0, CAUSE_NO_UID } },
	{ "", { "", "", "", "", "", 0, CAUSE_NO_UID } },
};

TEST(lines_are_taken_apart)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct cause *wanted = &cases[i].cause;
		char buf[CAUSE_MAX];
		struct cause got;

		cause_parse(cases[i].text, buf, &got);
		assert_string_equal(got.how, wanted->how);
		assert_string_equal(got.directive, wanted->directive);
		assert_string_equal(got.object, wanted->object);
		assert_string_equal(got.unit, wanted->unit);
		assert_string_equal(got.exe, wanted->exe);
		assert_int_equal(got.pid, wanted->pid);
		assert_int_equal(got.uid, wanted->uid);
	}
}

TEST(what_is_written_is_read)
{
	CLEANUP_STRBUF struct strbuf line = STRBUF_INIT;
	char buf[CAUSE_MAX];
	struct cause got;

	cause_of_process(&line, "restart", "/opt/a\nb\033[1m", 12, 1000);
	assert_string_equal(line.data, "restart by /opt/a?b?[1m (pid 12, uid 1000)");
	cause_parse(line.data, buf, &got);
	assert_string_equal(got.exe, "/opt/a?b?[1m");
	assert_int_equal(got.uid, 1000);
	strbuf_reset(&line);
	cause_of_process(&line, "start", "", 0, 5);
	assert_string_equal(line.data, "start (uid 5)");
}

TEST(long_lines_are_cut_not_overrun)
{
	char text[3 * CAUSE_MAX], buf[CAUSE_MAX];
	struct cause got;

	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cause_parse(text, buf, &got);
	assert_string_equal(got.directive, "");
	text[200] = '=';
	cause_parse(text, buf, &got);
	assert_string_equal(got.directive, "");
	memcpy(text, "required by ", 12);
	cause_parse(text, buf, &got);
	assert_true(strlen(got.unit) < CAUSE_MAX);
}

TEST_MAIN(cmocka_unit_test(lines_are_taken_apart), cmocka_unit_test(what_is_written_is_read),
	  cmocka_unit_test(long_lines_are_cut_not_overrun))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-log: what comes, as records: syslog, the journal, pipes, the kernel; what is kept over a restart. */
#include <stdio.h>
#include <string.h>

#include "early/macros.h"
#include "early_test.h"
#include "kept.h"
#include "kmsg.h"
#include "lines.h"
#include "message.h"
#include "record.h"

TEST(levels)
{
	static const struct {
		const char *text;
		int level;
		const char *rest;
	} cases[] = {
		{ "<3>bad", 3, "bad" },      { "<30>daemon info", 6, "daemon info" },
		{ "plain", 6, "plain" },     { "<>x", 6, "<>x" },
		{ "<9999>x", 6, "<9999>x" }, { "<3", 6, "<3" },
		{ "<x>y", 6, "<x>y" },       { "<191>top", 7, "top" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		size_t len = strlen(text);

		assert_int_equal(message_take_level(&text, &len, 6), cases[i].level);
		assert_string_equal(text, cases[i].rest);
		assert_int_equal(len, strlen(cases[i].rest));
	}
}

TEST(syslog_datagrams)
{
	static const struct {
		const char *data;
		const char *identifier;
		pid_t pid;
		int level;
		const char *text;
	} cases[] = {
		{ "<29>Nov 20 09:00:00 dbus-daemon[412]: up", "dbus-daemon", 412, 5, "up" },
		{ "<11>sudo: no", "sudo", 0, 3, "no" },
		{ "<6>no tag here", NULL, 0, 6, "no tag here" },
		{ "<6>broken[12 x", NULL, 0, 6, "broken[12 x" },
		{ "", NULL, 0, 6, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char data[128];
		struct message message;

		(void)snprintf(data, sizeof(data), "%s", cases[i].data);
		message_parse_syslog(data, strlen(data), &message);
		if (cases[i].identifier)
			assert_string_equal(message.identifier, cases[i].identifier);
		else
			assert_null(message.identifier);
		assert_int_equal(message.pid, cases[i].pid);
		assert_int_equal(message.level, cases[i].level);
		assert_int_equal(message.len, strlen(cases[i].text));
		assert_memory_equal(message.text, cases[i].text, message.len);
	}
}

TEST(native_datagrams)
{
	char simple[64] = "PRIORITY=3\nMESSAGE=hello\nSYSLOG_IDENTIFIER=me\n";
	char binary[64] = "MESSAGE\n\x05\0\0\0\0\0\0\0a\nb\nc\nPRIORITY=4";
	char overlong[64] = "MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"
			    "abc\n";
	char none[32] = "PRIORITY=3\n";
	struct message message;

	assert_true(message_parse_native(simple, strlen(simple), &message));
	assert_int_equal(message.level, 3);
	assert_string_equal(message.text, "hello");
	assert_string_equal(message.identifier, "me");
	assert_true(message_parse_native(binary, 8 + 8 + 6 + 10, &message));
	assert_int_equal(message.level, 4);
	assert_int_equal(message.len, 5);
	assert_memory_equal(message.text, "a\nb\nc", 5);
	assert_false(message_parse_native(overlong, 20, &message));
	assert_false(message_parse_native(none, strlen(none), &message));
}

TEST(services_of_cgroups)
{
	char service[] = "0::/system.slice/gdm.service\n";
	char scope[] = "0::/user.slice/user-101.slice/session-c1.scope\n";
	char below[] = "0::/user.slice/user-0.slice/user@0.service/app.slice/x.service\n";
	char none[] = "0::/\n";

	assert_string_equal(message_service_of_cgroup(service), "gdm.service");
	assert_string_equal(message_service_of_cgroup(scope), "session-c1.scope");
	assert_string_equal(message_service_of_cgroup(below), "user@0.service");
	assert_null(message_service_of_cgroup(none));
}

TEST(a_line_and_what_is_behind_it)
{
	static char long_text[LINES_MAX + 2];
	static const struct {
		const char *bytes;
		size_t len;
		bool is_last;
		bool is_line;
		size_t line_len, taken;
	} cases[] = {
		{ "one\ntwo", 7, false, true, 3, 4 },
		{ "\ntwo", 4, false, true, 0, 1 },
		{ "two", 3, false, false, 0, 0 },
		{ "two", 3, true, true, 3, 3 },
		{ "", 0, true, false, 0, 0 },
		{ long_text, LINES_MAX - 1, false, false, 0, 0 },
		{ long_text, LINES_MAX, false, true, LINES_MAX,
		  LINES_MAX }, /* its newline would be an empty line */
		{ long_text, LINES_MAX + 1, false, true, LINES_MAX, LINES_MAX + 1 },
		{ long_text + 1, LINES_MAX, false, true, LINES_MAX - 1, LINES_MAX },
	};

	memset(long_text, 'x', sizeof(long_text));
	long_text[LINES_MAX] = '\n';
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line line = { NULL, 0, 0 };

		assert_int_equal(lines_next(cases[i].bytes, cases[i].len, cases[i].is_last, &line),
				 cases[i].is_line);
		assert_int_equal(line.len, cases[i].line_len);
		assert_int_equal(line.taken, cases[i].taken);
	}
}

TEST(record_lines)
{
	char buf[256];
	struct record record = {
		"a.service", "me", 7, 3, 12345678, "one\n\033[2Jtwo\n", 12, false
	};
	size_t len = record_format(&record, buf, sizeof(buf));

	buf[len] = '\0';
	assert_string_equal(buf,
			    "[   12.345678] err me[7]: one\n[   12.345678] err me[7]: ?[2Jtwo\n");
	assert_int_equal(record_format(&record, buf, 3),
			 len); /* the length that is needed, nothing beyond the buffer */
}

TEST(records_of_the_kernel)
{
	struct kmsg_record record;
	static const char whole[] = "165,339,5140900,-;Linux version; 6.1\n SUBSYSTEM=acpi\n";

	assert_true(kmsg_parse(whole, strlen(whole), &record));
	assert_int_equal(record.level, 5);
	assert_int_equal(record.facility, 20);
	assert_int_equal(record.sequence, 339);
	assert_int_equal(record.t_us, 5140900);
	assert_int_equal(record.len, strlen("Linux version; 6.1"));
	assert_false(kmsg_parse("6,1", 3, &record));
	assert_false(kmsg_parse("x,1,2,-;t", 9, &record));
	assert_false(kmsg_parse(";t", 2, &record));
	assert_true(kmsg_parse("6,1,2;t", 7, &record));
}

TEST(what_is_kept_comes_back)
{
	struct kept kept = { true, 17, 412, 5, true, "a.service", "me" }, back;
	char text[KEPT_TEXT_SIZE];

	assert_true(kept_format(&kept, text, sizeof(text)));
	assert_true(kept_parse(text, &back));
	assert_memory_equal(&kept, &back, sizeof(kept));
	assert_false(kept_parse("connection\n17\n412\n8\n1\na.service\nme", &back));
	assert_false(kept_parse("other\n17\n412\n5\n1\na.service\nme", &back));
	assert_false(kept_parse("socket\n17\n412\n5\n1\na.service", &back));
	assert_false(kept_parse("", &back));
}

TEST_MAIN(cmocka_unit_test(levels), cmocka_unit_test(syslog_datagrams),
	  cmocka_unit_test(native_datagrams), cmocka_unit_test(services_of_cgroups),
	  cmocka_unit_test(a_line_and_what_is_behind_it), cmocka_unit_test(record_lines),
	  cmocka_unit_test(records_of_the_kernel), cmocka_unit_test(what_is_kept_comes_back))

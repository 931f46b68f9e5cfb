/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of groups in the kernel's numbers. */
#include <errno.h>
#include <string.h>

#include "early/macros.h"
#include "early_test.h"
#include "limit_line.h"

static const struct limit_machine machine = { .memory_bytes = 1000003, .tasks = 32768 };

TEST(lines)
{
	static const struct {
		const char *line;
		const char *file;
		const char *controller;
		const char *device;
		const char *text;
	} cases[] = {
		{ "memory.max=1073741824", "memory.max", "memory", "", "1073741824" },
		{ "memory.max=max", "memory.max", "memory", "", "max" },
		{ "memory.max=50%", "memory.max", "memory", "", "500001" },
		{ "memory.swap.max=12.5%", "memory.swap.max", "memory", "", "125000" },
		{ "memory.low=0.01%", "memory.low", "memory", "", "100" },
		{ "memory.low=0%", "memory.low", "memory", "", "1" },
		{ "pids.max=10%", "pids.max", "pids", "", "3276" },
		{ "cpu.max=20000 100000", "cpu.max", "cpu", "", "20000 100000" },
		{ "cpuset.cpus=0-3", "cpuset.cpus", "cpuset", "", "0-3" },
		{ "io.weight=default 5", "io.weight", "io", "", "default 5" },
		{ "io.max=/dev/sda rbps=1", "io.max", "io", "/dev/sda", "8:0 rbps=1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct limit_line line;
		char buf[64];
		const char *number = *cases[i].device ? "8:0 " : "";

		assert_int_equal(limit_line_parse(cases[i].line, &line), 0);
		assert_string_equal(line.file, cases[i].file);
		assert_string_equal(line.controller, cases[i].controller);
		assert_int_equal(line.device_len, strlen(cases[i].device));
		if (line.device)
			assert_memory_equal(line.device, cases[i].device, line.device_len);
		assert_int_equal(limit_line_text(&line, &machine, number, buf, sizeof(buf)), 0);
		assert_string_equal(buf, cases[i].text);
	}
}

/* Nothing of the table leads out of the group, whoever wrote it. */
TEST(what_is_no_line)
{
	static const char *const bad[] = {
		"",
		"memory.max",
		"=1",
		"memory=1",
		"../memory.max=1",
		"a/b.c=1",
		"cgroup.procs\n=1",
		".x.y=1",
		"io.max=/dev/a",
		"thecontrollerthatislong.x=1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct limit_line line;

		if (limit_line_parse(bad[i], &line) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

TEST(too_long)
{
	struct limit_line line;
	char buf[4];

	assert_int_equal(limit_line_parse("memory.max=1234", &line), 0);
	assert_int_equal(limit_line_text(&line, &machine, "", buf, sizeof(buf)), -ERANGE);
}

TEST_MAIN(cmocka_unit_test(lines), cmocka_unit_test(what_is_no_line), cmocka_unit_test(too_long))

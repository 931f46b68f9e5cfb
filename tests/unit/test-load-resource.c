/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd.resource-control(5) as files of a cgroup. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "early_test.h"
#include "resource.h"

/* The list as one text, a semicolon behind each line. */
static char *joined(char *const *list)
{
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; list && list[i]; i++)
		strbuf_printf(&text, "%s;", list[i]);
	return strbuf_take(&text);
}

static void check_list(char **list, const char *expected)
{
	char *text = joined(list);

	assert_string_equal(text, expected);
	free(text);
}

TEST(values)
{
	static const struct {
		enum resource resource;
		const char *value;
		int error;
		const char *lines;
	} cases[] = {
		{ RESOURCE_CPU_WEIGHT, "100", 0, "cpu.weight=100;" },
		{ RESOURCE_CPU_WEIGHT, "idle", 0, "cpu.idle=1;" },
		{ RESOURCE_CPU_WEIGHT, "0", -ERANGE, "" },
		{ RESOURCE_CPU_WEIGHT, "10001", -ERANGE, "" },
		{ RESOURCE_CPU_WEIGHT, "infinity", -EINVAL, "" },
		{ RESOURCE_CPU_SHARES, "1024", 0, "cpu.weight=100;" },
		{ RESOURCE_CPU_SHARES, "2", 0, "cpu.weight=1;" },
		{ RESOURCE_CPU_SHARES, "262144", 0, "cpu.weight=10000;" },
		{ RESOURCE_CPU_SHARES, "1", -ERANGE, "" },
		{ RESOURCE_CPUS, "0-3,5 7", 0, "cpuset.cpus=0-3,5,7;" },
		{ RESOURCE_CPUS, "3-1", -ERANGE, "" },
		{ RESOURCE_CPUS, "a", -EINVAL, "" },
		{ RESOURCE_CPUS, "1-", -EINVAL, "" },
		{ RESOURCE_NODES, "0", 0, "cpuset.mems=0;" },
		{ RESOURCE_MEMORY_MAX, "1G", 0, "memory.max=1073741824;" },
		{ RESOURCE_MEMORY_MAX, "infinity", 0, "memory.max=max;" },
		{ RESOURCE_MEMORY_MAX, "50%", 0, "memory.max=50%;" },
		{ RESOURCE_MEMORY_MAX, "12.5%", 0, "memory.max=12.5%;" },
		{ RESOURCE_MEMORY_MAX, "101%", -EINVAL, "" },
		{ RESOURCE_MEMORY_MAX, "1.%", -EINVAL, "" },
		{ RESOURCE_MEMORY_MAX, "%", -EINVAL, "" },
		{ RESOURCE_MEMORY_MAX, "much", -EINVAL, "" },
		{ RESOURCE_MEMORY_MIN, "4K", 0, "memory.min=4096;" },
		{ RESOURCE_MEMORY_LOW, "0", 0, "memory.low=0;" },
		{ RESOURCE_MEMORY_HIGH, "1T", 0, "memory.high=1099511627776;" },
		{ RESOURCE_MEMORY_SWAP_MAX, "0", 0, "memory.swap.max=0;" },
		{ RESOURCE_MEMORY_ZSWAP_MAX, "1M", 0, "memory.zswap.max=1048576;" },
		{ RESOURCE_TASKS_MAX, "512", 0, "pids.max=512;" },
		{ RESOURCE_TASKS_MAX, "10%", 0, "pids.max=10%;" },
		{ RESOURCE_TASKS_MAX, "infinity", 0, "pids.max=max;" },
		{ RESOURCE_IO_WEIGHT, "200", 0, "io.weight=default 200;" },
		{ RESOURCE_BLOCK_IO_WEIGHT, "500", 0, "io.weight=default 100;" },
		{ RESOURCE_BLOCK_IO_WEIGHT, "9", -ERANGE, "" },
		{ RESOURCE_IO_DEVICE_WEIGHT, "/dev/sda 50", 0, "io.weight=/dev/sda 50;" },
		{ RESOURCE_IO_DEVICE_WEIGHT, "/dev/sda", -EINVAL, "" },
		{ RESOURCE_IO_DEVICE_WEIGHT, "sda 50", -EINVAL, "" },
		{ RESOURCE_IO_READ_BANDWIDTH, "/dev/sda 5M", 0, "io.max=/dev/sda rbps=5000000;" },
		{ RESOURCE_IO_WRITE_BANDWIDTH, "/dev/sda infinity", 0,
		  "io.max=/dev/sda wbps=max;" },
		{ RESOURCE_IO_READ_IOPS, "/dev/sda 1K", 0, "io.max=/dev/sda riops=1000;" },
		{ RESOURCE_IO_WRITE_IOPS, "/dev/sda 1Q", -EINVAL, "" },
		{ RESOURCE_IO_WRITE_IOPS, "/dev/sda 99999999999999999T", -ERANGE, "" },
		{ RESOURCE_IO_LATENCY, "/dev/sda 25ms", 0, "io.latency=/dev/sda target=25000;" },
		{ RESOURCE_IO_LATENCY, "\"/dev/sda 25ms", -EINVAL, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char **list CLEANUP_STRV = NULL;
		int r = resource_put(&list, cases[i].resource, cases[i].value);

		if (r != cases[i].error)
			fail_msg("\"%s\": %d instead of %d", cases[i].value, r, cases[i].error);
		check_list(list, cases[i].lines);
	}
}

TEST(later_lines_take_the_place)
{
	static const struct {
		enum resource resource;
		const char *value;
		const char *lines;
	} steps[] = {
		{ RESOURCE_MEMORY_MAX, "1K", "memory.max=1024;" },
		{ RESOURCE_IO_READ_BANDWIDTH, "/dev/a 1", "memory.max=1024;io.max=/dev/a rbps=1;" },
		{ RESOURCE_IO_WRITE_BANDWIDTH, "/dev/a 2",
		  "memory.max=1024;io.max=/dev/a rbps=1;io.max=/dev/a wbps=2;" },
		{ RESOURCE_IO_READ_BANDWIDTH, "/dev/b 3",
		  "memory.max=1024;io.max=/dev/a rbps=1;io.max=/dev/a wbps=2;io.max=/dev/b "
		  "rbps=3;" },
		{ RESOURCE_IO_READ_BANDWIDTH, "/dev/a 4",
		  "memory.max=1024;io.max=/dev/a wbps=2;io.max=/dev/b rbps=3;io.max=/dev/a "
		  "rbps=4;" },
		{ RESOURCE_IO_READ_BANDWIDTH, "", "memory.max=1024;io.max=/dev/a wbps=2;" },
		{ RESOURCE_MEMORY_MAX, "2K", "io.max=/dev/a wbps=2;memory.max=2048;" },
		{ RESOURCE_MEMORY_MAX, "", "io.max=/dev/a wbps=2;" },
		{ RESOURCE_IO_WRITE_BANDWIDTH, "", "" },
		{ RESOURCE_CPU_WEIGHT, "idle", "cpu.idle=1;" },
		{ RESOURCE_CPU_WEIGHT, "5", "cpu.weight=5;" },
		{ RESOURCE_CPU_WEIGHT, "idle", "cpu.idle=1;" },
		{ RESOURCE_CPU_WEIGHT, "", "" },
		{ RESOURCE_IO_WEIGHT, "5", "io.weight=default 5;" },
		{ RESOURCE_IO_DEVICE_WEIGHT, "/dev/a 6",
		  "io.weight=default 5;io.weight=/dev/a 6;" },
		{ RESOURCE_IO_WEIGHT, "", "io.weight=/dev/a 6;" },
		{ RESOURCE_IO_DEVICE_WEIGHT, "", "" },
	};
	char **list CLEANUP_STRV = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_int_equal(resource_put(&list, steps[i].resource, steps[i].value), 0);
		check_list(list, steps[i].lines);
	}
}

TEST(quota)
{
	static const struct {
		const char *value;
		int error;
		uint64_t period_us;
		const char *lines;
	} cases[] = {
		{ "20%", 0, 0, "cpu.max=20000 100000;" },
		{ "150%", 0, 0, "cpu.max=150000 100000;" },
		{ "12.5%", 0, 0, "cpu.max=12500 100000;" },
		{ "50%", 0, 10000, "cpu.max=5000 10000;" },
		{ "50%", 0, 5000000, "cpu.max=500000 1000000;" },
		{ "0.5%", 0, 1000, "cpu.max=1000 1000;" },
		{ "", 0, 0, "" },
		{ "0%", -ERANGE, 0, "" },
		{ "20", -EINVAL, 0, "" },
		{ "x%", -EINVAL, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char **list CLEANUP_STRV = NULL;
		uint64_t quota_us = UINT64_MAX;

		assert_int_equal(resource_parse_quota(cases[i].value, &quota_us), cases[i].error);
		if (cases[i].error)
			continue;
		assert_int_equal(resource_put_quota(&list, quota_us, cases[i].period_us), 0);
		check_list(list, cases[i].lines);
	}
}

TEST(delegation)
{
	static const struct {
		const char *value;
		int error;
		const char *lines;
	} cases[] = {
		{ "yes", 0, "cpu;cpuset;io;memory;pids;" },
		{ "no", 0, "" },
		{ "", 0, "" },
		{ "pids memory cpu", 0, "pids;memory;cpu;" },
		{ "cpuacct blkio devices bpf-firewall", 0, "io;" },
		{ "memory tasks", -EINVAL, "memory;" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char **list CLEANUP_STRV = NULL;

		assert_int_equal(resource_delegate(&list, cases[i].value), cases[i].error);
		check_list(list, cases[i].lines);
	}
}

TEST(addresses)
{
	static const struct {
		const char *value;
		int error;
		const char *lines;
	} cases[] = {
		{ "any", 0, "deny 0.0.0.0/0;deny ::/0;" },
		{ "localhost link-local", 0,
		  "deny 127.0.0.0/8;deny ::1/128;deny 169.254.0.0/16;deny fe80::/64;" },
		{ "multicast", 0, "deny 224.0.0.0/4;deny ff00::/8;" },
		{ "10.0.0.0/8 1.2.3.4", 0, "deny 10.0.0.0/8;deny 1.2.3.4/32;" },
		{ "2001:db8::/32 ::1", 0, "deny 2001:db8::/32;deny ::1/128;" },
		{ "", 0, "" },
		{ "10.0.0.0/33", -EINVAL, "" },
		{ "::/129", -EINVAL, "" },
		{ "10.0.0/8", -EINVAL, "" },
		{ "example.org", -EINVAL, "" },
		{ "10.0.0.0/", -EINVAL, "" },
	};
	char **list CLEANUP_STRV = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char **own CLEANUP_STRV = NULL;

		assert_int_equal(resource_addresses(&own, false, cases[i].value), cases[i].error);
		check_list(own, cases[i].lines);
	}
	assert_int_equal(resource_addresses(&list, false, "1.1.1.1"), 0);
	assert_int_equal(resource_addresses(&list, true, "2.2.2.2"), 0);
	assert_int_equal(resource_addresses(&list, false, ""), 0);
	check_list(list, "allow 2.2.2.2/32;");
}

TEST(devices)
{
	static const struct {
		const char *value;
		int error;
		const char *lines;
	} cases[] = {
		{ "/dev/null", 0, "/dev/null rwm;" }, { "/dev/sda r", 0, "/dev/sda r;" },
		{ "char-pts rw", 0, "char-pts rw;" }, { "block-* m", 0, "block-* m;" },
		{ "/etc/passwd r", -EINVAL, "" },     { "/dev/sda x", -EINVAL, "" },
		{ "/dev/sda r w", -EINVAL, "" },      { "\"/dev/a b\" r", -EINVAL, "" },
		{ "\"/dev/a", -EINVAL, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char **list CLEANUP_STRV = NULL;

		assert_int_equal(resource_device(&list, cases[i].value), cases[i].error);
		check_list(list, cases[i].lines);
	}
}

TEST_MAIN(cmocka_unit_test(values), cmocka_unit_test(later_lines_take_the_place),
	  cmocka_unit_test(quota), cmocka_unit_test(delegation), cmocka_unit_test(devices),
	  cmocka_unit_test(addresses))

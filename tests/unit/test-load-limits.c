/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From unit files to the limits of services and slices in the table. */
#include "early/macros.h"
#include "early/strv.h"
#include "load_tree.h"

static void check(char *const *list, const char *const *expected)
{
	for (size_t i = 0; i < 16; i++) {
		if (!expected[i]) {
			assert_true(!list || !list[i]);
			return;
		}
		assert_true(list && list[i]);
		assert_string_equal(list[i], expected[i]);
	}
}

TEST(services)
{
	put_file(
		"lib/systemd/system/a.service",
		"[Service]\nExecStart=/bin/"
		"true\nMemoryMax=1M\nMemoryMax=2M\nCPUQuotaPeriodSec=10ms\n"
		"CPUQuota=50%\nTasksMax=10%\nIOReadBandwidthMax=/dev/%p 1K\nOOMPolicy=kill\n"
		"Delegate=memory\nDelegate=pids\nDeviceAllow=char-pts rw\nDeviceAllow=/dev/null\n");
	begin();
	check(load("a.service")->cgroup,
	      (const char *[]){ "memory.max=2097152", "pids.max=10%", "io.max=/dev/a rbps=1000",
				"memory.oom.group=1", "cpu.max=5000 10000", NULL });
	check(get("a.service")->delegate, (const char *[]){ "memory", "pids", NULL });
	check(get("a.service")->devices,
	      (const char *[]){ "char-pts rw", "/dev/null rwm", "policy=closed", NULL });
	assert_true(get("a.service")->fields.flags & TABLE_FLAG_DELEGATE);
	assert_true(was_told("MemoryMax", 3, DIAG_HONOURED));
}

TEST(resets_and_policies)
{
	put_file(
		"lib/systemd/system/a.service",
		"[Service]\nExecStart=/bin/true\nDelegate=memory\nDelegate=\nDeviceAllow=/dev/sda\n"
		"DeviceAllow=\nCPUQuota=5%\nCPUQuota=\n");
	put_file(
		"lib/systemd/system/b.service",
		"[Service]\nExecStart=/bin/true\nDelegate=yes\nDelegate=no\nDevicePolicy=strict\n");
	put_file("lib/systemd/system/c.service",
		 "[Service]\nExecStart=/bin/true\nDevicePolicy=auto\n");
	begin();
	check(load("a.service")->delegate, (const char *[]){ NULL });
	check(get("a.service")->devices, (const char *[]){ NULL });
	check(get("a.service")->cgroup, (const char *[]){ NULL });
	check(load("b.service")->devices, (const char *[]){ "policy=strict", NULL });
	check(get("b.service")->delegate, (const char *[]){ NULL });
	assert_false(get("b.service")->fields.flags & TABLE_FLAG_DELEGATE);
	check(load("c.service")->devices, (const char *[]){ NULL });
}

TEST(what_is_refused)
{
	put_file("lib/systemd/system/a.service",
		 "[Service]\nExecStart=/bin/"
		 "true\nMemoryMax=much\nOOMPolicy=stop\nIPAddressDeny=nowhere\n"
		 "DevicePolicy=open\nCPUWeight=0\nDelegate=tasks\n");
	begin();
	(void)load("a.service");
	assert_true(was_told("MemoryMax", 3, DIAG_WARNING));
	assert_true(was_told("OOMPolicy", 4, DIAG_WARNING));
	assert_true(was_told("IPAddressDeny", 5, DIAG_WARNING));
	assert_true(was_told("DevicePolicy", 6, DIAG_WARNING));
	assert_true(was_told("CPUWeight", 7, DIAG_WARNING));
	assert_true(was_told("Delegate", 8, DIAG_WARNING));
}

/* The slices of a service come with it, and those above them; one without a file may have drop-ins. */
TEST(slices)
{
	put_file("lib/systemd/system/a.service",
		 "[Service]\nExecStart=/bin/true\nSlice=big-web-x.slice\n");
	put_file("lib/systemd/system/big.slice", "[Slice]\nMemoryHigh=1G\n");
	put_file("etc/systemd/system/big-web.slice.d/10.conf", "[Slice]\nTasksMax=3\n");
	put_file("etc/systemd/system/big-web-x.slice.d/10.conf", "[Slice]\nTasksMax=5\n");
	put_file("lib/systemd/system/big-web-x.slice",
		 "[Slice]\nCPUWeight=7\nExecStart=/bin/false\n");
	begin();
	(void)load("a.service");
	assert_int_equal(loader_close(&loader), 0);
	assert_int_equal(loader.n_services, 4);
	check(get("big-web.slice")->cgroup, (const char *[]){ "pids.max=3", NULL });
	assert_int_equal(get("big.slice")->fields.type, TABLE_TYPE_TARGET);
	check(get("big.slice")->cgroup, (const char *[]){ "memory.high=1073741824", NULL });
	check(get("big-web-x.slice")->cgroup,
	      (const char *[]){ "cpu.weight=7", "pids.max=5", NULL });
	assert_true(was_told("ExecStart", 3, DIAG_WARNING));
	assert_int_equal(load("none.slice")->fields.load_state, TABLE_LOAD_LOADED);
}

#define TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(TREE(services), TREE(resets_and_policies), TREE(what_is_refused), TREE(slices))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripts of /etc/init.d as units, and os-release as specifiers. */
#include "early/arch.h"
#include "early/macros.h"
#include "early/strv.h"
#include "host.h"
#include "load_tree.h"
#include "sysv.h"

#define SCRIPT(head, rest) "#!/bin/sh\n### BEGIN INIT INFO\n" head "### END INIT INFO\n" rest

static void check_unit(const char *text, const char *expected)
{
	struct strbuf unit CLEANUP_STRBUF = STRBUF_INIT;

	assert_int_equal(sysv_unit("/etc/init.d/foo", text, &unit), 0);
	assert_string_equal(unit.data, expected);
}

#define COMMON                                                                                     \
	"[Service]\nType=forking\nRestart=no\nTimeoutSec=5min\nIgnoreSIGPIPE=no\n"                 \
	"KillMode=process\nSuccessExitStatus=5 6\n"                                                \
	"ExecStart=/etc/init.d/foo start\nExecStop=/etc/init.d/foo stop\n"

TEST(units_of_scripts)
{
	check_unit("#!/bin/sh\n",
		   "[Unit]\nDescription=foo\n" COMMON "RemainAfterExit=yes\n[Install]\n");
	check_unit(SCRIPT("# Provides:          foo bar $mail-transport-agent\n"
			  "# Required-Start:    $local_fs $network bar +opt\n"
			  "# Should-Start: \tbaz.1 bad;name\n# X-Start-Before: gdm\n"
			  "# Short-Description: 100% of foo\\\n",
			  "# pidfile: /run/foo.pid\necho \"Usage: {start|stop|reload}\"\n"),
		   "[Unit]\nDescription=100%% of foo/\nAfter=network-online.target\n"
		   "After=bar.service\nAfter=baz.1.service\nBefore=gdm.service\n" COMMON
		   "PIDFile=/run/foo.pid\nExecReload=/etc/init.d/foo reload\n"
		   "[Install]\nAlias=bar.service\n");
	/* a head without an end is none, and a pid file is a path */
	check_unit("### BEGIN INIT INFO\n# Short-Description: x\n# pidfile: run\n",
		   "[Unit]\nDescription=foo\n" COMMON "RemainAfterExit=yes\n[Install]\n");
}

TEST(where_scripts_count)
{
	put_file("etc/init.d/a", SCRIPT("# Provides: a aa\n", ""));
	put_file("etc/init.d/b", SCRIPT("", ""));
	put_file("etc/init.d/c.sh", SCRIPT("", ""));
	put_file("etc/init.d/d", SCRIPT("", ""));
	put_file("etc/init.d/halt", SCRIPT("", ""));
	put_file("lib/systemd/system/b.service", "[Service]\nExecStart=/bin/b\n");
	put_link("etc/systemd/system/d.service", "/dev/null");
	put_file("etc/systemd/system/a.service.d/x.conf", "[Service]\nTimeoutSec=7\n");
	put_link("etc/rc5.d/S01a", "../init.d/a");
	put_link("etc/rc5.d/S01b", "../init.d/b");
	put_link("etc/rc5.d/K01c", "../init.d/c.sh");
	begin();
	assert_int_equal(loader_mark_enabled(&loader), 0);
	assert_string_equal(get("a.service")->path, "/etc/init.d/a");
	assert_int_equal(get("a.service")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("a.service")->fields.stop_timeout_us, 7000000);
	assert_true(strv_contains(get("a.service")->aliases, "aa.service"));
	assert_true(loader_is_script(get("a.service")));
	/* a unit wins, and says itself whether it is enabled */
	assert_string_equal(get("b.service")->path, "/lib/systemd/system/b.service");
	assert_int_equal(get("b.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_string_equal(load("c.service")->path, "/etc/init.d/c.sh");
	assert_int_equal(get("c.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_int_equal(load("d.service")->fields.load_state, TABLE_LOAD_MASKED);
	assert_int_equal(load("halt.service")->fields.load_state, TABLE_LOAD_NOT_FOUND);
	assert_int_equal(load("e.service")->fields.load_state, TABLE_LOAD_NOT_FOUND);
	for (size_t i = 0; i < loader.diags.n_items; i++)
		assert_true(loader.diags.items[i].level > DIAG_WARNING);
}

TEST(values_of_os_release)
{
	static const char text[] =
		"NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID='12'\nBAD=\"x\n"
		"# ID_LIKE=no\nEMPTY=\nLAST=z";
	static const char *const cases[][2] = {
		{ "ID", "debian" }, { "VERSION_ID", "12" }, { "NAME", "Debian GNU/Linux" },
		{ "ID_LIKE", "" },  { "EMPTY", "" },        { "LAST", "z" },
		{ "BAD", "" },      { "VERSION", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *value = NULL;

		assert_int_equal(host_find_value(text, cases[i][0], &value), 0);
		assert_string_equal(value, cases[i][1]);
		free(value);
	}
	assert_string_equal(arch_name("x86_64"), "x86-64");
	assert_string_equal(arch_name("m68k"), "m68k");
}

TEST(hosts)
{
	struct host host;

	put_file("etc/machine-id", "0123\n");
	put_file("usr/lib/os-release", "ID=test\n");
	put_file("etc/machine-info", "PRETTY_HOSTNAME=\"A Host\"\n");
	assert_int_equal(host_read(&host, root_fd), 0);
	assert_string_equal(host_specifiers(&host).os_id, "test");
	assert_string_equal(host_specifiers(&host).build_id, "");
	assert_string_equal(host_specifiers(&host).machine_id, "0123");
	assert_string_equal(host_specifiers(&host).pretty_host, "A Host");
	assert_null(host_specifiers(&host).boot_id);
	host_done(&host);
}

#define TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(cmocka_unit_test(units_of_scripts), TREE(where_scripts_count),
	  cmocka_unit_test(values_of_os_release), TREE(hosts))

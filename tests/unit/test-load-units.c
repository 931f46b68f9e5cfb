/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a tree of files to a table: search, drop-ins, masks, aliases, templates, imports, directives. */
#include <errno.h>
#include <string.h>

#include "dump.h"
#include "early/macros.h"
#include "early/strv.h"
#include "early_test.h"
#include "load_tree.h"
#include "masks.h"
#include "writer.h"

#define SIMPLE "[Service]\nExecStart=/bin/true\n"

TEST(first_directory_wins)
{
	put_file("usr/lib/early/services.d/a.service", "[Unit]\nDescription=early\n" SIMPLE);
	put_file("lib/systemd/system/a.service", "[Unit]\nDescription=stock\n" SIMPLE);
	put_file("etc/systemd/system/b.service", "[Unit]\nDescription=etc\n" SIMPLE);
	put_file("lib/systemd/system/b.service", "[Unit]\nDescription=lib\n" SIMPLE);
	begin();
	assert_string_equal(load("a.service")->description, "early");
	assert_string_equal(load("b.service")->description, "etc");
	assert_int_equal(load("none.service")->fields.load_state, TABLE_LOAD_NOT_FOUND);
}

TEST(programs_are_searched_where_it_says)
{
	put_file("opt/x/bin/tool", "");
	put_file("usr/bin/other", "");
	put_file("lib/systemd/system/a.service",
		 "[Service]\nExecStart=tool\nExecStartPre=/bin/true\nExecStopPost=other\n"
		 "Environment=A=1\nExecSearchPath=/none:/%p\nExecSearchPath=/opt/x/bin:rel\n");
	put_file("lib/systemd/system/b.service",
		 "[Service]\nExecStart=tool\nExecSearchPath=/opt/x/bin\nExecSearchPath=\n");
	begin();
	assert_string_equal(load("a.service")->execs[0].program, "/opt/x/bin/tool");
	assert_string_equal(get("a.service")->execs[2].program, "/none/other");
	assert_string_equal(get("a.service")->environment[0], "PATH=/none:/a:/opt/x/bin");
	assert_string_equal(get("a.service")->environment[1], "A=1");
	assert_true(was_told("ExecSearchPath", 7, DIAG_WARNING));
	assert_string_equal(load("b.service")->execs[0].program, "/usr/bin/tool");
	assert_null(get("b.service")->environment);
}

TEST(masks)
{
	put_link("etc/systemd/system/a.service", "/dev/null");
	put_file("lib/systemd/system/a.service", SIMPLE);
	put_file("lib/systemd/system/b.service", "");
	put_file("lib/systemd/system/c.service", "# no mask\n[Service]\n");
	begin();
	assert_int_equal(load("a.service")->fields.load_state, TABLE_LOAD_MASKED);
	assert_int_equal(load("b.service")->fields.load_state, TABLE_LOAD_MASKED);
	assert_int_equal(load("c.service")->fields.load_state, TABLE_LOAD_ERROR);
	assert_true(was_told("", 2, DIAG_ERROR));
}

TEST(masks_of_the_kernel_command_line)
{
	put_file("etc/early/services.d/a.service", SIMPLE);
	put_file("lib/systemd/system/b.service", SIMPLE);
	put_link("lib/systemd/system/alias.service", "b.service");
	put_file("lib/systemd/system/c.timer", "[Timer]\nOnBootSec=1\n");
	put_file("lib/systemd/system/c.service", SIMPLE);
	begin();
	assert_int_equal(masks_parse("ro systemd.mask=a quiet \"systemd.mask=b.service\"\n"
				     "rd.systemd.mask=c systemd.mask=c.timer systemd.mask=",
				     &loader.index.masked),
			 0);
	assert_int_equal(load("a.service")->fields.load_state, TABLE_LOAD_MASKED);
	assert_int_equal(loader_load(&loader, "alias.service"), 0);
	assert_int_equal(get("b.service")->fields.load_state, TABLE_LOAD_MASKED);
	assert_int_equal(load("c.timer")->fields.load_state, TABLE_LOAD_MASKED);
	assert_int_equal(load("c.service")->fields.load_state, TABLE_LOAD_LOADED);
}

TEST(aliases_and_templates)
{
	put_file("lib/systemd/system/gdm.service", SIMPLE);
	put_link("lib/systemd/system/gdm3.service", "gdm.service");
	put_link("etc/systemd/system/display-manager.service", "/lib/systemd/system/gdm3.service");
	put_link("etc/systemd/system/loop.service", "pool.service");
	put_link("etc/systemd/system/pool.service", "loop.service");
	put_file("lib/systemd/system/getty@.service",
		 "[Service]\nExecStart=-/sbin/getty %I\nTTYPath=/dev/%I\n");
	put_link("lib/systemd/system/autovt@.service", "getty@.service");
	begin();
	assert_int_equal(loader_load(&loader, "display-manager.service"), 0);
	assert_true(strv_contains(get("gdm.service")->aliases, "display-manager.service"));
	assert_int_equal(loader_load(&loader, "gdm.service"), 0);
	assert_true(strv_contains(get("gdm.service")->aliases, "gdm3.service"));
	assert_int_equal(loader.n_services, 1);
	assert_int_equal(loader_load(&loader, "loop.service"), 0);
	assert_int_equal(get("loop.service")->fields.load_state, TABLE_LOAD_NOT_FOUND);
	assert_int_equal(loader_load(&loader, "autovt@tty2.service"), 0);
	assert_string_equal(get("getty@tty2.service")->tty_path, "/dev/tty2");
	assert_string_equal(get("getty@tty2.service")->execs[0].argv[1], "tty2");
	assert_int_equal(get("getty@tty2.service")->execs[0].flags, TABLE_EXEC_IGNORE_FAILURE);
	assert_true(strv_contains(get("getty@tty2.service")->aliases, "autovt@tty2.service"));
}

TEST(drop_ins)
{
	put_file("lib/systemd/system/a-b@.service",
		 "[Unit]\nAfter=x.service\n[Service]\nExecStart=/bin/one\nNice=1\n");
	put_file("lib/systemd/system/a-b@.service.d/10.conf", "[Service]\nNice=2\n");
	put_file("etc/systemd/system/a-b@.service.d/10.conf", "[Service]\nNice=3\n");
	put_file("etc/systemd/system/a-b@i.service.d/20.conf",
		 "[Service]\nExecStart=\nExecStart=/bin/two\n");
	put_file("etc/systemd/system/a-.service.d/05.conf", "[Unit]\nAfter=y.service\n");
	put_file("etc/early/services.d/a-b@i.service.d/30.conf", "[Early]\nSeat=seat9\n");
	begin();
	load("a-b@i.service");
	assert_int_equal(get("a-b@i.service")->fields.nice, 3);
	assert_int_equal(get("a-b@i.service")->n_execs, 1);
	assert_string_equal(get("a-b@i.service")->execs[0].program, "/bin/two");
	assert_true(strv_contains(get("a-b@i.service")->after, "x.service"));
	assert_true(strv_contains(get("a-b@i.service")->after, "y.service"));
	assert_string_equal(get("a-b@i.service")->seat, "seat9");
}

TEST(imports)
{
	put_file("usr/lib/early/services.d/x.service",
		 "[Unit]\nImport=x.service x.socket\nConflicts=\n[Early]\nStage=display\n");
	put_file("lib/systemd/system/x.service",
		 "[Unit]\nConflicts=y.service\nWants=w.service\n" SIMPLE);
	put_file("etc/systemd/system/x.service.d/a.conf", "[Service]\nRestart=always\n");
	put_file("lib/systemd/system/x.socket", "[Socket]\nListenStream=/run/x\nSocketMode=0600\n");
	put_file("usr/lib/early/services.d/n.service", "[Unit]\nImport=none.service\n");
	begin();
	load("x.service");
	assert_null(get("x.service")->conflicts);
	assert_true(strv_contains(get("x.service")->wants, "w.service"));
	assert_int_equal(get("x.service")->fields.restart, TABLE_RESTART_ALWAYS);
	assert_int_equal(get("x.service")->fields.stage, TABLE_STAGE_DISPLAY);
	assert_int_equal(get("x.service")->activation.n_sockets, 1);
	assert_int_equal(get("x.service")->activation.sockets[0].options->mode, 0600);
	assert_true(get("x.service")->fields.flags & TABLE_FLAG_LISTEN_FDS);
	assert_int_equal(load("n.service")->fields.load_state, TABLE_LOAD_NOT_FOUND);
}

TEST(sockets_of_stock_services)
{
	put_file("lib/systemd/system/a.service", SIMPLE);
	put_file("lib/systemd/system/a.socket", "[Socket]\nListenStream=/run/a\n");
	put_file("lib/systemd/system/other.socket",
		 "[Socket]\nService=a.service\nListenDatagram=/run/o\n");
	put_file("lib/systemd/system/c.socket",
		 "[Socket]\nService=d.service\nListenStream=/run/c\nListenSpecial=/x\n");
	put_file("lib/systemd/system/c.service", SIMPLE);
	put_file("lib/systemd/system/e@.service", SIMPLE);
	put_file("lib/systemd/system/e.socket", "[Socket]\nAccept=yes\nListenStream=22\n");
	put_file("lib/systemd/system/e.service", SIMPLE);
	begin();
	assert_int_equal(load("a.service")->activation.n_sockets, 2);
	assert_int_equal(load("c.service")->activation.n_sockets, 0);
	assert_false(was_told("ListenSpecial", 4, DIAG_WARNING)); /* another service's */
	assert_int_equal(load("e.service")->activation.n_sockets, 0);
	assert_true(was_told("Accept", 2, DIAG_WARNING));
}

TEST(remarks_name_file_and_line)
{
	put_file("lib/systemd/system/a.service",
		 "[Service]\nExecStart=/bin/true\nExecStat=/bin/"
		 "typo\nNice=99\nMemoryKSM=yes\nX-Mine=1\nRootImage=/x\nRootHash=\n");
	begin();
	load("a.service");
	assert_true(was_told("ExecStat", 3, DIAG_WARNING));
	assert_true(was_told("Nice", 4, DIAG_WARNING));
	assert_true(was_told("MemoryKSM", 5, DIAG_NOTE));
	assert_true(was_told("X-Mine", 6, DIAG_NOTE));
	assert_true(was_told("RootImage", 7, DIAG_WARNING));
	assert_true(was_told("RootHash", 8, DIAG_NOTE)); /* nothing is asked for */
	assert_true(was_told("ExecStart", 2, DIAG_HONOURED));
	assert_int_equal(get("a.service")->fields.load_state, TABLE_LOAD_LOADED);
}

/* Each unit knows how many of the remarks are its own. */
TEST(remarks_are_counted_for_their_unit)
{
	put_file("lib/systemd/system/a.service", SIMPLE "Typo=1\nPartOf=x\nPrivateTmp=yes\n");
	put_file("lib/systemd/system/b.service", SIMPLE);
	put_file("etc/systemd/system/c.service.d/x.conf", "[Service]\nTypo=1\n");
	put_file("lib/systemd/system/c.service", SIMPLE);
	begin();
	assert_int_equal(load("a.service")->fields.remarks, 2);
	assert_int_equal(load("b.service")->fields.remarks, 0);
	assert_int_equal(load("c.service")->fields.remarks, 1);
	for (size_t i = 0; i < loader.diags.n_items; i++)
		if (strstr(loader.diags.items[i].file, "x.conf"))
			assert_string_equal(loader.diags.items[i].unit, "c.service");
}

TEST(only_what_needs_it_goes_through_early_exec)
{
	static const struct {
		const char *line;
		bool needs;
	} cases[] = {
		{ "Environment=A=1", false },
		{ "Restart=always", false },
		{ "StandardOutput=journal", false },
		{ "User=nobody", true },
		{ "PAMName=login", true },
		{ "LimitNOFILE=10", true },
		{ "Nice=0", true },
		{ "UMask=077", true },
		{ "OOMScoreAdjust=-5", true },
		{ "RuntimeDirectory=x", true },
		{ "StandardOutput=null", true },
		{ "StandardInput=tty", true },
		{ "WorkingDirectory=/x", true },
		{ "CapabilityBoundingSet=", true },
		{ "EnvironmentFile=-/x", true },
		{ "PrivateTmp=no", false },
		{ "PrivateTmp=yes", true },
		{ "SyslogIdentifier=x", false },
		{ "ExecReload=/bin/kill $MAINPID", false },
		{ "ExecStart=/bin/echo\nType=oneshot", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[64], text[128], name[32];

		(void)snprintf(name, sizeof(name), "c%zu.service", i);
		(void)snprintf(path, sizeof(path), "lib/systemd/system/%s", name);
		(void)snprintf(text, sizeof(text), SIMPLE "%s\n", cases[i].line);
		put_file(path, text);
	}
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[32];
		bool needs;

		(void)snprintf(name, sizeof(name), "c%zu.service", i);
		needs = load(name)->fields.flags & TABLE_FLAG_NEEDS_EXEC;
		if (needs != cases[i].needs)
			fail_msg("%s: needs early-exec %d", cases[i].line, needs);
	}
}

TEST(command_lines)
{
	put_file("usr/bin/tool", "");
	put_file("lib/systemd/system/a.service", "[Service]\nType=oneshot\n"
						 "ExecStart=-@tool zero \"a b\" $$HOME\n"
						 "ExecStart=+/bin/x ${VAR} $$\n"
						 "ExecStart=:/bin/y $VAR ; !/bin/z\n"
						 "ExecStart=relative/path\n");
	begin();
	load("a.service");
	assert_int_equal(get("a.service")->n_execs, 4);
	assert_string_equal(get("a.service")->execs[0].program, "/usr/bin/tool");
	assert_string_equal(get("a.service")->execs[0].argv[0], "zero");
	assert_string_equal(get("a.service")->execs[0].argv[1], "a b");
	assert_string_equal(get("a.service")->execs[0].argv[2], "$HOME");
	assert_int_equal(get("a.service")->execs[0].flags, TABLE_EXEC_IGNORE_FAILURE);
	assert_int_equal(get("a.service")->execs[1].flags,
			 TABLE_EXEC_FULL_PRIVILEGE | TABLE_EXEC_HAS_VARIABLES);
	assert_string_equal(get("a.service")->execs[1].argv[2], "$$"); /* early-exec's to resolve */
	assert_int_equal(get("a.service")->execs[2].flags, TABLE_EXEC_NO_ENVIRONMENT);
	assert_string_equal(get("a.service")->execs[2].argv[1], "$VAR");
	assert_string_equal(get("a.service")->execs[3].program, "/bin/z");
	assert_int_equal(get("a.service")->execs[3].flags, TABLE_EXEC_KEEP_IDENTITY);
	assert_true(was_told("ExecStart", 6, DIAG_WARNING));
}

TEST(values)
{
	put_file("lib/systemd/system/a.service",
		 "[Unit]\nConditionPathExists=|!/x\nConditionDirectoryNotEmpty=/"
		 "y\nAssertPathExists=/z\n"
		 "[Service]\nExecStart=/bin/"
		 "true\nLimitNOFILE=1024:2048\nLimitCPU=1min\nLimitMEMLOCK=64K\nLimitNOFILE=7\n"
		 "TimeoutSec=3s\nTimeoutStopSec=0\nSlice=user-%H.slice\nEnvironment=\"A=x y\" B=2 "
		 "bad\n"
		 "CapabilityBoundingSet=~CAP_KILL "
		 "CAP_CHOWN\nDelegate=pids\nKillSignal=SIGINT\nBusName=org.x\n");
	begin();
	load("a.service");
	assert_string_equal(get("a.service")->conditions[0], "path-exists:|!/x");
	assert_string_equal(get("a.service")->conditions[1], "directory-not-empty:/y");
	assert_string_equal(get("a.service")->conditions[2], "assert-path-exists:/z");
	assert_string_equal(get("a.service")->limits[0], "CPU=60:60");
	assert_string_equal(get("a.service")->limits[1], "MEMLOCK=65536:65536");
	assert_string_equal(get("a.service")->limits[2], "NOFILE=7:7");
	assert_int_equal(get("a.service")->fields.start_timeout_us, 3000000);
	assert_true(get("a.service")->fields.stop_timeout_us == UINT64_MAX);
	assert_string_equal(get("a.service")->slice, "user-host.slice");
	assert_string_equal(get("a.service")->environment[0], "A=x y");
	assert_string_equal(get("a.service")->environment[1], "B=2");
	assert_null(get("a.service")->environment[2]);
	assert_string_equal(get("a.service")->capabilities[1], "~CAP_CHOWN");
	assert_true(get("a.service")->fields.flags & TABLE_FLAG_DELEGATE);
	assert_int_equal(get("a.service")->fields.kill_signal, 2);
	assert_int_equal(get("a.service")->fields.type, TABLE_TYPE_DBUS);
}

TEST(units_that_cannot_start)
{
	put_file("lib/systemd/system/a.service", "[Unit]\nDescription=x\n");
	put_file("lib/systemd/system/b.service", SIMPLE "ExecStart=/bin/false\n");
	put_file("lib/systemd/system/c.service", SIMPLE "Type=dbus\n");
	put_file("lib/systemd/system/d.service", "\n[Service]\nExecStop=/bin/true\n");
	put_file("lib/systemd/system/e.service",
		 "[Service]\nExecStop=/bin/true\nRemainAfterExit=yes\n");
	begin();
	assert_int_equal(load("a.service")->fields.load_state, TABLE_LOAD_ERROR);
	assert_non_null(strstr(get("a.service")->load_error, "/lib/systemd/system/a.service:1: "));
	assert_int_equal(load("d.service")->fields.load_state, TABLE_LOAD_ERROR);
	assert_non_null(strstr(get("d.service")->load_error, "d.service:2: "));
	assert_int_equal(load("e.service")->fields.load_state, TABLE_LOAD_LOADED);
	assert_int_equal(load("b.service")->fields.load_state, TABLE_LOAD_ERROR);
	assert_int_equal(load("c.service")->fields.load_state, TABLE_LOAD_ERROR);
}

TEST(requirements_come_along)
{
	put_file("usr/lib/early/services.d/a.service",
		 "[Unit]\nRequires=b.service dev-x.device\nWants=gone.service "
		 "sysinit.target\n" SIMPLE);
	put_file("lib/systemd/system/b.service",
		 "[Unit]\nBindsTo=c.service\nAfter=d.service\n" SIMPLE);
	put_file("lib/systemd/system/c.service", SIMPLE);
	put_file("lib/systemd/system/d.service", SIMPLE);
	put_file("lib/systemd/system/sysinit.target", "[Unit]\nWants=d.service\n");
	put_file("usr/lib/early/services.d/t@.service", SIMPLE);
	begin();
	assert_int_equal(loader_load_family(&loader, UNIT_FAMILY_EARLY), 0);
	assert_int_equal(loader_close(&loader), 0);
	assert_int_equal(
		loader.n_services,
		6); /* not d: it is only named by After=, and by a target of systemd's boot */
	assert_int_equal(get("c.service")->fields.load_state, TABLE_LOAD_LOADED);
	assert_int_equal(get("dev-x.device")->fields.load_state, TABLE_LOAD_LOADED);
	assert_int_equal(get("dev-x.device")->fields.type, TABLE_TYPE_TARGET);
	assert_int_equal(get("gone.service")->fields.load_state, TABLE_LOAD_NOT_FOUND);
	assert_int_equal(get("sysinit.target")->fields.type, TABLE_TYPE_TARGET);
	assert_int_equal(get("a.service")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("b.service")->fields.stage, TABLE_STAGE_DEMAND);
}

TEST(what_is_enabled_starts_after_the_greeter)
{
	put_file("lib/systemd/system/on.service", SIMPLE);
	put_link("etc/systemd/system/multi-user.target.wants/on.service",
		 "/lib/systemd/system/on.service");
	put_file("lib/systemd/system/off.service", SIMPLE);
	put_file("lib/systemd/system/byname.service", SIMPLE "BusName=org.x\n");
	put_link("etc/systemd/system/graphical.target.wants/byname.service",
		 "/lib/systemd/system/byname.service");
	put_file("usr/share/dbus-1/system-services/org.x.service", "");
	put_file("lib/systemd/system/named.service", SIMPLE "BusName=org.y\n");
	put_link("etc/systemd/system/multi-user.target.wants/named.service",
		 "/lib/systemd/system/named.service");
	put_file("lib/systemd/system/early.service", SIMPLE);
	put_link("lib/systemd/system/sysinit.target.wants/early.service", "../early.service");
	put_file("lib/systemd/system/systemd-firstboot.service", SIMPLE);
	put_link("lib/systemd/system/sysinit.target.wants/systemd-firstboot.service",
		 "../systemd-firstboot.service");
	put_file("lib/systemd/system/bysock.service", SIMPLE);
	put_file("lib/systemd/system/bysock.socket", "[Socket]\nListenStream=/run/s\n");
	put_link("etc/systemd/system/multi-user.target.wants/bysock.service",
		 "/lib/systemd/system/bysock.service");
	put_link("etc/systemd/system/sockets.target.wants/bysock.socket",
		 "/lib/systemd/system/bysock.socket");
	put_file("lib/systemd/system/needed.service", SIMPLE);
	put_link("etc/systemd/system/multi-user.target.requires/needed.service",
		 "/lib/systemd/system/needed.service");
	put_file("lib/systemd/system/default.service", SIMPLE);
	put_link("etc/systemd/system/default.target.wants/default.service",
		 "/lib/systemd/system/default.service");
	put_file("lib/systemd/system/group.target", "[Unit]\nDescription=x\n");
	put_link("etc/systemd/system/multi-user.target.wants/group.target",
		 "/lib/systemd/system/group.target");
	put_file("lib/systemd/system/member.service", SIMPLE);
	put_link("etc/systemd/system/group.target.wants/member.service",
		 "/lib/systemd/system/member.service");
	put_file("lib/systemd/system/getty.target", "[Unit]\nDescription=x\n");
	put_link("lib/systemd/system/multi-user.target.wants/getty.target", "../getty.target");
	begin();
	assert_int_equal(loader_load_family(&loader, UNIT_FAMILY_ANY), 0);
	assert_int_equal(loader_mark_enabled(&loader), 0);
	assert_int_equal(get("needed.service")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("default.service")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("group.target")->fields.stage, TABLE_STAGE_GREETER);
	assert_string_equal(get("group.target")->wants[0], "member.service");
	assert_int_equal(get("getty.target")->fields.stage, TABLE_STAGE_DEMAND);
	assert_int_equal(get("on.service")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("off.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_int_equal(get("byname.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_int_equal(get("named.service")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("bysock.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_int_equal(get("early.service")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("systemd-firstboot.service")->fields.stage, TABLE_STAGE_DEMAND);
}

TEST(the_table_is_whole)
{
	struct strbuf table CLEANUP_STRBUF = STRBUF_INIT;
	FILE *null = fopen("/dev/null", "w");

	put_file("lib/systemd/system/a.service", SIMPLE "User=x\nNope=1\n");
	put_file("lib/systemd/system/a.socket", "[Socket]\nListenStream=/run/a\n");
	begin();
	load("a.service");
	assert_int_equal(writer_pack(&loader, false, &table), 0);
	assert_non_null(null);
	assert_int_equal(dump_table(null, table.data, table.len), 0);
	assert_int_equal(dump_table(null, table.data, table.len - 1), -EPROTO);
	assert_int_equal(dump_table(null, table.data, table.len - WIRE_HEADER_SIZE),
			 -EPROTO); /* no END */
	fclose(null);
}

static void repeat(const char *path, const char *head, const char *line, size_t n, const char *tail)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_puts(&text, head);
	for (size_t i = 0; i < n; i++)
		strbuf_puts(&text, line);
	strbuf_puts(&text, tail);
	assert_int_equal(strbuf_error(&text), 0);
	put_file(path, text.data);
}

/* The others come through, and it is there with the reason. */
TEST(a_unit_that_says_more_than_fits_has_an_error)
{
	struct strbuf table CLEANUP_STRBUF = STRBUF_INIT;
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	put_file("lib/systemd/system/a.service", "[Unit]\nDescription=good\n" SIMPLE);
	repeat("lib/systemd/system/b.service", "[Service]\nType=oneshot\n", "ExecStart=/bin/b\n",
	       TABLE_MAX_EXECS + 1, "");
	repeat("lib/systemd/system/c.service", SIMPLE "Environment=", "LONG=x ",
	       WIRE_MAX_MESSAGE / 7, "");
	repeat("lib/systemd/system/d.service", SIMPLE "Unknown", "Key", WIRE_MAX_MESSAGE / 3,
	       "=1\n");
	begin();
	assert_int_equal(loader_load_family(&loader, UNIT_FAMILY_ANY), 0);
	assert_int_equal(writer_pack(&loader, false, &table), 0);
	assert_non_null(file);
	assert_int_equal(dump_table(file, table.data, table.len), 0);
	fclose(file);
	assert_non_null(strstr(text, "good"));
	assert_non_null(strstr(text, "b.service: has more than 64 command lines"));
	assert_null(strstr(text, "/bin/b"));
	assert_non_null(strstr(text, "c.service: says more than fits into the table"));
	assert_non_null(strstr(text, "this line is too long to be told of"));
}

/* What is wrong with it is told, instead of something that PID 1 would not take. */
TEST(a_timer_of_nothing_has_no_times)
{
	struct strbuf table CLEANUP_STRBUF = STRBUF_INIT;
	const char *at;
	uint16_t opcode;
	uint32_t size;

	put_file("lib/systemd/system/a.timer", "[Timer]\nOnBootSec=1\nUnit=x=no\n");
	begin();
	assert_int_equal(load("a.timer")->fields.load_state, TABLE_LOAD_ERROR);
	assert_int_equal(writer_pack(&loader, false, &table), 0);
	for (at = table.data; at < table.data + table.len; at += size) {
		assert_int_equal(wire_peek(at, table.len, &opcode, &size), 0);
		assert_int_not_equal(opcode, TABLE_TIMER);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(CASE(first_directory_wins), CASE(programs_are_searched_where_it_says), CASE(masks),
	  CASE(masks_of_the_kernel_command_line), CASE(aliases_and_templates), CASE(drop_ins),
	  CASE(imports), CASE(sockets_of_stock_services), CASE(remarks_name_file_and_line),
	  CASE(remarks_are_counted_for_their_unit),
	  CASE(only_what_needs_it_goes_through_early_exec), CASE(command_lines), CASE(values),
	  CASE(units_that_cannot_start), CASE(requirements_come_along),
	  CASE(what_is_enabled_starts_after_the_greeter), CASE(the_table_is_whole),
	  CASE(a_unit_that_says_more_than_fits_has_an_error), CASE(a_timer_of_nothing_has_no_times))

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Socket], [Path], [Timer] and [Activate]: what starts a service, and which stock units belong to which service. */
#include <errno.h>

#include "early/macros.h"
#include "early/strv.h"
#include "load_tree.h"
#include "owner.h"

#define SIMPLE "[Service]\nExecStart=/bin/true\n"

static const struct activation *activation(const char *name)
{
	return &load(name)->activation;
}

TEST(sockets_with_options)
{
	static const char *const expected[] = {
		"backlog=7",          "bind-ipv6only=0",
		"keep-alive=1",       "keep-alive-time=120",
		"defer-accept=2",     "receive-buffer=65536",
		"iptos=16",           "timestamping=2",
		"tcpcongestion=reno", NULL,
	};
	const struct socket_options *options;

	put_file("lib/systemd/system/a.service", SIMPLE);
	put_file(
		"lib/systemd/system/a.socket",
		"[Socket]\nListenStream=80\nListenStream=\nListenStream=/run/"
		"%p\nListenDatagram=@x\n"
		"Backlog=7\nBindIPv6Only=both\nKeepAlive=no\nKeepAlive=yes\nKeepAliveTimeSec=2min\n"
		"Mark=3\nMark=\nDeferAcceptSec=1500ms\nReceiveBuffer=64K\nIPTOS=low-delay\n"
		"Timestamping=ns\nTCPCongestion=reno\nSocketMode=0600\nDirectoryMode=0700\n"
		"Symlinks=/run/b /run/c\nFileDescriptorName=fd\n");
	begin();
	assert_int_equal(activation("a.service")->n_sockets, 2);
	assert_string_equal(activation("a.service")->sockets[0].address, "/run/a");
	options = activation("a.service")->sockets[1].options;
	for (size_t i = 0; expected[i]; i++) {
		assert_non_null(options->options[i]);
		assert_string_equal(options->options[i], expected[i]);
	}
	assert_int_equal(strv_length(options->options), ARRAY_SIZE(expected) - 1);
	assert_int_equal(options->mode, 0600);
	assert_int_equal(options->directory_mode, 0700);
	assert_string_equal(options->fd_name, "fd");
	assert_string_equal(options->symlinks[1], "/run/c");
	assert_true(was_told("KeepAlive", 8, DIAG_HONOURED));
}

TEST(what_is_refused)
{
	static const struct {
		const char *line;
		const char *directive;
	} cases[] = {
		{ "ListenStream=vsock:2:1", "ListenStream" },
		{ "ListenStream=x", "ListenStream" },
		{ "ListenStream=0", "ListenStream" },
		{ "ListenStream=:80", "ListenStream" },
		{ "ListenFIFO=x", "ListenFIFO" },
		{ "Accept=yes", "Accept" },
		{ "Accept=perhaps", "Accept" },
		{ "FlushPending=yes", "FlushPending" },
		{ "Backlog=many", "Backlog" },
		{ "Backlog=99999999999", "Backlog" },
		{ "ExecStartPre=/bin/true", "ExecStartPre" },
		{ "ListenSpecial=/dev/x", "ListenSpecial" },
		{ "BindIPv6Only=maybe", "BindIPv6Only" },
		{ "Nice=3", "Nice" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[Socket]\n%s\n", cases[i].line);
		put_file("lib/systemd/system/a.socket", text);
		begin();
		(void)load("a.socket");
		if (!was_told(cases[i].directive, 2, DIAG_WARNING))
			fail_msg("%s was not refused", cases[i].line);
		loader_done(&loader);
	}
}

/* Two units of one service keep their own options. */
TEST(several_sockets)
{
	const struct activation *found;

	put_file("lib/systemd/system/a.service",
		 "[Service]\nExecStart=/bin/true\nSockets=b.socket\n");
	put_file("lib/systemd/system/a.socket", "[Socket]\nListenStream=/run/a\n");
	put_file("lib/systemd/system/b.socket",
		 "[Socket]\nListenStream=/run/b\nSocketMode=0600\nService=a.service\n");
	put_file("lib/systemd/system/c.service", SIMPLE);
	put_file("lib/systemd/system/c.socket", "[Socket]\nListenStream=/run/c\n");
	put_file("lib/systemd/system/d.socket",
		 "[Socket]\nListenStream=/run/d\nSocketMode=0600\nService=c.service\n");
	begin();
	found = activation("a.service");
	assert_int_equal(found->n_sockets, 1);
	assert_string_equal(found->sockets[0].address, "/run/b");
	found = activation("c.service");
	assert_int_equal(found->n_sockets, 2);
	assert_int_equal(found->sockets[0].options->mode, 0666);
	assert_int_equal(found->sockets[1].options->mode, 0600);
}

TEST(timers_and_paths_of_stock_services)
{
	const struct activation *found;

	put_file("lib/systemd/system/a.service", SIMPLE);
	put_file("lib/systemd/system/a.timer",
		 "[Timer]\nOnCalendar=weekly\nOnCalendar=\nOnCalendar=Mon..Fri "
		 "8:00\nOnBootSec=15min\n"
		 "OnUnitActiveSec=1month\nOnClockChange=yes\nOnTimezoneChange=no\nPersistent=true\n"
		 "RemainAfterElapse=no\nAccuracySec=1h\nRandomizedDelaySec=5s\n");
	put_file("lib/systemd/system/b.path",
		 "[Path]\nPathExists=/run/%p\nDirectoryNotEmpty=/var/spool/b\nMakeDirectory=yes\n"
		 "DirectoryMode=0700\nUnit=a.service\nTriggerLimitBurst=3\n");
	put_link("etc/systemd/system/timers.target.wants/a.timer", "/lib/systemd/system/a.timer");
	put_link("etc/systemd/system/multi-user.target.wants/b.path", "/lib/systemd/system/b.path");
	/* neither is enabled: nobody asks for what they would start */
	put_file("lib/systemd/system/c.service", SIMPLE);
	put_file("lib/systemd/system/c.timer", "[Timer]\nOnBootSec=1\n");
	begin();
	found = activation("a.timer");
	assert_string_equal(found->unit, "a.service");
	assert_int_equal(found->n_timers, 4);
	assert_int_equal(found->timers[0].kind, TABLE_TIMER_CALENDAR);
	assert_string_equal(found->timers[0].calendar, "Mon..Fri *-*-* 08:00:00");
	assert_int_equal(found->timers[1].kind, TABLE_TIMER_BOOT);
	assert_int_equal(found->timers[1].span_us, 900000000);
	assert_int_equal(found->timers[2].span_us, 2629800000000);
	assert_int_equal(found->timers[3].kind, TABLE_TIMER_CLOCK_CHANGE);
	assert_int_equal(found->timers[0].options->flags,
			 TABLE_TIMER_PERSISTENT | TABLE_TIMER_FORGET);
	assert_int_equal(found->timers[0].options->accuracy_us, 3600000000);
	assert_int_equal(found->timers[0].options->randomized_us, 5000000);
	found = activation("a.service");
	assert_int_equal(found->n_timers, 0); /* they are its timer's */
	assert_int_equal(found->n_paths, 2);
	assert_string_equal(found->paths[0].path, "/run/b");
	assert_int_equal(found->paths[1].kind, TABLE_PATH_DIRECTORY_NOT_EMPTY);
	assert_true(found->paths[1].options->make_directory);
	assert_int_equal(found->paths[1].options->directory_mode, 0700);
	assert_int_equal(found->paths[1].options->trigger_limit_burst, 3);
	assert_int_equal(loader_mark_enabled(&loader), 0);
	assert_int_equal(get("a.timer")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("a.timer")->fields.type, TABLE_TYPE_TARGET);
	assert_int_equal(load("c.timer")->fields.stage, TABLE_STAGE_DEMAND);
}

/* A service that is enabled and has an enabled timer is the timer's to start; one of whose timer nobody wants is not. */
TEST(enabled_services_with_timers)
{
	put_file("lib/systemd/system/a.service", SIMPLE);
	put_file("lib/systemd/system/x.timer", "[Timer]\nOnBootSec=1\nUnit=a.service\n");
	put_file("lib/systemd/system/b.service", SIMPLE);
	put_file("lib/systemd/system/b.timer", "[Timer]\nOnBootSec=1\n");
	put_link("etc/systemd/system/timers.target.wants/x.timer", "/lib/systemd/system/x.timer");
	put_link("etc/systemd/system/multi-user.target.wants/a.service",
		 "/lib/systemd/system/a.service");
	put_link("etc/systemd/system/multi-user.target.wants/b.service",
		 "/lib/systemd/system/b.service");
	begin();
	assert_int_equal(loader_mark_enabled(&loader), 0);
	assert_int_equal(get("x.timer")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("a.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_int_equal(get("b.service")->fields.stage, TABLE_STAGE_GREETER);
}

/* Drop-ins, masks, and what is no timer at all. */
TEST(timer_units)
{
	put_file("lib/systemd/system/a.timer", "[Timer]\nOnBootSec=1\nUnit=b.target\n");
	put_file("etc/systemd/system/a.timer.d/x.conf", "[Timer]\nOnBootSec=\nOnBootSec=7\n");
	put_link("etc/systemd/system/m.timer", "/dev/null");
	put_file("lib/systemd/system/n.timer", "[Timer]\nPersistent=yes\n");
	put_file("lib/systemd/system/u.timer", "[Timer]\nOnBootSec=1\nUnit=a.timer\n");
	put_file("lib/systemd/system/z.timer", "[Timer]\nOnCalendar=daily Middle/Earth\n");
	begin();
	assert_string_equal(activation("a.timer")->unit, "b.target");
	assert_int_equal(activation("a.timer")->n_timers, 1);
	assert_int_equal(activation("a.timer")->timers[0].span_us, 7000000);
	assert_int_equal(load("m.timer")->fields.load_state, TABLE_LOAD_MASKED);
	assert_int_equal(load("nowhere.timer")->fields.load_state, TABLE_LOAD_NOT_FOUND);
	assert_int_equal(load("n.timer")->fields.load_state, TABLE_LOAD_ERROR);
	assert_non_null(strstr(get("n.timer")->load_error, "/n.timer:1: no line of [Timer] says"));
	assert_int_equal(load("u.timer")->fields.load_state, TABLE_LOAD_ERROR);
	assert_int_equal(load("z.timer")->fields.load_state, TABLE_LOAD_LOADED);
	assert_true(was_told("OnCalendar", 0, DIAG_WARNING));
}

/* A timer beside a manifest, in a directory of Early's own: it is there to run, and its service waits for it. */
TEST(timers_of_manifests)
{
	put_file("etc/early/services.d/a.service", SIMPLE);
	put_file("etc/early/services.d/a.timer", "[Timer]\nOnBootSec=1\n");
	put_file("etc/early/services.d/b.service", SIMPLE "[Activate]\nOnBootSec=5\n");
	put_file("lib/systemd/system/b.timer", "[Timer]\nOnBootSec=1\n");
	begin();
	assert_int_equal(load("a.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_int_equal(load("a.timer")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(activation("b.timer")->timers[0].span_us, 5000000); /* the manifest wins */
	assert_string_equal(activation("b.timer")->unit, "b.service");
	assert_int_equal(get("b.timer")->fields.stage, TABLE_STAGE_GREETER);
	assert_int_equal(get("b.service")->fields.stage, TABLE_STAGE_DEMAND);
	assert_string_equal(get("b.timer")->path, "/etc/early/services.d/b.service");
}

TEST(bad_times_and_paths)
{
	put_file("lib/systemd/system/a.timer",
		 "[Timer]\nOnCalendar=sometimes\nOnBootSec=soon\nPersistent=perhaps\n");
	put_file("lib/systemd/system/a.path", "[Path]\nPathExists=run\n");
	begin();
	(void)load("a.timer");
	(void)load("a.path");
	assert_true(was_told("OnCalendar", 2, DIAG_WARNING));
	assert_true(was_told("OnBootSec", 3, DIAG_WARNING));
	assert_true(was_told("Persistent", 4, DIAG_WARNING));
	assert_true(was_told("PathExists", 2, DIAG_WARNING));
}

/* All in one manifest, imported or written. */
TEST(manifests)
{
	const struct activation *found;

	put_file("lib/systemd/system/a.service", SIMPLE);
	put_file("lib/systemd/system/a.socket",
		 "[Socket]\nListenStream=/run/a\nService=a.service\n");
	put_file("lib/systemd/system/a.timer", "[Timer]\nOnCalendar=daily\nUnit=a.service\n");
	put_file("etc/early/services.d/a.service", "[Unit]\nImport=a.service a.socket a.timer\n");
	put_file("etc/early/services.d/b.service",
		 SIMPLE "[Activate]\nListenStream=/run/b\nSocketMode=0600\nKeepAlive=yes\n"
			"OnBootSec=5\nPersistent=yes\nPathChanged=/run/x\nMakeDirectory=yes\n"
			"BusName=org.b\nUnit=c.service\nExecStartPre=/bin/true\n");
	begin();
	found = activation("a.service");
	assert_int_equal(found->n_sockets, 1);
	assert_int_equal(found->n_timers, 1);
	assert_int_equal(get("a.service")->fields.stage, TABLE_STAGE_DEMAND);
	found = activation("b.service");
	assert_int_equal(found->n_sockets, 1);
	assert_int_equal(found->sockets[0].options->mode, 0600);
	assert_int_equal(found->n_timers, 1);
	assert_int_equal(found->timers[0].options->flags, TABLE_TIMER_PERSISTENT);
	assert_int_equal(found->n_paths, 1);
	assert_string_equal(get("b.service")->bus_name, "org.b");
	assert_true(was_told("Unit", 12, DIAG_WARNING));
	assert_true(was_told("ExecStartPre", 13, DIAG_WARNING));
}

TEST(owners)
{
	static const char text[] =
		"root:x:0:0:root:/root:/bin/sh\naa1:55:1\nab:x:7:8::/:/\na:x:12:13::/:/\n"
		"broken\nbad:x:y:1\nempty:x::\nlast:x:99:1";
	static const struct {
		const char *name;
		int error;
		uint32_t id;
	} cases[] = {
		{ "root", 0, 0 },      { "a", 0, 12 },           { "ab", 0, 7 },
		{ "last", 0, 99 },     { "33", 0, 33 },          { "b", -ENOENT, 0 },
		{ "bad", -ENOENT, 0 }, { "broken", -ENOENT, 0 }, { "empty", -ENOENT, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t id = 0;

		assert_int_equal(owner_find(text, cases[i].name, &id), cases[i].error);
		assert_int_equal(id, cases[i].id);
	}
}

TEST(owners_of_sockets)
{
	put_file("etc/passwd", "web:x:7:8::/:/\n");
	put_file("etc/group", "www:x:9:\n");
	put_file("lib/systemd/system/a.service", SIMPLE);
	put_file("lib/systemd/system/a.socket",
		 "[Socket]\nListenStream=/run/a\nSocketUser=web\nSocketGroup=www\n");
	put_file("lib/systemd/system/b.service", SIMPLE);
	put_file("lib/systemd/system/b.socket",
		 "[Socket]\nListenStream=/run/b\nSocketUser=nobody-here\n");
	begin();
	assert_string_equal(activation("a.service")->sockets[0].options->user, "7");
	assert_string_equal(activation("a.service")->sockets[0].options->group, "9");
	assert_null(activation("b.service")->sockets[0].options->user);
	assert_true(was_told("", 0, DIAG_WARNING));
}

#define TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(TREE(sockets_with_options), TREE(what_is_refused), TREE(several_sockets),
	  TREE(timers_and_paths_of_stock_services), TREE(enabled_services_with_timers),
	  TREE(timer_units), TREE(timers_of_manifests), TREE(bad_times_and_paths), TREE(manifests),
	  cmocka_unit_test(owners), TREE(owners_of_sockets))

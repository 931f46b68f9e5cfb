# SPDX-License-Identifier: LGPL-2.1-or-later
"""The calls that logind, gdm and systemctl make, with their exact answers."""
import os
import signal
import subprocess

from dbus_client import Variant
from harness import BUS, IMANAGER, MANAGER, PROPERTIES, BusTest, main
from pid1 import (RELOAD_MANIFESTS, RELOAD_OR_RESTART, RESET_FAILED, RESTART, START, STOP, TRY_RESTART, RELOAD)

UNIT = BUS + ".Unit"
UNITS = MANAGER + "/unit/"
NO_UNIT = BUS + ".NoSuchUnit"
ERROR = "org.freedesktop.DBus.Error."
EALREADY, ENOENT, ERFKILL = -114, -2, -132

LOGIND_SCOPE = [
    ("Slice", Variant("s", "user-101.slice")),
    ("Description", Variant("s", "Session c1 of User Debian-gdm")),
    ("Wants", Variant("as", ["user-runtime-dir@101.service"])),
    ("Wants", Variant("as", ["user@101.service"])),
    ("After", Variant("as", ["systemd-logind.service"])),
    ("After", Variant("as", ["user-runtime-dir@101.service"])),
    ("After", Variant("as", ["user@101.service"])),
    ("RequiresMountsFor", Variant("as", ["/var/lib/gdm3"])),
    ("SendSIGHUP", Variant("b", True)),
    ("PIDs", Variant("au", [365])),
    ("OOMPolicy", Variant("s", "continue")),
    ("TasksMax", Variant("t", 2 ** 64 - 1)),
]


class Logind(BusTest):
    """facts on gdm, in their order."""

    def test_subscribe(self):
        self.assertEqual(self.call("Subscribe"), ())
        self.assert_error(BUS + ".AlreadySubscribed", "Client is already subscribed.", self.call, "Subscribe")
        self.assertEqual(self.call("Unsubscribe"), ())
        self.assert_error(BUS + ".NotSubscribed", "Client is not subscribed.", self.call, "Unsubscribe")

    def test_user_manager(self):
        """No LOAD comes before it: the greeter waits for this."""
        serial = self.begin("StartUnit", "ss", "user@101.service", "replace")
        cookie, verb, unit, why = self.pid1.expect("JOB")
        self.assertEqual((verb, unit), (START, "user@101.service"))
        self.assertRegex(why, r"^StartUnit by /\S*python3\S* \(pid \d+, uid 0\)$")
        self.pid1.send("QUEUED", cookie, 7, 0)
        path, = self.client.call_end(serial)
        self.assertEqual(path, MANAGER + "/job/7")
        self.assertEqual(self.client.signal("JobNew").body, (7, path, "user@101.service"))
        self.assertEqual(self.call("GetJob", "u", 7), (path,))
        self.assertEqual(self.get(path, BUS + ".Job", "JobType"), "start")
        self.pid1.send("DONE", 7, "user@101.service", "done")
        self.assertEqual(self.client.signal("JobRemoved").body, (7, path, "user@101.service", "done"))
        self.assert_error(BUS + ".NoSuchJob", "Job 7 does not exist.", self.call, "GetJob", "u", 7)
        self.assert_error(ERROR + "UnknownObject", f"Unknown object '{path}'.", self.get, path, BUS + ".Job", "Id")

    def test_session_scope(self):
        serial = self.begin("StartTransientUnit", "ssa(sv)a(sa(sv))", "session-c1.scope", "fail", LOGIND_SCOPE, [])
        cookie, unit, group, description, pids = self.pid1.expect("SCOPE")
        self.assertEqual((unit, group, description, pids), ("session-c1.scope", "user-101.slice",
                                                            "Session c1 of User Debian-gdm", ["365"]))
        # PID 1 ends the job in the same breath.
        self.pid1.unit(unit, "active", "running", cgroup="/user.slice/user-101.slice/session-c1.scope")
        self.pid1.send("QUEUED", cookie, 8, 0)
        self.pid1.send("DONE", 8, unit, "done")
        path, = self.client.call_end(serial)
        self.assertEqual(self.client.signal("JobRemoved").body, (8, path, unit, "done"))
        scope = UNITS + "session_2dc1_2escope"
        self.assertEqual(self.get(scope, UNIT, "ActiveState"), "active")
        self.assertEqual(self.get(scope, BUS + ".Scope", "Slice"), "user-101.slice")
        self.assert_error(BUS + ".UnitExists", None, self.call, "StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail",
                          LOGIND_SCOPE, [])
        self.assertEqual(self.client.call(BUS, scope, BUS + ".Scope", "Abandon"), ())
        self.assertEqual(self.pid1.expect("ABANDON"), (unit,))
        self.assertEqual(self.call("AbandonScope", "s", unit), ())
        self.assertEqual(self.pid1.expect("ABANDON"), (unit,))

    def test_done_before_queued(self):
        serial = self.begin("StartUnit", "ss", "dbus.service", "replace")
        cookie, *_ = self.pid1.expect("JOB")
        self.pid1.send("DONE", 9, "dbus.service", "done")
        self.pid1.send("QUEUED", cookie, 9, 0)
        path, = self.client.call_end(serial)
        order = [m.member for m in self.client.pending if m.kind == 4 and m.member != "NameAcquired"]
        self.assertEqual(order, ["JobRemoved"], "the one that came too early")
        self.client.pending = []
        self.assertEqual(self.client.signal("JobNew").body, (9, path, "dbus.service"))
        self.assertEqual(self.client.signal("JobRemoved").body, (9, path, "dbus.service", "done"))

    def test_targets_are_loaded(self):
        for target in ("suspend", "poweroff", "reboot", "halt", "hibernate", "hybrid_2dsleep"):
            self.assertEqual(self.get(f"{UNITS}{target}_2etarget", UNIT, "LoadState"), "loaded")
        self.assertTrue(self.pid1.is_silent())

    def test_power(self):
        for target in ("poweroff.target", "reboot.target", "halt.target"):
            serial = self.begin("StartUnit", "ss", target, "replace-irreversibly")
            cookie, verb, unit, _ = self.pid1.expect("JOB")
            self.assertEqual((verb, unit), (START, target))
            self.pid1.send("QUEUED", cookie, 10, 0)
            self.client.call_end(serial)
        for method, target in (("PowerOff", "poweroff.target"), ("Reboot", "reboot.target"), ("Halt", "halt.target"),
                               ("KExec", "kexec.target")):
            serial = self.begin(method)
            cookie, verb, unit, _ = self.pid1.expect("JOB")
            self.assertEqual((verb, unit), (START, target))
            self.pid1.send("QUEUED", cookie, 11, 0)
            self.assertEqual(self.client.call_end(serial), ())

    def test_virtualization(self):
        self.assertIsInstance(self.get(MANAGER, IMANAGER, "Virtualization"), str)
        self.assertEqual(self.get(MANAGER, IMANAGER, "Version")[:6], "early ")

    def test_session_is_collected(self):
        """logind frees a session only by ActiveState inactive or failed, or NoSuchUnit; a job by UnknownObject."""
        self.pid1.unit("session-1.scope", "active", "running")
        self.sync()
        self.pid1.send("UNIT_GONE", "session-1.scope")
        self.sync()
        self.assertEqual(self.get(UNITS + "session_2d1_2escope", UNIT, "ActiveState"), "inactive")
        self.assertEqual(self.get(UNITS + "session_2d1_2escope", UNIT, "LoadState"), "not-found")
        serial = self.client.call_begin(BUS, UNITS + "gone_2eservice", PROPERTIES, "Get", "ss", UNIT, "ActiveState")
        cookie, unit = self.pid1.expect("LOAD")
        self.pid1.unit(unit, load="not-found", cookie=cookie)
        self.assertEqual(self.client.call_end(serial), ("inactive",))
        self.assert_error(NO_UNIT, "Unit session-1.scope not loaded.", self.call, "GetUnit", "s", "session-1.scope")


class Errors(BusTest):
    def test_unknown_method(self):
        self.assert_error(ERROR + "UnknownMethod", f"Unknown method Nonsense or interface {IMANAGER}.",
                          self.call, "Nonsense")
        self.assert_error(ERROR + "UnknownMethod", None, self.client.call, BUS, MANAGER, "org.example.No", "Subscribe")

    def test_unknown_object(self):
        for path in ("/org/freedesktop/systemd1/job/77", "/nowhere", UNITS + "nonsense", UNITS + "x_40_2eservice"):
            self.assert_error(ERROR + "UnknownObject", f"Unknown object '{path}'.", self.client.call, BUS, path,
                              PROPERTIES, "Get", "ss", UNIT, "Id")

    def test_wrong_arguments(self):
        self.assert_error(ERROR + "InvalidArgs",
                          f"Invalid arguments 's' to call {IMANAGER}.StartUnit(), expecting 'ss'.",
                          self.call, "StartUnit", "s", "dbus.service")
        self.assert_error(ERROR + "InvalidArgs", "Job mode wild invalid", self.call, "StartUnit", "ss",
                          "dbus.service", "wild")
        self.assert_error(ERROR + "InvalidArgs", "Unit name no-suffix is not valid.", self.call, "StartUnit", "ss",
                          "no-suffix", "fail")
        self.assert_error(ERROR + "InvalidArgs", None, self.call, "StartUnit", "ss", "../x.service", "fail")
        self.assert_error(ERROR + "InvalidArgs", "Unit name getty@.service is missing the instance name.",
                          self.call, "LoadUnit", "s", "getty@.service")

    def test_unknown_property(self):
        self.assert_error(ERROR + "UnknownProperty", None, self.get, MANAGER, IMANAGER, "Nonsense")
        self.assert_error(ERROR + "UnknownProperty", None, self.get, MANAGER, "org.example.No", "Version")
        self.assert_error(ERROR + "UnknownInterface", None, self.client.call, BUS, MANAGER, PROPERTIES, "GetAll", "s",
                          "org.example.No")
        self.assert_error(ERROR + "PropertyReadOnly", "Property 'Version' is not writable.", self.client.call, BUS,
                          MANAGER, PROPERTIES, "Set", "ssv", IMANAGER, "Version", Variant("s", "x"))

    def test_unknown_unit(self):
        self.assert_error(NO_UNIT, "Unit foo.service not loaded.", self.call, "GetUnit", "s", "foo.service")
        self.assert_error(NO_UNIT, "Unit foo.service not loaded.", self.call, "KillUnit", "ssi", "foo.service", "all", 15)
        for method, text in (("StartUnit", "Unit foo.service not found."), ("StopUnit", "Unit foo.service not loaded."),
                             ("RestartUnit", "Unit foo.service not found.")):
            serial = self.begin(method, "ss", "foo.service", "replace")
            cookie, unit = self.pid1.expect("LOAD")
            self.assertEqual(unit, "foo.service")
            self.pid1.unit(unit, load="not-found", cookie=cookie)
            self.assert_error(NO_UNIT, text, self.client.call_end, serial)

    def test_masked(self):
        self.pid1.unit("masked.service", load="masked")
        self.sync()
        self.assert_error(BUS + ".UnitMasked", "Unit masked.service is masked.", self.call, "StartUnit", "ss",
                          "masked.service", "replace")

    def test_refused(self):
        for error, name, text in ((ENOENT, NO_UNIT, "Unit dbus.service not found."),
                                  (ERFKILL, BUS + ".UnitMasked", "Unit dbus.service is masked."),
                                  (-95, BUS + ".JobTypeNotApplicable",
                                   "Job type reload is not applicable for unit dbus.service."),
                                  (-12, ERROR + "NoMemory", None), (0, "System.Error.EPROTO", None)):
            serial = self.begin("ReloadUnit", "ss", "dbus.service", "replace")
            cookie, *_ = self.pid1.expect("JOB")
            self.pid1.send("QUEUED", cookie, 0, error)
            self.assert_error(name, text, self.client.call_end, serial)

    def test_not_root(self):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setgid(65534)
                os.setuid(65534)
                self.run_as_nobody()
                status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertTrue(self.pid1.is_silent())

    def run_as_nobody(self):
        client = self.connect()
        for member, signature, *body in (
                ("StartUnit", "ss", "dbus.service", "replace"), ("StopUnit", "ss", "dbus.service", "replace"),
                ("KillUnit", "ssi", "dbus.service", "all", 15), ("Reload", ""), ("PowerOff", ""),
                ("MaskUnitFiles", "asbb", ["x.service"], False, False),
                ("StartTransientUnit", "ssa(sv)a(sa(sv))", "a.scope", "fail", [], [])):
            self.assert_error(ERROR + "AccessDenied", f"Permission denied: {member} is for root only.", self.call,
                              member, signature, *body, client=client)
        self.assertEqual(self.call("GetUnit", "s", "dbus.service", client=client)[0], UNITS + "dbus_2eservice")
        self.assertEqual(self.get(UNITS + "dbus_2eservice", UNIT, "Id", client=client), "dbus.service")

    def test_transient_refused(self):
        def start(name, properties):
            return self.call("StartTransientUnit", "ssa(sv)a(sa(sv))", name, "fail", properties, [])
        pids = ("PIDs", Variant("au", [1]))
        self.assert_error(ERROR + "NotSupported", None, start, "run-1.service", [pids])
        self.assert_error(BUS + ".BadUnitSetting", "Scope a.scope has no PIDs. Refusing.", start, "a.scope", [])
        self.assert_error(ERROR + "PropertyReadOnly", "Cannot set property Wild, or unknown property.", start,
                          "a.scope", [pids, ("Wild", Variant("s", "x"))])
        self.assert_error(ERROR + "InvalidArgs", None, start, "a.scope", [("PIDs", Variant("as", ["1"]))])
        self.assert_error(ERROR + "InvalidArgs", None, start, "a.scope", [pids, ("Slice", Variant("s", "../x"))])

    def test_text_that_is_no_utf8(self):
        """libdbus ends the process for text that is none."""
        self.pid1.send("UNIT", "bad.service", b"caf\xe9", "loaded", "active", "running", b"/\xff", "", 0, 0)
        self.sync()
        self.assertEqual(self.get(UNITS + "bad_2eservice", UNIT, "Description"), "caf?")


class Units(BusTest):
    def test_verbs(self):
        for method, verb in (("StartUnit", START), ("StopUnit", STOP), ("RestartUnit", RESTART),
                             ("TryRestartUnit", TRY_RESTART), ("ReloadUnit", RELOAD),
                             ("ReloadOrRestartUnit", RELOAD_OR_RESTART), ("ReloadOrTryRestartUnit", RELOAD_OR_RESTART)):
            self.answer_job(self.begin(method, "ss", "dbus.service", "replace"), verb)
            self.answer_job(self.client.call_begin(BUS, UNITS + "dbus_2eservice", UNIT, method[:-4], "s", "fail"), verb)

    def answer_job(self, serial, verb):
        cookie, sent, unit, _ = self.pid1.expect("JOB")
        self.assertEqual((sent, unit), (verb, "dbus.service"))
        self.pid1.send("QUEUED", cookie, 0, EALREADY)
        path, = self.client.call_end(serial)
        removed = self.client.signal("JobRemoved")
        self.assertEqual(removed.body[1:], (path, "dbus.service", "done"))

    def test_alias(self):
        serial = self.begin("LoadUnit", "s", "dbus-org.freedesktop.hostname1.service")
        cookie, _ = self.pid1.expect("LOAD")
        self.pid1.unit("systemd-hostnamed.service", cookie=cookie)
        self.assertEqual(self.client.call_end(serial), (UNITS + "systemd_2dhostnamed_2eservice",))
        self.assertEqual(self.get(UNITS + "systemd_2dhostnamed_2eservice", UNIT, "Names"),
                         ["systemd-hostnamed.service", "dbus-org.freedesktop.hostname1.service"])

    def test_properties_changed(self):
        self.pid1.unit("x.service")
        self.sync()
        self.client.drop_signals()
        self.pid1.unit("x.service", "active", "running", pid=42)
        self.sync()
        self.assertNotIn("PropertiesChanged", [m.member for m in self.client.pending], "nobody subscribed")
        self.call("Subscribe")
        self.pid1.unit("x.service", "failed", "failed", pid=0)
        changed = self.client.wait(lambda m: m.member == "PropertiesChanged" and m.body[0] == UNIT)
        self.assertEqual(changed.path, UNITS + "x_2eservice")
        self.assertEqual(changed.body[1]["ActiveState"], "failed")
        self.assertGreater(changed.body[1]["InactiveEnterTimestamp"], 0)
        service = self.client.wait(lambda m: m.member == "PropertiesChanged" and m.body[0] == BUS + ".Service")
        self.assertEqual(service.body[1]["MainPID"], 0)
        self.pid1.unit("y.service")
        self.assertEqual(self.client.signal("UnitNew").body, ("y.service", UNITS + "y_2eservice"))
        self.pid1.send("UNIT_GONE", "y.service")
        self.assertEqual(self.client.signal("UnitRemoved").body, ("y.service", UNITS + "y_2eservice"))

    def test_lists(self):
        self.pid1.unit("a.service", "active", "running")
        self.pid1.unit("b.service", "failed", "failed")
        self.sync()
        names = [u[0] for u in self.call("ListUnits")[0]]
        self.assertEqual(names, ["dbus.service", "a.service", "b.service"])
        self.assertEqual([u[0] for u in self.call("ListUnitsFiltered", "as", ["failed"])[0]], ["b.service"])
        self.assertEqual([u[0] for u in self.call("ListUnitsByPatterns", "asas", [], ["[ab].*"])[0]],
                         ["a.service", "b.service"])
        self.assertEqual(self.call("ListUnitsByNames", "as", ["a.service", "none.service"])[0], [
            ("a.service", "Description of a.service", "loaded", "active", "running", "", UNITS + "a_2eservice", 0, "", "/"),
            ("none.service", "none.service", "not-found", "inactive", "dead", "", UNITS + "none_2eservice", 0, "", "/")])
        self.assertEqual(self.get(MANAGER, IMANAGER, "SystemState"), "degraded")
        self.assertEqual(self.get(MANAGER, IMANAGER, "NFailedUnits"), 1)

    def test_list_jobs(self):
        serial = self.begin("StartUnit", "ss", "dbus.service", "replace")
        cookie, *_ = self.pid1.expect("JOB")
        self.pid1.send("QUEUED", cookie, 12, 0)
        self.client.call_end(serial)
        self.assertEqual(self.call("ListJobs"), ([(12, "dbus.service", "start", "running", MANAGER + "/job/12",
                                                   UNITS + "dbus_2eservice")],))
        self.assertEqual(self.get(UNITS + "dbus_2eservice", UNIT, "Job"), (12, MANAGER + "/job/12"))

    def test_reload(self):
        serial = self.begin("Reload")
        cookie, verb, unit, _ = self.pid1.expect("JOB")
        self.assertEqual((verb, unit), (RELOAD_MANIFESTS, ""))
        self.assertEqual(self.client.signal("Reloading").body, (True,))
        self.pid1.send("QUEUED", cookie, 13, 0)
        self.pid1.send("DONE", 13, "", "done")
        self.assertEqual(self.client.signal("Reloading").body, (False,))
        self.assertEqual(self.client.call_end(serial), ())

    def test_kill(self):
        self.assertEqual(self.call("KillUnit", "ssi", "dbus.service", "all", 1), ())
        self.assertEqual(self.pid1.expect("KILL"), ("dbus.service", 1))
        self.assert_error(ERROR + "InvalidArgs", "Signal number out of range.", self.call, "KillUnit", "ssi",
                          "dbus.service", "all", 99)
        # A main process that is not in the unit's group any more is not killed.
        with subprocess.Popen(["sleep", "60"]) as sleep:
            self.pid1.unit("s.service", "active", "running", cgroup="/elsewhere", pid=sleep.pid)
            self.sync()
            self.assert_error(ERROR + "UnixProcessIdUnknown", None, self.call, "KillUnit", "ssi", "s.service", "main",
                              signal.SIGKILL)
            self.assertIsNone(sleep.poll())
            sleep.kill()

    def test_reset_failed(self):
        self.pid1.unit("b.service", "failed", "failed")
        self.sync()
        serial = self.begin("ResetFailedUnit", "s", "b.service")
        cookie, verb, unit, _ = self.pid1.expect("JOB")
        self.assertEqual((verb, unit), (RESET_FAILED, "b.service"))
        self.pid1.send("QUEUED", cookie, 0, EALREADY)
        self.assertEqual(self.client.call_end(serial), ())
        self.assertEqual(self.call("ResetFailed"), ())
        self.assertEqual(self.pid1.expect("JOB")[1:3], (RESET_FAILED, "b.service"))

    def test_by_pid(self):
        self.assert_error(BUS + ".NoUnitForPID", "PID 4000000 does not belong to any loaded unit.", self.call,
                          "GetUnitByPID", "u", 4000000)

    def test_standard_interfaces(self):
        self.assertEqual(self.client.call(BUS, MANAGER, "org.freedesktop.DBus.Peer", "Ping"), ())
        xml, = self.client.call(BUS, MANAGER, "org.freedesktop.DBus.Introspectable", "Introspect")
        self.assertIn('<method name="StartTransientUnit">', xml)
        self.assertIn('<node name="unit"/>', xml)
        self.assertIn('<node name="org"/>', self.client.call(BUS, "/", "org.freedesktop.DBus.Introspectable",
                                                             "Introspect")[0])
        everything, = self.client.call(BUS, UNITS + "dbus_2eservice", PROPERTIES, "GetAll", "s", "")
        self.assertEqual(everything["MainPID"], os.getpid())
        self.assertEqual(everything["LoadError"], ("", ""))
        manager, = self.client.call(BUS, MANAGER, PROPERTIES, "GetAll", "s", IMANAGER)
        self.assertEqual(manager["SystemState"], "running")


main()

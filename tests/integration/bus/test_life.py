# SPDX-License-Identifier: LGPL-2.1-or-later
"""Activation, owners of names, and what becomes of early-bus when its neighbours come and go."""
import os
import time

from harness import BUS, MANAGER, PROPERTIES, BusTest, main
from pid1 import START

UNIT = BUS + ".Unit"
KNOWN = "com.example.Known"


class Activation(BusTest):
    def ask(self):
        """Somebody calls a name that only its unit can bring."""
        return self.client.call_begin(KNOWN, "/", "com.example.Known", "Hello")

    def test_success(self):
        serial = self.ask()
        cookie, verb, unit, why = self.pid1.expect("JOB")
        self.assertEqual((verb, unit), (START, "known.service"))
        self.assertIn("bus name", why)
        self.pid1.send("QUEUED", cookie, 20, 0)
        service = self.connect()
        service.bus("RequestName", "su", KNOWN, 0)
        self.pid1.send("DONE", 20, "known.service", "done")
        call = service.wait(lambda m: m.member == "Hello" and m.kind == 1)
        service.send(2, {5: call.serial, 6: call.fields[7]})
        self.assertEqual(self.client.call_end(serial), ())
        self.wait_for_owner(KNOWN, os.getpid())
        service.close()
        self.wait_for_owner(KNOWN, 0)

    def test_refused(self):
        for error, name in ((-2, BUS + ".NoSuchUnit"), (-132, BUS + ".UnitMasked"),
                            (-11, "System.Error.EAGAIN")):
            serial = self.ask()
            cookie, *_ = self.pid1.expect("JOB")
            self.pid1.send("QUEUED", cookie, 0, error)
            self.assert_error(name, None, self.client.call_end, serial)

    def test_failed(self):
        serial = self.ask()
        cookie, *_ = self.pid1.expect("JOB")
        self.pid1.send("QUEUED", cookie, 21, 0)
        self.pid1.send("DONE", 21, "known.service", "failed")
        self.assert_error("org.freedesktop.DBus.Error.Spawn.Failed",
                          'known.service could not be started: its job ended with "failed".',
                          self.client.call_end, serial)

    def test_forged(self):
        """An ActivationRequest that is not the bus's own is nothing."""
        self.client.send(4, {1: MANAGER, 2: BUS + ".Activator", 3: "ActivationRequest", 6: BUS}, "s", ("x.service",))
        self.assertTrue(self.pid1.is_silent())


class ShortActivation(BusTest):
    bus_options = ["--activation-timeout=1s"]
    ask = Activation.ask

    def test_deadline(self):
        for queued in (False, True):
            begin = time.monotonic()
            serial = self.ask()
            cookie, *_ = self.pid1.expect("JOB")
            if queued:
                self.pid1.send("QUEUED", cookie, 22, 0)
            self.assert_error("org.freedesktop.DBus.Error.TimedOut", "known.service did not start within 1 s.",
                              self.client.call_end, serial)
            self.assertGreater(time.monotonic() - begin, 0.9)
        # What comes after it is nobody's any more.
        self.pid1.send("DONE", 22, "known.service", "failed")
        self.pid1.send("QUEUED", cookie, 23, 0)
        self.sync()


class Life(BusTest):
    auto_start = False

    def test_bus_comes_late(self):
        self.start_early()
        self.assertTrue(self.pid1.is_silent())
        self.start_daemon()
        self.pid1.expect("READY")

    def test_bus_goes(self):
        self.start_daemon()
        self.start_early()
        self.pid1.expect("READY")
        self.daemon.terminate()
        self.assertEqual(self.early.wait(120), 0)
        self.stop_early()

    def test_questions_before_the_mirror_is_whole(self):
        self.start_daemon()
        self.start_early()
        self.pid1.unit("first.service", "active", "running")
        self.pid1.expect("READY")
        self.client = self.connect()
        waiting = self.begin("GetUnit", "s", "late.service")
        listing = self.begin("ListUnits")
        # "inactive" would end a session that lives on.
        scope = self.client.call_begin(BUS, MANAGER + "/unit/session_2d1_2escope", PROPERTIES, "Get", "ss", UNIT,
                                       "ActiveState")
        self.begin("StartUnit", "ss", "first.service", "replace")
        cookie, unit = self.pid1.expect("LOAD")
        self.assertEqual(self.pid1.expect("JOB")[2], "first.service")
        self.pid1.unit("late.service", "active", "running")
        self.pid1.unit("session-1.scope", "active", "running")
        self.pid1.unit("dbus.service", "active", "running", cookie=cookie)
        self.assertEqual(self.client.call_end(waiting), (MANAGER + "/unit/late_2eservice",))
        self.assertEqual([u[0] for u in self.client.call_end(listing)[0]],
                         ["first.service", "late.service", "session-1.scope", "dbus.service"])
        self.assertEqual(self.client.call_end(scope), ("active",))

    def test_restart_with_a_pending_job(self):
        self.start_daemon()
        self.start_early()
        self.pid1.expect("READY")
        self.pid1.answer_mark()
        self.client = self.connect()
        login = self.connect()
        login.bus("RequestName", "su", KNOWN, 0)
        serial = self.begin("StartUnit", "ss", "user@101.service", "replace")
        cookie, *_ = self.pid1.expect("JOB")
        self.pid1.send("QUEUED", cookie, 30, 0)
        path, = self.client.call_end(serial)
        self.early.kill()
        self.early.wait()
        self.pid1.close()
        self.stderr.close()
        # Asked while nobody is there: the bus keeps it for the successor.
        kept = self.begin("GetUnit", "s", "user@101.service")
        self.start_early()
        self.pid1.unit("user@101.service", "activating", "start")
        self.pid1.expect("READY")
        self.pid1.answer_mark()
        self.assertEqual(self.client.call_end(kept), (MANAGER + "/unit/user_40101_2eservice",))
        self.pid1.send("DONE", 30, "user@101.service", "done")
        self.assertEqual(self.client.signal("JobRemoved").body, (30, path, "user@101.service", "done"))
        # Its subscribers are unknown now; somebody was there before, so all is told.
        self.pid1.unit("user@101.service", "active", "running")
        self.client.wait(lambda m: m.member == "PropertiesChanged" and m.body[0] == UNIT)
        self.wait_for_owner(KNOWN, os.getpid())

    def test_garbage(self):
        self.start_daemon()
        self.start_early()
        self.pid1.expect("READY")
        self.pid1.answer_mark()
        self.client = self.connect()
        # Well formed, but senseless: ignored.
        self.pid1.send("JOB", 1, 0, "x.service", "")
        self.pid1.send("DONE", 1, "x.service", "exploded")
        self.pid1.send("DONE", 0, "x.service", "done")
        self.pid1.send("DONE", 2, "../../x", "done")
        self.pid1.send("QUEUED", 4242, 1, 0)
        self.pid1.send("UNIT", "no unit at all", "", "", "", "", "", "", 0, 77)
        self.pid1.send("UNIT_GONE", "never.service")
        self.sync()
        self.assertEqual([u[0] for u in self.call("ListUnits")[0]], ["dbus.service"])
        # Not even a message: the link is given up, PID 1 starts another.
        self.pid1.socket.send(b"\xff" * 40)
        self.assertEqual(self.early.wait(120), 1)
        self.stop_early()

    def test_caller_leaves(self):
        self.start_daemon()
        self.start_early()
        self.pid1.expect("READY")
        self.pid1.answer_mark()
        self.client = self.connect()
        other = self.connect()
        self.begin("StartUnit", "ss", "dbus.service", "replace", client=other)
        cookie, *_ = self.pid1.expect("JOB")
        other.close()
        self.clients.remove(other)
        self.client.bus("GetId")
        self.pid1.send("QUEUED", cookie, 31, 0)
        self.pid1.send("DONE", 31, "dbus.service", "done")
        self.assertEqual(self.client.signal("JobRemoved").body[0], 31)

    def test_name_is_taken(self):
        """It waits for a predecessor that is about to go."""
        self.start_daemon()
        self.client = self.connect()
        self.client.bus("RequestName", "su", BUS, 0)
        self.start_early()
        self.assertTrue(self.pid1.is_silent())
        self.client.bus("ReleaseName", "s", BUS)
        self.pid1.expect("READY")


main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stock systemd-logind against early-bus: a session is opened, waits for its jobs, and is collected."""
import os
import subprocess
import time

from harness import main
from machine import ToolTest
from pid1 import START

LOGIN = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
# A /run and a /dev of its own: logind writes to one and sets access rights in the other.
PREPARE = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/systemd/seats && touch /run/null &&
mount --bind /dev/null /run/null && mount -t tmpfs tmpfs /dev && touch /dev/null && mount --move /run/null /dev/null &&
exec "$@"
"""


class Logind(ToolTest):
    def setUp(self):
        self.bus_prefix = ["unshare", "-m", "sh", "-c", PREPARE, "sh"]
        super().setUp()
        self.machine.units["user@0.service"] = ("inactive", "dead")
        self.client = self.connect()
        self.logind = subprocess.Popen(
            ["nsenter", "-m", "-t", str(self.early.pid), "/lib/systemd/systemd-logind"], stderr=subprocess.DEVNULL,
            env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address})
        self.addCleanup(self.stop_logind)
        self.until(lambda: LOGIN[0] in self.client.bus("ListNames")[0])

    def stop_logind(self):
        self.logind.terminate()
        self.logind.wait()

    def policy(self):
        return """<policy user="root"><allow own="org.freedesktop.login1"/>
    <allow send_destination="org.freedesktop.login1"/></policy>"""

    def until(self, condition):
        deadline = time.monotonic() + 120
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come to pass")
            time.sleep(0.05)

    def sessions(self):
        return [s[0] for s in self.client.call(*LOGIN, "ListSessions")[0]]

    def test_session(self):
        with subprocess.Popen(["sleep", "60"]) as leader:
            serial = self.client.call_begin(*LOGIN, "CreateSession", "uusssssussbssa(sv)", 0, leader.pid, "login", "tty",
                                            "user", "", "", 0, "", "", False, "", "", [])
            session = self.client.call_end(serial)
            leader.kill()
        self.assertEqual(self.sessions(), [session[0]])
        self.assertIn((START, "user@0.service"), self.machine.jobs())
        scopes = [m for m in self.machine.log if m[0] == "SCOPE"]
        self.assertEqual([m[2:4] for m in scopes], [(f"session-{session[0]}.scope", "user-0.slice")])
        self.client.close_fds()  # the session's life line
        self.until(lambda: not self.sessions())
        self.assertIn(("ABANDON", f"session-{session[0]}.scope"), self.machine.log)

    def test_power(self):
        self.assertEqual(self.client.call(*LOGIN, "CanPowerOff"), ("yes",))
        self.client.call(*LOGIN, "Reboot", "b", False)
        self.until(lambda: (START, "reboot.target") in self.machine.jobs())


main()

"""PID 1 crashes, and is replaced, under a greeter: nobody on the screen notices."""

import time

from case import INIT, SharedCase
from test_gdm_killed import assert_nothing_left, kill_and_wait

# Of the buses only the system's: a person's, who has just logged out, may end any time.
PIDS = "pgrep -x gdm3; pgrep -n -x gnome-shell; pgrep -u messagebus -x dbus-daemon; pgrep -x systemd-logind; pgrep -x systemd-udevd"


class TestPid1Crash(SharedCase):
    def assert_lives_on(self, pids, name):
        gone = set(pids.split()) - set(self.shell.check(PIDS).split())
        self.assertEqual(gone, set())
        self.wait_kind("greeter", 120, name)
        self.shell.check("earlyctl status")
        self.wait_for("systemctl is-active dbus.service", 120, "early-bus to answer")
        self.wait_for("! ps -o stat= --ppid 1 | grep -q Z", 120, "the reaping of who has ended")

    def test_1_crash(self):
        if INIT == "stock":
            self.fail("systemd freezes at a crash")
        pids = self.shell.check(PIDS)
        self.shell.check("kill -SEGV 1")
        self.wait_for("dmesg | grep -q 'went on after a crash'", 120, "early-init to go on")
        self.assertIn("PID 1 crashed: SIGSEGV", self.shell.check("dmesg"))
        self.assert_lives_on(pids, "after-crash.png")
        time.sleep(5)
        self.assert_lives_on(pids, "after-crash-later.png")

    def test_2_reexec(self):
        self.check_reexec("earlyctl daemon-reexec")

    def test_2_reexec_by_sigterm(self):
        """As with systemd's PID 1."""
        self.check_reexec("kill -TERM 1")

    def check_reexec(self, command):
        times = int(self.shell.check("dmesg | grep -c re-executed || true"))
        pids = self.shell.check(PIDS)
        old = self.shell.check("pgrep -x early-log; pgrep -x early-bus")
        self.shell.check(command)
        self.wait_for(f"[ $(dmesg | grep -c re-executed) = {times + 1} ]", 120, "early-init to be executed anew")
        self.wait_for("pgrep -x early-log && pgrep -x early-bus", 120, "its helpers")
        self.wait_for(f"! (pgrep -x early-log; pgrep -x early-bus) | grep -qxE '{'|'.join(old.split())}'", 120, "new helpers")
        self.assert_lives_on(pids, "after-reexec.png")

    def test_3_still_supervised(self):
        """A display manager that dies after all this, the second time on this machine, comes back."""
        kill_and_wait(self, "after-all")
        assert_nothing_left(self)

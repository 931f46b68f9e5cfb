"""PID 1 crashes, and is replaced, under a greeter: nobody on the screen notices."""

import time

from case import INIT, VmCase

PIDS = "pgrep -x gdm3; pgrep -n -x gnome-shell; pgrep -x dbus-daemon; pgrep -x systemd-logind; pgrep -x systemd-udevd"


class TestPid1Crash(VmCase):
    shares = True

    def assert_lives_on(self, pids, name):
        gone = set(pids.split()) - set(self.shell.check(PIDS).split())  # the greeter may start another bus of its own at any time
        self.assertEqual(gone, set())
        self.wait_kind("greeter", 30, name)
        self.shell.check("earlyctl status")
        self.wait_for("systemctl is-active dbus.service", 30, "early-bus to answer")
        self.assertEqual(self.shell.check("ps -o stat= --ppid 1 | grep -c Z || true").strip(), "0")

    def test_1_crash(self):
        if INIT == "stock":
            self.fail("systemd freezes at a crash")
        pids = self.shell.check(PIDS)
        self.shell.check("kill -SEGV 1")
        self.wait_for("dmesg | grep -q 'went on after a crash'", 20, "early-init to go on")
        self.assertIn("PID 1 crashed: SIGSEGV", self.shell.check("dmesg"))
        self.assert_lives_on(pids, "after-crash.png")
        time.sleep(5)
        self.assert_lives_on(pids, "after-crash-later.png")

    def test_2_reexec(self):
        pids = self.shell.check(PIDS)
        old = self.shell.check("pgrep -x early-log; pgrep -x early-bus")
        self.shell.check("earlyctl daemon-reexec")
        self.wait_for("dmesg | grep -q 're-executed'", 20, "early-init to be executed anew")
        self.wait_for("pgrep -x early-log && pgrep -x early-bus", 20, "its helpers")
        self.wait_for(f"! (pgrep -x early-log; pgrep -x early-bus) | grep -qxE '{'|'.join(old.split())}'", 20, "new helpers")
        self.assert_lives_on(pids, "after-reexec.png")

    def test_3_still_supervised(self):
        """A display manager that dies after all this comes back."""
        old = self.shell.check("pgrep -x gdm3").strip()
        self.shell.check(f"kill -KILL {old}")
        self.wait_for(f"p=$(pgrep -x gdm3) && [ \"$p\" != {old} ]", 30, "a new gdm3")
        self.wait_kind("greeter", 150, "greeter-again.png")

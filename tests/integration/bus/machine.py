# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PID 1 that answers by itself, for tests with real programs on the other side."""
import os
import subprocess
import threading

from harness import BusTest
from pid1 import RELOAD_MANIFESTS, RELOAD_OR_RESTART, RESET_FAILED, RESTART, START, STOP, TRY_RESTART

EALREADY = -114


class Machine(threading.Thread):
    """A PID 1 that does what it is told."""

    def __init__(self, pid1, units):
        super().__init__(daemon=True)
        self.pid1, self.units, self.log, self.next_job = pid1, units, [], 100
        self.lock = threading.Lock()

    def run(self):
        try:
            while True:
                self.handle(*self.pid1.receive(timeout=3600))
        except (ConnectionError, OSError, TimeoutError):
            return

    def send_unit(self, name, cookie=0):
        active, sub = self.units.get(name, ("inactive", "dead"))
        self.pid1.unit(name, active, sub, load="loaded" if name in self.units else "not-found",
                       path=f"/lib/systemd/system/{name}" if name in self.units else "", cookie=cookie,
                       cgroup=f"/system.slice/{name}", pid=os.getpid() if active == "active" else 0)

    def handle(self, name, *values):
        with self.lock:
            self.log.append((name, *values))
        if name == "LOAD":
            self.send_unit(values[1], values[0])
        elif name == "JOB":
            self.handle_job(*values[:3])
        elif name == "SCOPE":
            self.handle_scope(*values[:2])
        elif name == "ABANDON" and values[0] in self.units:
            del self.units[values[0]]
            self.pid1.send("UNIT_GONE", values[0])

    def handle_scope(self, cookie, unit):
        self.next_job += 1
        self.units[unit] = ("active", "running")
        self.send_unit(unit)
        self.pid1.send("QUEUED", cookie, self.next_job, 0)
        self.pid1.send("DONE", self.next_job, unit, "done")

    def handle_job(self, cookie, verb, unit):
        if verb in (RELOAD_MANIFESTS, RESET_FAILED):
            if unit in self.units:
                self.units[unit] = ("inactive", "dead")
                self.send_unit(unit)
            self.pid1.send("QUEUED", cookie, 0, EALREADY)
            return
        self.next_job += 1
        self.pid1.send("QUEUED", cookie, self.next_job, 0)
        result = "done"
        if unit == "broken.service":
            self.units[unit], result = ("failed", "failed"), "failed"
        elif verb == STOP:
            self.units[unit] = ("inactive", "dead")
        elif verb in (START, RESTART, RELOAD_OR_RESTART, TRY_RESTART):
            self.units[unit] = ("active", "running")
        self.send_unit(unit)
        self.pid1.send("DONE", self.next_job, unit, result)

    def jobs(self):
        with self.lock:
            return [values[2:4] for values in self.log if values[0] == "JOB"]


class ToolTest(BusTest):
    auto_start = False

    def setUp(self):
        super().setUp()
        self.start_daemon()
        self.start_early()
        self.machine = Machine(self.pid1, {"dbus.service": ("active", "running"), "ssh.service": ("inactive", "dead"),
                                           "broken.service": ("inactive", "dead"), "old.service": ("failed", "failed")})
        for unit in self.machine.units:
            self.machine.send_unit(unit)
        self.pid1.expect("READY")
        self.machine.start()

    def run_tool(self, *command):
        """In a mount name space whose /run says that systemd is here."""
        script = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec \"$@\""
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address, "SYSTEMD_PAGER": "", "LC_ALL": "C",
                       "SYSTEMD_COLORS": "0"}
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *command], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    def systemctl(self, *arguments, status=0):
        code, out, err = self.run_tool("systemctl", "--system", "--no-pager", *arguments)
        self.assertEqual(code, status, f"systemctl {arguments}: {out}{err}")
        return out + err

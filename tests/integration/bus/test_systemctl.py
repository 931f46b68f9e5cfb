# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd's own systemctl and busctl against early-bus."""
import os
import subprocess
import threading

from harness import BusTest, main
from pid1 import (RELOAD_MANIFESTS, RELOAD_OR_RESTART, RESET_FAILED, RESTART, START, STOP, TRY_RESTART)

EALREADY, ENOENT = -114, -2


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
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def systemctl(self, *arguments, status=0):
        code, out, err = self.run_tool("systemctl", "--system", "--no-pager", *arguments)
        self.assertEqual(code, status, f"systemctl {arguments}: {out}{err}")
        return out + err


class Systemctl(ToolTest):
    def test_questions(self):
        self.assertIn("dbus.service   loaded active   running Description of dbus.service",
                      self.systemctl("list-units", "--all", "--full"))
        self.assertNotIn("ssh.service", self.systemctl("list-units"))
        self.assertEqual(self.systemctl("is-active", "dbus.service"), "active\n")
        self.assertEqual(self.systemctl("is-active", "ssh.service", status=3), "inactive\n")
        self.assertEqual(self.systemctl("is-active", "none.service", status=3), "inactive\n")
        self.assertEqual(self.systemctl("is-failed", "old.service"), "failed\n")
        self.assertEqual(self.systemctl("is-system-running", status=1), "degraded\n")
        self.assertIn("old.service", self.systemctl("--failed"))
        shown = self.systemctl("show", "dbus.service")
        for line in ("Id=dbus.service", "LoadState=loaded", "ActiveState=active", "ControlGroup=/system.slice/dbus.service",
                     f"MainPID={os.getpid()}"):
            self.assertIn(line + "\n", shown)
        self.assertEqual(self.systemctl("show", "-p", "LoadState", "none.service"), "LoadState=not-found\n")
        self.assertIn("Version=early ", self.systemctl("show"))
        self.assertIn("Active: active (running)", self.systemctl("status", "dbus.service"))
        self.assertIn("Unit none.service could not be found.", self.systemctl("status", "none.service", status=4))
        self.assertIn("No jobs running.", self.systemctl("list-jobs"))

    def test_jobs(self):
        self.systemctl("start", "ssh.service")
        self.assertEqual(self.systemctl("is-active", "ssh"), "active\n")
        self.systemctl("restart", "ssh")
        self.systemctl("try-restart", "ssh")
        self.systemctl("reload-or-restart", "ssh")
        self.systemctl("try-reload-or-restart", "ssh")
        self.systemctl("stop", "ssh")
        self.assertEqual(self.systemctl("is-active", "ssh", status=3), "inactive\n")
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", "old.service")
        self.assertEqual(self.systemctl("is-failed", "old.service", status=1), "inactive\n")
        self.assertEqual(self.machine.jobs(), [
            (START, "ssh.service"), (RESTART, "ssh.service"), (TRY_RESTART, "ssh.service"),
            (RELOAD_OR_RESTART, "ssh.service"), (RELOAD_OR_RESTART, "ssh.service"), (STOP, "ssh.service"),
            (RELOAD_MANIFESTS, ""), (RESET_FAILED, "old.service")])

    def test_failures(self):
        self.assertIn("Job for broken.service failed", self.systemctl("start", "broken.service", status=1))
        self.assertIn("Failed to start none.service: Unit none.service not found.",
                      self.systemctl("start", "none.service", status=5))
        self.assertIn("Failed to stop none.service: Unit none.service not loaded.",
                      self.systemctl("stop", "none.service", status=5))
        self.assertIn("is not supported by Early", self.systemctl("set-property", "dbus.service", "TasksMax=5", status=1))

    def test_power(self):
        self.systemctl("kill", "-s", "HUP", "dbus.service")
        self.systemctl("start", "--no-block", "reboot.target")
        self.assertEqual(self.machine.jobs(), [(START, "reboot.target")])

    def test_busctl(self):
        code, out, err = self.run_tool("busctl", "--system", "introspect", "org.freedesktop.systemd1",
                                       "/org/freedesktop/systemd1/unit/dbus_2eservice")
        self.assertEqual(code, 0, err)
        self.assertIn(".MainPID", out)
        code, out, err = self.run_tool("busctl", "--system", "tree", "org.freedesktop.systemd1")
        self.assertEqual(code, 0, err)
        self.assertIn("/org/freedesktop/systemd1/unit/ssh_2eservice", out)


class Files(ToolTest):
    """Unit files of a mount name space of their own, which early-bus and systemctl share."""
    read_only = False

    def setUp(self):
        hello = "[Service]\\nExecStart=/x\\n[Install]\\nWantedBy=multi-user.target\\n"
        script = ("mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && mount -t tmpfs tmpfs /etc/systemd && "
                  "mkdir /etc/systemd/system && " f"printf '{hello}' >/run/systemd/system/hello.service && "
                  + ("mount -o remount,ro /etc/systemd && " if self.read_only else "") + "exec \"$@\"")
        self.bus_prefix = ["unshare", "-m", "sh", "-c", script, "sh"]
        super().setUp()

    def run_tool(self, *command):
        return super().run_tool("nsenter", "-m", "-t", str(self.early.pid), *command)

    def root(self, path):
        return f"/proc/{self.early.pid}/root{path}"


class Writable(Files):
    def test_enable(self):
        wants = "/etc/systemd/system/multi-user.target.wants/hello.service"
        self.assertEqual(self.systemctl("is-enabled", "hello.service", status=1), "disabled\n")
        self.assertIn(f"Created symlink {wants}", self.systemctl("enable", "hello.service"))
        self.assertEqual(os.readlink(self.root(wants)), "/run/systemd/system/hello.service")
        self.assertEqual(self.systemctl("is-enabled", "hello.service"), "enabled\n")
        self.assertIn("Removed", self.systemctl("disable", "hello.service"))
        self.assertFalse(os.path.lexists(self.root(wants)))
        self.assertIn("Created symlink", self.systemctl("preset", "hello.service"))
        self.systemctl("mask", "hello.service")
        self.assertEqual(self.systemctl("is-enabled", "hello.service", status=1), "masked\n")
        self.systemctl("unmask", "hello.service")
        self.assertEqual(self.systemctl("is-enabled", "hello.service"), "enabled\n")
        self.assertIn("Unit file none.service does not exist.", self.systemctl("enable", "none.service", status=1))
        self.assertIn("No such file or directory", self.systemctl("is-enabled", "none.service", status=1))


class ReadOnly(Files):
    read_only = True

    def test_enable(self):
        said = self.systemctl("enable", "hello.service", status=1)
        self.assertIn("the root is still read-only; try again when the disks are ready", said)


main()

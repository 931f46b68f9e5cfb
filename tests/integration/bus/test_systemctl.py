# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd's own systemctl and busctl against early-bus."""
import os

from harness import main
from machine import ToolTest
from pid1 import RELOAD_MANIFESTS, RELOAD_OR_RESTART, RESET_FAILED, RESTART, START, STOP, TRY_RESTART


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

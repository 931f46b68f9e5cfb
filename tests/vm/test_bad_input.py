"""Machines on which something is missing or broken: a person is told what failed and what to do, and nothing is lost. A full disk is in
test_merge.py."""

import contextlib
import os
import re
import shutil
import time
import unittest

import case
import disks
import host
from host import Failure
from machine import Machine

RESCUE_S = 180
# Not as long as a person would be given: what is waited for never comes.
NO_HOME = "/dev/root / ext4 defaults 0 1\nLABEL=no-such-disk /home ext4 defaults,x-systemd.device-timeout=5 0 2\n"
NO_ROOT = "00000000-0000-4000-8000-000000000000"
# What a blinking cursor may add to the bytes of a console's picture that are not black.
CURSOR = 8 * 16 * 3


class BadBoot(unittest.TestCase):
    """One boot for each test: each is broken in its own way."""

    def setUp(self):
        self.out = os.path.join(host.REPO, "out", "vm", self.id().split(".")[-1])
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        self.dir = host.temporary_directory("early-disk-")
        self.addCleanup(shutil.rmtree, self.dir)

    def start(self, boot, files=None, commands=()):
        machine = Machine(boot, serial_log=os.path.join(self.out, "serial.log"))
        self.addCleanup(machine.stop)
        if files or commands:
            case.change_root(machine, files or {}, commands)
        machine.start()
        return machine

    @contextlib.contextmanager
    def changed_root(self, boot):
        """The root disk as a raw one to be changed for this boot."""
        boot.disks["root"] = disks.overlay(boot.disks["root"], os.path.join(self.dir, "root.qcow2"))
        with disks.raw(boot.disks["root"], writable=True) as raw:
            yield raw

    def wait_message(self, machine, pattern, timeout_s=RESCUE_S):
        """Wait for a line on the serial console."""
        found = machine.wait_serial(pattern, timeout_s)
        if found:
            return found
        machine.screen().save_png(os.path.join(self.out, "no-message.png"))
        self.fail(f"no line like {pattern!r} on the console within {timeout_s} s:\n{machine.serial_text()[-2000:]}")

    def assert_rescue(self, machine, pattern, password=None, timeout_s=RESCUE_S):
        """The message, on the screen too, a shell that answers to the keyboard, and no panic."""
        self.wait_message(machine, pattern, timeout_s)
        picture = machine.wait_screen(lambda p: p.tells_failure(), 30)
        (picture or machine.screen()).save_png(os.path.join(self.out, "message.png"))
        self.assertIsNotNone(picture, "the screen does not say it")
        self.assert_shell_on_console(machine, password)
        picture = machine.wait_screen(lambda p: p.kind() == "text", 30)
        (picture or machine.screen()).save_png(os.path.join(self.out, "rescue.png"))
        self.assertIsNotNone(picture, "the shell answers, but does not show")
        self.assertNotRegex(machine.serial_text(), "Kernel panic|Attempted to kill init")

    def assert_shell_on_console(self, machine, password):
        """Typed on the keyboard, answered on the second serial port. In the real root sulogin asks for root's password."""
        deadline = time.monotonic() + 120
        if password:
            self.wait_message(machine, "Give root password")
        while time.monotonic() < deadline:
            await_prompt(machine, deadline)
            if password:
                machine.qmp.type_text(f"{password}\n")
            machine.qmp.type_text("echo rescue-$((40+2)) >/dev/ttyS1\n", hold_ms=20)  # if a key is lost, once more
            if self.shell_answers(machine, 4):
                return
        machine.screen().save_png(os.path.join(self.out, "no-shell.png"))
        self.fail("no shell answers on the console")

    def shell_answers(self, machine, timeout_s):
        deadline = time.monotonic() + timeout_s
        try:
            while b"rescue-42" not in machine.shell.buffer:
                machine.shell._receive(deadline, "rescue shell")
        except Failure:
            return False  # nothing yet: type again
        return True

    def assert_untouched(self, machine):
        """Not a byte of the root disk was changed."""
        self.assertTrue(disks.is_untouched(machine.path("root.qcow2")), "something was written to it")

    def test_no_root_device(self):
        boot = case.boot_of()
        boot.disks["root"] = None
        self.assert_rescue(self.start(boot), r"(?i)root\b.*(not found|no such|did not appear|not there)")

    def test_home_without_its_disk(self):
        """Not an empty home: the login waits, and says for what."""
        machine = self.start(case.boot_of(), {"/etc/fstab": NO_HOME})
        self.assert_rescue(machine, r"/home \(LABEL=no-such-disk\) cannot be mounted", password="root")
        self.assertIn("/etc/fstab", machine.serial_text())

    def test_unknown_root(self):
        boot = case.boot_of()
        boot.append = re.sub(r"root=\S+", f"root=UUID={NO_ROOT}", boot.append)
        machine = self.start(boot)
        self.assert_rescue(machine, f"(?i){NO_ROOT}.*(not found|no such|did not appear|not there)")
        machine.halt()
        self.assert_untouched(machine)

    def test_corrupt_superblock(self):
        boot = case.boot_of()
        with self.changed_root(boot) as path, open(path, "r+b") as disk:
            disk.seek(1024)
            disk.write(bytes(1024))
        boot.append = re.sub(r"root=\S+", "root=/dev/vda", boot.append)
        machine = self.start(boot)
        self.assert_rescue(machine, r"(?i)/dev/vda.*(superblock|file system|ext4)")
        machine.halt()
        self.assert_untouched(machine)

    def test_missing_display_manager(self):
        """Here with a splash that does not go by itself any more: the screen shows the shell all the same."""
        machine = self.start(case.boot_of(), commands=["rm /usr/sbin/gdm3"])
        self.wait_message(machine, r"(?i)gdm.*(not found|no such|missing)")
        machine.shell.wait(60)
        self.assertIsNotNone(machine.wait_screen(lambda p: p.tells_failure(), 30))
        machine.shell.check("kill -STOP $(pidof early-splash)")
        self.assert_rescue(machine, r"(?i)gdm.*(not found|no such|missing)", "root")

    def test_greeter_that_never_comes(self):
        """All rungs climbed: the screen says so, and there is a shell. One whose shell dies is in test_fstab.py: up to there it takes long."""
        machine = self.start(case.boot_of(), *case.broken("/usr/bin/gnome-session"))
        self.assert_rescue(machine, r"gdm\.service runs, but its greeter does not come up", "root", case.GREETER_S)


def await_prompt(machine, deadline):
    """Enter, at which the page goes, and a picture to which nothing is added any more: what is typed before a shell reads is lost to it, or
    taken for something else."""
    machine.qmp.type_text("\n")
    alike, before = 0, None
    while alike < (1 if before else 3) and time.monotonic() < deadline:  # nothing written yet: longer
        time.sleep(0.7)
        picture = machine.screen()
        if picture.tells_failure():
            machine.qmp.type_text("\n")  # nobody read the first
            continue
        written = len(picture.data.translate(None, b"\0"))
        alike = alike + 1 if before is not None and abs(written - before) <= CURSOR else 0
        before = written

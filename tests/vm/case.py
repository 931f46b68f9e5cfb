"""What the tests with a machine share: one boot for a class, its artefacts, and disks changed beforehand.

EARLY_VM_INIT=stock runs a test on the distribution's own init instead: what holds for every init must hold there too,
which shows that the test itself works.
"""

import functools
import os
import shutil
import threading
import time
import unittest

import boots
import disks
import host
import screen
import stage
import timeline
import writer
from host import Failure
from machine import Boot, Machine

INIT = os.environ.get("EARLY_VM_INIT", "early")
# On two busy cores; an idle machine takes a quarter of it.
GREETER_S = 300
PUTTING = threading.Lock()
COMPLETE_S = 180


class VmCase(unittest.TestCase):
    """Boots once for the class, up to the greeter; `extra` is added to the command line, `files` to the root disk, after `commands` of
    debugfs."""

    extra = ""
    files = None
    commands = ()
    alone = False  # no other machine of this run is on meanwhile, see run.py
    shares = ends_shared = False
    shared = None
    watch_every_s = (1, 1)  # for the greeter; more often where each frame is looked at

    @classmethod
    def setUpClass(cls):
        cls.out = os.path.join(host.REPO, "out", "vm", cls.__name__)
        shutil.rmtree(cls.out, ignore_errors=True)
        os.makedirs(cls.out)
        cls.machine = cls.watcher = None
        if cls.shares and cls.take_shared():
            return
        cls.addClassCleanup(cls._clean)
        cls.machine = Machine(boot_of(cls.extra), serial_log=os.path.join(cls.out, "serial.log"))
        if cls.files:
            change_root(cls.machine, cls.files, cls.commands)
        cls.machine.start()
        cls.prepare()
        cls.await_greeter()

    @classmethod
    def take_shared(cls):
        machine = VmCase.shared
        if machine and machine.running() and machine.wait_screen(lambda p: p.kind() == "greeter", 30):
            cls.machine = machine
            if cls.ends_shared:
                cls.addClassCleanup(end_shared)
            return True
        end_shared()
        return False

    @classmethod
    def prepare(cls):
        """Between power-on and greeter."""

    @classmethod
    def await_greeter(cls):
        cls.watcher = screen.Watcher(cls.machine, cls.out, cls.watch_every_s)
        if not cls.watcher.wait_greeter(GREETER_S):
            cls.shot("no-greeter.png")
            raise Failure(f"no greeter within {GREETER_S} s ({cls.watcher.error or 'see the picture'}): {cls.out}\n"
                          + cls.machine.serial_text()[-1500:])
        cls.watcher.stop()
        cls.machine.shell.wait(60)

    @classmethod
    def _clean(cls):
        if cls.watcher:
            cls.watcher.stop()
        if cls.machine and cls.shares and not cls.ends_shared:
            VmCase.shared = cls.machine
        elif cls.machine:
            cls.machine.stop()

    @classmethod
    def shot(cls, name):
        """Save what is on the screen among the class's artefacts."""
        try:
            picture = cls.machine.screen()
        except (Failure, AttributeError):
            return None
        picture.save_png(os.path.join(cls.out, name))
        return picture

    @property
    def shell(self):
        return self.machine.shell

    def timeline(self):
        """Until `complete`."""
        read = timeline.stock if INIT == "stock" else timeline.early
        return read(self.shell, COMPLETE_S)

    def wait_for(self, command, timeout_s, what):
        """Wait until a command succeeds in the machine -> its output."""
        deadline = time.monotonic() + timeout_s
        while True:
            rc, output = self.shell.run(command)
            if rc == 0:
                return output
            if time.monotonic() > deadline:
                self.shot("waited-in-vain.png")
                self.fail(f"{what}: not within {timeout_s} s; {command!r} ended with {rc}: {output.strip()[-500:]}")
            time.sleep(1)

    def wait_kind(self, kind, timeout_s, name=None):
        """Wait for a kind of picture, and keep it as an artefact."""
        picture = self.machine.wait_screen(lambda p: p.kind() == kind, timeout_s)
        shown = self.shot(name or f"{kind}.png")
        if picture is None:
            self.fail(f"no {kind} on the screen within {timeout_s} s, but {shown.kind() if shown else 'no machine'}")
        return picture


class SharedCase(VmCase):
    """Classes of this kind use one machine, in the order in which they run, if the one before left it with a greeter: a boot is most of a
    minute. What one of them needs of a fresh machine must be in the first, or in the files of all. One that `ends_shared` comes last.
    """

    shares = True
    files = {**writer.FILES, "/etc/early/early.conf": "[Overlay]\nPaths=/var /home /opt\n"}


def end_shared():
    if VmCase.shared:
        VmCase.shared.stop()
        VmCase.shared = None


def boot_of(extra=""):
    with PUTTING:
        plain = boot_of_this_run()
    os.utime(os.path.dirname(plain.initrd))  # stage.py takes away what nobody used for long
    return Boot(plain.kernel, plain.initrd, f"{plain.append} {extra}", **plain.disks, text_greeter=plain.text_greeter)


@functools.cache
def boot_of_this_run():
    """Early as it was built when the run began, put into the image once."""
    return boots.get(INIT)


def change_root(machine, files, commands=()):
    """The root disk with files in it (path -> text, or (text, mode)), and changed by commands of debugfs, for this machine only."""
    base, tree = machine.boot.disks["root"], machine.path("tree")
    machine.boot.disks["root"] = disk = disks.overlay(base, machine.path("changed-root.qcow2"))
    for path, content in files.items():
        text, mode = content if isinstance(content, tuple) else (content, 0o644)
        target = os.path.join(tree, path.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as f:
            f.write(text)
        os.chmod(target, mode)
    with disks.raw(disk, writable=True) as raw:
        if commands:
            stage.debugfs(raw, commands)
        stage.write_files(raw, tree)


def broken(path, condition="false"):
    """files and commands for change_root(): a program dies of SIGSEGV unless the shell finds @condition true."""
    script = f"#!/bin/sh\n{condition} && exec {path}.real \"$@\"\nkill -SEGV $$\n"
    return {path: (script, 0o755)}, [f"ln {path} {path}.real", f"sif {path} links_count 2"]


def assert_clean(test, machine, name):
    """A disk as the machine left it: unmounted cleanly, journal empty, nothing to repair -> path of the raw disk."""
    raw = machine.disk_raw(name)
    header = host.run([host.tool("dumpe2fs"), "-h", raw])
    test.assertRegex(header, r"Filesystem state:\s+clean\b", f"{name}: not marked clean")
    test.assertNotRegex(header, r"Filesystem features:.*needs_recovery", f"{name}: the journal was not replayed")
    host.run([host.tool("e2fsck"), "-fn", raw])
    return raw

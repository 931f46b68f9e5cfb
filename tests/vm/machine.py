"""One emulated machine: QEMU with throw-away overlays over its disks, a screen, two serial ports.

The disks that are given are never written: each machine has qcow2 overlays of its own, in a directory that
goes when the machine goes. `disk_raw()` shows what the machine left on a disk as a raw one, for e2fsck and debugfs.
"""

import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import disks
import host
from host import Failure
from picture import Picture
from qmp import Qmp
from shell import Shell

SCREEN = (1024, 768)
NICE = -10
# Software emulation goes round for each step of a repeated string instruction: told of ERMS, kernel and libc clear and copy byte by byte,
# without it by eight and sixteen.
# Without AVX: QEMU 7.2's software emulation takes %ymm4 as the index of a gather for "no index" and reads whatever lies before its
# vector registers. Mesa's vertex shaders gather so: the greeter's shell crashed in them, under any init, once the x87 registers (which
# lie there) held a value. Without AVX2 alone libgcrypt meets an illegal instruction. The same in every machine, so that what is
# compared stays comparable.
CPU = "max,erms=off,avx=off,avx2=off,fma=off,f16c=off,bmi1=off,bmi2=off"
# What spares the emulation work, under any init: no retpolines, each of which it looks up anew; and libraries at the same addresses in all
# processes, for QEMU 7.2 translates their code once for each address.
EMULATED = "mitigations=off norandmaps"
# Serial ports and display the same under every init; what a boot says for itself is in its own append line.
CONSOLE = "console=tty0 console=ttyS0 quiet"


class Boot:
    """What to boot: kernel, initrd, command line, the disks (None: the machine has no such disk), and whether a login in text is its greeter."""

    def __init__(self, kernel, initrd, append, root, data=None, text_greeter=False):
        self.kernel, self.initrd, self.append, self.text_greeter = kernel, initrd, append, text_greeter
        self.disks = {"root": root, "data": data}


class HostLock:
    """One run at a time has machines: it holds the host's lock while it has one or more (run.py says when it has two)."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.held = None
        self.machines = 0

    def take(self):
        with self.mutex:
            if not self.machines:
                self.held = host.locked(host.machine_lock(), "another emulated machine")
                self.held.__enter__()
            self.machines += 1

    def give(self):
        with self.mutex:
            self.machines -= 1
            if not self.machines:
                self.held.__exit__(None, None, None)
                self.held = None


HOST = HostLock()


class Machine:
    def __init__(self, boot, serial_log=None, window=False, memory_mb=2048, keep=False, reboots=False):
        self.boot, self.window, self.memory_mb = boot, window, memory_mb
        self.keep, self.reboots = keep, reboots
        self.dir = tempfile.mkdtemp(prefix="early-vm-")
        self.serial_log = serial_log or os.path.join(self.dir, "serial.log")
        self.process = self.qmp = self.shell = None
        self.locked = False
        self.started = self.accel = None
        self.views = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *unused):
        if not self.keep:
            self.stop()

    def path(self, name):
        return os.path.join(self.dir, name)

    def lock_host(self):
        HOST.take()
        self.locked = True

    def start(self, saved=None):
        """Power on; after halt() once more, with the disks as they were left, or as the machine was at save(saved)."""
        self.views.close()
        self.lock_host()
        for name, image in self.boot.disks.items():
            if image and not os.path.exists(self.path(f"{name}.qcow2")):
                disks.overlay(image, self.path(f"{name}.qcow2"))
        argv = self._argv() + (["-loadvm", saved] if saved else [])
        if not self.keep:
            # A test that is interrupted removes its machine's files; one that is killed still takes its QEMU with it.
            atexit.register(self.stop)
            argv = ["setpriv", "--pdeathsig", "KILL"] + argv
        if os.geteuid() == 0:
            argv = ["nice", "-n", str(NICE)] + argv
        with open(self.path("qemu.log"), "w") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        self.started = time.monotonic()
        prefer(self.process.pid)
        try:
            self.qmp = Qmp(self.path("qmp"))
            self.shell = Shell(self.path("shell"))
        except Failure as e:
            raise Failure(f"{e}\n{self._qemu_log()}") from e

    def _argv(self):
        self.accel = "kvm" if host.kvm_works() else "tcg,thread=multi"
        argv = ["qemu-system-x86_64", "-name", "early", "-accel", self.accel, "-smp", "2", "-cpu", CPU,
                "-m", str(self.memory_mb), "-nodefaults", "-no-user-config",
                "-device", f"virtio-vga,xres={SCREEN[0]},yres={SCREEN[1]}",
                # Not gtk: its window begins small, and the guest's screen takes the window's size.
                "-display", "sdl,gl=off" if self.window else "none",
                "-chardev", f"file,id=console,path={self.serial_log}", "-serial", "chardev:console",
                "-chardev", f"socket,id=shell,path={self.path('shell')},server=on,wait=off",
                "-serial", "chardev:shell",
                "-qmp", f"unix:{self.path('qmp')},server=on,wait=off",
                "-kernel", self.boot.kernel, "-initrd", self.boot.initrd, "-append", self._append()]
        if not self.reboots:
            argv.append("-no-reboot")
        for name, image in self.boot.disks.items():
            if image:
                # cache=unsafe: the overlay dies with the machine, only a crash of the host could tell.
                argv += ["-drive", f"file={self.path(name)}.qcow2,if=none,id={name},cache=unsafe",
                         "-device", f"virtio-blk-pci,drive={name},serial={name}"]
        return argv

    def _append(self):
        if self.accel == "kvm":
            return self.boot.append
        khz = host.tsc_khz()
        # Read by each process itself; the kernel would ask the HPET, a device, each time. What it measures of the counter while it starts
        # is too wrong to be mended a second later, as it mends what it is told.
        tsc = f" tsc=reliable tsc_early_khz={khz}" if khz else ""
        return f"{self.boot.append} {EMULATED}{tsc}"

    def _qemu_log(self):
        try:
            with open(self.path("qemu.log")) as f:
                return f.read()[-2000:]
        except OSError:
            return ""

    def save(self, name):
        """Keep the machine as it is, with its disks, as long as it has its directory."""
        said = self.qmp.command("human-monitor-command", **{"command-line": f"savevm {name}"})
        if said:
            raise Failure(f"the machine cannot be saved: {said.strip()}")

    def running(self):
        return self.process is not None and self.process.poll() is None

    def end(self):
        """How QEMU ended, with its last words."""
        status = self.process.returncode
        return f"QEMU exited with {status}" + (f"\n{self._qemu_log()}" if self._qemu_log() else " (the machine was switched off, or wanted to reboot)" if status == 0 else "")

    def wait_exit(self, timeout_s):
        """Wait until the machine has powered off by itself (or, without reboots=True, wants to reboot)."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as e:
            raise Failure(f"the machine is still on after {timeout_s} s") from e

    def halt(self):
        """Pull the plug; the disks stay, for disk_raw()."""
        for connection in (self.shell, self.qmp):
            if connection:
                connection.close()
        self.shell = self.qmp = None
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.locked:
            HOST.give()
            self.locked = False

    def stop(self):
        """Pull the plug and remove everything."""
        self.halt()
        self.views.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        atexit.unregister(self.stop)

    def screen(self):
        """What is on the screen now."""
        fd, path = tempfile.mkstemp(prefix="screen-", suffix=".ppm", dir=memory_dir())
        os.close(fd)
        try:
            self.qmp.screendump(path)
            return Picture.load(path)
        finally:
            os.unlink(path)

    def wait_screen(self, wanted, timeout_s, every_s=0.5):
        """Wait until wanted(picture) -> the picture; None when it did not come."""
        deadline = time.monotonic() + timeout_s
        while self.running():
            picture = self.screen()
            if wanted(picture):
                return picture
            if time.monotonic() > deadline:
                return None
            time.sleep(every_s)
        return None

    def wait_still(self, timeout_s, every_s=1.5):
        """Wait until two pictures in a row are alike (a blinking cursor aside) -> the last one, still or not."""
        deadline = time.monotonic() + timeout_s
        last = self.screen()
        while True:
            time.sleep(every_s)
            picture = self.screen()
            if picture.difference(last).alike > 0.995 or time.monotonic() > deadline:
                return picture
            last = picture

    def wait_serial(self, pattern, timeout_s):
        """Wait for a line on the first serial port -> its match; None when it did not come."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = re.search(pattern, self.serial_text())
            if found or not self.running() or time.monotonic() > deadline:
                return found
            time.sleep(0.5)

    def serial_text(self):
        with open(self.serial_log, errors="replace") as f:
            return f.read()

    def disk_raw(self, name):
        """A disk as the machine left it, as a raw one in the machine's directory, until the next start() or stop()."""
        self.views.close()
        return self.views.enter_context(disks.raw(self.path(f"{name}.qcow2")))

    def change_disk(self, name):
        """A disk of a machine that is off as a raw one to be changed, in a with statement."""
        self.views.close()
        return disks.raw(self.path(f"{name}.qcow2"), writable=True)


def prefer(pid):
    """A machine before what else runs on a busy host. nice alone counts only within a session where the kernel groups by session."""
    try:
        with open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as f:
            f.write(str(NICE))
    except OSError:
        pass  # no such groups, or not root: it shares as everybody does


def memory_dir():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

"""What the host offers: places for files, locks, commands, and whether KVM really works."""

import atexit
import contextlib
import ctypes
import fcntl
import mmap
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.dirname(os.path.abspath(__file__))


class Failure(Exception):
    """Something that a person can understand and act on; printed without a traceback."""


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "early")
    os.makedirs(path, exist_ok=True)
    return path


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(argv, log=None, **kwargs):
    """Run a command; its output goes to the file `log`, whose end is shown when it fails."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    try:
        if log is None:
            done = subprocess.run(argv, capture_output=True, text=True, **kwargs)
            output = done.stdout + done.stderr
        else:
            with open(log, "w") as f:
                done = subprocess.run(argv, stdout=f, stderr=subprocess.STDOUT, **kwargs)
            with open(log, errors="replace") as f:
                output = f.read()
    except FileNotFoundError as e:
        raise Failure(f"{argv[0]} is not installed; tests/install-deps installs it") from e
    if done.returncode:
        tail = "\n".join(output.splitlines()[-25:])
        raise Failure(f"{' '.join(argv[:4])} … failed with exit code {done.returncode}:\n{tail}")
    return output


def tool(name):
    """Path of a program that may lie in an sbin that is not in a user's PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Failure(f"{name} is not installed; tests/install-deps installs it")
    return path


@contextlib.contextmanager
def locked(path, waiting_for):
    """Hold an exclusive lock on a file; says so when somebody else has it."""
    with open(path, "a") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {waiting_for} (lock {path})")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def end_cleanly():
    """Let SIGTERM end this process as Ctrl-C does, so that machines and their files go."""
    def interrupt(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)


def temporary_directory(prefix):
    """A directory that goes at the end of the process at the latest."""
    path = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def machine_lock():
    """One emulated machine at a time: two would slow each other down and spoil every time."""
    return os.environ.get("EARLY_VM_LOCK") or os.path.join(cache_dir(), "machine.lock")


def kvm_works():
    """True if KVM runs code, not only if its device exists: nested and sandboxed hosts have one that fails.

    The code is a boot sector that writes 0x31 to QEMU's exit port, which then ends with (0x31 << 1) | 1.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    sector = bytes([0xB0, 0x31, 0xE6, 0xF4, 0xF4, 0xEB, 0xFD]).ljust(510, b"\0") + b"\x55\xaa"
    with tempfile.NamedTemporaryFile(suffix=".bin") as f:
        f.write(sector)
        f.flush()
        argv = ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "max", "-m", "64", "-nodefaults",
                "-display", "none", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                "-drive", f"file={f.name},format=raw,if=ide"]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=15)
        except (subprocess.TimeoutExpired, FileNotFoundError):
            return False
    return done.returncode == (0x31 << 1 | 1)


# rdtsc; shl rdx, 32; or rax, rdx; ret
READ_TSC = bytes([0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xD0, 0xC3])


def tsc_khz(over_s=0.1):
    """How fast the processor's time stamp counter runs, which an emulated one follows; None where there is none."""
    if platform.machine() != "x86_64":
        return None
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(READ_TSC)
    read = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    start_ns, start = _at_once(read)
    time.sleep(over_s)
    end_ns, end = _at_once(read)
    return round((end - start) * 1e6 / (end_ns - start_ns))


def _at_once(read, samples=9):
    """(monotonic clock, what @read says) of the same moment: of several readings the one that took least."""
    def sample():
        before = time.monotonic_ns()
        value = read()
        after = time.monotonic_ns()
        return after - before, ((before + after) // 2, value)
    return min(sample() for _ in range(samples))[1]

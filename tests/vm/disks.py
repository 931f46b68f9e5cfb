"""Disks of machines: images that are never written, overlays over them, and a raw view of an overlay for debugfs and e2fsck.

A copy of the root disk would be 1.5 GB each time, what is changed in it some MB. So every change is a qcow2 overlay, and
qemu-storage-daemon shows it by FUSE as the raw disk that the tools of ext4 want. Where the host has no FUSE, the raw disk is made
and taken apart again, which takes some ten seconds.
"""

import contextlib
import json
import os
import subprocess
import time

import host
from host import Failure

FUSE = "/dev/fuse"
VIEW_S = 20


def format_of(path):
    return "qcow2" if path.endswith(".qcow2") else "raw"


def overlay(base, path):
    """A disk that differs in nothing yet from its base, which must stay as it is -> its path."""
    host.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", format_of(base), "-b", os.path.abspath(base), path])
    return path


def is_untouched(path):
    """True if nothing was ever written to an overlay."""
    extents = json.loads(host.run(["qemu-img", "map", "--output=json", path]))
    return not any(extent["depth"] == 0 and extent.get("present", True) for extent in extents)


@contextlib.contextmanager
def raw(path, writable=False):
    """The path under which the overlay @path is a raw disk, while nothing else uses it; a view that is only read may be gone any time."""
    view = f"{path}.raw"
    if os.access(FUSE, os.R_OK | os.W_OK):
        with _exported(path, view, writable):
            yield view
        return
    host.run(["qemu-img", "convert", "-O", "raw", path, view])
    try:
        yield view
        if writable:
            _take_back(view, path)
    finally:
        os.unlink(view)


def _take_back(view, path):
    """What the view has and the overlay's base has not becomes the overlay."""
    info = json.loads(host.run(["qemu-img", "info", "--output=json", path]))
    new = f"{path}.new"
    host.run(["qemu-img", "convert", "-O", "qcow2", "-B", info["full-backing-filename"], "-F", info["backing-filename-format"], view, new])
    os.rename(new, path)


@contextlib.contextmanager
def _exported(path, view, writable):
    with open(view, "w", encoding="utf-8"):
        pass  # what it is mounted over
    mode = f"read-only={'off' if writable else 'on'}"
    argv = ["setpriv", "--pdeathsig", "TERM", "qemu-storage-daemon", "--blockdev", f"file,node-name=file,filename={path},{mode}",
            "--blockdev", f"qcow2,node-name=disk,file=file,{mode}",
            "--export", f"fuse,id=view,node-name=disk,mountpoint={view},writable={'on' if writable else 'off'}"]
    daemon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _await_mount(daemon, view)
        yield
    finally:
        daemon.terminate()
        said = daemon.communicate()[0]
    os.unlink(view)
    if daemon.returncode:
        raise Failure(f"qemu-storage-daemon ended with {daemon.returncode} while it had {path}: {said.strip()}")


def _await_mount(daemon, view):
    deadline = time.monotonic() + VIEW_S
    while not os.path.ismount(view) and os.stat(view).st_size == 0:
        if daemon.poll() is not None:
            raise Failure(f"{view}: qemu-storage-daemon shows no disk there: {daemon.stdout.read().strip()}")
        if time.monotonic() > deadline:
            raise Failure(f"{view}: qemu-storage-daemon shows no disk there within {VIEW_S} s")
        time.sleep(0.01)

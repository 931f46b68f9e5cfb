# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is asked twice, and what is tried again after it failed half-way."""
import contextlib
import os

import overlay_lib
from overlay_lib import check, equal, run, wait_for, write


def is_union(path):
    with open("/proc/self/mountinfo", encoding="ascii") as f:
        mounts = [line.split() for line in f]
    there = [m for m in mounts if m[4] == path]
    return bool(there) and there[-1][there[-1].index("-") + 1] == "fuse.early-overlay"


def over_a_mount_point(new):
    """A union whose lower directory is the root of a file system, which is mounted where the union is."""
    union = new()
    run("mount", "-t", "tmpfs", "tmpfs", union.path)
    write(union.at("lower"), b"lower")
    union.mount()
    check(is_union(union.path), "no union is mounted")
    return union


def ended_twice(new):
    """The second SIGTERM finds the union unmounted: what is mounted beneath is not its own."""
    union = over_a_mount_point(new)
    fd = os.open(union.at("f"), os.O_RDWR | os.O_CREAT)  # keeps the daemon for a while
    union.daemon.terminate()
    wait_for(lambda: not is_union(union.path), "the unmount")
    union.daemon.terminate()
    equal(union.daemon.wait(120), 0, "the daemon's exit code")
    union.daemon = None
    equal(os.listdir(union.path), ["lower"], "what is mounted beneath the union")
    with contextlib.suppress(OSError):
        os.close(fd)  # nobody answers any more
    run("umount", union.path)


def unmounted_by_hand(new):
    """A merge of a union that somebody has unmounted already leaves what is mounted beneath."""
    union = over_a_mount_point(new)
    fd = os.open(union.at("f"), os.O_RDWR | os.O_CREAT)
    os.write(fd, b"made")
    run("umount", "-l", union.path)
    equal(union.merge()["error"], 0, "the merge")
    equal(sorted(os.listdir(union.path)), ["f", "lower"], "what is mounted beneath the union")
    os.close(fd)
    equal(union.daemon.wait(120), 0, "the daemon's exit code")
    union.daemon = None
    run("umount", union.path)


if __name__ == "__main__":
    overlay_lib.main([ended_twice, unmounted_by_hand])

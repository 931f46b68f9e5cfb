# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is asked twice, and what is tried again after it failed half-way."""
import contextlib
import ctypes
import errno
import os
import shutil

import overlay_lib
from overlay_lib import check, equal, read, run, wait_for, write

MS_REMOUNT = 32


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


def forget_unused(union, path):
    """The kernel drops what it has of the union and nobody uses, and the daemon has heard of it, of @path last."""
    os.stat(path)
    name = os.path.basename(path)

    def known():
        fds = f"/proc/{union.daemon.pid}/fd"
        with contextlib.suppress(FileNotFoundError):
            return any(os.readlink(f"{fds}/{fd}").endswith("/" + name) for fd in os.listdir(fds))
        return True

    check(known(), "the daemon holds no descriptor of what was looked up")
    if ctypes.CDLL(None, use_errno=True).mount(None, union.path.encode(), None, MS_REMOUNT, None) < 0:
        raise OSError(ctypes.get_errno(), "remount")
    wait_for(lambda: not known(), "the daemon's forgetting")


def merged_again_after_forgetting(new):
    """What an earlier try has put on the disk is no stranger's, also if nobody has looked at it since."""
    union = new()
    write(union.at("gone"), b"old")
    write(union.at("last"), b"last")
    run("chattr", "+i", union.at("gone"))
    union.mount()
    os.mkdir(union.at("dir"))
    for i in range(20):
        write(union.at(f"made{i}"), b"made %d" % i)
        write(union.at(f"dir/made{i}"), b"made %d" % i)
        os.symlink("made", union.at(f"link{i}"))
    os.unlink(union.at("gone"))
    names = sorted(os.listdir(union.path))
    union.writable()
    equal(union.merge()["error"], -errno.EPERM, "a merge that may not delete a file")
    forget_unused(union, union.at("last"))
    os.unlink(union.at("made0"))
    os.rename(union.at("made1"), union.at("moved"))
    real = union.real()
    run("chattr", "-i", real + "/gone")
    union.real_done()
    equal(union.merged()["conflicts"], 0, "conflicts")
    equal(sorted(os.listdir(union.path)), sorted(set(names) - {"made0", "made1"} | {"moved"}), "names")
    equal(sorted(os.listdir(union.at("dir"))), sorted(f"made{i}" for i in range(20)), "names in the directory")
    union.ended()


def fill(directory):
    """Until the file system takes no file but one."""
    n = 0
    with contextlib.suppress(OSError):
        while True:
            write(f"{directory}/{n}", b"")
            n += 1
    os.unlink(f"{directory}/0")


def rename_without_room(new):
    """A lower file's rename needs a whiteout at its old name: where there is no room for that, nothing has moved."""
    union = new(options="upperdir=/nonexistent,workdir=/nonexistent")
    upper = f"{union.dir}/upper"
    os.mkdir(upper)
    run("mount", "-t", "tmpfs", "-o", "nr_inodes=64", "tmpfs", upper)
    for name in ("u", "w", "filler"):
        os.mkdir(f"{upper}/{name}")
    union.options = f"upperdir={upper}/u,workdir={upper}/w"
    write(union.at("f"), b"lower")
    union.mount()
    write(union.at("f"), b"union")
    fill(upper + "/filler")
    try:
        os.rename(union.at("f"), union.at("g"))
    except OSError as e:
        equal(e.errno, errno.ENOSPC, "the rename's error")
        equal(sorted(os.listdir(union.path)), ["f"], "names after a rename that failed")
        equal(sorted(os.listdir(upper + "/u")), ["f"], "names of the upper layer after it")
        shutil.rmtree(upper + "/filler")
        os.rename(union.at("f"), union.at("g"))
    equal(sorted(os.listdir(union.path)), ["g"], "names after the rename")
    equal(union.merged()["conflicts"], 0, "conflicts")
    equal((os.listdir(union.path), read(union.at("g"))), (["g"], b"union"), "the disk")
    union.ended()
    run("umount", upper)


if __name__ == "__main__":
    overlay_lib.main([ended_twice, unmounted_by_hand, merged_again_after_forgetting, rename_without_room])

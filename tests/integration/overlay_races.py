# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two at once: one of the daemon's threads is stopped half-way (overlay-calls.c), or waits for something."""
import ctypes
import errno
import fcntl
import os
import resource
import threading
import time

import overlay_lib
from overlay_lib import check, equal, read, wait_for, write

RENAME_NOREPLACE = 1


class Stalled:
    """Whoever looks @name up first in the daemon stops there, until the end of the block."""

    def __init__(self, union, name):
        self.flag = f"{union.dir}/stalls/{name}"

    def __enter__(self):
        write(self.flag, b"")
        return self

    def __exit__(self, *unused):
        os.unlink(self.flag)

    def reached(self):
        return os.path.exists(self.flag + ".reached")


class Call(threading.Thread):
    def __init__(self, fn, *args):
        super().__init__(daemon=True)
        self.fn, self.args, self.error = fn, args, None
        self.start()

    def run(self):
        try:
            self.fn(*self.args)
        except OSError as e:
            self.error = e

    def result(self):
        self.join(120)
        check(not self.is_alive(), "a call does not return")
        return self.error


def with_shim(union, **env):
    union.env = dict(env, LD_PRELOAD=os.environ["EARLY_OVERLAY_SHIM"], ASAN_OPTIONS="verify_asan_link_order=0")


def lock_while_the_clock_is_set(new):
    """Who waits for a lock gets it when its holder closes the file, also if the time of day was set back meanwhile."""
    union = new()
    with_shim(union, EARLY_OVERLAY_CLOCK="1")
    write(union.at("f"), b"")
    union.mount()
    fds = [os.open(union.at("f"), os.O_RDWR) for _ in range(2)]
    fcntl.flock(fds[0], fcntl.LOCK_EX)
    waiter = Call(fcntl.flock, fds[1], fcntl.LOCK_EX)
    waiter.join(0.5)
    check(waiter.is_alive(), "two have the lock")
    os.close(fds[0])
    equal(waiter.result(), None, "the waiter's error")
    os.close(fds[1])
    union.merged()
    union.ended()


def attribute_that_grows(new):
    """An attribute that is set anew while it is read or copied is no error of who reads or copies."""
    union = new()
    with_shim(union, EARLY_OVERLAY_GROWS="1")
    for name in ("f", "g"):
        write(union.at(name), b"lower")
        os.setxattr(union.at(name), "trusted.test", b"of the lower")
    union.mount()
    equal(os.listxattr(union.at("f")), ["trusted.test"], "the attributes of a lower file")
    write(union.at("f"), b"union")
    equal(os.listxattr(union.at("f")), ["trusted.test"], "the attributes of its copy")
    equal(os.getxattr(union.at("f"), "trusted.test"), b"of the lower", "the copy's attribute")
    union.merged()
    equal(os.getxattr(union.at("f"), "trusted.test"), b"of the lower", "the attribute on the disk")
    equal(os.listxattr(union.at("f")), ["trusted.test"], "the attributes on the disk")
    union.ended()


def merged_with_directory(new):
    """A union that was merged, and a descriptor of a directory from before, which still leads to the daemon."""
    union = new()
    with_shim(union, EARLY_OVERLAY_STALLS=f"{union.dir}/stalls")
    os.mkdir(f"{union.dir}/stalls")
    os.mkdir(union.at("dir"))
    union.mount()
    fd = os.open(union.at("dir"), os.O_RDONLY | os.O_DIRECTORY)
    union.merged()
    return union, fd


def made_by_two(new):
    """Who wants to open a file or make it opens the one that somebody else has just made on the disk."""
    union, fd = merged_with_directory(new)
    with Stalled(union, "late") as stalled:
        opening = Call(lambda: os.close(os.open("late", os.O_RDWR | os.O_CREAT, dir_fd=fd)))
        wait_for(stalled.reached, "the look for the file")
        write(union.at("dir/late"), b"native")
    equal(opening.result(), None, "the error of O_CREAT without O_EXCL")
    equal(read(union.at("dir/late")), b"native", "the file")
    os.close(fd)
    union.ended()


def replaced_by_nobody(new):
    """RENAME_NOREPLACE does not replace what somebody else has just made on the disk."""
    union, fd = merged_with_directory(new)
    write(union.at("dir/f"), b"f")

    def rename():
        if ctypes.CDLL(None, use_errno=True).renameat2(fd, b"f", fd, b"late", RENAME_NOREPLACE) < 0:
            raise OSError(ctypes.get_errno(), "renameat2")

    with Stalled(union, "late.rename") as stalled:
        renaming = Call(rename)
        wait_for(stalled.reached, "the rename")
        write(union.at("dir/late"), b"native")
    error = renaming.result()
    equal(error and error.errno, errno.EEXIST, "the error")
    equal((read(union.at("dir/late")), read(union.at("dir/f"))), (b"native", b"f"), "the files")
    os.close(fd)
    union.ended()


def limit_to_what_is_open(pid, hard):
    """Whether the process may open nothing more than what it has open."""
    free = overlay_lib.first_free(pid)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, hard))
    return overlay_lib.first_free(pid) == free


def client_without_a_descriptor(new):
    """A client that there is no descriptor for is heard when there is one; until then the daemon does not turn in circles."""
    union = new()
    with_shim(union, EARLY_OVERLAY_CALLS=f"{union.dir}/calls")
    union.mount()

    def sockets():
        fds = f"/proc/{union.daemon.pid}/fd"
        return sum(os.path.islink(f"{fds}/{fd}") and os.readlink(f"{fds}/{fd}").startswith("socket:") for fd in os.listdir(fds))

    wait_for(lambda: sockets() == 1, "the end of who looked whether it listens")
    limits = resource.prlimit(union.daemon.pid, resource.RLIMIT_NOFILE)
    # What another thread has open for a moment may lie between: then the first free one is another by the time that it counts.
    wait_for(lambda: limit_to_what_is_open(union.daemon.pid, limits[1]), "no free descriptor")
    begun = read(f"{union.dir}/calls").count(b"accept")
    since = time.monotonic()
    status = Call(overlay_lib.ask, union.socket, overlay_lib.VERB_STATUS)
    wait_for(lambda: read(f"{union.dir}/calls").count(b"accept") > begun, "the client's call")
    status.join(2)
    tries = read(f"{union.dir}/calls").count(b"accept") - begun
    check(status.is_alive(), "it was heard without a descriptor")
    check(tries <= 2 + time.monotonic() - since, f"{tries} tries in {time.monotonic() - since:.1f} s")
    resource.prlimit(union.daemon.pid, resource.RLIMIT_NOFILE, limits)
    equal(status.result(), None, "the client's error")
    union.merged()
    union.ended()


def directory_renamed_and_emptied(new):
    """A directory takes what is in it along to its new name; what is deleted in it at that moment does not come back."""
    for kind in ("lower", "upper"):
        union = new()
        with_shim(union, EARLY_OVERLAY_STALLS=f"{union.dir}/stalls")
        os.mkdir(f"{union.dir}/stalls")
        os.makedirs(union.at("dir/sub"))
        write(union.at("dir/stays"), b"stays")
        write(union.at("dir/sub/stays"), b"stays")
        if kind == "lower":
            write(union.at("dir/late"), b"lower")
        union.mount()
        if kind == "upper":
            write(union.at("dir/late"), b"upper")
        check(os.path.exists(union.at("dir/late")), "the kernel has it in its cache")
        with Stalled(union, "late") as stalled:
            rename = Call(os.rename, union.at("dir"), union.at("moved"))
            wait_for(stalled.reached, "the rename's look at the file")
            unlink = Call(os.unlink, union.at("dir/late"))
            unlink.join(2)  # it may have to wait for the rename
        equal((rename.result(), unlink.result()), (None, None), f"errors of the rename and the deletion ({kind})")
        equal(sorted(os.listdir(union.at("moved"))), ["stays", "sub"], f"names ({kind})")
        check(not os.path.lexists(union.at("moved/late")), f"a deleted file came back ({kind})")
        union.merged()
        equal(sorted(os.listdir(union.path)), ["moved"], f"names on the disk ({kind})")
        equal(sorted(os.listdir(union.at("moved"))), ["stays", "sub"], f"names in the directory on the disk ({kind})")
        equal(read(union.at("moved/sub/stays")), b"stays", f"what stays ({kind})")
        union.ended()


if __name__ == "__main__":
    overlay_lib.main([directory_renamed_and_emptied, lock_while_the_clock_is_set, attribute_that_grows,
                      made_by_two, replaced_by_nobody, client_without_a_descriptor])

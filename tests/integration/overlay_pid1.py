# SPDX-License-Identifier: LGPL-2.1-or-later
"""A union and PID 1's side of it: what PID 1 is told, and what it does when the daemon dies (unions-pid1.c)."""
import os
import signal
import socket
import subprocess

import overlay_lib
from overlay_lib import check, equal, read, run, wait_for, write

PID1, SHIM = os.environ["EARLY_UNIONS_PID1"], os.environ["EARLY_OVERLAY_SHIM"]


class Pid1:
    """The union's mount, as PID 1 would have made it."""

    def __init__(self, union):
        self.union = union
        self.stays = f"{union.dir}/stays"  # as long as it is there, nothing can be unmounted
        run("mount", "-o", "remount,ro", f"{union.dir}/disk")
        run("mount", "-o", "remount,bind,rw", f"{union.dir}/disk")
        # The daemon's environment only: LD_PRELOAD is set by env.
        self.process = subprocess.Popen(
            [PID1, union.binary, union.path, "-f", "-o", f"lowerdir={union.path},{union.options},link_fd=3",
             "--run", f"{union.dir}/run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env=dict(os.environ, LD_PRELOAD=SHIM, EARLY_OVERLAY_STAYS=self.stays,
                     ASAN_OPTIONS="verify_asan_link_order=0"))
        union.daemon = self.process
        self.pid = int(self.expect("pid ").split()[1])
        wait_for(lambda: os.path.ismount(union.path), "the mount")

    def expect(self, start):
        line = self.process.stdout.readline().rstrip("\n")
        check(line.startswith(start), f"{line!r} instead of {start!r}")
        return line

    def send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def state(self):
        self.send("state")
        return self.expect("state ")[6:]


def detach_that_fails(new):
    """Merged is merged; gone is said when it is gone, and a second try makes it so."""
    union = new()
    pid1 = Pid1(union)
    write(union.at("f"), b"1")
    fd = os.open(union.at("f"), os.O_RDWR)
    write(pid1.stays, b"")
    union.writable()
    pid1.send("merge")
    pid1.expect("merged")
    pid1.expect("stays Operation not permitted")
    equal(pid1.state(), "merged settled", "the state")
    check(os.path.ismount(union.path), "the union went nevertheless")
    os.pwrite(fd, b"2", 0)
    real = union.real()
    equal(read(real + "/f"), b"2", "what is written goes to the disk")
    union.real_done()
    # Asked again while it still cannot, and when it can.
    pid1.send("merge")
    pid1.expect("stays Operation not permitted")
    os.unlink(pid1.stays)
    pid1.send("merge")
    pid1.expect("gone")
    equal(os.stat(union.path).st_dev, os.stat(f"{union.dir}/disk").st_dev, "the device of the real directory")
    equal(pid1.state(), "gone settled", "the state")
    os.close(fd)


def death_after_the_merge(new):
    """The daemon dies while it still serves a directory: look-ups there reach the disk."""
    union = new()
    os.mkdir(union.at("a dir"))
    write(union.at("a dir/native"), b"n")
    kmsg = f"{union.dir}/kmsg"
    write(kmsg, b"")
    run("mount", "--bind", kmsg, "/dev/kmsg")
    os.environ["UNIONS_PID1_KMSG"] = "1"
    pid1 = Pid1(union)
    del os.environ["UNIONS_PID1_KMSG"]
    run("umount", "-l", "/dev/kmsg")
    os.makedirs(union.at("made/deep"))
    held = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    held[0].bind(union.at("a dir/s"))
    held[1].bind(union.at("made/deep/s"))
    union.writable()
    pid1.send("merge")
    pid1.expect("merged")
    pid1.expect("gone")
    dirs = [union.at("a dir"), union.at("made/deep")]
    disk = os.stat(f"{union.dir}/disk").st_dev
    check(all(os.stat(d).st_dev != disk for d in dirs), "nothing is served on: the test shows nothing")
    # Somebody else's union beneath lives on.
    other = new()
    other.mount()
    os.mkdir(union.at("made/other"))
    run("mount", "--bind", other.path, union.at("made/other"))
    os.kill(pid1.pid, signal.SIGKILL)

    def is_native(path):
        try:
            return os.stat(path).st_dev == disk
        except OSError:
            return False

    for d in dirs:
        wait_for(lambda d=d: is_native(d), f"the disk's {d}")
    check(os.path.ismount(union.at("made/other")), "a union that lives was detached")
    run("umount", union.at("made/other"))
    equal(read(union.at("a dir/native")), b"n", "a file there")
    write(union.at("made/deep/later"), b"l")
    equal(pid1.state(), "gone settled", "the state")
    for d in dirs:
        check(f"{d} is the disk's again" in read(kmsg).decode(), f"nothing in the kernel's log about {d}: {read(kmsg)}")
    for s in held:
        s.close()


if __name__ == "__main__":
    overlay_lib.main([detach_that_fails, death_after_the_merge])

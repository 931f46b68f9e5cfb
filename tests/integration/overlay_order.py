# SPDX-License-Identifier: LGPL-2.1-or-later
"""The order of the calls of a merge decides what a power cut leaves: bytes before names, new names before deletions."""
import os
import threading

import overlay_lib
from overlay_lib import check, equal, read, write


def traced(new):
    """A union whose daemon notes its calls (overlay-calls.c)."""
    union = new()
    union.calls = f"{union.dir}/calls"
    union.env = {"LD_PRELOAD": os.environ["EARLY_OVERLAY_SHIM"], "EARLY_OVERLAY_CALLS": union.calls, "ASAN_OPTIONS": "verify_asan_link_order=0"}
    return union


def calls_of(union):
    return [line.split() for line in read(union.calls).decode().splitlines()]


def not_synced(calls):
    """What is renamed out of the staging directory while bytes of it are in memory only."""
    written, bad, delta = set(), [], 0
    seen_syncfs = False
    for call, *names in calls:
        if call == "write":
            written.add(names[0])
            delta += seen_syncfs
        elif call == "sync":
            written.discard(names[0])
        elif call == "syncfs":
            written.clear()
            seen_syncfs = True
        elif call == "rename" and names[0] in written:
            bad.append(" ".join(names))
    return bad, delta


def bytes_before_names(new):
    """What is written, made and cut while the merge runs is on the disk before it gets its name."""
    union = traced(new)
    for i in range(30):
        write(union.at(f"old{i}"), b"o" * 10000)
    union.mount()
    fds = [os.open(union.at(f"old{i}"), os.O_RDWR) for i in range(30)]
    cut = os.open(union.at("cut"), os.O_RDWR | os.O_CREAT)
    for i in range(100):
        write(union.at(f"new{i}"), os.urandom(100000))
    stop = []

    def work():
        n = 0
        while not stop:
            for fd in fds:
                os.pwrite(fd, b"n%d" % n, 5000)
            os.ftruncate(cut, n % 7)
            write(union.at(f"late{n % 20}"), b"late")
            n += 1

    thread = threading.Thread(target=work)
    thread.start()
    union.merged()
    stop.append(1)
    thread.join()
    bad, delta = not_synced(calls_of(union))
    check(delta > 0, "nothing was written while the merge ran: the test shows nothing")
    equal(bad, [], "renamed before their bytes were on the disk")
    for fd in fds + [cut]:
        os.close(fd)
    union.ended()


def names_before_deletions(new):
    """mv in the union is a new name and a deletion: at no moment has the disk neither."""
    union = traced(new)
    os.makedirs(union.at("a-dir/sub"))
    os.makedirs(union.at("z-dir"))
    for i in range(20):
        write(union.at(f"from{i}"), b"%d" % i)
    write(union.at("a-dir/sub/f"), b"deep")
    write(union.at("file"), b"file")
    os.makedirs(union.at("dir/in"))
    write(union.at("dir/in/f"), b"old")
    union.mount()
    for i in range(20):
        os.rename(union.at(f"from{i}"), union.at("z-dir" if i % 2 else "a-dir", f"to{i}"))
    # An opaque directory, a directory over a file, a file over a directory.
    overlay_lib.run("rm", "-r", union.at("a-dir/sub"), union.at("file"), union.at("dir"))
    os.mkdir(union.at("a-dir/sub"))
    os.mkdir(union.at("file"))
    write(union.at("file/inside"), b"i")
    write(union.at("dir"), b"now a file")
    os.truncate(union.calls, 0)  # from here on it is the merge
    union.merged()
    calls = calls_of(union)
    placed = [n for n, call in enumerate(calls) if call[0] == "rename"]
    deleted = [n for n, call in enumerate(calls) if call[0] == "unlink" and (call[1].startswith("from") or call[1] == "f")]
    equal(len(deleted), 22, "deletions")
    check(max(placed) < min(deleted), f"{calls[min(deleted)]} comes before {calls[max(placed)]}")
    check(["syncfs"] in calls[max(placed):min(deleted)], "the new names are not on the disk when the old ones are removed")
    for i in range(20):
        equal(read(union.at("z-dir" if i % 2 else "a-dir", f"to{i}")), b"%d" % i, f"to{i}")
    equal(sorted(os.listdir(union.path)), ["a-dir", "dir", "file", "z-dir"], "the names that are left")
    equal(os.listdir(union.at("a-dir/sub")), [], "the opaque directory")
    equal(read(union.at("dir")), b"now a file", "a file over a directory")
    equal(read(union.at("file/inside")), b"i", "a directory over a file")
    union.ended()


if __name__ == "__main__":
    overlay_lib.main([bytes_before_names, names_before_deletions])

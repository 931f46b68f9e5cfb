# SPDX-License-Identifier: LGPL-2.1-or-later
"""The order of the calls of a merge decides what a power cut leaves: bytes before names, new names before deletions."""
import os
import threading

import overlay_lib
from overlay_lib import check, equal, need, read, write


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
    need(delta > 0, "nothing was written while the merge ran")
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


def deletions_of_a_killed_merge(new):
    """What a killed merge had exchanged into its staging directory goes when what took its place is on the disk."""
    union = traced(new)
    os.makedirs(union.at(".early-merge/7"))  # as it leaves it
    write(union.at(".early-merge/7/inside"), b"old")
    write(union.at("dir"), b"now a file")
    union.mount()
    write(union.at("f"), b"f")
    os.truncate(union.calls, 0)
    union.merged()
    calls = calls_of(union)
    check(["unlink", "inside"] in calls, "it is still there: the test shows nothing")
    check(["syncfs"] in calls[:calls.index(["unlink", "inside"])], "the old one goes before the exchange is on the disk")
    equal(sorted(os.listdir(union.path)), ["dir", "f"], "the names that are left")
    union.ended()


def killed_between_two_renames(new):
    """Without an exchange the old one is moved away first. Killed in that moment, and the union lost: it gets its name back."""
    union = traced(new)
    for n in ("deep/er/dir", "deep/er/other"):
        os.makedirs(union.at(n))
        write(union.at(n, "f"), b"old")
    union.env.update(EARLY_OVERLAY_DIES=f"{union.dir}/dies")
    union.mount()
    overlay_lib.run("rm", "-r", union.at("deep/er/dir"))
    write(union.at("deep/er/dir"), b"now a file")
    union.writable()
    write(f"{union.dir}/dies", b"")
    try:
        union.merge()
    except (overlay_lib.Failed, OSError):
        pass  # it was killed
    equal(union.daemon.wait(120), -9, "the daemon's end")
    overlay_lib.run("umount", "-l", union.path)
    os.unlink(union.socket)
    check(not os.path.lexists(union.at("deep/er/dir")), "the old one has its name: the test shows nothing")
    os.unlink(f"{union.dir}/dies")
    union.mount()
    union.merged()
    equal(read(union.at("deep/er/dir/f")), b"old", "what was moved away")
    equal(os.listdir(union.path), ["deep"], "left-overs")
    union.ended()


def moved_away_from_nowhere(new):
    """Where its directory is gone, or somebody made it a link to elsewhere, it is kept under a name of its own."""
    union = new()
    elsewhere = f"{union.dir}/elsewhere"
    os.mkdir(elsewhere)
    os.symlink(elsewhere, union.at("link"))
    os.mkdir(union.at("has"))
    write(union.at("has/it"), b"another")
    os.mkdir(union.at(".early-merge"))
    for n, path in enumerate(("gone/dir", "link/dir", "../dir", "/dir", "has/it")):
        os.mkdir(union.at(f".early-merge/{n}"))
        write(union.at(f".early-merge/{n}/f"), path.encode())
        os.symlink(path, union.at(f".early-merge/{n}.was"))
    os.symlink("nothing", union.at(".early-merge/9.was"))
    union.mount()
    union.merged()
    equal(sorted(os.listdir(union.path)), ["dir.early-conflict", "dir.early-conflict-1", "dir.early-conflict-2", "dir.early-conflict-3",
                                           "has", "link"], "the names that are left")
    equal(sorted(read(union.at(name, "f")) for name in os.listdir(union.path) if "conflict" in name),
          [b"../dir", b"/dir", b"gone/dir", b"link/dir"], "what they are")
    equal(os.listdir(elsewhere), [], "another directory")
    equal(read(union.at("has/it")), b"another", "what took its place, which was there")
    union.ended()


def rewriting_without_its_file(new):
    """N.new is never without N.old but before and after the rewriting: no reason to refuse every merge from then on."""
    union = new()
    os.mkdir(union.at(".early-merge"))
    write(union.at(".early-merge/3.new"), b"new")
    write(union.at(".early-merge/4.old"), b"old")
    os.link(union.at(".early-merge/4.old"), union.at("four"))
    write(union.at(".early-merge/5.new"), b"new and complete")
    write(union.at("five"), b"old")
    os.link(union.at("five"), union.at(".early-merge/5.old"))
    union.mount()
    write(union.at("f"), b"f")
    union.merged()
    equal(sorted(os.listdir(union.path)), ["f", "five", "four"], "the names that are left")
    equal(read(union.at("four")), b"old", "one whose rewriting had not begun")
    equal(read(union.at("five")), b"new and complete", "one whose rewriting is finished")
    union.ended()


if __name__ == "__main__":
    overlay_lib.main([bytes_before_names, names_before_deletions, deletions_of_a_killed_merge, killed_between_two_renames,
                      moved_away_from_nowhere, rewriting_without_its_file])

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stops a merge must lose nothing: a read-only or full disk, files that somebody else made meanwhile, a power cut."""
import errno
import os
import resource
import shutil
import socket
import stat
import struct
import subprocess
import time

import overlay_lib
from overlay_lib import ask, check, equal, need, read, run, wait_for, write


def refused_when_read_only(new):
    union = new()
    union.mount(mount_too=True)  # a clone made now stays read-only by itself
    write(union.at("f"), b"1")
    fd = os.open(union.at("f"), os.O_RDWR)
    done = union.merge()
    equal(done["error"], -errno.EROFS, "the merge into a read-only file system")
    check("remount" in done["advice"], f"no way out is named: {done}")
    os.pwrite(fd, b"2", 0)
    equal(read(union.at("f")), b"2", "the union goes on")
    union.merged()
    equal(read(union.at("f")), b"2", "the file on the disk")
    os.close(fd)
    union.ended()


def full_disk(new):
    union = new(megabytes=16)
    os.mkdir(union.at("dir"))
    write(union.at("dir/old"), b"old")
    write(union.at("filler"), os.urandom(8 << 20))
    union.mount()
    data = os.urandom(6 << 20)
    for i in range(3):
        write(union.at(f"dir/big{i}"), data)
    os.unlink(union.at("dir/old"))
    fd = os.open(union.at("dir/big0"), os.O_RDWR)
    union.writable()
    done = union.merge()
    equal(done["error"], -errno.ENOSPC, f"the merge into a full disk ({done})")
    os.pwrite(fd, b"after", 0)
    data = b"after" + data[5:]
    equal(read(union.at("dir/big0")), data, "the union goes on")
    check(not os.path.exists(union.at("dir/old")), "a deleted file came back")
    equal(read(union.at("dir/big2"))[5:], data[5:], "another file")
    # Nothing was touched on the disk.
    real = f"{union.dir}/real"
    os.mkdir(real)
    run("mount", "--bind", f"{union.dir}/disk", real)
    equal(os.listdir(real + "/data/dir"), ["old"], "the real directory after the failure")
    equal([x for x in os.listdir(real + "/data") if x.startswith(".early")], [], "left-overs")
    # Space is made beneath the union; asked again, it works.
    os.unlink(real + "/data/filler")
    run("umount", real)
    os.unlink(union.at("dir/big1"))
    os.unlink(union.at("dir/big2"))
    union.merged()
    equal(os.listdir(union.at("dir")), ["big0"], "the real directory")
    equal(read(union.at("dir/big0")), data, "the file on the disk")
    os.close(fd)
    union.ended()


def conflicts_keep_both(new):
    """Somebody changes the real directory behind the union."""
    union = new()
    for name in ("changed", "deleted", "kept"):
        write(union.at(name), b"lower")
    union.mount()
    real = f"{union.dir}/real"
    os.mkdir(real)
    run("mount", "--bind", f"{union.dir}/disk", real)
    real += "/data"
    write(union.at("changed"), b"union")
    write(union.at("made"), b"union")
    os.unlink(union.at("deleted"))
    os.unlink(union.at("kept"))
    union.writable()
    write(real + "/changed", b"native version")
    write(real + "/made", b"native")
    write(real + "/deleted", b"native version")
    done = union.merged()
    equal(done["conflicts"], 3, "conflicts")
    equal(read(union.at("changed")), b"union", "the changed file")
    equal(read(union.at("changed.early-conflict")), b"native version", "its other version")
    equal(read(union.at("made")), b"union", "the new file")
    equal(read(union.at("made.early-conflict")), b"native", "its other version")
    equal(read(union.at("deleted")), b"native version", "a file deleted here and changed there")
    check(not os.path.exists(union.at("kept")), "a file deleted here and untouched there")
    run("umount", f"{union.dir}/real")
    union.ended()


def strangers_in_another_directory(new):
    """Merged into a directory with files of its own: none of them is lost, whatever the union has at their names."""
    union = new()
    write(union.at("lower"), b"lower")
    union.mount()
    write(union.at("one"), b"union")
    os.link(union.at("one"), union.at("two"))
    os.link(union.at("lower"), union.at("lower-too"))
    other = f"{union.dir}/other"
    os.mkdir(other)
    run("mount", "-t", "tmpfs", "tmpfs", other)
    for name in ("two", "lower-too"):
        write(f"{other}/{name}", b"a stranger's")
    done = ask(union.socket, overlay_lib.VERB_MERGE, other)
    equal((done["error"], done["conflicts"]), (0, 2), "error and conflicts")
    for name, data in (("one", b"union"), ("two", b"union"), ("lower-too", b"lower")):
        equal(read(f"{other}/{name}"), data, name)
    for name in ("two", "lower-too"):
        equal(read(f"{other}/{name}.early-conflict"), b"a stranger's", f"what was at {name}")
    equal(union.daemon.wait(120), 0, "the daemon's exit code")
    union.daemon = None
    run("umount", union.path)
    run("umount", other)


def emptied_without_descriptors(new):
    """Who cannot be given an emptied file, because the daemon has no descriptor left for it, has lost nothing."""
    union = new()
    ways = {"open": lambda path: os.close(os.open(path, os.O_WRONLY | os.O_TRUNC)), "truncate": lambda path: os.truncate(path, 0)}
    names = [f"{way}{spare}" for way in ways for spare in range(12)]
    for name in names:
        write(union.at(name), b"lower")
    union.mount()
    pid = union.daemon.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    for name in names:
        os.stat(union.at(name))  # found once: the daemon needs nothing more for its name
    outcomes = set()
    for way, empty in ways.items():
        for spare in range(12):
            path = union.at(f"{way}{spare}")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (overlay_lib.first_free(pid) + spare, limits[1]))
            try:
                empty(path)
                failed = False
            except OSError as e:
                equal(e.errno, errno.EMFILE, "what cannot be done")
                failed = True
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            outcomes.add(failed)
            equal(read(path), b"lower" if failed else b"", f"{way} with {spare} descriptors left")
    equal(outcomes, {True, False}, "whether it failed")
    union.merged()
    union.ended()


CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)  # cap_net_bind_service, effective


def capabilities_stay(new):
    """chown clears them: of what is only changed or renamed they stay, in the union and on the disk."""
    union = new()
    changes = {"chmod": lambda path: os.chmod(path, 0o700), "utime": os.utime, "rename": lambda path: os.rename(path, path + "-new"),
               "link": lambda path: os.link(path, path + "-new")}
    for name in changes:
        write(union.at(name), b"a program")
        os.setxattr(union.at(name), "security.capability", CAPABILITY)
    union.mount()
    for name, change in changes.items():
        change(union.at(name))
    names = ["chmod", "utime", "rename-new", "link", "link-new"]
    for state in ("in the union", "on the disk"):
        for name in names:
            equal(os.getxattr(union.at(name), "security.capability"), CAPABILITY, f"the capability of {name} {state}")
        if state == "in the union":
            equal(union.merged()["conflicts"], 0, "conflicts")
    union.ended()


def power_cut(new):
    """The disk as it is at many moments of a merge: every file is the old or the new one, never half."""
    union = new()
    old, fresh = b"o" * 30000, b"n" * 60000
    for i in range(40):
        write(union.at(f"f{i}"), old)
    union.mount()
    for i in range(40):
        write(union.at(f"f{i}"), fresh)
        write(union.at(f"new{i}"), fresh)
    union.writable("rw,sync")  # the image shows each write at once
    pid = os.fork()
    if pid == 0:
        try:
            union.merge()
        finally:
            os._exit(0)
    states = set()
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        copy = f"{union.dir}/cut"
        shutil.copyfile(f"{union.dir}/image", copy)
        if subprocess.run(["e2fsck", "-fy", copy], stdout=subprocess.DEVNULL, check=False).returncode > 2:
            continue  # the copy itself was not taken at one moment
        os.makedirs(f"{union.dir}/look", exist_ok=True)
        run("mount", "-o", "loop,ro", copy, f"{union.dir}/look")
        for name in os.listdir(f"{union.dir}/look/data"):
            if name.startswith(".early"):
                continue
            data = read(f"{union.dir}/look/data/{name}")
            check(data in (old, fresh), f"{name} is half written: {len(data)} bytes, {data[:1]!r}")
            states.add((name[0], data == fresh))
        run("umount", f"{union.dir}/look")
    need(("f", False) in states, f"the merge was never seen on its way: {states}")
    equal(read(union.at("new39")), fresh, "after the merge")


def killed_in_the_merge(new):
    """The daemon is killed on its way; what is on the disk is whole, and a new union over the same layers merges."""
    union = new(options="upperdir=/nonexistent,workdir=/nonexistent")
    upper = f"{union.dir}/upper"
    os.mkdir(upper)
    run("mount", "-t", "tmpfs", "tmpfs", upper)
    os.mkdir(upper + "/u")
    os.mkdir(upper + "/w")
    union.options = f"upperdir={upper}/u,workdir={upper}/w"
    for i in range(30):
        write(union.at(f"f{i}"), b"o" * 30000)
    union.mount()
    for i in range(30):
        write(union.at(f"f{i}"), b"n" * 60000)
    union.writable("rw,sync")
    real = union.real()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(union.socket)
        s.send(struct.pack("<IHHII", 17, 1, 1, 1, 1) + b"\0")
        wait_for(lambda: os.path.exists(real + "/.early-merge/5") or len(read(real + "/f29")) == 60000, "the merge's first files")
        union.daemon.kill()
        union.daemon.wait()
    need(os.path.exists(real + "/.early-merge/5"), "the merge was not cut short")
    union.real_done()
    run("umount", "-l", union.path)
    for i in range(30):
        check(read(union.at(f"f{i}")) in (b"o" * 30000, b"n" * 60000), f"f{i} is half written")
    os.unlink(union.socket)
    union.mount()
    for i in range(30):
        equal(read(union.at(f"f{i}")), b"n" * 60000, f"f{i} in the new union")
    union.merged()
    for i in range(30):
        equal(read(union.at(f"f{i}")), b"n" * 60000, f"f{i} on the disk")
    equal([x for x in os.listdir(union.path) if x.startswith(".early")], [], "left-overs")
    union.daemon.wait(120)
    union.daemon = None
    run("umount", upper)


def power_cut_in_a_rewriting(new):
    """A file with several names is rewritten in place; cut short, the next merge finishes it, though the union is lost."""
    size = 24 << 20
    old, fresh = b"o" * size, b"n" * (size - 4096)
    union = new(megabytes=128)
    write(union.at("a"), old)
    os.link(union.at("a"), union.at("b"))
    os.mkdir(union.at("dir"))
    union.mount()
    write(union.at("a"), fresh)
    union.writable("rw,sync")
    real = union.real()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(union.socket)
        s.send(struct.pack("<IHHII", 17, 1, 1, 1, 1) + b"\0")

        def begun():
            with open(real + "/b", "rb") as f:
                return f.read(1) == b"n"

        wait_for(begun, "the rewriting's first bytes")
        union.daemon.kill()
        union.daemon.wait()
    data = read(real + "/b")
    need(data not in (old, fresh), "the rewriting was not cut short")
    run("umount", "-l", union.path)
    os.unlink(union.socket)
    union.mount()
    union.merged()
    for name in ("a", "b"):
        check(read(union.at(name)) == fresh, f"{name} is half written after the next merge")
    equal(os.stat(union.at("a")).st_nlink, 2, "links")
    equal([x for x in os.listdir(union.path) if x.startswith(".early")], [], "left-overs")
    union.real_done()
    union.ended()


def kill_when(union, condition, text):
    """Asks for a merge, and kills the daemon as soon as the condition holds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(union.socket)
        s.send(struct.pack("<IHHII", 17, 1, 1, 1, 1) + b"\0")
        wait_for(condition, text)
        union.daemon.kill()
        union.daemon.wait()
    run("umount", "-l", union.path)
    os.unlink(union.socket)


def power_cut_in_the_finishing(new):
    """Finishing a rewriting takes its time as well, and is cut short too: that it is our own doing can still be seen."""
    union = new(megabytes=128)
    write(union.at("a"), b"o" * (24 << 20))
    os.link(union.at("a"), union.at("b"))
    union.mount()
    write(union.at("a"), b"n" * (24 << 20))
    union.writable("rw,sync")
    real = union.real()

    def begun():
        with open(real + "/b", "rb") as f:
            return f.read(1) == b"n"

    kill_when(union, begun, "the rewriting's first bytes")
    need(read(real + "/b") != b"n" * (24 << 20), "the rewriting was not cut short")
    time.sleep(10)
    union.mount()
    union.writable("rw,sync")
    before = os.stat(real + "/b").st_ctime
    kill_when(union, lambda: os.stat(real + "/b").st_ctime > before, "the first bytes of its finishing")
    need(os.path.exists(real + "/.early-merge"), "its finishing was not cut short")
    new_files = [x for x in os.listdir(real + "/.early-merge") if x.endswith(".new")]
    need(len(new_files) == 1, f"files being rewritten: {new_files}")
    ahead = os.stat(real + "/b").st_ctime - os.stat(f"{real}/.early-merge/{new_files[0]}").st_ctime
    check(ahead < 9, f"the file was changed {ahead:.1f} s after it was known what it is to become")
    union.mount()
    union.merged()
    check(read(union.at("b")) == b"n" * (24 << 20), "b is half written after the next merge")
    union.real_done()
    union.ended()


def rewriting_tried_again(new):
    """A rewriting that failed half-way has changed the real file: asked again, that is no stranger's change."""
    size = 16 << 20
    union = new()
    write(union.at("a"), b"")
    os.truncate(union.at("a"), size)
    os.link(union.at("a"), union.at("b"))
    free = os.statvfs(union.path)
    write(union.at("filler"), b"f" * (free.f_bavail * free.f_bsize - size - (6 << 20)))
    union.mount()
    write(union.at("a"), b"n" * size)
    union.writable()
    done = union.merge()
    equal(done["error"], -errno.ENOSPC, f"the merge into a full disk ({done})")
    real = union.real()
    with open(real + "/b", "rb") as f:
        check(f.read(1) == b"n", "it failed before the real file was touched: the test shows nothing")
    os.unlink(real + "/filler")
    union.real_done()
    write(union.at("a"), b"m" * size)
    done = union.merged()
    equal(sorted(os.listdir(union.path)), ["a", "b"], "names")
    equal(done["conflicts"], 0, "conflicts")
    equal((read(union.at("b")) == b"m" * size, os.stat(union.at("b")).st_nlink), (True, 2), "the other name")
    union.ended()


def refused_deletion(new):
    """A file that may not be deleted is named, with what helps."""
    union = new()
    os.mkdir(union.at("dir"))
    write(union.at("dir/gone"), b"old")
    run("chattr", "+i", union.at("dir/gone"))
    union.mount()
    os.unlink(union.at("dir/gone"))
    union.writable()
    done = union.merge()
    equal((done["error"], done["path"]), (-errno.EPERM, "/dir/gone"), f"a merge that may not delete a file ({done})")
    check("chattr" in done["advice"], f"no way out is named: {done}")
    real = union.real()
    run("chattr", "-i", real + "/dir/gone")
    union.real_done()
    union.merged()
    equal(os.listdir(union.at("dir")), [], "names")
    union.ended()


def failed_after_all_is_placed(new):
    """What a file or directory took the place of may be the disk's only copy: it goes when the merge has worked, not before."""
    union = new()
    os.mkdir(union.at("dir"))
    write(union.at("dir/f"), b"old")
    write(union.at("file"), b"old")
    write(union.at("gone"), b"old")
    run("chattr", "+i", union.at("gone"))
    union.mount()
    shutil.rmtree(union.at("dir"))
    write(union.at("dir"), b"now a file")
    os.unlink(union.at("file"))
    os.mkdir(union.at("file"))
    write(union.at("file/in"), b"new")
    os.unlink(union.at("gone"))
    union.writable()
    done = union.merge()
    equal(done["error"], -errno.EPERM, f"a merge that may not delete a file ({done})")
    real = union.real()
    equal((os.listdir(real + "/dir"), read(real + "/file")), (["f"], b"old"), "the real directory after the failure")
    equal([x for x in os.listdir(real) if x.startswith(".early")], [], "left-overs")
    equal((read(union.at("dir")), os.listdir(union.at("file"))), (b"now a file", ["in"]), "the union goes on")
    run("chattr", "-i", real + "/gone")
    union.real_done()
    done = union.merged()
    equal(done["conflicts"], 0, "conflicts")
    equal((read(union.at("dir")), read(union.at("file/in"))), (b"now a file", b"new"), "the real directory")
    equal(sorted(os.listdir(union.path)), ["dir", "file"], "names")
    union.ended()


def overlayfs_format(new):
    """Whiteouts and opaque directories are overlayfs's own: the kernel's overlayfs shows the same tree."""
    union = new(options="upperdir=/nonexistent,workdir=/nonexistent")
    upper = f"{union.dir}/upper"
    os.mkdir(upper)
    run("mount", "-t", "tmpfs", "tmpfs", upper)
    os.mkdir(upper + "/u")
    os.mkdir(upper + "/w")
    union.options = f"upperdir={upper}/u,workdir={upper}/w"
    os.makedirs(union.at("dir/sub"))
    write(union.at("dir/a"), b"1")
    write(union.at("gone"), b"1")
    union.mount()
    os.unlink(union.at("gone"))
    shutil.rmtree(union.at("dir"))
    os.mkdir(union.at("dir"))
    write(union.at("dir/b"), b"2")
    st = os.lstat(upper + "/u/gone")
    check(stat.S_ISCHR(st.st_mode) and st.st_rdev == 0, "no whiteout as overlayfs has it")
    equal(os.getxattr(upper + "/u/dir", "trusted.overlay.opaque"), b"y", "the opaque mark")
    equal(os.listxattr(union.at("dir")), [], "marks are not shown")
    union.daemon.terminate()
    equal(union.daemon.wait(120), 0, "the exit code after SIGTERM")
    union.daemon = None
    check(not os.path.ismount(union.path), "still mounted after SIGTERM")
    kernel = f"{union.dir}/kernel"
    os.mkdir(kernel)
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={union.path},{union.options}", kernel)
    equal(sorted(os.listdir(kernel)), ["dir"], "overlayfs's view")
    equal(os.listdir(kernel + "/dir"), ["b"], "overlayfs's view of the opaque directory")
    run("umount", kernel)
    run("umount", upper)


def into_another_directory(new):
    """merge --into: the real directory is on another file system."""
    union = new()
    write(union.at("lower"), b"root's")
    union.mount()
    other = f"{union.dir}/other"
    os.mkdir(other)
    run("mount", "-t", "tmpfs", "tmpfs", other)
    write(other + "/there", b"other's")
    fd = os.open(union.at("made"), os.O_RDWR | os.O_CREAT)
    os.write(fd, b"before ")
    done = ask(union.socket, overlay_lib.VERB_MERGE, other)
    equal(done["error"], 0, f"the merge ({done})")
    os.write(fd, b"after")
    equal(sorted(os.listdir(union.path)), ["made", "there"], "what the path shows")
    equal(read(union.at("made")), b"before after", "the file")
    equal(read(other + "/made"), b"before after", "the file in its own place")
    os.close(fd)
    equal(union.daemon.wait(120), 0, "the daemon's exit code")
    union.daemon = None
    run("umount", union.path)
    run("umount", other)


def link_to_pid1(new):
    """The messages of proto/overlay.h, in their order."""
    mounted, merge, progress, merged, gone, failed = 1, 2, 3, 4, 5, 6

    def receive(link):
        while True:
            m = link.recv(65536)
            opcode = struct.unpack_from("<H", m, 6)[0]
            if opcode != progress:
                return opcode, m[8:]

    def ask_merge(link):
        link.send(struct.pack("<IHHI", 13, 1, merge, 1) + b"\0")

    union = new()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(120)
    union.mount(link=theirs.fileno())
    theirs.close()
    equal(receive(ours)[0], mounted, "the first message")
    write(union.at("f"), b"1")
    fd = os.open(union.at("f"), os.O_RDWR)
    ask_merge(ours)
    opcode, body = receive(ours)
    equal(opcode, failed, "a merge into a read-only file system")
    check(b"Read-only" in body and b"remount" in body, f"no reason or advice: {body}")
    union.writable()
    ask_merge(ours)
    opcode, body = receive(ours)
    equal((opcode, struct.unpack("<QQQQ", body)[1:]), (merged, (1, 1, 0)), "merged: files, bytes, conflicts")
    opcode, body = receive(ours)
    equal((opcode, struct.unpack("<QQ", body)[1]), (gone, 1), "gone: handles")
    equal(os.stat(union.path).st_dev, os.stat(f"{union.dir}/disk").st_dev, "the device of the real directory")
    os.close(fd)
    equal(ours.recv(99), b"", "the link's end with the last handle")
    union.ended()


def closed_link(new):
    """PID 1's end is closed before the merge: the union is served on."""
    union = new()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    union.mount(link=theirs.fileno())
    theirs.close()
    write(union.at("f"), b"1")
    ours.close()
    time.sleep(0.2)
    equal(read(union.at("f")), b"1", "the union")
    with open(f"/proc/{union.daemon.pid}/cmdline", "rb") as f:
        check(f.read(1) == b"@", "a shutdown would kill the daemon: its name does not begin with @")
    union.merged()
    union.ended()


def background(new):
    """Without -f the command returns when the union is there, and says so by its exit code."""
    union = new()
    bad = subprocess.run([union.binary, union.path, "-o", "lowerdir=/nonexistent,upper_tmpfs"],
                         capture_output=True, check=False)
    check(bad.returncode != 0 and b"/nonexistent" in bad.stderr, f"no error: {bad}")
    bad = subprocess.run([union.binary, union.path, "-o", f"lowerdir={union.path},upper_tmpfs,metacopy=on"],
                         capture_output=True, check=False)
    check(bad.returncode == 2 and b"metacopy" in bad.stderr, f"metacopy=on is not refused by name: {bad}")
    good = subprocess.run([union.binary, "-o", f"lowerdir={union.path},upper_tmpfs,nosuid", "name", union.path,
                           "--run", f"{union.dir}/run"], capture_output=True, check=False)
    equal((good.returncode, good.stderr), (0, b""), "mounting in the background")
    with open("/proc/self/mounts") as f:
        line = [x for x in f if x.split()[1] == union.path][-1]
    check(line.startswith("name ") and "nosuid" in line, f"the mount is wrong: {line}")
    write(union.at("f"), b"1")
    run("umount", union.path)
    wait_for(lambda: not os.path.exists(union.socket_path()), "the daemon's end")


if __name__ == "__main__":
    overlay_lib.main([refused_when_read_only, full_disk, conflicts_keep_both, strangers_in_another_directory,
                      emptied_without_descriptors, capabilities_stay, power_cut, killed_in_the_merge, power_cut_in_a_rewriting,
                      power_cut_in_the_finishing, rewriting_tried_again, refused_deletion,
                      failed_after_all_is_placed,
                      overlayfs_format, into_another_directory, link_to_pid1,
                      closed_link, background])

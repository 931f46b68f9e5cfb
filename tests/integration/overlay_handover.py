# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in use goes on over the merge: open files, appenders, sockets, FIFOs, locks, mappings."""
import errno
import fcntl
import mmap
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import overlay_lib
from overlay_lib import check, equal, read, run, wait_for, write


def open_handles(new):
    """Held open before, written before and after, read from the real file: exact."""
    union = new()
    write(union.at("lower"), b"l" * 5000)
    write(union.at("only-read"), b"r" * 5000)
    union.mount()
    fresh = os.open(union.at("fresh"), os.O_RDWR | os.O_CREAT, 0o640)
    reader = os.open(union.at("lower"), os.O_RDONLY)
    os.pread(reader, 10, 0)
    lower = os.open(union.at("lower"), os.O_RDWR)
    only_read = os.open(union.at("only-read"), os.O_RDONLY)
    append = os.open(union.at("lower"), os.O_WRONLY | os.O_APPEND)
    os.write(fresh, b"before ")
    os.pwrite(lower, b"BEFORE", 10)
    numbers = os.fstat(fresh).st_ino, os.fstat(lower).st_ino
    os.posix_fadvise(reader, 0, 0, os.POSIX_FADV_DONTNEED)  # not from the kernel's cache
    equal(os.pread(reader, 20, 0), b"l" * 10 + b"BEFORE" + b"l" * 4, "a handle from before the copy-up, before the merge")
    os.fstat(only_read)
    union.merged()
    write(union.at("only-read"), b"natively longer" * 400)
    equal(os.fstat(only_read).st_size, 6000, "the size of a file that was only read")
    os.write(fresh, b"after")
    os.pwrite(lower, b"AFTER", 20)
    os.write(append, b"end")
    wanted = b"l" * 10 + b"BEFORE" + b"l" * 4 + b"AFTER" + b"l" * 4975 + b"end"
    equal(read(union.at("fresh")), b"before after", "the real new file")
    equal(read(union.at("lower")), wanted, "the real changed file")
    equal(os.pread(reader, 9999, 0), wanted, "through a handle from before the copy-up")
    equal(os.pread(only_read, 9999, 0), b"natively longer" * 400, "a file that was only read")
    equal((os.fstat(fresh).st_ino, os.fstat(lower).st_ino), numbers, "the inode numbers")
    # Others write natively; old handles see it.
    write(union.at("fresh"), b" native", "ab")
    equal(os.pread(fresh, 99, 0), b"before after native", "a native write through the old handle")
    os.ftruncate(fresh, 6)
    equal(read(union.at("fresh")), b"before", "a cut through the old handle")
    check(union.daemon.poll() is None, "the daemon left before its handles")
    for fd in (fresh, lower, reader, only_read, append):
        os.close(fd)
    union.ended()


def unlinked_and_directories(new):
    """A file without a name, a directory that somebody sits in, a running program."""
    union = new()
    os.mkdir(union.at("dir"))
    write(union.at("dir", "native"), b"1")
    union.mount()
    run("cp", "/bin/sleep", union.at("sleep"))
    fd = os.open(union.at("gone"), os.O_RDWR | os.O_CREAT)
    os.write(fd, b"x")
    os.unlink(union.at("gone"))
    equal(os.fstat(fd).st_nlink, 0, "links of the unlinked file")
    dirfd = os.open(union.at("dir"), os.O_RDONLY)
    program = subprocess.Popen([union.at("sleep"), "1000"])
    union.merged()
    os.write(fd, b"y")
    equal(os.pread(fd, 9, 0), b"xy", "the unlinked file")
    check(not os.path.exists(union.at("gone")), "the unlinked file came back")
    new_fd = os.open("made", os.O_CREAT | os.O_WRONLY, dir_fd=dirfd)
    os.write(new_fd, b"m")
    os.close(new_fd)
    equal(read(union.at("dir", "made")), b"m", "a file made in an old directory")
    write(union.at("dir", "later"), b"2")
    check("later" in os.listdir(dirfd), "an old directory does not list a native file")
    check(program.poll() is None, "the program died")
    program.kill()
    program.wait()
    os.close(fd)
    os.close(dirfd)
    union.ended()


APPENDER = """
import os, sys, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
n = 0
while not os.path.exists(sys.argv[3]):
    os.write(fd, b"%s %d\\n" % (sys.argv[2].encode(), n))
    n += 1
print(n)
"""


def two_appenders(new):
    """Each line of both is there, once and in order."""
    union = new()
    union.mount()
    log, stop = union.at("log"), f"{union.dir}/stop"
    write(log, b"")
    writers = [subprocess.Popen([sys.executable, "-c", APPENDER, log, name, stop], stdout=subprocess.PIPE)
               for name in ("a", "b")]

    def have_written(more):
        before = [read(log).count(name) for name in (b"a ", b"b ")]
        wait_for(lambda: all(read(log).count(name) > n + more for name, n in zip((b"a ", b"b "), before)), "lines of both")

    have_written(10)
    union.merged()
    have_written(10)
    write(stop, b"")
    counts = [int(w.communicate()[0]) for w in writers]
    lines = read(log).decode().splitlines()
    equal(len(lines), sum(counts), "lines in the log")
    for name, count in zip(("a", "b"), counts):
        mine = [line for line in lines if line.startswith(name + " ")]
        equal(mine, [f"{name} {i}" for i in range(count)], f"lines of {name}")
    union.ended()


def old_and_native_appender(new):
    """Not a byte is lost. (A line may be torn: the kernel splits a write of an old handle at the end of a page.)"""
    union = new()
    union.mount()
    log, stop = union.at("log"), f"{union.dir}/stop"
    write(log, b"")
    fd = os.open(log, os.O_WRONLY | os.O_APPEND)
    union.merged()
    native = subprocess.Popen([sys.executable, "-c", APPENDER, log, "n", stop], stdout=subprocess.PIPE)
    for i in range(5000):
        os.write(fd, b"o %d\n" % i)
    write(stop, b"")
    count = int(native.communicate()[0])
    wanted = b"".join(b"n %d\n" % i for i in range(count)) + b"".join(b"o %d\n" % i for i in range(5000))
    equal(sorted(read(log)), sorted(wanted), "the bytes in the log")
    os.close(fd)
    union.ended()


WORKER = """
import errno, os, sys
base, me, stop = sys.argv[1:]
n = 0
while not os.path.exists(stop):
    d = f"{base}/{me}-{n % 7}"
    os.makedirs(d, exist_ok=True)
    with open(f"{d}/tmp", "wb") as f:
        f.write(b"%d " % n * 500)
    try:
        os.rename(f"{d}/tmp", f"{d}/{n}")
    except OSError as e:  # its two parents were on both sides of the switch: mv copes, so must we
        if e.errno != errno.EXDEV:
            raise
        os.link(f"{d}/tmp", f"{d}/{n}")
        os.unlink(f"{d}/tmp")
        print(f"EXDEV at {n}", file=sys.stderr)
    if n % 3 == 0:
        os.unlink(f"{d}/{n}")
    if n % 50 == 0:
        os.rename(d, f"{base}/{me}-old-{n}")
    n += 1
print(n)
"""


def busy_processes(new):
    """Files and directories are made, renamed and removed without a pause: all are there afterwards, and no others."""
    union = new()
    union.mount()
    stop = f"{union.dir}/stop"
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, union.path, str(w), stop], stdout=subprocess.PIPE)
               for w in range(3)]
    wait_for(lambda: all(any(name.startswith(f"{w}-") for name in os.listdir(union.path)) for w in range(3)), "files of all")
    time.sleep(1)
    union.merged()
    time.sleep(0.5)
    write(stop, b"")
    counts = [int(w.communicate()[0] or -1) for w in workers]
    equal([w.returncode for w in workers], [0, 0, 0], "the workers' exit codes")
    found = {}
    for base, _, files in os.walk(union.path):
        for name in files:
            found[os.path.basename(base)[0], name] = read(f"{base}/{name}")
    wanted = {(str(w), str(n)): b"%d " % n * 500 for w, count in enumerate(counts) for n in range(count) if n % 3}
    equal(sorted(found), sorted(wanted), f"the files of {counts} rounds")
    bad = [(key, found[key][:12], len(found[key])) for key in found if found[key] != wanted[key]]
    equal(bad, [], "files whose bytes differ")
    union.ended()


def random_writer(new):
    """A file of some megabytes is rewritten at random places over the merge."""
    union = new()
    union.mount()
    size = 8 << 20
    fd = os.open(union.at("big"), os.O_RDWR | os.O_CREAT)
    model = bytearray(os.urandom(size))
    os.pwrite(fd, model, 0)
    stop = []

    def work():
        i = 0
        while not stop:
            at = (i * 7919 * 131) % (size - 4096)
            data = bytes([i & 255]) * (1 + i % 4096)
            os.pwrite(fd, data, at)
            model[at:at + len(data)] = data
            i += 1

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    union.merged()
    time.sleep(0.2)
    stop.append(1)
    thread.join()
    check(read(union.at("big")) == model, "the real file differs from what was written")
    os.close(fd)
    union.ended()


def listener(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen()
    return s


def talk(s, path):
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(120)
        c.connect(path)
        peer = s.accept()[0]
        peer.send(b"hello")
        equal(c.recv(9), b"hello", f"through {path}")
        peer.close()


def sockets_and_fifos(new):
    union = new()
    os.mkdir(union.at("lower"))
    union.mount()
    os.makedirs(union.at("made/deep"))
    paths = [union.at("lower/s"), union.at("made/deep/s"), union.at("root-socket")]
    sockets = [listener(p) for p in paths]
    os.mkfifo(union.at("made/fifo"))
    fifo = os.open(union.at("made/fifo"), os.O_RDWR)
    for s, p in zip(sockets, paths):
        talk(s, p)
    union.merged()
    for s, p in zip(sockets, paths):
        talk(s, p)
    writer = os.open(union.at("made/fifo"), os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"through")
    equal(os.read(fifo, 99), b"through", "the FIFO")
    os.close(writer)
    time.sleep(2.5)
    for s, p in zip(sockets, paths):
        talk(s, p)  # still, after the daemon has asked what is in use
    # A service that starts again: unlink and bind in a directory that is served on.
    sockets[0].close()
    os.unlink(paths[0])
    sockets[0] = listener(paths[0])
    talk(sockets[0], paths[0])
    write(union.at("made/deep/file"), b"native")
    os.close(fifo)
    for s in sockets:
        s.close()
    union.ended()
    # It was the disk that got it.
    run("mount", "-o", "loop", f"{union.dir}/image", f"{union.dir}/disk")
    equal(read(union.at("made/deep/file")), b"native", "a file made in a directory that was served on")


LOCKER = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
(fcntl.flock if sys.argv[2] == "flock" else fcntl.lockf)(fd, fcntl.LOCK_EX)
print("got it", flush=True)
"""


def is_locked(path, kind):
    fd = os.open(path, os.O_RDWR)
    try:
        (fcntl.flock if kind == "flock" else fcntl.lockf)(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError as e:
        if e.errno in (errno.EAGAIN, errno.EACCES):
            return True
        raise
    finally:
        os.close(fd)


def locked_by_others(path, kind):
    """Asked in another process: fcntl's locks are a process's own."""
    pid = os.fork()
    if pid == 0:
        os._exit(1 if is_locked(path, kind) else 0)
    return os.waitpid(pid, 0)[1] != 0


def locks(new):
    for kind in ("flock", "fcntl"):
        union = new()
        write(union.at("f"), b"x")
        union.mount()
        fd = os.open(union.at("f"), os.O_RDWR)
        check(not locked_by_others(union.at("f"), kind), "locked from the start")
        (fcntl.flock if kind == "flock" else fcntl.lockf)(fd, fcntl.LOCK_EX)
        check(locked_by_others(union.at("f"), kind), f"{kind} holds nobody off before the merge")
        waiter = subprocess.Popen([sys.executable, "-c", LOCKER, union.at("f"), kind], stdout=subprocess.PIPE)
        time.sleep(0.5)
        union.merged()
        real = f"{union.dir}/real"
        os.mkdir(real)
        # Past what may be served on: the file system itself.
        run("mount", "--bind", f"{union.dir}/disk", real)
        check(locked_by_others(real + "/data/f", kind), f"{kind} is lost after the merge")
        check(waiter.poll() is None, "the waiter got a lock that is held")
        os.close(fd)
        equal(waiter.communicate(timeout=120)[0], b"got it\n", "the waiter")
        run("umount", real)
        union.ended()


def interrupted_lock(new):
    union = new()
    union.mount()
    write(union.at("f"), b"x")
    fd = os.open(union.at("f"), os.O_RDWR)
    fcntl.lockf(fd, fcntl.LOCK_EX)
    waiter = subprocess.Popen([sys.executable, "-c", LOCKER, union.at("f"), "fcntl"])
    time.sleep(0.5)
    waiter.kill()
    equal(waiter.wait(120), -9, "a waiter can be killed")
    os.close(fd)


def mappings(new):
    union = new()
    os.mkdir(union.at("dir"))
    write(union.at("dir/f"), b"-" * 8192)
    union.mount()
    fd = os.open(union.at("dir/f"), os.O_RDWR)
    m = mmap.mmap(fd, 8192)
    m[0:6] = b"before"
    union.merged()
    m[4096:4101] = b"after"
    m.flush()
    equal(read(union.at("dir/f")), b"before" + b"-" * 4090 + b"after" + b"-" * 4091, "the real file")
    m[100:103] = b"end"
    m.close()
    os.close(fd)
    union.ended()
    run("mount", "-o", "loop", f"{union.dir}/image", f"{union.dir}/disk")
    equal(read(union.at("dir/f"))[100:103], b"end", "the last store before munmap")


def database(new):
    """sqlite, one connection from before and one from after the merge, both journal modes."""
    for mode in ("wal", "delete"):
        union = new()
        union.mount()
        os.mkdir(union.at("db"))
        path = union.at("db/x.sqlite")
        old = sqlite3.connect(path, isolation_level=None, timeout=120)
        old.execute(f"pragma journal_mode={mode}")
        old.execute("create table t (who text, n int)")
        for i in range(50):
            old.execute("insert into t values ('old', ?)", (i,))
        union.merged()
        fresh = sqlite3.connect(path, isolation_level=None, timeout=120)
        for i in range(50):
            fresh.execute("insert into t values ('fresh', ?)", (i,))
            old.execute("insert into t values ('old', ?)", (50 + i,))
        equal(fresh.execute("select who, count(*) from t group by who order by who").fetchall(),
              [("fresh", 50), ("old", 100)], f"rows in mode {mode}")
        equal(old.execute("pragma integrity_check").fetchall(), [("ok",)], "integrity")
        old.close()
        fresh.close()
        wait_for(lambda: union.daemon.poll() is not None, "the daemon's end")
        last = sqlite3.connect(path)
        equal(last.execute("select count(*) from t").fetchall(), [(150,)], f"rows on the disk in mode {mode}")
        last.close()
        union.ended()


if __name__ == "__main__":
    overlay_lib.main([open_handles, unlinked_and_directories, two_appenders, old_and_native_appender,
                      busy_processes, random_writer, sockets_and_fifos, locks,
                      interrupted_lock, mappings, database])

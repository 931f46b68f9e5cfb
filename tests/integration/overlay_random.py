# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random operations on the union and, in the same order, on a plain directory: each must have the same outcome, and the
trees must be the same, before the merge through the union and after it on the disk. EARLY_SEED repeats a run."""
import errno
import itertools
import mmap
import os
import random
import stat

import overlay_lib
from overlay_lib import check, equal, write

NAMES = ["a", "b", "c", "d"]
OPERATIONS = 1500


def populate(root, rng):
    for d in ["", "a", "b", "a/c", "a/c/d", "d"]:
        os.makedirs(os.path.join(root, d), exist_ok=True)
    for i, path in enumerate(["c", "a/a", "a/b", "a/c/a", "a/c/d/a", "b/a", "b/b", "d/c"]):
        write(os.path.join(root, path), bytes([65 + i]) * (rng.randrange(9000) + 1))
    os.symlink("a/b", os.path.join(root, "b/c"))
    os.chmod(os.path.join(root, "a/b"), 0o640)
    os.link(os.path.join(root, "b/a"), os.path.join(root, "b/d"))
    os.setxattr(os.path.join(root, "b/b"), "user.lower", b"1")
    os.mkfifo(os.path.join(root, "d/d"))


def random_path(rng):
    return "/".join(rng.choice(NAMES) for _ in range(rng.randrange(1, 4)))


def op_create(root, p, q, n, data):
    fd = os.open(f"{root}/{p}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 | n & 0o77)
    os.write(fd, data)
    os.close(fd)


def op_write(root, p, q, n, data):
    fd = os.open(f"{root}/{p}", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        check_regular(fd)
        os.pwrite(fd, data, n)
    finally:
        os.close(fd)


def check_regular(fd):
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise OSError(errno.EINVAL, "no regular file")


def op_append(root, p, q, n, data):
    fd = os.open(f"{root}/{p}", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        check_regular(fd)
        os.write(fd, data)
    finally:
        os.close(fd)


def op_truncate_open(root, p, q, n, data):
    fd = os.open(f"{root}/{p}", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK)
    os.close(fd)


def op_truncate(root, p, q, n, data):
    if not stat.S_ISREG(os.lstat(f"{root}/{p}").st_mode):
        raise OSError(errno.EINVAL, "no regular file")
    os.truncate(f"{root}/{p}", n)


def op_mmap(root, p, q, n, data):
    fd = os.open(f"{root}/{p}", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        check_regular(fd)
        size = os.fstat(fd).st_size
        if size < len(data):
            raise OSError(errno.EINVAL, "too short")
        with mmap.mmap(fd, size) as m:
            m[:len(data)] = data
    finally:
        os.close(fd)


def op_rename(root, p, q, n, data):
    os.rename(f"{root}/{p}", f"{root}/{q}")


def op_unlink(root, p, q, n, data):
    os.unlink(f"{root}/{p}")


def op_link(root, p, q, n, data):
    os.link(f"{root}/{p}", f"{root}/{q}", follow_symlinks=False)


def op_symlink(root, p, q, n, data):
    os.symlink(f"{q}-{n}", f"{root}/{p}")


def op_mkdir(root, p, q, n, data):
    os.mkdir(f"{root}/{p}", 0o700 | n & 0o77)


def op_rmdir(root, p, q, n, data):
    os.rmdir(f"{root}/{p}")


def op_mkfifo(root, p, q, n, data):
    os.mkfifo(f"{root}/{p}", 0o600 | n & 0o77)


def op_chmod(root, p, q, n, data):
    if os.path.islink(f"{root}/{p}"):
        raise OSError(errno.EINVAL, "a link")
    os.chmod(f"{root}/{p}", 0o600 | n & 0o177)


def op_chown(root, p, q, n, data):
    os.chown(f"{root}/{p}", n % 5, n % 7, follow_symlinks=False)


def op_utimens(root, p, q, n, data):
    os.utime(f"{root}/{p}", (n, n * 7), follow_symlinks=False)


def op_setxattr(root, p, q, n, data):
    os.setxattr(f"{root}/{p}", f"user.x{n % 3}", data[:20], follow_symlinks=False)


def op_removexattr(root, p, q, n, data):
    os.removexattr(f"{root}/{p}", f"user.x{n % 3}", follow_symlinks=False)


OPS = [op_create] * 4 + [op_write] * 3 + [op_append] * 2 + [op_mkdir] * 3 + [op_rename] * 4 + [
    op_unlink, op_unlink, op_link, op_symlink, op_rmdir, op_mkfifo, op_chmod, op_chown, op_utimens, op_setxattr,
    op_removexattr, op_truncate, op_truncate_open, op_mmap]


def outcome(op, root, p, q, n, data):
    try:
        op(root, p, q, n, data)
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]


def describe(root):
    """Everything about a tree that must be equal. Hard links by the smallest of their names that are seen."""
    tree, first = {}, {}
    for base, dirs, files in os.walk(root):
        for name in sorted(dirs + files) + ["."]:
            path = os.path.normpath(os.path.join(base, name))
            rel = os.path.relpath(path, root)
            st = os.lstat(path)
            what = [stat.filemode(st.st_mode), st.st_uid, st.st_gid]
            if stat.S_ISREG(st.st_mode):
                fd = os.open(path, os.O_RDONLY)
                what += [st.st_size, os.read(fd, 1 << 20), st.st_nlink]
                os.close(fd)
            elif stat.S_ISLNK(st.st_mode):
                what.append(os.readlink(path))
            if not stat.S_ISDIR(st.st_mode) and st.st_nlink > 1:
                first.setdefault(st.st_ino, []).append(rel)
            what.append({x: os.getxattr(path, x, follow_symlinks=False)
                         for x in os.listxattr(path, follow_symlinks=False)})
            if st.st_mtime < 1000000:
                what.append(st.st_mtime)  # set by utimens and not changed since
            tree[rel] = what
    return tree, sorted(sorted(names) for names in first.values())


def differences(found, wanted):
    for key in sorted(set(found[0]) | set(wanted[0])):
        if found[0].get(key) != wanted[0].get(key):
            a, b = found[0].get(key) or [], wanted[0].get(key) or []
            yield f"{key}: " + ", ".join(f"{str(x)[:60]} instead of {str(y)[:60]}"
                                         for x, y in itertools.zip_longest(a, b) if x != y)
    if found[1] != wanted[1]:
        yield f"hard links: {found[1]} instead of {wanted[1]}"


def compare(root, model, text):
    bad = list(differences(describe(root), describe(model)))
    check(not bad, f"{text}:\n  " + "\n  ".join(bad[:10]))


def run_seed(new, seed, rounds=OPERATIONS):
    rng = random.Random(seed)
    union = new()
    model = f"{union.dir}/model"
    os.mkdir(model)
    state = rng.getstate()
    populate(union.path, rng)
    rng.setstate(state)
    populate(model, rng)
    union.mount()
    for i in range(rounds):
        op = rng.choice(OPS)
        args = random_path(rng), random_path(rng), rng.randrange(12000), rng.randbytes(rng.randrange(1, 3000))
        wanted = outcome(op, model, *args)
        found = outcome(op, union.path, *args)
        equal(found, wanted, f"seed {seed}, operation {i}, {op.__name__} {args[0]} {args[1]} {args[2]}")
        if i % 250 == 249:
            compare(union.path, model, f"seed {seed}, after operation {i}")
    compare(union.path, model, f"seed {seed}, before the merge")
    union.merged()
    # Past the directories that are served on (there are FIFOs): what the disk has.
    real = union.real()
    compare(real, model, f"seed {seed}, after the merge")
    union.real_done()
    union.ended()


def same_as_a_directory(new):
    seed = os.environ.get("EARLY_SEED")
    for s in [int(seed)] if seed else (1, 2, 15, 22, 32, 36):  # some that have found mistakes
        run_seed(new, s)


if __name__ == "__main__":
    overlay_lib.main([same_as_a_directory])

"""Early put into a copy of the Debian image, without root and without mounting anything.

`meson install` fills a stage tree; debugfs writes it into an overlay of root.ext4; early-mkinitramfs makes early.img of
the stage's programs and the image's libraries and modules. The result is cached by the hash of the stage, and by the
image that it lies over; the two last used are kept, and what may still be waiting for its machine.
"""

import glob
import hashlib
import os
import re
import shutil
import stat
import subprocess
import time

import disks
import host
from host import Failure

KEEP, KEEP_S = 2, 1800
FORMAT = 2
# Of debugfs: its banner, and that what goes to make room was not there.
HARMLESS = re.compile(r"debugfs \d|rm: File not found |$")


class Staged:
    def __init__(self, directory):
        self.root = os.path.join(directory, "root.qcow2")
        self.initrd = os.path.join(directory, "early.img")


class Build:
    """A build directory, and where its commands run: here, on the host itself."""

    def __init__(self, directory):
        self.dir = directory

    def run(self, argv, env=None):
        """Run a command on the build, or on what was built; env is added to the environment."""
        return host.run(argv, env=dict(os.environ, **(env or {})))

    def make(self, *targets):
        """Configure (once) and build, all or some targets."""
        if not os.path.exists(os.path.join(self.dir, "build.ninja")):
            host.say(f"setting up the build of Early in {self.dir} (some seconds)")
            self.run(["meson", "setup", self.dir, host.REPO])
        todo = re.search(r"\[\d+/(\d+)\]", self.run(["ninja", "-n", "-C", self.dir, *targets]))
        if todo:
            host.say(f"building Early: {todo[1]} steps (all of it takes two to five minutes)")
        self.run(["ninja", "-C", self.dir, *targets])

    def install(self, tree):
        self.run(["meson", "install", "-C", self.dir, "--no-rebuild", "--strip", "--quiet"], env={"DESTDIR": tree})


def program(build_dir, target):
    """Path of one program of the host's own build, as it would be with the sources as they are."""
    Build(build_dir).make(target)
    return os.path.join(build_dir, target)


def get(image, build):
    """Build Early and put it into the image."""
    build.make()
    base = os.path.join(image.dir, "early")
    os.makedirs(base, exist_ok=True)
    with host.locked(os.path.join(base, "lock"), "another that puts Early into the image"):
        work = os.path.join(base, f"{os.getpid()}.tmp")
        for leftover in glob.glob(os.path.join(base, "*.tmp")):
            shutil.rmtree(leftover)
        os.makedirs(work)
        try:
            return _staged(image, build, base, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _staged(image, build, base, work):
    tree = os.path.join(work, "stage")
    build.install(tree)
    final = os.path.join(base, _key(tree))
    if not os.path.exists(os.path.join(final, "early.img")):
        host.say("putting Early into the image, and making its initramfs (some seconds)")
        _write_tree(image.path("root.ext4"), tree, os.path.join(work, "root.qcow2"))
        _make_initrd(image, build, tree, work)
        shutil.rmtree(tree)
        shutil.rmtree(os.path.join(work, "root"), ignore_errors=True)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(work, final)
    os.utime(final)
    _prune(base, work)
    return Staged(final)


def _prune(base, work):
    staged = [d for d in glob.glob(os.path.join(base, "*")) if os.path.isdir(d) and d != work]
    for old in sorted(staged, key=os.path.getmtime)[:-KEEP]:
        if time.time() - os.path.getmtime(old) > KEEP_S:
            shutil.rmtree(old)


def _walk(tree):
    """(path inside, lstat) of everything in a tree, directories before what is in them."""
    for directory, subdirs, files in os.walk(tree):
        subdirs.sort()
        for name in sorted(subdirs + files):
            path = os.path.join(directory, name)
            yield os.path.relpath(path, tree), os.lstat(path)


def _key(tree):
    digest = hashlib.sha256(str(FORMAT).encode())
    for path, st in _walk(tree):
        digest.update(f"{path} {st.st_mode:o} ".encode())
        if stat.S_ISLNK(st.st_mode):
            digest.update(os.readlink(os.path.join(tree, path)).encode())
        elif stat.S_ISREG(st.st_mode):
            with open(os.path.join(tree, path), "rb") as f:
                digest.update(hashlib.sha256(f.read()).digest())
    return digest.hexdigest()[:12]


def _write_tree(base, tree, disk):
    """An overlay of the disk with the tree in it, owned by root."""
    with disks.raw(disks.overlay(base, disk), writable=True) as raw:
        write_files(raw, tree)


def write_files(disk, tree, usr_merged=("bin", "sbin", "lib", "lib64")):
    """Write a tree into a raw ext4 disk, over what is there. /sbin and the like are links on Debian: write where they lead."""
    def target_of(path):
        return f"/{path}" if path.split("/")[0] not in usr_merged else f"/usr/{path}"

    there = _existing(disk, [target_of(path) for path, st in _walk(tree) if stat.S_ISDIR(st.st_mode)])
    commands = []
    for path, st in _walk(tree):
        target = target_of(path)
        source = os.path.join(tree, path)
        if '"' in path or "\n" in path:
            raise Failure(f"{path}: debugfs can't write a file of that name")
        if stat.S_ISDIR(st.st_mode):
            # mkdir of what exists would leave a half-made inode behind, unless something else takes its number.
            if target not in there:
                commands.append(f'mkdir "{target}"')
        elif stat.S_ISLNK(st.st_mode):
            commands += [f'rm "{target}"', f'symlink "{target}" "{os.readlink(source)}"']
        else:
            commands += [f'rm "{target}"', f'write "{source}" "{target}"',
                         f'sif "{target}" mode 0{stat.S_IFREG | stat.S_IMODE(st.st_mode):o}',
                         f'sif "{target}" uid 0', f'sif "{target}" gid 0']
    debugfs(disk, commands)
    done = host.run([host.tool("e2fsck"), "-fn", disk])
    if "WARNING" in done:
        raise Failure(f"debugfs left {disk} damaged:\n{done}")


def _existing(disk, directories):
    """Those of the directories that the disk has."""
    lines = debugfs(disk, [f'stat "{d}"' for d in directories], write=False).splitlines()
    return {d for d in directories
            for at, line in enumerate(lines[:-1]) if line == f'debugfs: stat "{d}"' and lines[at + 1].startswith("Inode:")}


def debugfs(disk, commands, write=True):
    """Run debugfs commands on a disk that no machine uses -> what it printed. It goes on after an error, which is told here if it wrote."""
    script = f"{disk}.debugfs"
    with open(script, "w") as f:
        f.write("\n".join(commands) + "\n")
    argv = [host.tool("debugfs"), *(["-w"] if write else []), "-f", script, disk]
    try:
        if not write:
            return host.run(argv)
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    finally:
        os.unlink(script)
    errors = [line for line in done.stderr.splitlines() if not HARMLESS.match(line)]
    if errors:
        raise Failure(f"debugfs could not change {disk}:\n" + "\n".join(errors[:10]))
    return done.stdout


def _make_initrd(image, build, tree, work):
    """early-mkinitramfs reads one root: the image's part of it with the stage over it (hard links: no copies)."""
    maker = os.path.join(tree, "usr/sbin/early-mkinitramfs")
    if not os.path.exists(maker):
        raise Failure("nothing to boot yet: the build installs no usr/sbin/early-mkinitramfs")
    root = os.path.join(work, "root")
    host.run(["cp", "-al", image.path("tree"), root])
    for path, st in _walk(tree):
        parts = path.split("/")
        target = os.path.join(root, "usr" if parts[0] in ("bin", "sbin", "lib") else "", path)
        if stat.S_ISDIR(st.st_mode):
            os.makedirs(target, exist_ok=True)
        else:
            if os.path.lexists(target):
                os.unlink(target)
            shutil.copy2(os.path.join(tree, path), target, follow_symlinks=False)
    build.run([maker, "--root", root, "--hardware", "virtual", "--kernel", image.kernel_version, "-o", os.path.join(work, "early.img")])

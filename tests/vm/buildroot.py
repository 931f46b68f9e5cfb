"""Where Early is built for a Debian release that is not the host's: programs that were linked here ask for libraries that it has not.

A build root is a directory, cached by the hash of what it is made from:
  root/       the release, with what tests/install-deps names for a build
  builds/     build directories, one for each copy of the sources; the time of each is that of its last use
  made        it is complete; its time is that of its last use

A command runs in it by chroot, in a mount name space of its own: the sources, only to be read, and the cache are in it at the paths
that they have on the host. Nothing is left mounted, whatever becomes of the command.
"""

import glob
import hashlib
import json
import os
import shutil
import time

import host
import image as images
import stage

FORMAT = 1
KEEP_S = 3 * 86400
ENTER = """set -eu
root=$1 sources=$2 cache=$3; shift 3
mkdir -p "$root$sources" "$root$cache" "$root/dev" "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mount -o bind,ro "$sources" "$root$sources"
mount --bind "$cache" "$root$cache"
exec chroot "$root" "$@"
"""
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Chroot(stage.Build):
    """A build directory whose commands run in a build root."""

    def __init__(self, base):
        sources = hashlib.sha256(host.REPO.encode()).hexdigest()[:12]
        super().__init__(os.path.join(base, "builds", sources))
        self.root = os.path.join(base, "root")
        os.makedirs(self.dir, exist_ok=True)
        os.utime(self.dir)

    def run(self, argv, env=None):
        settings = [f"{name}={value}" for name, value in {"PATH": PATH, "LC_ALL": "C.UTF-8", **(env or {})}.items()]
        enter = ["sh", "-c", ENTER, "sh", self.root, host.REPO, host.cache_dir()]
        return host.run(_root_of_its_own("--mount") + enter + ["/usr/bin/env", "-i", *settings, *argv])


def build(suite, build_dir):
    """The build of Early for a release: the host's own in @build_dir, another one's in its build root."""
    return stage.Build(build_dir) if suite == host_suite() else Chroot(get(suite))


def host_suite(path="/etc/os-release"):
    """The Debian release that the host is, or None."""
    with open(path, encoding="utf-8") as f:
        fields = dict(line.rstrip().split("=", 1) for line in f if "=" in line)
    return fields.get("VERSION_CODENAME", "").strip('"') if fields.get("ID") == "debian" else None


def get(suite):
    """Path of the release's build root, from the cache or made now."""
    base = os.path.join(host.cache_dir(), "buildroots")
    os.makedirs(base, exist_ok=True)
    packages, sources = packages_of(), images.mirror_lines(suite)
    final = os.path.join(base, f"{suite}-{key(packages, sources)}")
    with host.locked(os.path.join(base, "lock"), "another maker of build roots"):
        if not os.path.exists(os.path.join(final, "made")):
            _make(final, suite, packages, sources)
        os.utime(os.path.join(final, "made"))
        _prune(base, final)
    return final


def packages_of():
    return host.run([os.path.join(host.REPO, "tests/install-deps"), "list", "build"]).split()


def key(packages, sources):
    return hashlib.sha256(json.dumps([FORMAT, packages, sources]).encode()).hexdigest()[:12]


def _make(final, suite, packages, sources):
    started = time.monotonic()
    work = f"{final}.{os.getpid()}.tmp"
    os.makedirs(work)
    try:
        tar = os.path.join(work, "root.tar")
        log = os.path.join(work, "mmdebstrap.log")
        host.say(f"a place to build for {suite}: fetching and installing its compiler and libraries (some minutes; log: {log})")
        images.bootstrap(tar, log, suite, packages, sources)
        os.mkdir(os.path.join(work, "root"))
        host.run(_root_of_its_own() + ["tar", "-xf", tar, "-C", os.path.join(work, "root"), "--no-same-owner", "--exclude=./dev/*"])
        os.unlink(tar)
        os.mkdir(os.path.join(work, "builds"))
        with open(os.path.join(work, "made"), "w", encoding="utf-8"):
            pass
        os.rename(work, final)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    host.say(f"made in {time.monotonic() - started:.0f} s: {final}")


def _root_of_its_own(*spaces):
    """What a command is put behind that is to be root, and in name spaces of its own."""
    argv = ["unshare", *spaces] + (["--map-root-user"] if os.geteuid() else [])
    return argv if len(argv) > 1 else []


def _prune(base, keep):
    """What nobody has used for some days goes, build roots and builds, and what an interrupted maker left: the lock is ours."""
    roots = glob.glob(os.path.join(base, "*", "made"))
    used = {os.path.dirname(path): os.path.getmtime(path) for path in roots if os.path.dirname(path) != keep}
    used.update({path: os.path.getmtime(path) for path in glob.glob(os.path.join(keep, "builds", "*"))})
    for path, when in used.items():
        if time.time() - when > KEEP_S:
            shutil.rmtree(path, ignore_errors=True)
    for path in glob.glob(os.path.join(base, "*.tmp")):
        shutil.rmtree(path, ignore_errors=True)

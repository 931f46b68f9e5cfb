"""The Debian image: made once from image/, cached by the hash of what it is made from.

A cached image is a directory:
  root.ext4   the root file system on a whole disk, never written again (machines have overlays)
  data.ext4   the second disk, mounted on /srv/data
  vmlinuz, stock.img   the kernel and the initramfs that Debian made for it
  tree/       the part of the root that early-mkinitramfs reads
  image.json  its UUIDs and kernel version
"""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import time
import uuid

import host
from host import Failure

SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
DMS = {"gdm3": "GNOME's", "lightdm": "with its GTK greeter", "sddm": "with Debian's theme", "greetd": "with its greeter in text"}
# Whose greeter has the kernel's console for a picture.
TEXT_DMS = {"greetd"}
SOURCE = os.path.join(host.HERE, "image")
FREE_MB, DATA_MB = 600, 64
# Bump it when this file makes something else of the same sources.
FORMAT = 3
# What early-mkinitramfs may want to read, and what of it is large and never belongs there.
TREE = ["./bin", "./sbin", "./lib", "./lib64", "./etc", "./boot", "./usr/bin", "./usr/sbin", "./usr/lib",
        "./usr/lib64", "./usr/share/fonts", "./usr/share/plymouth"]
NOT_IN_TREE = ["./boot/initrd*", "./usr/lib/*/dri", "./usr/lib/*/libLLVM*", "./usr/lib/*/libwebkit*",
               "./usr/lib/*/libjavascriptcore*", "./usr/lib/*/libmozjs*", "./usr/lib/gnome*", "./usr/lib/python3*",
               "./usr/lib/*/perl*", "./etc/shadow*", "./etc/gshadow*"]


class Image:
    def __init__(self, directory, dm):
        self.dir, self.text_greeter = directory, dm in TEXT_DMS
        with open(os.path.join(directory, "image.json")) as f:
            self.facts = json.load(f)
        self.suite = self.facts["suite"]
        self.kernel_version = self.facts["kernel"]
        self.root_uuid, self.data_uuid = self.facts["root_uuid"], self.facts["data_uuid"]

    def path(self, name):
        return os.path.join(self.dir, name)


def get(suite="bookworm", dm="gdm3"):
    """The image, from the cache or made now."""
    _refuse_unknown(suite, dm)
    base = os.path.join(host.cache_dir(), "images")
    os.makedirs(base, exist_ok=True)
    packages, sources = packages_of(suite, dm), mirror_lines(suite)
    name = f"{suite}-{dm}-{_key(packages, sources)}"
    final = os.path.join(base, name)
    if _take(final):
        return Image(final, dm)
    with host.locked(os.path.join(base, "lock"), "another maker of images"):
        if not _take(final):
            _make(final, suite, packages, sources)
        _prune(base, name)
    return Image(final, dm)


def _take(final):
    """Whether the image is there, and from now on in use. One that is needs no lock: somebody may be making another for ten minutes."""
    try:
        os.utime(os.path.join(final, "image.json"))
    except FileNotFoundError:
        return False
    return True


def _refuse_unknown(suite, dm):
    for what, value, known in (("suite", suite, SUITES), ("display manager", dm, DMS)):
        if value not in known:
            raise Failure(f"no support yet for the {what} {value!r}; there is: {', '.join(known)}")


def packages_of(suite, dm):
    """Lines of image/packages that hold for this suite and display manager."""
    wanted = []
    path = os.path.join(SOURCE, "packages")
    with open(path) as f:
        for number, line in enumerate(f, 1):
            words = line.split("#")[0].replace("[", " [ ").replace("]", " ] ").split()
            if not words:
                continue
            if len(words) > 1 and (words[1] != "[" or words[-1] != "]" or len(words) < 4):
                raise Failure(f"{path}:{number}: expected: name [word …]")
            if len(words) == 1 or {suite, dm} & set(words[2:-1]):
                wanted.append(words[0])
    return wanted


def mirror_lines(suite):
    """Lines of sources.list for the suite, from the mirrors that the host itself is set to."""
    archive, security = _host_mirrors()
    return [f"deb {archive} {suite} main", f"deb {archive} {suite}-updates main",
            f"deb {security} {suite}-security main"]


def _host_mirrors():
    archive, security = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
    for uri, suite in _host_sources():
        if suite in SUITES:
            archive = uri
        elif suite.removesuffix("-security") in SUITES and suite.endswith("-security"):
            security = uri
    return archive, security


def _host_sources():
    """(URI, suite) of the host's apt sources, both of apt's formats."""
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*.list")):
        for line in _lines(path):
            words = line.split("#")[0].split()
            while len(words) > 1 and words[1].startswith("["):
                del words[1]
            if len(words) >= 4 and words[0] == "deb" and "main" in words[3:] and _plain(words[1]):
                yield words[1].rstrip("/"), words[2]
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        for stanza in "\n".join(_lines(path)).split("\n\n"):
            fields = dict(line.split(":", 1) for line in stanza.splitlines()
                          if ":" in line and not line.startswith((" ", "#")))
            if "main" not in fields.get("Components", "").split():
                continue
            for uri in filter(_plain, fields.get("URIs", "").split()):
                for suite in fields.get("Suites", "").split():
                    yield uri.rstrip("/"), suite


def _plain(uri):
    return uri.startswith(("http://", "https://"))


def _lines(path):
    try:
        with open(path) as f:
            return f.read().splitlines()
    except OSError:
        return []


def _key(packages, sources):
    digest = hashlib.sha256(json.dumps([FORMAT, packages, sources]).encode())
    for path in sorted(glob.glob(os.path.join(SOURCE, "**"), recursive=True)):
        if os.path.isfile(path) and not path.endswith("/packages"):
            digest.update(os.path.relpath(path, SOURCE).encode())
            with open(path, "rb") as f:
                digest.update(f.read())
    return digest.hexdigest()[:12]


def _make(final, suite, packages, sources):
    started = time.monotonic()
    work = f"{final}.{os.getpid()}.tmp"
    os.makedirs(work)
    try:
        facts = {"suite": suite, "root_uuid": str(uuid.uuid4()), "data_uuid": str(uuid.uuid4())}
        host.say(f"Debian image 1/4: fetching and installing {suite}, {len(packages)} packages and what they depend on "
                 f"(three to ten minutes; log: {work}/mmdebstrap.log)")
        _bootstrap(work, suite, packages, sources, facts)
        host.say("Debian image 2/4: unpacking what the initramfs is made of (some seconds)")
        _unpack(work)
        host.say("Debian image 3/4: its kernel and its own initramfs (some seconds)")
        facts["kernel"] = _take_kernel(work)
        host.say("Debian image 4/4: writing its two disks (up to a minute)")
        _make_disks(work, facts)
        os.unlink(os.path.join(work, "root.tar"))
        with open(os.path.join(work, "image.json"), "w") as f:
            json.dump(facts, f, indent=1)
        os.rename(work, final)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    host.say(f"image made in {time.monotonic() - started:.0f} s: {final}")


def _bootstrap(work, suite, packages, sources, facts):
    argv = [f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("man", "doc", "locale", "help")]
    argv += [f"--essential-hook={SOURCE}/essential.sh \"$1\"", f"--customize-hook={SOURCE}/customize.sh \"$1\""]
    bootstrap(os.path.join(work, "root.tar"), os.path.join(work, "mmdebstrap.log"), suite, packages, sources, argv,
              ROOT_UUID=facts["root_uuid"], DATA_UUID=facts["data_uuid"])


def bootstrap(tar, log, suite, packages, sources, options=(), **env):
    """A Debian release with some packages, without recommends, as a tar."""
    mode = "root" if os.geteuid() == 0 else "unshare"
    argv = ["mmdebstrap", f"--mode={mode}", "--variant=minbase", "--aptopt=APT::Install-Recommends \"false\"",
            "--dpkgopt=force-confold", "--dpkgopt=force-unsafe-io", *options, f"--include={','.join(packages)}", suite, tar, *sources]
    host.run(argv, log=log, env=dict(os.environ, **env))


def _unpack(work):
    tree = os.path.join(work, "tree")
    os.mkdir(tree)
    argv = ["tar", "-xf", os.path.join(work, "root.tar"), "-C", tree, "--wildcards"]
    host.run(argv + [f"--exclude={pattern}" for pattern in NOT_IN_TREE] + ["./etc"] + [p for p in TREE if p != "./etc"])


def _take_kernel(work):
    kernels = glob.glob(os.path.join(work, "tree/boot/vmlinuz-*"))
    if len(kernels) != 1:
        raise Failure(f"expected one kernel in the image, there are {len(kernels)}")
    version = os.path.basename(kernels[0])[len("vmlinuz-"):]
    shutil.copy(kernels[0], os.path.join(work, "vmlinuz"))
    with open(os.path.join(work, "stock.img"), "wb") as f:
        subprocess.run(["tar", "-xOf", os.path.join(work, "root.tar"), f"./boot/initrd.img-{version}"],
                       stdout=f, check=True)
    return version


def _make_disks(work, facts):
    """ext4 straight from the tree, onto the whole disk: no partition table, no loop device."""
    script = """set -eu
cd "$1"; trap 'rm -rf all' EXIT; mkdir all
# No device nodes: a plain user may not make them, and every init mounts a devtmpfs over them.
tar -xf root.tar -C all --numeric-owner --exclude='./dev/*'
size_mb=$(($(du -sm all | cut -f1) + $2))
"$3" -q -t ext4 -d all -U "$4" -L early-root -E lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 root.ext4 "${size_mb}M"
"""
    mke2fs = host.tool("mke2fs")
    argv = ["sh", "-c", script, "sh", work, str(FREE_MB), mke2fs, facts["root_uuid"]]
    if os.geteuid():
        # The helper's user must be able to write here; the disk is taken back below.
        os.chmod(work, 0o777)
        argv = ["mmdebstrap", "--unshare-helper"] + argv
    host.run(argv)
    if os.geteuid():
        _own(os.path.join(work, "root.ext4"))
        os.chmod(work, 0o755)
    data = os.path.join(work, "data")
    os.mkdir(data)
    with open(os.path.join(data, "hello"), "w") as f:
        f.write("the second disk\n")
    host.run([mke2fs, "-q", "-t", "ext4", "-d", data, "-U", facts["data_uuid"], "-L", "early-data", "-E",
              "lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0", os.path.join(work, "data.ext4"), f"{DATA_MB}M"])
    shutil.rmtree(data)


def _own(path):
    """A file that another user made in our directory becomes ours."""
    host.run(["cp", "--sparse=always", path, f"{path}.own"])
    os.rename(f"{path}.own", path)


def _prune(base, keep):
    """Old images of other recipes go when nobody has used them for three days."""
    for path in glob.glob(os.path.join(base, "*", "image.json")):
        directory = os.path.dirname(path)
        if os.path.basename(directory) != keep and time.time() - os.path.getmtime(path) > 3 * 86400:
            shutil.rmtree(directory, ignore_errors=True)
    for path in glob.glob(os.path.join(base, "*.tmp")):
        # The lock is ours: whoever made this is dead.
        shutil.rmtree(path, ignore_errors=True)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inits that the benchmarks compare: each starts N services in a PID and mount name space of its own. Needs root.

All run the same program (service.c), each by its own means and with nothing between the init and it: a manifest, a unit, a line, or a
`run` that is a #! line of the program itself. Peers come from Debian's packages, unpacked in $XDG_CACHE_HOME/early/packages/,
so that nothing is installed here that would start a service.
"""

import argparse
import fcntl
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "early" / "packages" / "bench"
RECORD = struct.Struct("=QIi")
PIPE_BYTES = 1 << 20  # a record of each of 10,000 services fits: none waits for who reads


class Unable(Exception):
    """An init that can't do here what is asked; the words say why."""


def unpack(name, *libraries):
    """The package @name and its libraries as a tree: its path."""
    tree = PACKAGES / name
    if tree.is_dir():
        return tree
    PACKAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PACKAGES) as part:
        subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name, *libraries], check=True, cwd=part,
                       stdout=subprocess.DEVNULL)
        for deb in pathlib.Path(part).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", deb, f"{part}/tree"], check=True)
        os.rename(f"{part}/tree", tree)
    return tree


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(word) for word in f.read().split()]


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def private_kb(pid):
    """What a process has for itself alone: private pages, clean and dirty."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("Private_Clean:", "Private_Dirty:")))


class Peer:
    """One init and its services. @mode: what each service does (service.c)."""

    name = "?"
    limit = None  # of services, with its reason
    environment = {}
    cgroup = None

    def __init__(self, build):
        self.service = build / "bench" / "bench-service"
        self.build = build
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self.fifo = self.dir / "fifo"
        os.mkfifo(self.fifo)
        self.fd = os.open(self.fifo, os.O_RDWR | os.O_CLOEXEC)
        fcntl.fcntl(self.fd, 1031, PIPE_BYTES)  # F_SETPIPE_SZ
        self.process = self.killer = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # --- what each init has of its own

    def write(self, n, mode):
        """Writes what @n services need."""
        raise NotImplementedError

    def command(self):
        """The init's own command line."""
        raise NotImplementedError

    # --- life

    def words(self, number, mode):
        return f"{mode}:{number}:{self.fifo}"

    def prepare(self, n, mode="stay"):
        if self.limit and n > self.limit[0]:
            raise Unable(self.limit[1])
        self.write(n, mode)

    def start(self):
        """Starts the init; the moment before, in CLOCK_MONOTONIC's nanoseconds."""
        before = time.monotonic_ns()
        with open(self.dir / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--fork", "--pid", "--mount", "--mount-proc", "--kill-child=SIGKILL", *map(str, self.command())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.environment}, cwd="/")
        return before

    def records(self, n, seconds=60):
        """The next @n records (ns, id, pid); no wake-up of ours between, while they come."""
        end = time.monotonic() + seconds
        have = 0
        while have < n * RECORD.size:
            have = struct.unpack("i", fcntl.ioctl(self.fd, 0x541B, b"\0" * 4))[0]  # FIONREAD
            if time.monotonic() > end or self.process.poll() is not None:
                raise Unable(f"only {have // RECORD.size} of {n} services ran after {seconds} s: {self.log()}")
            time.sleep(0.002)
        return list(RECORD.iter_unpack(os.read(self.fd, n * RECORD.size)))

    def record(self):
        """The next record; sleeps until it comes."""
        return RECORD.unpack(os.read(self.fd, RECORD.size))

    def drain(self):
        """What came meanwhile is forgotten."""
        left = struct.unpack("i", fcntl.ioctl(self.fd, 0x541B, b"\0" * 4))[0]
        return list(RECORD.iter_unpack(os.read(self.fd, left))) if left else []

    def init_pid(self):
        """The init as this name space sees it."""
        return children(self.process.pid)[0]

    def kill(self, pid):
        """Ends a process, named as it is in the init's name space, by SIGKILL; the moment before."""
        if not self.killer:
            self.killer = subprocess.Popen(["nsenter", "--target", str(self.init_pid()), "--pid", self.service, "kill"],
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.killer.stdin.write(b"%d\n" % pid)
        self.killer.stdin.flush()
        moment = int(self.killer.stdout.readline())
        assert moment, f"{self.name}: process {pid} is not there"
        return moment

    def log(self):
        with open(self.dir / "log", errors="replace", encoding="utf-8") as f:
            return f.read()[-1000:].strip()

    def stop(self):
        """Ends the init, and with it all of its name space, whatever state they are in."""
        for process in filter(None, (self.killer, self.process)):
            process.kill()
            process.wait()
        if self.fd >= 0:
            os.close(self.fd)
        self.fd, self.process, self.killer = -1, None, None
        self.remove_cgroup()
        shutil.rmtree(self.dir, ignore_errors=True)

    def make_cgroup(self):
        """A directory in the machine's cgroup v2 tree, for all that the init runs."""
        with open("/proc/self/mounts", encoding="utf-8") as f:
            roots = [line.split()[1] for line in f if line.split()[2] == "cgroup2"]
        if not roots:
            raise Unable("no cgroup2 file system is mounted: mount -t cgroup2 none DIR")
        self.cgroup = pathlib.Path(roots[0]) / self.dir.name
        os.mkdir(self.cgroup)

    def remove_cgroup(self):
        if not self.cgroup:
            return
        (self.cgroup / "cgroup.kill").write_text("1")
        while "populated 1" in (self.cgroup / "cgroup.events").read_text():
            time.sleep(0.01)
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(path)
        self.cgroup = None

    # --- whose memory is whose

    def supervisors(self):
        """All processes of the init but the services."""
        mine = os.path.realpath(self.service)
        found = []
        for pid in [self.init_pid()] + descendants(self.init_pid()):
            try:
                if os.path.realpath(f"/proc/{pid}/exe") != mine:
                    found.append(pid)
            except OSError:
                continue
        return found


class Early(Peer):
    """early-init --container with its helpers, logs and control groups, as on a machine."""

    name = "early"
    with_cgroup = True

    def write(self, n, mode):
        for directory in ("services", "helpers"):
            os.mkdir(self.dir / directory)
        for helper in ("load", "exec", "log", "timer"):
            os.symlink(self.build / "orchestrator" / helper / f"early-{helper}", self.dir / "helpers" / f"early-{helper}")
        for number in range(n):
            (self.dir / "services" / f"bench-{number}.service").write_text(
                f"[Service]\nExecStart={self.service} {self.words(number, mode)}\nRestart=always\n")
        if self.with_cgroup:
            self.make_cgroup()

    def command(self):
        return [self.build / "orchestrator/init/early-init", "--container", "--run", self.dir / "run", "--services",
                self.dir / "services", "--helpers", self.dir / "helpers"] + (["--cgroup", self.cgroup] if self.cgroup else [])


class EarlyPlain(Early):
    """The same without control groups: services are followed by session and parent, as other small inits do."""

    name = "early-plain"
    with_cgroup = False


class Floor(Peer):
    """No init: wait, posix_spawn, and nothing else (floor.c)."""

    name = "floor"

    def write(self, n, mode):
        self.words_of_all = (n, mode)

    def command(self):
        return [self.build / "bench" / "bench-floor", *self.words_of_all, self.fifo, self.service]


def write_run_files(peer, n, mode):
    """What runit and s6 execute."""
    (peer.dir / "sv").mkdir()
    for number in range(n):
        directory = peer.dir / "sv" / f"bench-{number}"
        directory.mkdir()
        run = directory / "run"
        run.write_text(f"#!{peer.service} {peer.words(number, mode)}\n")
        run.chmod(0o755)


class Runit(Peer):
    """runsvdir, and a runsv for each service."""

    name = "runit"
    limit = (1000, "runsvdir's own limit is 1,000 services")

    def write(self, n, mode):
        self.environment = {"PATH": f"{unpack('runit')}/usr/bin:/usr/bin:/bin"}
        write_run_files(self, n, mode)

    def command(self):
        return [unpack("runit") / "usr/bin/runsvdir", "-P", self.dir / "sv"]


class S6(Peer):
    """s6-svscan, and an s6-supervise for each service."""

    name = "s6"

    def write(self, n, mode):
        if not shutil.which("s6-svscan"):  # it executes /usr/bin/s6-supervise: a copy elsewhere does not do
            raise Unable("s6 is not installed: apt-get install s6 (it starts nothing)")
        write_run_files(self, n, mode)
        self.most = max(500, n + 10)

    def command(self):
        return ["s6-svscan", "-c", self.most, self.dir / "sv"]


class Systemd(Peer):
    """systemd as a user manager (--user), with units of Type=simple; its services write to no journal, for none runs here."""

    name = "systemd"

    def write(self, n, mode):
        for directory in ("config/systemd/user/default.target.wants", "runtime"):
            (self.dir / directory).mkdir(parents=True)
        units = self.dir / "config/systemd/user"
        for number in range(n):
            (units / f"bench-{number}.service").write_text(
                f"[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart={self.service} {self.words(number, mode)}\n"
                f"Restart=always\nRestartSec=0\n")
            os.symlink(f"../bench-{number}.service", units / "default.target.wants" / f"bench-{number}.service")
        (units / "default.target").write_text("[Unit]\nDescription=bench\n")
        self.make_cgroup()
        self.environment = {"XDG_CONFIG_HOME": str(self.dir / "config"), "XDG_RUNTIME_DIR": str(self.dir / "runtime"),
                            "SYSTEMD_UNIT_PATH": str(units)}

    def command(self):
        # Not as PID 1: there it would be the machine's. And it asks whether a systemd is that: here none is. The tree of
        # control groups is v2 alone, as on Debian; all it makes there is below a group of its own.
        script = (f"mount -t tmpfs none /run/systemd && mkdir /run/systemd/system && mount -t cgroup2 none /sys/fs/cgroup && "
                  f"echo $$ >/sys/fs/cgroup/{self.cgroup.name}/cgroup.procs && \"$@\"; exit")
        return ["/bin/sh", "-c", script, "sh", "/lib/systemd/systemd", "--user", "--unit=default.target", "--log-target=console",
                "--default-standard-output=null"]

    def init_pid(self):
        return children(super().init_pid())[0]


PEERS = {peer.name: peer for peer in (Early, EarlyPlain, Floor, Runit, S6, Systemd)}


def is_peer(name):
    """Of what is measured that which Early is compared with."""
    return not name.startswith("early") and name != "floor"


def arguments(description, peers="early,runit", runs=5):
    """A parser with what all benchmarks take."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=lambda path: pathlib.Path(path).resolve(), default=REPO / "build",
                        help="a meson build directory (build)")
    parser.add_argument("--peers", type=lambda words: words.split(","), default=peers.split(","),
                        help=f"of {', '.join(PEERS)} ({peers})")
    parser.add_argument("--runs", type=int, default=runs, help=f"({runs})")
    return parser


def percentile(values, share):
    """The smallest value that @share of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def table(head, rows):
    """Markdown."""
    lines = [head, ["---"] * len(head)] + rows
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)

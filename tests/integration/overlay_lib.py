# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of early-overlay share: a real ext4 on a loop image as the lower layer, a union mounted on top of it,
and the daemon's control socket. Every test runs in a mount name space of its own (main() sees to that)."""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

MS_PRIVATE_TREE = ["unshare", "-m", "--propagation", "private"]
VERB_STATUS, VERB_MERGE = 0, 1


class Failed(Exception):
    pass


class ShowsNothing(Exception):
    """What the test is about did not come to pass, for one process was faster than another: main() tries it again."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def need(condition, text):
    """Without it the test shows nothing."""
    if not condition:
        raise ShowsNothing(text)


def equal(found, wanted, text):
    if isinstance(found, (list, bytes)) and isinstance(wanted, (list, bytes)) and len(found) + len(wanted) > 50:
        at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
        check(found == wanted, f"{text}: {len(found)} instead of {len(wanted)}, from {at} on "
                               f"{found[at:at + 8]!r} instead of {wanted[at:at + 8]!r}")
    check(found == wanted, f"{text}: found {str(found)[:200]}, wanted {str(wanted)[:200]}")


def run(*args):
    subprocess.run(args, check=True, stdin=subprocess.DEVNULL)


def write(path, data, mode="wb"):
    with open(path, mode) as f:
        f.write(data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def wait_for(condition, text, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f"timed out: {text}")
        time.sleep(0.02)


def first_free(pid):
    """The descriptor that the process would get next."""
    fds = {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}
    return next(n for n in range(len(fds) + 1) if n not in fds)


def listens(path):
    """A socket has a name before it takes anybody."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        return s.connect_ex(path) == 0


def ask(path, verb, into=""):
    """One request to the control socket; the fields of DONE."""
    data = into.encode() + b"\0"
    body = struct.pack("<I", verb) + struct.pack("<I", len(data)) + data
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(300)
        s.connect(path)
        s.send(struct.pack("<IHH", 8 + len(body), 1, 1) + body)
        while True:
            m = s.recv(65536)
            check(m, "the daemon closed its control socket")
            if struct.unpack_from("<H", m, 6)[0] == 4:
                return parse_done(m[8:])


def parse_done(m):
    done = {"error": struct.unpack_from("<i", m)[0]}
    at = 4
    for field in ("path", "why", "advice"):
        n = struct.unpack_from("<I", m, at)[0]
        done[field] = m[at + 4:at + 3 + n].decode()
        at += 4 + n
    for field in ("files", "bytes", "conflicts", "handles"):
        done[field] = struct.unpack_from("<Q", m, at)[0]
        at += 8
    return done


class Union:
    """DIR/disk is the file system, its directory `data` is lower layer and mount point at once."""

    def __init__(self, binary, megabytes=64, options="upper_tmpfs=200M"):
        self.binary = binary
        self.dir = tempfile.mkdtemp(prefix="early-overlay-test.")
        self.options = options
        run("truncate", "-s", f"{megabytes}M", f"{self.dir}/image")
        run("mkfs.ext4", "-q", "-F", "-m", "0", f"{self.dir}/image")
        os.mkdir(f"{self.dir}/disk")
        run("mount", "-o", "loop", f"{self.dir}/image", f"{self.dir}/disk")
        self.path = f"{self.dir}/disk/data"
        os.mkdir(self.path)
        self.daemon = None
        self.env = {}

    def at(self, *names):
        return os.path.join(self.path, *names)

    def real(self):
        """The directory past the union and what it has bound: another way to the file system, until real_done()."""
        os.makedirs(f"{self.dir}/real", exist_ok=True)
        run("mount", "--bind", f"{self.dir}/disk", f"{self.dir}/real")
        return f"{self.dir}/real/data"

    def real_done(self):
        run("umount", f"{self.dir}/real")

    def socket_path(self):
        return f"{self.dir}/run/overlay/" + self.path.strip("/").replace("-", "\\x2d").replace("/", "-") + ".sock"

    def mount(self, mount_too=False, link=None):
        """As at boot: the super block read-only, the mount not (unless @mount_too)."""
        run("mount", "-o", "remount,ro", f"{self.dir}/disk")
        if not mount_too:
            run("mount", "-o", "remount,bind,rw", f"{self.dir}/disk")
        self.daemon = subprocess.Popen(
            [self.binary, "test", self.path, "-f", "-o", f"lowerdir={self.path},{self.options}",
             "--run", f"{self.dir}/run"] + (["-o", f"link_fd={link}"] if link is not None else []),
            pass_fds=[] if link is None else [link], stdin=subprocess.DEVNULL, env=dict(os.environ, **self.env))
        self.socket = self.socket_path()
        wait_for(lambda: listens(self.socket) or self.daemon.poll() is not None, "the mount")
        check(self.daemon.poll() is None, "early-overlay did not mount")

    def writable(self, options="rw"):
        run("mount", "-o", "remount," + options, f"{self.dir}/disk")

    def merge(self):
        return ask(self.socket, VERB_MERGE)

    def merged(self):
        """A merge that must work, and after which the path leads to the disk."""
        self.writable()
        done = self.merge()
        equal(done["error"], 0, f"the merge ({done})")
        equal(os.stat(self.path).st_dev, os.stat(f"{self.dir}/disk").st_dev, "the device of the real directory")
        return done

    def ended(self):
        """The daemon ends by itself, and the file system is sound."""
        equal(self.daemon.wait(120), 0, "the daemon's exit code")
        self.daemon = None
        run("umount", f"{self.dir}/disk")
        run("fsck.ext4", "-f", "-n", f"{self.dir}/image")

    def done(self):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
        subprocess.run(["umount", "-l", self.path], stderr=subprocess.DEVNULL, check=False)
        subprocess.run(["umount", "-l", f"{self.dir}/disk"], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


TRIES = 5


def run_test(test, binary):
    """What failed of it, or nothing."""
    for n in range(1, TRIES + 1):
        unions = []

        def new(**kwargs):
            unions.append(Union(binary, **kwargs))
            return unions[-1]

        try:
            test(new)
            print(f"ok {test.__name__}", flush=True)
            return ""
        except ShowsNothing as e:
            print(f"{test.__name__} showed nothing, {n} times: {e}", flush=True)
            failure = f"ShowsNothing: {e}"
        except Exception as e:
            traceback.print_exc()
            words = (str(e).strip().splitlines() or [""])[0]
            return f"{type(e).__name__}: {words}"
        finally:
            for union in unions:
                union.done()
    return failure


def main(tests):
    """argv: the daemon, then names of tests (none: all). The last lines are `FAILED NAME: REASON`."""
    if os.environ.get("EARLY_OVERLAY_TEST_NS") != "1":
        os.environ["EARLY_OVERLAY_TEST_NS"] = "1"
        os.execvp(MS_PRIVATE_TREE[0], MS_PRIVATE_TREE + [sys.executable] + sys.argv)
    binary = os.path.abspath(sys.argv[1])
    chosen = [test for test in tests if len(sys.argv) <= 2 or test.__name__ in sys.argv[2:]]
    failed = [f"FAILED {test.__name__}: {failure}" for test in chosen if (failure := run_test(test, binary))]
    if failed:
        print("\n".join(failed))
    sys.exit(1 if failed else 0)

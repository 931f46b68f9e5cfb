# SPDX-License-Identifier: LGPL-2.1-or-later
"""earlyctl overlay, against unions mounted by hand and no early-init at all."""
import json
import os
import subprocess

import overlay_lib
from overlay_lib import check, equal, read, run, write

EARLYCTL = os.environ["EARLYCTL"]


def earlyctl(union, *words, code=0):
    done = subprocess.run([EARLYCTL, "--control", f"{union.dir}/run/control", *words], capture_output=True, text=True,
                          check=False)
    equal(done.returncode, code, f"the exit code of earlyctl {' '.join(words)} ({done})")
    check(bool(done.stderr) == (code != 0), f"stderr: {done}")
    return done.stdout if code == 0 else done.stderr


def list_and_status(new):
    union = new()
    equal(json.loads(earlyctl(union, "--json", "overlay", "list")), [], "no unions")
    union.mount()
    write(union.at("f"), b"x" * 100000)
    fd = os.open(union.at("f"), os.O_RDONLY)
    status, = json.loads(earlyctl(union, "overlay", "list", "--json"))
    equal((status["mountpoint"], status["state"], status["pid"]), (union.path, "union", union.daemon.pid), "the status")
    equal(status["lower"], [union.path], "the lower layer")
    check(status["upper_bytes"] >= 100000 and status["handles"] >= 1, f"bytes and handles: {status}")
    os.close(fd)
    equal(json.loads(earlyctl(union, "--json", "overlay", "status", union.path))["pid"], status["pid"], "status by its mount point")
    title, row = earlyctl(union, "overlay", "list").splitlines()
    check(title.split() == ["MOUNTPOINT", "STATE", "HANDLES", "USED", "UPPER"] and row.startswith(union.path + "  union"), row)
    check("state: union" in earlyctl(union, "overlay", "status"), "the status as text")
    check("overlay list" in earlyctl(union, "overlay", "status", "/nowhere", code=4), "no way out is named")
    union.daemon.kill()
    union.daemon.wait()
    union.daemon = None
    equal(earlyctl(union, "overlay", "list").splitlines()[1:], [], "the socket of a daemon that is gone")


def merge(new):
    union = new()
    union.mount(mount_too=True)
    write(union.at("f"), b"1")
    refused = earlyctl(union, "overlay", "merge", union.path, code=1)
    check("remount" in refused, f"no way out is named: {refused}")
    union.writable()
    done = json.loads(earlyctl(union, "--json", "overlay", "merge", union.path))
    equal((done["error"], done["files"] >= 1), (0, True), f"the merge ({done})")
    equal(read(union.at("f")), b"1", "the file on the disk")
    union.ended()


def merge_into(new):
    union = new()
    union.mount()
    other = f"{union.dir}/other"
    os.mkdir(other)
    run("mount", "-t", "tmpfs", "tmpfs", other)
    write(union.at("made"), b"here")
    check("merged" in earlyctl(union, "overlay", "merge", union.path, "--into", other), "what it did")
    equal(read(other + "/made"), b"here", "the file in its place")
    equal(union.daemon.wait(120), 0, "the daemon's exit code")
    union.daemon = None
    run("umount", union.path)
    run("umount", other)


def diff(new):
    union = new()
    for name in ("keep/a", "keep/b", "gone/x/y", "anew/old", "anew/both", "mode/z", "kind", "file"):
        os.makedirs(os.path.dirname(f"{union.path}/{name}"), exist_ok=True)
        write(f"{union.path}/{name}", b"lower")
    union.mount()

    def changes():
        return [(c["change"], c["path"], c["type"]) for c in json.loads(earlyctl(union, "--json", "overlay", "diff", union.path))]
    equal(changes(), [], "nothing was changed")
    write(union.at("file"), b"upper")
    write(union.at("keep/a"), b"upper")
    write(union.at("keep/bad\nname"), b"")
    os.makedirs(union.at("new/deep"))
    write(union.at("new/deep/f"), b"")
    os.symlink("x", union.at("new/link"))
    run("rm", "-r", union.at("gone"))
    run("rm", "-r", union.at("anew"))
    os.mkdir(union.at("anew"))
    write(union.at("anew/both"), b"upper")
    os.chmod(union.at("mode"), 0o700)
    os.unlink(union.at("kind"))
    os.mkdir(union.at("kind"))
    write(union.at("passing"), b"")
    os.unlink(union.at("passing"))
    wanted = [("changed", "/anew", "directory"), ("removed", "/anew/old", "file"), ("added", "/anew/both", "file"),
              ("changed", "/file", "file"), ("removed", "/gone", "directory"), ("changed", "/keep/a", "file"), ("added", "/keep/bad\nname", "file"),
              ("changed", "/kind", "directory"), ("changed", "/mode", "directory"), ("added", "/new", "directory"),
              ("added", "/new/deep", "directory"), ("added", "/new/deep/f", "file"), ("added", "/new/link", "link")]
    equal(changes(), wanted, "the differences")
    text = earlyctl(union, "overlay", "diff", union.path).splitlines()
    check(f"removed  {union.path}/gone/" in text and f"added    {union.path}/keep/bad?name" in text and len(text) == len(wanted), f"as text: {text}")
    check("overlay list" in earlyctl(union, "overlay", "diff", "/nowhere", code=4), "no way out is named")
    check("which mount point" in earlyctl(union, "overlay", "diff", code=2), "no operand")
    nobody = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", EARLYCTL, "--control", f"{union.dir}/run/control",
                             "overlay", "diff", union.path], capture_output=True, text=True, check=False)
    check(nobody.returncode != 0 and not nobody.stdout, f"anybody may look: {nobody}")


if __name__ == "__main__":
    overlay_lib.main([list_and_status, merge, merge_into, diff])

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`earlyctl log`: memory and archive as one text, -f across rotation, --boot, --since. argv: early-log, earlyctl."""
import datetime
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from early_log import LOGS_FLUSH, add_stream, child_of, start, wait_for
from early_wire import message

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def numbers(text):
    return [int(line.split(" n ")[1].split()[0]) for line in text.splitlines() if " n " in line]


class Machine:
    def __init__(self, earlyctl, run):
        self.earlyctl, self.run = earlyctl, pathlib.Path(run)

    def command(self, *options):
        return [self.earlyctl, "--control", f"{self.run}/control", "log", *options]

    def ask(self, *options):
        return subprocess.run(self.command(*options), capture_output=True, text=True)

    def show(self, *options):
        done = self.ask(*options)
        assert done.returncode == 0, (options, done)
        return done.stdout

    def read(self, path):
        try:
            return (self.run / path).read_text()
        except FileNotFoundError:
            return ""

    def tail(self, path):
        """Enough of it to see whether a line has come."""
        try:
            with (self.run / path).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 100000))
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def write(self, **texts):
        """memory=…, disk=…, disk_old=…, memory_old=… of a.service; nothing else is left there."""
        for directory in ("log", "archive"):
            (self.run / directory).mkdir(exist_ok=True)
            for path in (self.run / directory).iterdir():
                path.unlink()
        names = {"memory": "log/a.service.log", "disk": "archive/a.service.log"}
        for name, text in texts.items():
            (self.run / (names[name.replace("_old", "")] + (".1" if name.endswith("_old") else ""))).write_text(text)


def with_early_log(machine, program):
    """What early-log writes, while it does."""
    count = 0
    link, child = start(program, machine.run)
    writer = add_stream(link, "a.service")

    def say(lines, size):
        nonlocal count
        for _ in range(lines):
            os.write(writer, b"n %d " % count + b"x" * size + b"\n")
            count += 1
        wait_for(lambda: f" n {count - 1} " in machine.tail("log/a.service.log"), "memory")

    say(50, 20)
    assert numbers(machine.show("a")) == list(range(50)), "memory alone"
    link.send(message(LOGS_FLUSH))
    wait_for(lambda: " n 49 " in machine.read("archive/a.service.log"), "the disk")
    assert numbers(machine.show("a")) == list(range(50)), "both are the same"
    assert BOOT_ID in machine.show("a"), "which boot it was"
    assert numbers(machine.show("--boot", "a")) == list(range(50)), "the line is of this boot"
    os.kill(child_of(child.pid), signal.SIGSTOP)
    say(300, 4000)  # memory rotates, and is ahead
    assert (machine.run / "log/a.service.log.1").exists()
    assert numbers(machine.show("a")) == list(range(count)), "the archive, and from its end on memory"
    os.kill(child_of(child.pid), signal.SIGCONT)

    out = machine.run / "followed"
    with out.open("w") as file:
        follower = subprocess.Popen(machine.command("-f", "a"), stdout=file)
    for _ in range(12):
        say(150, 4000)
        wait_for(lambda: f" n {count - 1} " in machine.tail(out), "what is followed")
    os.kill(follower.pid, signal.SIGSTOP)
    say(600, 4000)  # rotated twice and more while nobody looks, but nothing of it is gone from the disk
    os.kill(follower.pid, signal.SIGCONT)
    wait_for(lambda: f" n {count - 1} " in machine.tail(out), "what is followed behind it")
    follower.terminate()
    follower.wait()
    seen = numbers(out.read_text())
    assert len(set(seen)) == len(seen) and seen == sorted(seen), "a line twice, or out of order"
    assert seen[:count - 600] == list(range(count - 600)), "each line once, across rotations"
    assert numbers(machine.show("a")) == list(range(count)), "all of it is on the disk"
    for line in machine.show("--json", "a").splitlines():
        assert json.loads(line)["boot"] == BOOT_ID, line
    # while it is written, and rotated
    for _ in range(10):
        for _ in range(200):
            os.write(writer, b"n %d " % count + b"x" * 4000 + b"\n")
            count += 1
        seen = numbers(machine.show("a"))
        assert seen == list(range(seen[-1] + 1)), "the seam moves"
    link.close()
    child.wait(120)


def begin_control(machine, seconds):
    """A container that began so long ago."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{machine.run}/control")
    began = time.time() - seconds
    os.utime(f"{machine.run}/control", (began, began))
    listener.close()
    return datetime.datetime.fromtimestamp(began, datetime.timezone.utc)


def mark(boot, began):
    return f"[    0.000000] info early-log: boot {boot} began at {began:%Y-%m-%dT%H:%M:%S.%f}Z\n"


def boots(machine, began):
    old = mark("aa", began - datetime.timedelta(days=1))
    this = mark(BOOT_ID, began)
    n = ["[    1.000000] info n 0 x\n", "[    5.000000] info n 1 x\n", "[40000.000000] info n 2 x\n", "[    5.000000] info n 3 x\n",
         "[90000.000000] info n 4 x\n", "[95000.000000] info n 5 x\n", "[99900.000000] info n 6 x\n"]
    memory = n[3] + n[4] + n[5] + n[6]
    for disk in ({"disk": n[0] + old + n[1] + n[2] + this + n[3] + n[4]},
                 {"disk_old": n[0] + old + n[1], "disk": n[2] + this + n[3] + n[4]},
                 {"disk": n[0] + old + n[1] + n[2] + this + n[3] + n[4] + n[5][:12]},  # torn: it is being written
                 {"disk": n[0] + old + n[1] + n[2]}):  # nothing of this boot is there yet
        machine.write(memory=memory, **disk)
        for options, wanted in (((), range(7)), (("--boot",), range(3, 7)), (("-b", "-n", "1"), [6]), (("--since", "20000s"), range(4, 7)),
                                (("--since", "7500s"), range(5, 7)), (("--since=5day",), range(1, 7)),
                                (("--boot", "--since", "7500s"), range(5, 7)), (("--since", "infinity"), range(7))):
            text = machine.show(*options, "a")
            assert numbers(text) == list(wanted), f"{disk} {options}: {text}"
            assert text.count("x\n") == len(wanted), f"{options}: a piece of a line: {text}"
            assert numbers(machine.show(*options)) == list(wanted), f"{options}: of all services"
    # an earlier boot said the same at the same time
    machine.write(disk=old + n[3] + n[4], memory=n[3] + n[4])
    assert numbers(machine.show("a")) == [3, 4, 3, 4], machine.show("a")
    assert numbers(machine.show("--boot", "a")) == [3, 4]
    # nothing of what was asked for: the way out is said
    machine.write(disk=old + n[1] + n[2])
    done = machine.ask("--boot", "a")
    assert (done.returncode, done.stdout) == (0, "") and "this boot" in done.stderr and "without --boot there are 3" in done.stderr, done
    machine.write(memory=n[3])
    done = machine.ask("--since=1s", "a")
    assert (done.returncode, done.stdout) == (0, "") and "without --since" in done.stderr, done


def lines(machine):
    """Text that early-log leaves behind when it, the machine or the disk fails."""
    three = "[    6.000000] info n 3 x\n"
    machine.write(disk="[    5.000000] info n 3 x\n" + three * 2, memory="[    5.000000] info n 3 x\n" + three * 3)
    assert numbers(machine.show("a")) == [3] * 4, machine.show("a")
    # what a full memory did not take is on the disk alone, also at its end
    first, second, third = (f"[    {i}.000000] info n {i} x\n" for i in (1, 2, 3))
    machine.write(disk=first + second, memory=first)
    assert numbers(machine.show("a")) == [1, 2]
    machine.write(disk=first + second, memory=first + third)
    assert numbers(machine.show("a")) == [1, 2, 3], machine.show("a")
    # memory's own last line is being written: shown as it is, and followed to its end
    machine.write(disk=first + second[:20], memory=first + second[:22])
    assert machine.show("a") == first + second[:22] + "\n"
    with (machine.run / "log/a.service.log").open("a") as memory, (machine.run / "out").open("w+") as out:
        follower = subprocess.Popen(machine.command("-f", "a"), stdout=out)
        wait_for(lambda: machine.read("out") == first, "the first line")
        memory.write(second[22:] + third)
        memory.flush()
        wait_for(lambda: machine.read("out") == first + second + third, "the rest of the line")
        follower.terminate()
        follower.wait()
    # several services, and those that are none
    machine.write(memory=first + third)
    (machine.run / "log/kernel.log").write_text(second)
    (machine.run / "log/b.service.log").write_text(second)
    assert numbers(machine.show("kernel")) == [2]
    assert numbers(machine.show("a", "b", "a")) == [1, 2, 3], "two by time, none twice"
    assert machine.show("a", "b").splitlines()[1].split()[2] == "b.service"
    # one boot is said once for all of them
    began = datetime.datetime.fromtimestamp((machine.run / "control").stat().st_mtime, datetime.timezone.utc)
    for name in ("a", "b"):
        (machine.run / f"archive/{name}.service.log").write_text(mark(BOOT_ID, began))
    assert machine.show().count("began at") == 1, machine.show()
    # more logs than a process has descriptors
    machine.write()
    for i in range(100):
        (machine.run / f"log/s{i}.service.log").write_text(f"[    {i}.000000] info n {i} x\n")
    done = subprocess.run(machine.command(), capture_output=True, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50)))
    assert numbers(done.stdout) == list(range(100)) and done.returncode == 0, done


def errors(machine):
    machine.write(memory="[    1.000000] info n 1 x\n")
    for word in ("tomorrow", "", "5 parsecs", "-3s"):
        done = machine.ask("--since", word, "a")
        assert done.returncode == 2 and "--since takes an age" in done.stderr and "10min" in done.stderr, done
    # the disk fails: memory is shown, and what is missing is said
    (machine.run / "archive/a.service.log").mkdir()
    done = machine.ask("a")
    assert done.returncode == 1 and numbers(done.stdout) == [1] and f"{machine.run}/archive" in done.stderr, done
    (machine.run / "archive/a.service.log").rmdir()
    os.chmod(machine.run / "log/a.service.log", 0o600)
    os.chmod(machine.run, 0o755)
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", *machine.command("a")],
                          capture_output=True, text=True)
    assert done.returncode == 3 and "sudo" in done.stderr, done
    machine.write()
    done = machine.ask()
    assert done.returncode == 0 and "nobody has logged anything" in done.stderr, done


def torn_by_power(machine, program):
    """The disk's last line of the boot before has no end: this boot's first begins a line all the same."""
    (machine.run / "control").unlink()
    machine.write(disk="[    1.000000] info n 1 x\n[    2.000000] inf")
    link, child = start(program, machine.run)
    os.write(add_stream(link, "a.service"), b"n 2 x\n")
    wait_for(lambda: " n 2 " in machine.read("log/a.service.log"), "memory")
    link.send(message(LOGS_FLUSH))
    wait_for(lambda: " n 2 " in machine.read("archive/a.service.log"), "the disk")
    assert "\n[    2.000000] inf\n[    0.000000] info early-log: boot" in machine.read("archive/a.service.log")
    assert numbers(machine.show("a")) == [1, 2] and numbers(machine.show("--boot", "a")) == [2]
    link.close()
    child.wait(120)


def main():
    program, earlyctl = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as run:
        machine = Machine(earlyctl, run)
        with_early_log(machine, program)
        began = begin_control(machine, 100000)
        boots(machine, began)
        lines(machine)
        errors(machine)
        torn_by_power(machine, program)


main()

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""early-log killed at each point of its life, one after the other (kill-at.c): whatever services wrote to their pipes is in its files
once, in order. argv[1] is its path, argv[2] the library's. EARLY_TEST_STEP: only every so manyth point."""
import fcntl
import mmap
import os
import pathlib
import signal
import struct
import sys
import tempfile
import termios
import time

from early_log import send_stream, start_with, wait_for

A, B = "a.service", "odd:b@1.service"
MAX = 4096


def line(number, size):
    return b"line %05d " % number + b"x" * size + b"\n"


def pieces(text):
    """As early-log writes a line that is too long."""
    return [text[at:at + MAX] for at in range(0, len(text), MAX)]


class Talk:
    """What a service says: before early-log is there, while it is killed, and when it lives for good."""

    def __init__(self, *parts):
        self.parts = parts
        self.expected = [piece for text in b"".join(parts).decode().splitlines() for piece in pieces(text)]


# Of 4096 bytes of a read, lines are a part, the whole, more than that, and many; with a rotation (12 KiB, see CONF).
TALKS = {
    A: Talk(b"".join(line(n, 30) for n in range(12)) + line(12, 3000) + line(13, 3000) + b"<3>begun",
            b" and ended\n" + line(14, 5000) + line(15, 4086) + b"half",
            b" a line\n" + line(16, 10) + b"the last of a\n"),
    B: Talk(line(0, 4085) + line(1, 10) + b"\n\n" + line(2, 20) + b"wait", b"ing", b" long\nthe last of b\n"),
}
CONF = "[Log]\nMaxMemory=96K\n"


class Machine:
    """PID 1's part: it holds both ends of each pipe, so that early-log is all that dies."""

    def __init__(self, program, library, directory):
        self.run = pathlib.Path(directory) / "run"
        self.conf = pathlib.Path(directory) / "conf"
        self.conf.write_text(CONF)
        self.control = pathlib.Path(directory) / "control"
        self.control.write_bytes(bytes(16))
        with open(self.control, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 16)
        self.command = [program, "--run", str(self.run), "--conf", str(self.conf)]
        self.env = {**os.environ, "LD_PRELOAD": library, "EARLY_TEST_KILL": str(self.control)}
        self.pipes = {name: os.pipe() for name in TALKS}
        self.child = None

    def begin(self, kill_at):
        self.map[:] = struct.pack("QQ", 0, kill_at)
        self.link, self.child = start_with(self.command, self.env)
        for name, (reader, _) in self.pipes.items():
            try:
                send_stream(self.link, name, reader)
            except (BrokenPipeError, ConnectionResetError):
                pass  # killed already

    def say(self, part):
        for name, talk in TALKS.items():
            os.write(self.pipes[name][1], talk.parts[part])

    def count(self):
        return struct.unpack("QQ", self.map[:])[0]

    def is_idle(self):
        """All is read, and it waits for more."""
        for reader, _ in self.pipes.values():
            if struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4))[0]:
                return False
        try:
            return "ep_poll" in pathlib.Path(f"/proc/{self.child.pid}/wchan").read_text() or \
                pathlib.Path(f"/proc/{self.child.pid}/syscall").read_text().split()[0] in EPOLL_WAIT
        except (OSError, IndexError):
            return False

    def is_killed_or_idle(self):
        """Returns whether it was killed, None if neither is so within long."""
        end = time.monotonic() + 120
        idle = 0
        while time.monotonic() < end:
            if self.child.poll() is not None:
                assert self.child.returncode == -signal.SIGKILL, self.child.returncode
                self.link.close()
                return True
            idle = idle + 1 if self.is_idle() else 0
            if idle == 2:
                return False
            time.sleep(0.001)
        sys.exit("early-log neither ends nor waits")

    def end(self):
        """Returns whether it was killed at that."""
        self.link.close()
        status = self.child.wait(120)
        assert status in (0, -signal.SIGKILL), status
        return status != 0

    def close(self):
        for ends in self.pipes.values():
            for end in ends:
                os.close(end)
        self.map.close()

    def lines(self, name):
        found = []
        for suffix in (".log.1", ".log"):
            path = self.run / "log" / (name + suffix)
            if path.exists():
                text = path.read_text()
                assert not text or text.endswith("\n"), f"{path.name} ends in {text[-40:]!r}"
                found += [line.split("] ", 1)[1].split(" ", 1)[1] for line in text.splitlines()]
        return found


EPOLL_WAIT = ("232", "22")  # of x86_64 and aarch64


def check(machine, when):
    for name, talk in TALKS.items():
        found, expected = machine.lines(name), [text.removeprefix("<3>") for text in talk.expected if text]
        if found == expected:
            continue
        at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
        short = [[text[:24] for text in texts[at:at + 3]] for texts in (found, expected)]
        sys.exit(f"{when}: {name}: {len(found)} lines of {len(expected)}; from line {at} on {short[0]} instead of {short[1]}")


def run_once(program, library, kill_at):
    """Returns whether there was such a point. The second early-log is killed, too, the third one lives."""
    kills = (kill_at, 1 + kill_at * 7 % 150, 0)
    n_killed = 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        machine = Machine(program, library, directory)
        machine.say(0)
        machine.begin(kill_at)
        for part in (1, 2):
            if machine.is_killed_or_idle():
                n_killed += 1
                machine.begin(kills[n_killed])
            machine.say(part)
        while machine.is_killed_or_idle() or machine.end():
            n_killed += 1
            machine.begin(kills[n_killed])
        check(machine, f"killed at point {kill_at}")
        machine.close()
        return n_killed > 0


def main():
    program, library = sys.argv[1:3]
    step = int(os.environ.get("EARLY_TEST_STEP", "1"))
    kill_at = 1
    while run_once(program, library, kill_at):
        kill_at += step
    assert kill_at > 60, f"only {kill_at} points: the library is not there"
    print(f"killed at {kill_at - 1} points: nothing lost, nothing twice")


main()

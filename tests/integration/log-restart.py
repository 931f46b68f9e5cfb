#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""early-log and its writer killed by SIGKILL again and again: the archive has each line once, in order. argv[1] is its path."""
import os
import pathlib
import random
import select
import signal
import sys
import tempfile
import time

from early_log import LOGS_FLUSH, child_of, send_stream, start, wait_for
from early_wire import message

NAMES = ("a.service", "odd:name@1.service")
ROUNDS = 12


class Machine:
    """PID 1's part: the pipes are its own, so that services do not notice when early-log dies."""

    def __init__(self, program, directory):
        self.program, self.run = program, pathlib.Path(directory)
        self.pipes = {name: os.pipe() for name in NAMES}
        self.count = dict.fromkeys(NAMES, 0)
        self.begin()

    def begin(self):
        self.link, self.child = start(self.program, self.run)
        for name, (reader, _) in self.pipes.items():
            send_stream(self.link, name, reader)

    def flush(self):
        self.link.send(message(LOGS_FLUSH))

    def say(self, name, lines, size=60):
        for _ in range(lines):
            os.write(self.pipes[name][1], b"line %07d " % self.count[name] + b"x" * size + b"\n")
            self.count[name] += 1

    def text(self, folder, name):
        parts = []
        for suffix in (".log.1", ".log"):
            path = self.run / folder / (name + suffix)
            if path.exists():
                parts.append(path.read_text())
        return "".join(parts)

    def numbers(self, folder, name):
        return [int(line.split()[line.split().index("line") + 1]) for line in self.text(folder, name).splitlines()
                if " early-log: boot " not in line]

    def is_written(self, name):
        last = "line %07d " % (self.count[name] - 1)
        return last in self.text("log", name)

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.link.close()

    def check(self, when):
        for name in NAMES:
            wait_for(lambda: self.numbers("archive", name)[-1:] == [self.count[name] - 1], f"{when}: the last line of {name}")
            found = self.numbers("archive", name)
            if found != list(range(self.count[name])):
                twice = sorted({n for n in found if found.count(n) > 1})
                missing = sorted(set(range(self.count[name])) - set(found))
                sys.exit(f"{when}: {name}: twice {twice[:5]}, missing {missing[:5]}, of {self.count[name]}")


def test_reader_killed(machine):
    for name in NAMES:
        machine.say(name, 20)
    machine.flush()
    machine.check("the first flush")
    for turn in range(ROUNDS):
        for name in NAMES:
            machine.say(name, 50, 3000 if turn == 5 else 60)
            wait_for(lambda: machine.is_written(name), "a line in memory")
        if turn % 3 == 2:
            time.sleep(0.2)
        machine.kill()
        for name in NAMES:
            machine.say(name, 5)  # they wait in the pipe
        machine.begin()
        if turn % 2:
            machine.say(NAMES[0], 3)
        machine.flush()
        machine.check(f"early-log killed, round {turn}")


def test_streams_that_come_late(machine):
    """On a machine that is busy, or after a PID 1 that was: half a line waits for its other half."""
    for name in NAMES:
        os.write(machine.pipes[name][1], b"line %07d half" % machine.count[name])
        wait_for(lambda: not select.select([machine.pipes[name][0]], [], [], 0)[0], "half a line read")
    machine.kill()
    machine.link, machine.child = start(machine.program, machine.run)
    time.sleep(4)
    for name in NAMES:
        send_stream(machine.link, name, machine.pipes[name][0])
        os.write(machine.pipes[name][1], b" and half\n")
        wait_for(lambda: "line %07d half and half\n" % machine.count[name] in machine.text("log", name), "a whole line")
        machine.count[name] += 1
    machine.flush()
    machine.check("streams that come late")


def test_writer_killed(machine):
    chance = random.Random(4711)
    for turn in range(ROUNDS):
        wait_for(lambda: child_of(machine.child.pid), "a writer")
        pid = child_of(machine.child.pid)
        machine.say(NAMES[0], chance.randrange(1, 40), 500)
        os.kill(pid, signal.SIGKILL)
        machine.say(NAMES[0], 10)
        wait_for(lambda: machine.is_written(NAMES[0]), "a line in memory")

        def again():
            machine.say(NAMES[0], 1)  # a line is what makes it look for its writer
            return child_of(machine.child.pid) not in (0, pid)
        wait_for(again, "another writer", pause=0.2)
        machine.check(f"the writer killed, round {turn}")


def test_both_hang_and_die(machine):
    """The old writer hangs with a full queue while a new early-log is there already: still each line once."""
    wait_for(lambda: child_of(machine.child.pid), "a writer")
    old = child_of(machine.child.pid)
    os.kill(old, signal.SIGSTOP)
    machine.say(NAMES[0], 200)
    wait_for(lambda: machine.is_written(NAMES[0]), "a line in memory")
    machine.kill()
    machine.begin()
    machine.flush()
    machine.say(NAMES[0], 200)
    wait_for(lambda: machine.is_written(NAMES[0]), "a line in memory")
    time.sleep(0.5)
    os.kill(old, signal.SIGCONT)
    machine.check("the old writer hung")


def test_rotated_in_memory(machine):
    """Most of the file in memory was renamed while nobody wrote to the disk."""
    machine.kill()
    machine.begin()
    log = machine.run / "log" / (NAMES[0] + ".log")
    before = log.stat().st_ino
    while log.stat().st_ino == before:  # once: what is renamed twice is gone from memory
        machine.say(NAMES[0], 20, 2000)
        wait_for(lambda: machine.is_written(NAMES[0]), "a line in memory")
    machine.flush()
    machine.check("rotated in memory")


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine(program, directory)
        for test in (test_reader_killed, test_streams_that_come_late, test_writer_killed, test_both_hang_and_die, test_rotated_in_memory):
            test(machine)
            print("ok", test.__name__, flush=True)
        machine.link.close()
        assert machine.child.wait(120) == 0, "the end of the link is the end"


main()

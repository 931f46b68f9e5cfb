#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`earlyctl log`: memory and archive as one text, -f across rotation, --boot, --since. argv: early-log, earlyctl."""
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from early_log import LOGS_FLUSH, add_stream, child_of, start, wait_for
from early_wire import message


def numbers(text):
    return [int(line.split(" n ")[1].split()[0]) for line in text.splitlines() if " n " in line]


def main():
    program, earlyctl = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as directory:
        run = pathlib.Path(directory)

        def show(*options):
            done = subprocess.run([earlyctl, "--control", f"{run}/control", "log", *options, "a"],
                                  stdout=subprocess.PIPE, text=True, check=True)
            return done.stdout

        def read(path):
            try:
                return (run / path).read_text()
            except FileNotFoundError:
                return ""

        link, child = start(program, run)
        writer = add_stream(link, "a.service")
        count = 0

        def say(lines, size):
            nonlocal count
            for _ in range(lines):
                os.write(writer, b"n %d " % count + b"x" * size + b"\n")
                count += 1
            wait_for(lambda: f" n {count - 1} " in read("log/a.service.log"), "memory")

        say(50, 20)
        assert numbers(show()) == list(range(50)), "memory alone"
        link.send(message(LOGS_FLUSH))
        wait_for(lambda: " n 49 " in read("archive/a.service.log"), "the disk")
        assert numbers(show()) == list(range(50)), "both are the same"
        os.kill(child_of(child.pid), signal.SIGSTOP)
        say(300, 4000)  # memory rotates, and is ahead
        assert (run / "log/a.service.log.1").exists()
        assert numbers(show()) == list(range(count)), "the archive, and from its end on memory"
        os.kill(child_of(child.pid), signal.SIGCONT)

        out = run / "followed"
        with out.open("w") as file:
            follower = subprocess.Popen([earlyctl, "--control", f"{run}/control", "log", "-f", "a"], stdout=file)
        for _ in range(12):
            say(150, 4000)
            wait_for(lambda: f" n {count - 1} " in out.read_text(), "what is followed")
        follower.terminate()
        follower.wait()
        assert numbers(out.read_text()) == list(range(count)), "each line once, across rotations"
        link.close()
        child.wait(20)

        for path in list((run / "log").glob("a.*")) + list((run / "archive").glob("a.*")):
            path.unlink()
        began = datetime.datetime.utcnow() - datetime.timedelta(seconds=1000)
        old = began - datetime.timedelta(days=1)
        boot = "[    0.000000] info early-log: boot {} began at {:%Y-%m-%dT%H:%M:%S}.000000Z\n"
        (run / "archive/a.service.log").write_text(
            "[    1.000000] info n 0 x\n" + boot.format("aa", old) + "[    5.000000] info n 1 x\n[40000.000000] info n 2 x\n" +
            boot.format("bb", began) + "[    5.000000] info n 3 x\n[  900.000000] info n 4 x\n")
        (run / "log/a.service.log").write_text(
            "[    5.000000] info n 3 x\n[  900.000000] info n 4 x\n[  950.000000] info n 5 x\n[  999.000000] info n 6 x\n")
        for options, wanted in (((), range(7)), (("--boot",), range(3, 7)), (("--since", "200s"), range(4, 7)),
                                (("--since", "75s"), range(5, 7)), (("--since", "2day"), range(1, 7)),
                                (("--boot", "--since", "75s"), range(5, 7))):
            assert numbers(show(*options)) == list(wanted), f"{options}: {numbers(show(*options))}"
        # equal lines at one time, and an archive whose last line is nobody's
        (run / "archive/a.service.log").write_text("[    5.000000] info n 3 x\n[    6.000000] info n 3 x\n[    6.000000] info n 3 x\n")
        (run / "log/a.service.log").write_text("[    5.000000] info n 3 x\n" + "[    6.000000] info n 3 x\n" * 3)
        assert numbers(show()) == [3] * 4, show()
        bad = subprocess.run([earlyctl, "log", "--since", "tomorrow", "a"], stderr=subprocess.PIPE, text=True)
        assert bad.returncode == 2 and "since" in bad.stderr, bad


main()

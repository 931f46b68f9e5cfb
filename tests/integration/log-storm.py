#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""100,000 lines from 50 writers while early-log is killed three times: nothing is lost, nothing comes twice, each writer's lines are in
order, and a calm service is heard all the while. argv[1] is early-log's path."""
import os
import pathlib
import sys
import tempfile
import time

from early_log import LOGS_FLUSH, send_stream, start, wait_for
from early_wire import message

WRITERS, LINES, KILLS = 50, 2000, 3


def write_storm(fd):
    """A process of its own; not a Python of its own, for fifty of which take seconds to begin."""
    pid = os.fork()
    if pid == 0:
        try:
            for i in range(LINES):
                os.write(fd, b"storm %07d %s\n" % (i, b"x" * 20))
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def parse(directory, name):
    found = []
    for path in (directory / f"{name}.log.1", directory / f"{name}.log"):
        if path.exists():
            text = path.read_text()
            for line in text[:text.rfind("\n") + 1].splitlines():  # more is being written
                words = line.split("] ", 1)[-1].split()
                if words[2] != "boot":
                    assert len(words) == 4 and words[1] == "storm" and len(words[2]) == 7 and words[3] in ("x" * 20, "the-last"), \
                        f"{name}: torn: {line}"
                    found.append(int(words[2]))
    return found


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        run = pathlib.Path(directory)
        pipes = {f"w{n:02d}.service": os.pipe() for n in range(WRITERS)}
        calm = os.pipe()

        def begin():
            link, child = start(program, run)
            for name, (reader, _) in pipes.items():
                send_stream(link, name, reader)
            send_stream(link, "calm.service", calm[0])
            link.send(message(LOGS_FLUSH))
            return link, child

        link, child = begin()
        writers = [write_storm(end) for _, end in pipes.values()]
        slowest = 0
        for turn in range(KILLS + 1):
            time.sleep(0.4)
            before = time.monotonic()
            os.write(calm[1], b"calm %d\n" % turn)
            wait_for(lambda: (run / "log/calm.service.log").exists() and
                     f"calm {turn}\n" in (run / "log/calm.service.log").read_text(), "a calm service is heard")
            slowest = max(slowest, time.monotonic() - before)
            if turn < KILLS:
                child.kill()
                child.wait()
                link.close()
                link, child = begin()
        for writer in writers:
            assert os.waitpid(writer, 0)[1] == 0, "no writer may fail"
        for name, (_, end) in pipes.items():
            os.write(end, b"storm %07d the-last\n" % LINES)
        for name in pipes:
            wait_for(lambda: parse(run / "archive", name)[-1:] == [LINES], f"the last line of {name} on the disk")
        for name in pipes:
            found = parse(run / "archive", name)
            assert len(set(found)) == len(found), f"{name}: twice"
            assert found == sorted(found), f"{name}: out of order"
            assert len(found) == LINES + 1, f"{name}: {LINES + 1 - len(found)} lines lost by {KILLS} kills"
        size = sum(path.stat().st_size for path in (run / "log").iterdir())
        assert size < 40 << 20, f"{size} bytes in memory"
        print(f"{WRITERS * LINES} lines, {KILLS} kills: none lost, none twice; a calm line took at most {slowest * 1000:.0f} ms")
        link.close()
        assert child.wait(120) == 0, "the end of the link is the end"


main()

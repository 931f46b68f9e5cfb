#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""100,000 lines from 50 writers while early-log is killed three times: nothing comes twice, each writer's lines are in order, what is
lost is what it had read, and a calm service is heard all the while. argv[1] is early-log's path."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from early_log import LOGS_FLUSH, send_stream, start, wait_for
from early_wire import message

WRITERS, LINES, KILLS = 50, 2000, 3
# what a killed early-log has in hand: a read of 4096 bytes and an unfinished line of as much, of each pipe
LOST_BYTES = 8192
WRITER = "import sys\nfor i in range(int(sys.argv[1])):\n\tprint('storm %07d' % i, 'x' * 20, flush=True)"


def parse(directory, name):
    """The numbers of the lines that are whole: a killed early-log tears the one that it had half read."""
    found = []
    for path in (directory / f"{name}.log.1", directory / f"{name}.log"):
        if path.exists():
            for line in path.read_text().splitlines():
                words = line.split("] ", 1)[-1].split()
                if len(words) == 4 and words[1] == "storm" and len(words[2]) == 7:
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
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(LINES)], stdout=end) for _, end in pipes.values()]
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
            assert writer.wait(60) == 0, "no writer may fail"
        for name, (_, end) in pipes.items():
            os.write(end, b"storm %07d the-last\n" % LINES)
        for name in pipes:
            wait_for(lambda: parse(run / "archive", name)[-1:] == [LINES], f"the last line of {name} on the disk", seconds=60)
        lost = 0
        for name in pipes:
            found = parse(run / "archive", name)
            assert len(set(found)) == len(found), f"{name}: twice"
            assert found == sorted(found), f"{name}: out of order"
            missing = LINES + 1 - len(found)
            # a line takes 35 bytes of the pipe; one more is torn by each kill
            assert missing <= KILLS * (LOST_BYTES // 35 + 2), f"{name}: {missing} lines lost by {KILLS} kills"
            lost += missing
        size = sum(path.stat().st_size for path in (run / "log").iterdir())
        assert size < 40 << 20, f"{size} bytes in memory"
        print(f"{WRITERS * LINES} lines, {KILLS} kills: {lost} lost, none twice; a calm line took at most {slowest * 1000:.0f} ms")
        link.close()
        assert child.wait(20) == 0, "the end of the link is the end"


main()

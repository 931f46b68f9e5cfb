#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""early-log as PID 1 runs it: streams, the flush to the disk, a disk that hangs, and the end of the link. argv[1] is its path."""
import os
import pathlib
import signal
import sys
import tempfile

from early_log import LOGS_FLUSH, add_stream, child_of, start, wait_for
from early_wire import message


def said(path, words):
    try:
        return words in path.read_text()
    except FileNotFoundError:
        return False


def lines(path):
    """Without what says which boot it is: that is in the archive only."""
    return [line for line in path.read_text().splitlines() if " early-log: boot " not in line]


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        run = pathlib.Path(directory)
        log, archive = run / "log/a.service.log", run / "archive/a.service.log"
        link, child = start(program, run)
        writer = add_stream(link, "a.service")
        os.write(writer, b"<4>before\n")
        wait_for(lambda: said(log, "warning before"), "a line in the file")
        assert not archive.exists(), "nothing may be on the disk before the flush"

        link.send(message(LOGS_FLUSH))
        wait_for(lambda: said(archive, "warning before"), "the earlier line on the disk")
        os.write(writer, b"after\n")
        wait_for(lambda: said(archive, "info after"), "the later line on the disk")
        assert lines(archive) == lines(log), "each line once, in its order"
        assert archive.read_text().startswith("[    0.000000] info early-log: boot "), "whose lines they are"

        # A writer that hangs must not stop the reading, however much comes.
        writer_pid = child_of(child.pid)
        assert writer_pid, "the writer is a process of its own"
        os.kill(writer_pid, signal.SIGSTOP)
        for i in range(5000):  # more than any queue holds
            os.write(writer, b"%07d " % i + b"x" * 4000 + b"\n")
        os.write(writer, b"the last\n")
        wait_for(lambda: said(log, "the last"), "the reading goes on beside a disk that hangs")
        assert log.stat().st_size <= 1024 * 1024, "the file in memory is bounded"
        os.kill(writer_pid, signal.SIGCONT)

        wait_for(lambda: said(archive, "the last"), "the disk is used again")
        assert said(archive, " older lines were dropped"), "the loss is told"
        numbers = [int(line.split()[-2]) for line in lines(archive) if line.endswith("xxx")]
        assert len(set(numbers)) == len(numbers), "nothing twice"
        told = max(int(line.split("early-log: up to ")[1].split()[0]) for line in lines(archive) if "were dropped" in line)
        assert len(numbers) + told >= 5000, f"{len(numbers)} there and {told} told are not all"

        link.close()
        assert child.wait(120) == 0, "the end of the link is the end"
        wait_for(lambda: not os.path.exists(f"/proc/{writer_pid}/exe") or
                 not os.path.realpath(f"/proc/{writer_pid}/exe").endswith("early-log"), "the writer's end")


main()

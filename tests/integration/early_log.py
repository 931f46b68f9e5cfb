# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs early-log as PID 1 does."""
import fcntl
import os
import pathlib
import socket
import subprocess
import sys
import time

from early_wire import message, text

LOGS_STREAM, LOGS_FLUSH = 1, 2


def wait_for(condition, what, seconds=20, pause=0.02):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{sys.argv[0]}: {what}: not within {seconds} s")
        time.sleep(pause)


def start(program, run):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    high = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD, 100)
    child = subprocess.Popen([program, "--run", str(run)],
                             preexec_fn=lambda: os.dup2(high, 3), pass_fds=[3, high])
    os.close(high)
    theirs.close()
    return ours, child


def send_stream(link, name, reader):
    socket.send_fds(link, [message(LOGS_STREAM, text(name))], [reader])


def add_stream(link, name):
    reader, writer = os.pipe()
    send_stream(link, name, reader)
    os.close(reader)
    return writer


def child_of(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else 0

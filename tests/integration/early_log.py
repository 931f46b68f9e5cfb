# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs early-log as PID 1 does."""
import fcntl
import os
import pathlib
import socket
import subprocess
import sys
import time

from early_wire import HEADER, message, opcode_of, text

LOGS_STREAM, LOGS_FLUSH, LOGS_LINE, LOGS_KEEP, LOGS_DROP, LOGS_KEPT, LOGS_LISTEN = range(1, 8)


def wait_for(condition, what, seconds=120, pause=0.02):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{sys.argv[0]}: {what}: not within {seconds} s")
        time.sleep(pause)


def start(program, run, *options):
    return start_with([program, "--run", str(run), *options])


def start_machine(program):
    """With /run/early, /dev/log and all: only in a mount name space."""
    return start_with([program])


LINK = 3  # where it is for a helper
os.open("/dev/null", os.O_RDONLY)  # there, so that nothing else is


def start_with(command, env=None):
    """The link is put there before the fork: a function to do it behind it would make that a copy of all of Python."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = fcntl.fcntl(LINK, fcntl.F_DUPFD_CLOEXEC, 100)
    os.dup2(theirs.fileno(), LINK)
    child = subprocess.Popen(command, env=env, pass_fds=[LINK])
    os.dup2(before, LINK, inheritable=False)
    os.close(before)
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


class Keeper:
    """What PID 1 keeps for the next early-log."""

    def __init__(self):
        self.kept = {}

    def take(self, link):
        """All that early-log asked for so far."""
        while True:
            try:
                data, control, _, _ = link.recvmsg(8192, socket.CMSG_SPACE(16), socket.MSG_DONTWAIT)
            except (BlockingIOError, ConnectionResetError):
                return
            if not data:
                return
            name = data[HEADER.size + 4:-1].decode()
            if opcode_of(data) == LOGS_KEEP:
                self.kept[name] = int.from_bytes(control[0][2][:4], sys.byteorder)
            elif opcode_of(data) == LOGS_DROP and name in self.kept:
                os.close(self.kept.pop(name))

    def hand_over(self, link):
        for name, fd in self.kept.items():
            socket.send_fds(link, [message(LOGS_KEPT, text(name))], [fd])
        link.send(message(LOGS_LISTEN))

#!/usr/bin/python3
"""The way into the machine: vm-shell on its second serial port (see image/files/usr/local/sbin/vm-shell).

As a program, for a machine that ./demo --keep left running: shell.py SOCKET runs each line of its input there as root, shell.py SOCKET COMMAND
that command, and ends as it did.
"""

import base64
import itertools
import os
import re
import sys
import threading
import time

from host import Failure
from qmp import connect

ANSWER = re.compile(rb"@@(\S+) (\d+) ([^@]*)@@")


class ShellTimeout(Failure):
    """The machine did not answer in time."""


class Shell:
    """run() may be called by several threads, one after the other."""

    def __init__(self, path, timeout_s=20):
        self.lock = threading.Lock()
        self.socket = connect(path, timeout_s)
        self.buffer = b""
        # Ids never repeat, nor between two connections to one machine, so that a late answer can't be mistaken.
        self.prefix = f"{os.getpid()}.{int(time.monotonic() * 1000)}"
        self.count = itertools.count()

    def close(self):
        self.socket.close()

    def run(self, command, timeout_s=60):
        """Run a bash command in the machine -> (exit code, output); 124 when it took too long there."""
        coded = base64.b64encode(command.encode()).decode()
        if len(coded) > 4000:
            raise ValueError("command too long for one line of the serial port")
        rc, output, _ = self._ask(f"run {timeout_s} {coded}", timeout_s + 20)
        return rc, base64.b64decode(output).decode(errors="replace")

    def check(self, command, timeout_s=60):
        """Output of a command that must succeed."""
        rc, output = self.run(command, timeout_s)
        if rc:
            raise Failure(f"in the machine, {command!r} ended with {rc}: {output.strip()[-800:]}")
        return output

    def clock(self):
        """-> (host's monotonic time at which the machine's clock was zero, half the round trip)."""
        sent = time.monotonic()
        _, output, received = self._ask("clock", 20)
        half = (received - sent) / 2
        return sent + half - float(output), half

    def zero(self, samples=9):
        """The machine's zero on the host's clock: the sample with the shortest round trip."""
        return min((self.clock() for _ in range(samples)), key=lambda pair: pair[1])

    def wait(self, timeout_s):
        """Wait until the machine answers."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._ask("clock", min(2, max(0.1, deadline - time.monotonic())))
                return
            except ShellTimeout:
                if time.monotonic() > deadline:
                    raise

    def _ask(self, request, timeout_s):
        with self.lock:
            ident = f"{self.prefix}.{next(self.count)}"
            deadline = time.monotonic() + timeout_s
            # The leading newline ends whatever the shell's start or a torn request left on the line.
            self._send(f"\n{ident} {request}\n".encode())
            while True:
                found = self._take(ident.encode())
                if found:
                    return found
                self._receive(deadline, request)

    def _send(self, data):
        try:
            self.socket.settimeout(20)
            self.socket.sendall(data)
        except OSError as e:
            raise Failure(f"the machine's serial port is gone: {e}") from e

    def _take(self, ident):
        for match in ANSWER.finditer(self.buffer):
            if match[1] == ident:
                self.buffer = self.buffer[match.end():]
                return int(match[2]), match[3].decode(errors="replace"), self.received
        return None

    def _receive(self, deadline, request):
        left = deadline - time.monotonic()
        if left <= 0:
            raise ShellTimeout(f"the machine did not answer in time ({request[:40]})")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return
        except OSError as e:
            raise Failure(f"the machine's serial port is gone: {e}") from e
        if not data:
            raise Failure("the machine's serial port was closed: the machine has gone")
        self.received = time.monotonic()
        self.buffer += data


def main(argv):
    if len(argv) not in (2, 3) or argv[1].startswith("-"):
        print(__doc__.rsplit("\n\n", 1)[1], file=sys.stderr)
        return 2
    try:
        shell = Shell(argv[1], timeout_s=1)
        if len(argv) == 3:
            rc, output = shell.run(argv[2])
            sys.stdout.write(output)
            return rc
        while True:
            print("early-vm# " if sys.stdin.isatty() else "", end="", flush=True)
            line = sys.stdin.readline()
            if not line:
                return 0
            sys.stdout.write(shell.run(line)[1] if line.strip() else "")
    except (Failure, OSError, ValueError) as e:
        print(f"shell.py: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))

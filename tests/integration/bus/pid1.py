# SPDX-License-Identifier: LGPL-2.1-or-later
"""PID 1 as early-bus sees it: the wire protocol of proto/bus.h on a socket pair, driven by the test."""
import os
import select
import socket
import struct

START, STOP, RESTART, TRY_RESTART, RELOAD, RELOAD_OR_RESTART, RELOAD_MANIFESTS, RESET_FAILED = range(8)
MESSAGES = {
    1: ("READY", ""),
    2: ("JOB", "uutt"),
    3: ("SCOPE", "utttl"),
    4: ("ABANDON", "t"),
    5: ("KILL", "ti"),
    6: ("OWNER", "tu"),
    7: ("LOAD", "ut"),
    8: ("QUEUED", "uui"),
    9: ("DONE", "utt"),
    10: ("UNIT", "tttttttuu"),
    11: ("UNIT_GONE", "t"),
}
OPCODES = {name: opcode for opcode, (name, _) in MESSAGES.items()}


def pack(name, *values):
    opcode = OPCODES[name]
    body = b""
    for kind, value in zip(MESSAGES[opcode][1], values):
        if kind == "t":
            text = value.encode() if isinstance(value, str) else value
            body += struct.pack("<I", len(text) + 1) + text + b"\0"
        else:
            body += struct.pack("<" + {"u": "I", "i": "i"}[kind], value)
    return struct.pack("<IHH", 8 + len(body), 1, opcode) + body


def unpack(data):
    _, version, opcode = struct.unpack_from("<IHH", data)
    assert version == 1, version
    name, kinds = MESSAGES[opcode]
    values, at = [], 8
    for kind in kinds:
        if kind in "ui":
            values += struct.unpack_from("<" + {"u": "I", "i": "i"}[kind], data, at)
            at += 4
            continue
        size, = struct.unpack_from("<I", data, at)
        text = data[at + 4:at + 4 + size]
        at += 4 + size
        values.append(text[:-1].decode() if kind == "t" else text.decode().split("\0")[:-1])
    assert at == len(data), (at, len(data))
    return (name, *values)


class Pid1:
    """One end of a link; the other becomes descriptor 3 of early-bus."""

    def __init__(self):
        self.socket, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.owners = {}

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in receive()
        except OSError:
            pass  # the other end is gone
        self.socket.close()

    def send(self, name, *values):
        self.socket.send(pack(name, *values))

    def receive(self, timeout=120):
        """The next message; OWNERs are put aside in self.owners."""
        while True:
            if self.socket.fileno() < 0 or not select.select([self.socket], [], [], timeout)[0]:
                raise TimeoutError("early-bus sent nothing")
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("early-bus closed its link")
            message = unpack(data)
            if message[0] != "OWNER":
                return message
            self.owners[message[1]] = message[2]

    def expect(self, name, timeout=120):
        message = self.receive(timeout)
        assert message[0] == name, f"{name} was expected, {message} came"
        return message[1:]

    def is_silent(self, seconds=0.3):
        try:
            message = self.receive(seconds)
        except TimeoutError:
            return True
        raise AssertionError(f"unexpected: {message}")

    def unit(self, name, active="inactive", sub="dead", load="loaded", path="", cgroup="", pid=0, cookie=0,
             description=None):
        self.send("UNIT", name, description or f"Description of {name}", load, active, sub, path, cgroup, pid,
                  cookie)

    def answer_mark(self):
        """Ends the mirror, as PID 1 does by answering the LOAD that follows READY."""
        cookie, unit = self.expect("LOAD")
        assert unit == "dbus.service", unit
        self.unit("dbus.service", "active", "running", pid=os.getpid(), cookie=cookie)

"""QEMU's machine protocol, as far as the tests need it: pictures, keys, power."""

import json
import os
import socket
import threading
import time

from host import Failure

# Characters of a US keyboard -> QEMU's names of the keys.
SHIFTED = dict(zip('!@#$%^&*()_+{}|:"<>?~', "1234567890-=[]\\;',./`"))
NAMED = {
    " ": "spc", "\n": "ret", "\t": "tab", "-": "minus", "=": "equal", "[": "bracket_left", "]": "bracket_right",
    "\\": "backslash", ";": "semicolon", "'": "apostrophe", ",": "comma", ".": "dot", "/": "slash",
    "`": "grave_accent",
}


class Qmp:
    """One connection; may be used by several threads."""

    def __init__(self, path, timeout_s=20):
        self.lock = threading.Lock()
        self.socket = connect(path, timeout_s)
        self.socket.settimeout(60)
        self.stream = self.socket.makefile("rwb")
        self._read()
        self.command("qmp_capabilities")

    def _read(self):
        line = self.stream.readline()
        if not line:
            raise Failure("the machine has gone (its QMP socket was closed)")
        return json.loads(line)

    def command(self, name, **arguments):
        with self.lock:
            try:
                self.stream.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
                self.stream.flush()
                answer = self._read()
                while "event" in answer:
                    answer = self._read()
            except (OSError, ValueError) as e:
                raise Failure(f"the machine does not answer to {name}: {e}") from e
        if "error" in answer:
            raise Failure(f"QMP {name}: {answer['error'].get('desc')}")
        return answer["return"]

    def close(self):
        for thing in (self.stream, self.socket):
            try:
                thing.close()
            except OSError:
                pass  # it is gone: that is what was wanted

    def screendump(self, path):
        self.command("screendump", filename=path)

    def keys(self, *names, hold_ms=60):
        """Press keys together, as ("ctrl", "alt", "delete")."""
        self.command("send-key", keys=[{"type": "qcode", "data": n} for n in names], **{"hold-time": hold_ms})
        time.sleep(hold_ms / 600)

    def type_text(self, text, hold_ms=60):
        for char in text:
            shift = char.isupper() or char in SHIFTED
            plain = SHIFTED.get(char, char).lower()
            name = NAMED.get(plain, plain)
            self.keys(*(["shift", name] if shift else [name]), hold_ms=hold_ms)


def connect(path, timeout_s):
    """Connect to a socket that QEMU is about to make."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            return s
        except OSError as e:
            s.close()
            if time.monotonic() > deadline:
                raise Failure(f"no connection to {os.path.basename(path)} of the machine: {e}") from e
            time.sleep(0.05)

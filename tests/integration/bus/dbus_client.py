# SPDX-License-Identifier: LGPL-2.1-or-later
"""A D-Bus client for tests, on the standard library alone: it shows every byte that a server answers, in order."""
import os
import select
import socket
import struct
import time

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = range(1, 9)
FIXED = {"y": ("B", 1), "b": ("I", 4), "n": ("h", 2), "q": ("H", 2), "i": ("i", 4), "u": ("I", 4),
         "x": ("q", 8), "t": ("Q", 8), "d": ("d", 8), "h": ("I", 4)}


class Variant:
    def __init__(self, signature, value):
        self.signature, self.value = signature, value


class DBusError(Exception):
    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name, self.text = name, text


def split(signature):
    """The complete types of a signature."""
    types = []
    while signature:
        length = type_length(signature)
        types.append(signature[:length])
        signature = signature[length:]
    return types


def type_length(signature):
    if signature[0] == "a":
        return 1 + type_length(signature[1:])
    if signature[0] not in "({":
        return 1
    depth = 0
    for i, c in enumerate(signature):
        depth += (c in "({") - (c in ")}")
        if depth == 0:
            return i + 1
    raise ValueError(signature)


def alignment(signature):
    if signature[0] in FIXED:
        return FIXED[signature[0]][1]
    return {"s": 4, "o": 4, "g": 1, "v": 1, "a": 4, "(": 8, "{": 8}[signature[0]]


class Writer:
    def __init__(self):
        self.data = bytearray()

    def align(self, n):
        self.data += bytes(-len(self.data) % n)

    def put(self, signature, value):
        kind = signature[0]
        self.align(alignment(signature))
        if kind in FIXED:
            self.data += struct.pack("<" + FIXED[kind][0], value)
        elif kind in "so":
            text = value.encode()
            self.data += struct.pack("<I", len(text)) + text + b"\0"
        elif kind == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "v":
            self.put("g", value.signature)
            self.put(value.signature, value.value)
        elif kind == "a":
            self.put_array(signature[1:], value)
        else:
            for inner, item in zip(split(signature[1:-1]), value):
                self.put(inner, item)

    def put_array(self, element, items):
        at = len(self.data)
        self.data += bytes(4)
        self.align(alignment(element))
        start = len(self.data)
        for item in items.items() if isinstance(items, dict) else items:
            self.put(element, item)
        struct.pack_into("<I", self.data, at, len(self.data) - start)


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def get(self, signature):
        kind = signature[0]
        self.at += -self.at % alignment(signature)
        if kind in FIXED:
            code, size = FIXED[kind]
            value, = struct.unpack_from("<" + code, self.data, self.at)
            self.at += size
            return bool(value) if kind == "b" else value
        if kind in "sog":
            size = self.get("y" if kind == "g" else "u")
            text = self.data[self.at:self.at + size].decode()
            self.at += size + 1
            return text
        if kind == "v":
            return self.get(self.get("g"))
        if kind == "a":
            return self.get_array(signature[1:])
        return tuple(self.get(inner) for inner in split(signature[1:-1]))

    def get_array(self, element):
        size = self.get("u")
        self.at += -self.at % alignment(element)
        end, items = self.at + size, []
        while self.at < end:
            items.append(self.get(element))
        return dict(items) if element[0] == "{" else items


class Message:
    def __init__(self, kind, serial, fields, body):
        self.kind, self.serial, self.fields, self.body = kind, serial, fields, body
        self.member = fields.get(MEMBER)
        self.path = fields.get(PATH)
        self.interface = fields.get(INTERFACE)


class Client:
    def __init__(self, address, uid=None, timeout=120):
        self.timeout, self.serial, self.pending = timeout, 0, []
        self.buffer, self.fds = b"", []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(address.split("=", 1)[1])
        uid = os.geteuid() if uid is None else uid
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(uid).encode().hex().encode() + b"\r\n")
        if not self.socket.recv(256).startswith(b"OK"):
            raise ConnectionError("the bus does not take us")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        if not self.socket.recv(256).startswith(b"AGREE"):
            raise ConnectionError("the bus passes no descriptors")
        self.socket.sendall(b"BEGIN\r\n")
        self.name, = self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                               "Hello")

    def close(self):
        self.socket.close()
        self.close_fds()

    def close_fds(self):
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def send(self, kind, fields, signature="", body=(), flags=0):
        self.serial += 1
        if signature:
            fields[SIGNATURE] = signature
        payload, head = Writer(), Writer()
        for inner, item in zip(split(signature), body):
            payload.put(inner, item)
        types = {PATH: "o", REPLY_SERIAL: "u", SIGNATURE: "g"}
        head.put("(yyyyuu)", (ord("l"), kind, flags, 1, len(payload.data), self.serial))
        head.put("a(yv)", [(k, Variant(types.get(k, "s"), v)) for k, v in fields.items()])
        head.align(8)
        self.socket.sendall(bytes(head.data) + bytes(payload.data))
        return self.serial

    def call_begin(self, destination, path, interface, member, signature="", *body):
        fields = {DESTINATION: destination, PATH: path, MEMBER: member}
        if interface is not None:
            fields[INTERFACE] = interface
        return self.send(CALL, fields, signature, body)

    def take_message(self):
        """A whole message from the buffer, or None."""
        if len(self.buffer) < 16:
            return None
        body_size, serial, fields_size = struct.unpack_from("<III", self.buffer, 4)
        start = 16 + fields_size + -fields_size % 8
        if len(self.buffer) < start + body_size:
            return None
        fields = dict(Reader(self.buffer[:start], 12).get("a(yv)"))
        reader = Reader(self.buffer[start:start + body_size])
        body = tuple(reader.get(t) for t in split(fields.get(SIGNATURE, "")))
        message = Message(self.buffer[1], serial, fields, body)
        self.buffer = self.buffer[start + body_size:]
        return message

    def receive(self, deadline):
        while True:
            message = self.take_message()
            if message is not None:
                return message
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError("nothing came over the bus")
            data, fds, _, _ = socket.recv_fds(self.socket, 65536, 8)
            self.fds += fds
            if not data:
                raise ConnectionError("the bus closed the connection")
            self.buffer += data

    def wait(self, wanted, timeout=None):
        """The first message that fits, of those kept and those to come; the others are kept."""
        deadline = time.monotonic() + (timeout or self.timeout)
        for i, message in enumerate(self.pending):
            if wanted(message):
                return self.pending.pop(i)
        while True:
            message = self.receive(deadline)
            if wanted(message):
                return message
            self.pending.append(message)

    def call_end(self, serial, timeout=None):
        reply = self.wait(lambda m: m.fields.get(REPLY_SERIAL) == serial, timeout)
        if reply.kind == ERROR:
            raise DBusError(reply.fields[ERROR_NAME], reply.body[0] if reply.body else "")
        return reply.body

    def call(self, *args):
        return self.call_end(self.call_begin(*args))

    def bus(self, member, signature="", *body):
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", member,
                         signature, *body)

    def signal(self, member, timeout=None):
        return self.wait(lambda m: m.kind == SIGNAL and m.member == member, timeout)

    def drop_signals(self):
        """Forgets all that came so far."""
        self.bus("GetId")
        self.pending = []

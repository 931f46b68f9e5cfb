# SPDX-License-Identifier: LGPL-2.1-or-later
"""Early's wire format, as common/include/early/wire.h describes it, for tests in Python."""
import struct

HEADER = struct.Struct("<IHH")
VERSION = 1


def text(value):
    data = value.encode() + b"\0"
    return struct.pack("<I", len(data)) + data


def message(opcode, *fields):
    body = b"".join(fields)
    return HEADER.pack(HEADER.size + len(body), VERSION, opcode) + body


def opcode_of(data):
    return HEADER.unpack_from(data)[2]

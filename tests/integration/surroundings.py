# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A place of its own for a test, so that many can run at once and none meets what another one left.

The services of a container share the machine's /run, /tmp, /var/tmp, /dev/shm, ports and abstract sockets: two tests that both
have an a.service with PrivateTmp=, a RuntimeDirectory= or a port of the same name would find each other's. Here each process of
tests gets a mount and a network name space in which those directories are empty and only the loopback is there. Nothing of it has
to be cleaned up. What the tests themselves need may lie beneath /tmp (a checkout does on some machines): it is bound to where it was.
"""

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
EMPTY = {'/run': 'mode=0755', '/tmp': 'mode=1777', '/var/tmp': 'mode=1777', '/dev/shm': 'mode=1777'}

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, '%s: %s (the tests need root)' % (name, os.strerror(number)))


def mount(source, target, kind, flags, data=''):
    call('mount', source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = b'lo'.ljust(16, b'\0')
        flags, = struct.unpack_from('H', fcntl.ioctl(s, SIOCGIFFLAGS, name + bytes(24)), 16)
        fcntl.ioctl(s, SIOCSIFFLAGS, name + struct.pack('H', flags | IFF_UP) + bytes(22))


def enter(*kept):
    """From here on; what is beneath the paths @kept stays to be seen."""
    call('unshare', CLONE_NEWNS | CLONE_NEWNET)
    mount('none', '/', 'none', MS_REC | MS_PRIVATE)
    held = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in map(os.path.realpath, kept)}
    for where, options in EMPTY.items():
        mount('tmpfs', where, 'tmpfs', 0, options)
    for path, fd in held.items():
        if any(path.startswith(where + '/') for where in EMPTY):
            os.makedirs(path, exist_ok=True)
            mount('/proc/self/fd/%d' % fd, path, 'none', MS_BIND | MS_REC)
        os.close(fd)
    raise_loopback()
    os.chdir('/')

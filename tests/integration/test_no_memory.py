#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
No memory: the Nth allocation of PID 1 fails, for every N over a scenario (EARLY_TEST_STEP: for every so many-th, by default 23; 1
is all of them). Whatever fails then, early-init lives, hangs up on nobody for ever, and does everything afterwards.
"""

import mmap
import os
import socket
import struct
import sys

from early import Container, Refused, run_tests, wait_for

STEP = int(os.environ.get('EARLY_TEST_STEP', '23'))
NO_LIMIT = '[Unit]\nStartLimitIntervalSec=0\n'
DEMAND = '[Early]\nStage=demand\n'


class Memory:
    def __init__(self, path):
        with open(path, 'w+b') as f:
            f.truncate(4096)
            self.map = mmap.mmap(f.fileno(), 4096)

    def count(self):
        return struct.unpack_from('<Q', self.map, 0)[0]

    def failed(self):
        return struct.unpack_from('<Q', self.map, 24)[0]

    def fail(self, nth, n=1):
        struct.pack_into('<QQ', self.map, 8, self.count() + nth if nth else 0, n)


def units():
    found = {}
    for i in range(20):
        found['s%d.service' % i] = NO_LIMIT + '[Service]\nExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=10ms\n' + DEMAND
    found['once.service'] = '[Unit]\nStartLimitIntervalSec=0\nRequires=s1.service\nAfter=s1.service\n' \
        '[Service]\nType=oneshot\nExecStartPre=/bin/true\nExecStart=/bin/true\nExecReload=/bin/true\n' + DEMAND
    found['notify.service'] = NO_LIMIT + '[Service]\nType=notify\nExecStart=@work@/notify\nExecReload=/bin/true\n' \
        '[Activate]\nListenStream=@run@/n.sock\nAdopt=no\n' + DEMAND
    return found


# It is started hundreds of times, and perl is there at once.
NOTIFY = r'''#!/usr/bin/perl
use Socket;
socket(N, AF_UNIX, SOCK_DGRAM, 0) or die;
send(N, "READY=1\nSTATUS=serving", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die;
sleep(1000);
'''


def try_to(c, verb, name=''):
    """Whatever comes of it, an answer or a hang-up comes (the client's socket has a deadline)."""
    try:
        return c.control(verb, name)
    except (Refused, EOFError, ConnectionError):
        return None


def kill_main(c, name):
    status = try_to(c, 'status', name)
    if status and status[0]['main_pid'] > 0:
        host = c.host_pid(status[0]['main_pid'])
        if host:
            os.kill(host, 9)


def scenario(c):
    for i in range(4):
        try_to(c, 'start', 's%d' % i)
    try_to(c, 'start', 'once')
    try_to(c, 'start', 'notify')
    kill_main(c, 's0.service')
    try_to(c, 'restart', 's1')
    try_to(c, 'reload', 'notify')
    try_to(c, 'status', 's2')
    try_to(c, 'list')
    try_to(c, 'timeline')
    try_to(c, 'why', 's3')
    try_to(c, 'status', 'nowhere')
    for name in ('notify', 's0', 's1', 's2', 's3'):
        try_to(c, 'stop', name)


def assert_works(c, nth):
    for name in ('s0', 's1', 'once', 'notify'):
        try:
            c.control('start', name)
        except (Refused, EOFError, socket.timeout) as e:
            raise AssertionError('after allocation %d failed, start %s: %s' % (nth, name, e))
    c.wait_state('s0.service', 'active')
    for name in ('s0', 's1', 'notify'):
        c.control('stop', name)


class Failing:
    def __init__(self, build):
        self.c = Container(build, units())
        self.c.script('notify', NOTIFY)
        self.c.patience = 60
        path = self.c.dir + '/memory'
        self.memory = Memory(path)
        os.environ['EARLY_TEST_MALLOC'] = path
        os.environ['LD_PRELOAD'] = build + '/tests/integration/libfail-malloc.so'

    def __enter__(self):
        try:
            self.c.start()
        finally:
            del os.environ['LD_PRELOAD'], os.environ['EARLY_TEST_MALLOC']
        return self.c, self.memory

    def __exit__(self, *args):
        return self.c.__exit__(*args)


def each(build, what, n_fail=1, step=STEP):
    """Runs what(container) with each allocation failing; says how many that were."""
    with Failing(build) as (c, memory):
        what(c)
        before = memory.count()
        what(c)
        n = memory.count() - before
        assert n > 20, 'the preloaded library does not count'
        init = c.init_pid()
        failed = 0
        for nth in range(1, n + 1, step):
            memory.fail(nth, n_fail)
            try:
                what(c)
            except socket.timeout:
                raise AssertionError('no answer after allocation %d failed' % nth)
            memory.fail(0)
            failed = memory.failed()
            assert c.process.poll() is None and c.init_pid() == init, 'early-init died of allocation %d' % nth
            assert 'PID 1 crashed' not in c.log(), 'early-init crashed of allocation %d' % nth
            assert_works(c, nth)
        assert failed >= n // step // 2, (failed, n)
        sys.stdout.write('%d allocations, %d tried, %d failed\n' % (n, len(range(1, n + 1, step)), failed))
        wait_for(lambda: c.zombies() == 0)  # who ended a moment ago may be one
        assert c.end() == 0


def test_scenario(build):
    each(build, scenario)


def test_scenario_without_memory_for_a_while(build):
    """Not one allocation but forty in a row."""
    each(build, scenario, 40, STEP * 2)


def test_daemon_reload(build):
    each(build, lambda c: try_to(c, 'daemon-reload'), 1, STEP * 2)


if __name__ == '__main__':
    run_tests(globals())

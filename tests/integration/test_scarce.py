#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No descriptors, no processes, garbage on every socket, clients that never read: early-init lives, idles and answers."""

import os
import random
import resource
import socket
import subprocess
import time

from early import Container, Refused, VERBS, pack_request, run_tests, wait_for

DEMAND = '[Early]\nStage=demand\n'
SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n'
NO_LIMIT = '[Unit]\nStartLimitIntervalSec=0\n'


def cpu_s(pid):
    with open('/proc/%d/stat' % pid) as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def limit_descriptors(c, room):
    pid = c.init_pid()
    highest = max(int(fd) for fd in os.listdir('/proc/%d/fd' % pid))
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1 + room, old[1]))
    return lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, old)


def is_calm(c):
    """early-init is not busy with nothing"""
    before = cpu_s(c.init_pid())
    time.sleep(0.5)
    return cpu_s(c.init_pid()) - before <= 0.05


def try_to(c, verb, name=''):
    try:
        return c.control(verb, name)
    except (Refused, EOFError, ConnectionError):
        return None


def test_no_descriptors(build):
    """Connections that can't be taken are hung up on; nothing turns in circles; afterwards all works."""
    with Container(build, {'s.service': NO_LIMIT + SLEEPER + DEMAND}) as c:
        c.control('start', 's')
        for room in range(0, 12):
            restore = limit_descriptors(c, room)
            clients = []
            try:
                for _ in range(200):
                    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                    s.setblocking(False)
                    try:
                        s.connect(c.run + '/control')
                    except BlockingIOError:
                        pass  # the backlog is full
                    clients.append(s)
                time.sleep(0.2)
                wait_for(lambda: is_calm(c), 30)
            finally:
                for s in clients:
                    s.close()
            c.patience = 60
            for verb, name in (('restart', 's'), ('status', 's'), ('stop', 's'), ('start', 's'), ('daemon-reload', '')):
                try_to(c, verb, name)
            restore()
            assert c.process.poll() is None and 'PID 1 crashed' not in c.log()
            try_to(c, 'start', 's')
            wait_for(lambda: c.state('s') == ('active', 'running'))


def test_no_processes(build):
    """A fork bomb in a service: another one starts as soon as there is room again, and it is said what it waits for."""
    with Container(build, {'s.service': NO_LIMIT + SLEEPER + DEMAND}) as c:
        c.manifest('bomb.service', '[Service]\nExecStart=%s\n' % c.script('bomb', '''#!/usr/bin/python3
import os, time
n = 0
while True:
    try:
        if os.fork() == 0:
            time.sleep(1000)
    except OSError:
        open('@work@/full', 'w').close()
        time.sleep(0.01)
''') + DEMAND)
        c.control('daemon-reload')
        subprocess.run(['nsenter', '-t', str(c.init_pid()), '-p', '-m', 'sh', '-c', 'echo 320 > /proc/sys/kernel/pid_max'],
                       check=True)
        c.control('start', 'bomb')
        wait_for(lambda: os.path.exists(c.work + '/full'))
        with c.connect() as s:
            s.send(pack_request(VERBS['start'], 's'))
            wait_for(lambda: 's.service: no process can be made' in c.log())
            assert c.state('bomb')[0] == 'active'
            time.sleep(0.5)
            c.control('stop', 'bomb')
            wait_for(lambda: c.state('s') == ('active', 'running'))


def packets(seed):
    rng = random.Random(seed)
    good = pack_request(VERBS['status'], 's')
    for _ in range(300):
        kind = rng.randrange(4)
        if kind == 0:
            yield bytes(rng.randrange(256) for _ in range(rng.randrange(1, 200)))
        elif kind == 1:
            cut = bytearray(good)
            for _ in range(rng.randrange(1, 4)):
                cut[rng.randrange(len(cut))] = rng.randrange(256)
            yield bytes(cut)
        elif kind == 2:
            yield good[:rng.randrange(1, len(good))]
        else:
            yield bytes(rng.randrange(256) for _ in range(8)) * rng.randrange(1, 4000)


def test_garbage_on_the_control_socket(build):
    with Container(build, {'s.service': SLEEPER}) as c:
        for packet in packets(1):
            # A request that is still a request may stop the container: those verbs are left out.
            if len(packet) >= 12 and packet[8] in (VERBS['poweroff'], VERBS['halt'], VERBS['reboot']):
                continue
            with c.connect() as s:
                try:
                    s.send(packet)
                except OSError:
                    continue
        assert c.process.poll() is None and 'PID 1 crashed' not in c.log()
        assert c.state('s') == ('active', 'running')


def test_garbage_on_a_notify_socket(build):
    rng = random.Random(2)
    unit = '[Service]\nType=notify\nNotifyAccess=all\nExecStart=@work@/notify\nTimeoutStartSec=20\n'
    with Container(build, {'s.service': SLEEPER}) as c:
        c.script('notify', '#!/usr/bin/python3\nimport os,socket,time\nn=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n'
                 'n.sendto(b"READY=1",os.environ["NOTIFY_SOCKET"])\ntime.sleep(1000)\n')
        c.manifest('n.service', unit + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'n')
        words = [b'READY=1', b'STATUS=', b'MAINPID=', b'WATCHDOG=1', b'FDSTORE=1', b'FDNAME=', b'ERRNO=', b'BARRIER=1',
                 b'EXTEND_TIMEOUT_USEC=', b'RELOADING=1', b'MONOTONIC_USEC=', b'=', b'\n', b'\0']
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(c.run + '/notify/n.service')
            for _ in range(2000):
                message = b''.join(rng.choice(words) + bytes(rng.randrange(256) for _ in range(rng.randrange(12))) + b'\n'
                                   for _ in range(rng.randrange(1, 6)))
                fds = [0] * rng.randrange(0, 20) if rng.randrange(4) == 0 else []
                socket.send_fds(s, [message], fds) if fds else s.send(message)
        assert c.process.poll() is None and 'PID 1 crashed' not in c.log()
        assert c.state('s') == ('active', 'running')
        assert len(os.listdir('/proc/%d/fd' % c.init_pid())) < 200


GARBAGE = '''#!/usr/bin/python3
import os, random, socket, sys
try:
    s = socket.socket(fileno=3)
    for _ in range(100):
        s.send(bytes(random.randrange(256) for _ in range(random.randrange(1, 300))))
except OSError:
    pass
try:
    os.write(3, os.urandom(5000))
except OSError:
    pass
'''


def test_helpers_that_talk_garbage(build):
    """early-log and early-load in turn are replaced by programs that write garbage to their link, then come back."""
    with Container(build, {'s.service': NO_LIMIT + SLEEPER}) as c:
        for name, verb in (('early-load', 'daemon-reload'), ('early-log', 'status'), ('early-exec', 'restart')):
            path = '%s/%s' % (c.helpers, name)
            good = os.readlink(path)
            os.unlink(path)
            with open(path, 'w') as f:
                f.write(GARBAGE)
            os.chmod(path, 0o755)
            if name == 'early-log':
                for host, line in list(c.processes().values()):
                    if 'early-log' in line:
                        os.kill(host, 9)
                time.sleep(2)
            for _ in range(5):
                try_to(c, verb, 's' if verb != 'daemon-reload' else '')
            assert c.process.poll() is None and 'PID 1 crashed' not in c.log()
            os.unlink(path)
            os.symlink(good, path)
        c.control('daemon-reload')
        try_to(c, 'start', 's')
        wait_for(lambda: c.state('s') == ('active', 'running'))


def test_clients_that_never_read(build):
    """They are cut off; others are answered meanwhile."""
    with Container(build, {'s%d.service' % i: SLEEPER for i in range(50)}) as c:
        lazy = [c.connect() for _ in range(8)]
        for s in lazy:
            s.settimeout(0.2)
            try:
                for _ in range(3000):
                    s.send(pack_request(VERBS['list'], ''))
            except OSError:
                pass
            started = time.monotonic()
            assert c.state('s1') == ('active', 'running')
            assert time.monotonic() - started < 60
        with open('/proc/%d/smaps_rollup' % c.init_pid()) as f:
            private = sum(int(line.split()[1]) for line in f if line.startswith('Private_'))
        assert os.environ.get('EARLY_TEST_SANITIZED') or private < 16 * 1024, private
        for s in lazy:
            s.close()


if __name__ == '__main__':
    run_tests(globals())

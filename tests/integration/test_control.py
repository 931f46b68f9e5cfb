#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""RUN/control of a real early-init: who may do what, reasons, timeline, garbage; and the state over a re-exec."""

import errno
import os
import random
import socket
import struct
import subprocess
import tempfile
import time

from early import DONE, Container, Refused, VERBS, pack_request, refused, run_tests, unpack, wait_for

SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n'
DEMAND = '[Early]\nStage=demand\n'


def as_user(uid, function):
    """Runs function in a child of that uid; its exception's text, or ''."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        text = ''
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            function()
        except BaseException as e:
            text = '%s: %s' % (type(e).__name__, e)
        os.write(w, text.encode())
        os._exit(0)
    os.close(w)
    os.waitpid(pid, 0)
    with os.fdopen(r) as f:
        return f.read()


def test_others_may_read_only(build):
    with Container(build, {'a.service': SLEEPER}) as c:
        c.wait_state('a.service', 'active')

        def read():
            assert c.state('a') == ('active', 'running')
            assert len(c.control('list')) == 1
            assert c.why('a') and c.timeline() and c.control('status') is not None
        assert as_user(65534, read) == ''
        pid = c.status('a')['main_pid']
        for verb in ('start', 'stop', 'restart', 'reload', 'poweroff', 'daemon-reexec', 'daemon-reload', 'merge', 'rescue'):
            text = as_user(65534, lambda: c.control(verb, 'a'))
            assert 'only root' in text, (verb, text)
        assert c.status('a')['main_pid'] == pid


def test_a_user_cannot_take_all_places(build):
    with Container(build, {'a.service': SLEEPER}) as c:
        def crowd():
            held = []
            for _ in range(200):
                try:
                    held.append(c.connect())
                except OSError:
                    break
            os.write(here[1], b'.')
            os.read(gone[0], 1)
        here, gone = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(gone[1])
            os.setresuid(65534, 65534, 65534)
            crowd()
            os._exit(0)
        os.read(here[0], 1)
        assert c.state('a')[0] == 'active'
        os.close(gone[1])
        os.waitpid(pid, 0)


def test_why_and_timeline(build):
    with Container(build, {'a.service': '[Unit]\nRequires=b.service\nAfter=b.service\n' + SLEEPER + DEMAND,
                           'b.service': '[Unit]\nStartLimitIntervalSec=0\n' + SLEEPER + DEMAND}) as c:
        before = c.timeline()[-1]['t_us']
        c.control('start', 'a')
        client = 'start by earlyctl (uid 0)'  # its pid is none in the container's name space
        assert c.why('a') == [client], c.why('a')
        assert c.why('b') == ['required by a.service'], c.why('b')
        c.control('restart', 'b')
        assert c.why('b') == [client.replace('start', 'restart'), 'required by a.service']
        events = c.timeline()
        assert [e['name'] for e in events][:2] == ['init', 'complete']
        assert all(x['t_us'] <= y['t_us'] for x, y in zip(events, events[1:]))
        start = [e for e in events if e['name'] == 'service:b.service:start'][0]
        assert start['why'] == 'required by a.service' and start['t_us'] >= before
        for i in range(20):
            c.control('restart', 'b')
        assert len(c.why('b')) <= 8


def test_times_count_from_the_start(build):
    """Not from the boot of the host: it may be months ago."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)

    def past_s():
        return time.clock_gettime(time.CLOCK_BOOTTIME) - before
    with Container(build, {'a.service': '[Service]\nExecStart=/bin/sh -c "echo hello; exec sleep 1000"\n'}) as c:
        c.wait_state('a.service', 'active')
        assert past_s() < before, 'this machine has not run long enough to tell'

        def log_times():
            lines = c.read('../run/log/a.service.log').splitlines()
            return [float(line[1:line.index(']')]) for line in lines]
        wait_for(log_times)
        for _ in range(2):
            events = c.timeline()
            assert events[0]['name'] == 'init' and events[0]['t_us'] == 0, events[0]
            assert 0 < events[-1]['t_us'] < past_s() * 1000000, events[-1]
            assert 0 < c.status('a')['since_us'] < past_s() * 1000000
            assert all(t < past_s() for t in log_times()), log_times()
            since = c.status('a')['since_us']
            c.control('daemon-reexec')
            wait_for(lambda: 're-executed' in c.log())
            assert c.status('a')['since_us'] == since


def test_a_moment_stays_the_same(build):
    """However often it is asked for."""
    with Container(build, {'a.service': SLEEPER + DEMAND, 'b.service': '[Service]\nExecStart=/bin/false\n' + DEMAND}) as c:
        for name in ('a', 'b'):
            c.control('start', name)
        c.wait_state('b.service', 'failed')
        for name in ('a', 'b'):
            seen = {(status['run_us'], status['since_us'], status['failure_us'], status['failure_run_us'])
                    for status in (c.status(name) for _ in range(500))}
            assert len(seen) == 1, seen


def test_refuses_to_be_no_pid_1(build):
    done = subprocess.run([build + '/orchestrator/init/early-init', '--container', '--run', '/nonexistent/run'],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done
    assert 'unshare --fork --pid --mount --mount-proc early-init --container' in done.stderr, done.stderr


def test_directories_of_manifests_must_be_there(build):
    unshare = ['unshare', '--fork', '--pid', '--mount', '--mount-proc', '--kill-child=SIGKILL']
    with tempfile.TemporaryDirectory() as where:
        with open(where + '/file', 'w'):
            pass
        os.mkdir(where + '/good')
        for name, word in (('missing', 'No such file'), ('file', 'Not a directory')):
            done = subprocess.run(unshare + [build + '/orchestrator/init/early-init', '--container', '--run', where + '/run',
                                             '--services', 'good', '--services', name],
                                  capture_output=True, text=True, timeout=120, cwd=where)
            assert done.returncode == 1, done
            assert '--services %s/%s: %s' % (where, name, word) in done.stderr, done.stderr
            assert not os.path.exists(where + '/run'), 'it had begun already'


def test_reasons_have_their_parts(build):
    with Container(build, {'a.service': '[Unit]\nRequires=b.service\nWants=w.service\n' + SLEEPER + DEMAND,
                           'b.service': '[Unit]\nBindsTo=c.service\n' + SLEEPER + DEMAND,
                           'c.service': SLEEPER + DEMAND, 'w.service': SLEEPER + DEMAND,
                           'staged.service': SLEEPER + '[Early]\nStage=display\n',
                           'asks.service': '[Service]\nType=oneshot\nExecStart=%s --control @run@/control start a\n'
                           % (build + '/orchestrator/ctl/earlyctl') + DEMAND}) as c:
        c.control('start', 'asks')

        def parts(name):
            reason = c.reasons(name)[0]
            return [reason[n] for n in ('how', 'directive', 'object', 'unit', 'manifest')]
        reason = c.reasons('a')[0]
        assert reason['exe'] == os.path.realpath(build + '/orchestrator/ctl/earlyctl') and reason['pid'] > 1, reason
        assert reason['uid'] == 0 and parts('a') == ['start', '', '', '', ''], reason
        assert parts('b') == ['', 'Requires=', '', 'a.service', c.services + '/a.service']
        assert parts('c') == ['', 'BindsTo=', '', 'b.service', c.services + '/b.service'], 'not by b, who names it'
        assert parts('w') == ['', 'Wants=', '', 'a.service', c.services + '/a.service']
        assert parts('staged') == ['', 'Stage=', 'display', '', c.services + '/staged.service']
        assert c.reasons('b')[0]['uid'] == 0xffffffff and c.reasons('b')[0]['exe'] == ''
        before = {name: c.reasons(name) for name in ('a', 'b', 'staged')}
        c.control('daemon-reexec')
        wait_for(lambda: 're-executed' in c.log())
        assert {name: c.reasons(name) for name in before} == before


def test_status_has_words_and_resources(build):
    with Container(build, {'a.service': '[Unit]\nRequires=b.service\nBindsTo=c.service\nWants=d.service\n'
                           'After=b.service\n' + SLEEPER + DEMAND,
                           'b.service': SLEEPER + DEMAND, 'c.service': SLEEPER + DEMAND}) as c:
        c.control('start', 'a')
        a = c.status('a')
        assert (a['type'], a['requires'], a['binds_to'], a['wants']) == \
            ('simple', ['b.service'], ['c.service'], ['d.service']), a
        assert 'b.service' in a['after']
        for file, field in (('pids.current', 'tasks'), ('memory.current', 'memory_bytes')):
            path = (c.cgroup or '/nonexistent') + a['cgroup'] + '/' + file
            assert bool(a[field]) == os.path.exists(path), (path, a)


def test_names_and_verbs(build):
    with Container(build, {'a.service': SLEEPER, 'm.service': SLEEPER + DEMAND}) as c:
        assert refused(c.control, 'start', '../../etc/passwd').error < 0
        assert refused(c.control, 'start', 'a' * 250).error < 0
        assert refused(c.control, 'start', '').text == 'which unit?'
        assert refused(c.control, 'status', 'nobody.service').text == 'no such unit'
        assert refused(lambda: c.request('list', '', 4711)).error < 0
        assert refused(c.control, 'rescue').error < 0
        machine = c.control('status')
        assert any('1 active' in m['text'] for m in machine if 'text' in m), machine


def test_what_is_missing_is_named(build):
    with Container(build, {'a.service': '[Unit]\nRequires=nosuch.service\n' + SLEEPER + DEMAND,
                           'b.service': '[Unit]\nRequires=a.service\nAfter=a.service\n' + SLEEPER + DEMAND,
                           'bad.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n' + DEMAND,
                           'c.service': '[Unit]\nRequires=bad.service\nAfter=bad.service\n' + SLEEPER + DEMAND}) as c:
        for _ in range(2):  # the second time it is known that early-load does not know it
            done = refused(c.control, 'start', 'a')
            assert done.error == -errno.EIO, done
            assert done.text == 'a.service: dependency: it requires nosuch.service, and there is no such unit', done
        done = refused(c.control, 'start', 'b')
        assert 'it requires a.service: it requires nosuch.service, and there is no such unit' in done.text, done
        done = refused(c.control, 'start', 'c')
        assert done.text == 'c.service: dependency: it requires bad.service, which could not be started', done
        assert c.state('a')[0] == c.state('b')[0] == 'inactive'


def test_what_is_no_service_is_refused(build):
    with Container(build, {'a.service': SLEEPER}) as c:
        for name, word in (('x.mount', 'umount'), ('x.automount', 'fstab'), ('dev-x.swap', 'swapon'), ('dev-x.device', 'udev'),
                           ('x.scope', 'no such scope'), ('x.slice', 'service'), ('x.path', 'service'), ('x.snapshot', 'snapshots')):
            for verb in ('start', 'stop', 'restart', 'reload'):
                done = c.earlyctl(verb, name)
                assert done.returncode == 1 and word in done.stderr and name in done.stderr, (verb, name, done)
        assert [m['name'] for m in c.control('list') if m['active_state'] != 'inactive'] == ['a.service'], c.control('list')
        for name in ('x.foo', 'x.socket', 'x.timer', 'x.target'):
            assert c.earlyctl('start', name).returncode == 4, name


def test_exit_codes_of_no_such_service(build):
    quiet = '[Service]\nType=oneshot\nExecStart=/bin/true\n' + DEMAND
    with Container(build, {'a.service': SLEEPER, 'quiet.service': quiet}) as c:
        c.wait_state('a.service', 'active')
        c.manifest('late.service', quiet)  # nobody has read it yet

        def earlyctl(*words):
            return subprocess.run([build + '/orchestrator/ctl/earlyctl', '--control', c.run + '/control', *words],
                                  capture_output=True, text=True, timeout=120)
        for _ in range(2):
            for verb in ('start', 'stop', 'restart', 'log', 'status', 'why'):
                done = earlyctl(verb, 'nosuch')
                assert done.returncode == 4, (verb, done)
                assert 'no such unit' in done.stderr, (verb, done)
        for words in (('stop', 'late'), ('start', 'late'), ('restart', 'quiet'), ('stop', 'a'), ('stop', 'a'), ('log', 'quiet')):
            done = earlyctl(*words)
            assert done.returncode == 0, (words, done)
        assert 'has logged nothing' in earlyctl('log', 'quiet').stderr


def test_survives_garbage(build):
    """Random bytes, broken lengths, answers instead of requests, half a request, a client that never reads."""
    # Twenty restarts are asked for below; how many of them fall together is a matter of the machine's speed.
    unlimited = '[Unit]\nStartLimitIntervalSec=0\n' + SLEEPER
    with Container(build, {'a.service': unlimited}) as c:
        c.wait_state('a.service', 'active')
        pid = c.status('a')['main_pid']
        chance = random.Random(4711)
        good = pack_request(VERBS['status'], 'a')
        packets = [b'', b'\0', good[:-1], good + b'x', good[:7], struct.pack('<IHH', 0xffffffff, 1, 1),
                   struct.pack('<IHH', 8, 1, 6), struct.pack('<IHH', 8, 9, 1), struct.pack('<IHH', 0, 1, 1),
                   struct.pack('<IHHII', 16, 1, 1, 1, 0xffffffff)]
        for _ in range(200):
            data = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            data[8:12] = struct.pack('<I', VERBS['status'])
            packets.append(bytes(data))
            packets.append(chance.randbytes(chance.randrange(1, 300)))
        for packet in packets:
            with c.connect() as s:
                try:
                    s.send(packet)
                    s.settimeout(0.02)
                    s.recv(65536)
                except (socket.timeout, OSError):
                    pass
        deaf = c.connect()
        try:
            deaf.settimeout(0.5)
            for _ in range(20000):
                deaf.send(pack_request(VERBS['list'], ''))
        except OSError:
            pass
        hangups = [c.connect() for _ in range(20)]
        for s in hangups:
            s.send(pack_request(VERBS['restart'], 'a'))
            s.close()
        deaf.close()
        wait_for(lambda: c.status('a')['main_pid'] not in (0, pid))  # or the restarts of those who hung up were lost
        wait_for(lambda: c.state('a')[0] == 'active')


def test_two_requests_at_once(build):
    """A second request before the first one's DONE is no protocol: the client is cut off, early-init lives."""
    with Container(build, {'slow.service': '[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n' + DEMAND}) as c:
        with c.connect() as s:
            s.send(pack_request(VERBS['start'], 'slow'))
            s.send(pack_request(VERBS['list'], ''))
            assert s.recv(65536) == b''
        with c.connect() as s:
            for _ in range(3):
                s.send(pack_request(VERBS['status'], 'slow'))
                while unpack(s.recv(65536))[0] != DONE:
                    pass


def test_reexec_keeps_everything(build):
    with Container(build) as c:
        server = c.script('server', '''#!/usr/bin/python3
import os, socket
s = socket.socket(fileno=3)
n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
n.sendto(b'READY=1\\nSTATUS=serving', os.environ['NOTIFY_SOCKET'])
while True:
    x, _ = s.accept()
    n.sendto(b'STATUS=served', os.environ['NOTIFY_SOCKET'])
    x.sendall(str(os.getpid()).encode())
    x.close()
''')
        c.manifest('s.service', '[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=notify\nExecStart=%s\nRestart=always\n'
                   'RestartSec=10ms\n[Activate]\nListenStream=@run@/s.sock\nAdopt=no\n' % server + DEMAND)
        c.manifest('one.service', '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n'
                   'ExecStop=/bin/touch @work@/stopped\n' + DEMAND)
        c.manifest('slow.service', '[Service]\nType=oneshot\nExecStartPre=/bin/sh -c "until [ -e @work@/go ]; do sleep 0.05; done"\nExecStart=/bin/touch @work@/slow\n' + DEMAND)
        c.manifest('after.service', '[Unit]\nRequires=slow.service\nAfter=slow.service\n' + SLEEPER + DEMAND)
        c.manifest('bad.service', '[Service]\nExecStart=/bin/false\n' + DEMAND)
        c.control('daemon-reload')
        for name in ('s', 'one', 'bad'):
            try:
                c.control('start', name)
            except Refused:
                assert name == 'bad'
        c.wait_state('bad.service', 'failed')

        def ask():
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(120)
                s.connect(c.run + '/s.sock')
                return s.recv(100)

        waiting = c.connect()
        waiting.send(pack_request(VERBS['start'], 'after'))
        wait_for(lambda: c.status('slow')['sub_state'] == 'start-pre')
        before = {u['name']: u for u in c.control('list')}
        events = c.event_names()
        why = c.why('s')
        for n in range(3):
            inode = os.stat(c.run + '/control').st_ino
            c.control('daemon-reexec')
            wait_for(lambda: c.log().count('re-executed') == n + 1)
            assert os.stat(c.run + '/control').st_ino == inode
        after = {u['name']: u for u in c.control('list')}
        assert set(before) == set(after)
        for name in ('s.service', 'one.service', 'bad.service'):
            assert before[name] == after[name], (before[name], after[name])
        assert c.event_names()[:len(events)] == events
        assert c.why('s') == why
        # what was under way goes on
        c.script('go', '')
        wait_for(lambda: os.path.exists(c.work + '/slow'))
        c.wait_state('after.service', 'active')
        # sockets, notify sockets, supervision
        first = ask()
        assert first == str(before['s.service']['main_pid']).encode()
        wait_for(lambda: c.status('s')['detail'] == 'served')
        c.kill_main('s.service')
        assert ask() not in (b'', first)
        c.control('stop', 'one')
        assert os.path.exists(c.work + '/stopped')
        assert c.end() == 0


if __name__ == '__main__':
    run_tests(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""PID 1 survives: a crash in itself, re-execution under load, helpers that are killed."""

import glob
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from early import Container, DONE, Refused, VERBS, is_alive, pack_request, run_tests, unpack, wait_for

DEMAND = '[Early]\nStage=demand\n'
SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n'
NO_LIMIT = '[Unit]\nStartLimitIntervalSec=0\n'
WINDOW = 3
LEAK_KB = 0.1  # for each re-execution, and a few pages more
# What crash.c and crash_rescue.c may call, in the handler and before it.
HANDLER_CALLS = set("""
_Fork _exit close close_range dup2 execv execve fcntl getpid ioctl kill nanosleep open pipe2 prctl raise read readlink reboot recv setsid
sigaction sigaddset sigaltstack sigemptyset sigfillset signal sigprocmask syscall waitid waitpid write
memcmp memcpy memset sigabbrev_np strcspn strlen strncmp strspn strtoull
__errno_location __executable_start __libc_stack_end __stack_chk_fail etext
clock_monotonic_us crash_each_open crash_rescue
""".split())
TIMELINE_MAX = 2048  # TIMELINE_MAX_EVENTS of timeline.h


def crash(c, signo=signal.SIGSEGV):
    """From outside of the PID name space, as the kernel would; returns when early-init has gone on."""
    before = c.said('went on after a crash')
    os.kill(c.init_pid(), signo)
    wait_for(lambda: c.said('went on after a crash') == before + 1)


def descriptors(c):
    """What early-init has open: kinds and how many, without what belongs to one moment."""
    kinds = {}
    pid = c.init_pid()
    for fd in os.listdir('/proc/%d/fd' % pid):
        try:
            kind = os.readlink('/proc/%d/fd/%s' % (pid, fd)).split('[')[0]
        except OSError:
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def images(pid):
    """The paths by which what it saved can be changed."""
    found = []
    for fd in os.listdir('/proc/%d/fd' % pid):
        path = '/proc/%d/fd/%s' % (pid, fd)
        try:
            if 'early-image' in os.readlink(path):
                found.append(path)
        except FileNotFoundError:
            pass  # a client's, whom it has hung up on since
    assert found
    return found


def private_kb(c):
    """
    What it wrote to: a page of the program that is only read is private or shared by who else runs at the moment. The most of some
    moments: while there is a child that has not executed anything yet, all is shared with it.
    """
    found = []
    for _ in range(10):
        with open('/proc/%d/smaps_rollup' % c.init_pid()) as f:
            found.append(sum(int(line.split()[1]) for line in f if line.startswith('Private_Dirty:')))
        time.sleep(0.05)
    return max(found)


def manifests(n):
    return {'s%d.service' % i: SLEEPER for i in range(n)}


# Says numbered lines and waits in between without a process for that; where nobody ever writes, `read` waits for its time.
TALK = '''#!/bin/bash
mkfifo @work@/never
exec 9<>@work@/never
n=0
line() { echo line $((n += 1)); read -r -t "$1" -u 9; }
'''


def main_pids(c):
    return {u['name']: u['main_pid'] for u in c.control('list')}


def test_crash_of_each_kind(build):
    """It says so, goes on, and no service notices; a client that waits for a job still gets its answer."""
    for signo in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT):
        units = manifests(5)
        units['slow.service'] = '[Service]\nType=oneshot\nExecStart=/bin/sh -c "until [ -e @work@/go ]; do sleep 0.05; done"\n' + DEMAND
        with Container(build, units) as c:
            before = main_pids(c)
            events = c.event_names()
            init = c.init_pid()
            with c.connect() as idle, c.connect() as waiting:
                waiting.send(pack_request(VERBS['start'], 'slow'))
                wait_for(lambda: c.status('slow')['main_pid'] > 0)
                before['slow.service'] = c.status('slow')['main_pid']
                crash(c, signo)
                assert idle.recv(100) == b'', 'an idle client must hear of it'
                assert c.init_pid() == init
                assert main_pids(c) == before, (main_pids(c), before)
                open(c.work + '/go', 'w').close()
                opcode, done = unpack(waiting.recv(65536))
                assert opcode == DONE and done['error'] == 0, done
            assert 'PID 1 crashed: SIG' + signo.name[3:] in c.log(), c.log()
            assert c.event_names()[:len(events)] == events
            c.kill_main('s1.service')
            wait_for(lambda: c.state('s1.service')[0] in ('failed', 'inactive'))
            c.control('start', 's1')
            assert c.end() == 0


def test_handler_calls_nothing_that_may_wait(build):
    """The crash may be within the heap or stdio, with their locks held: of all that the handler's two files call nothing takes one."""
    seen = set()
    for name in ('crash', 'crash_rescue'):
        objects = glob.glob('%s/orchestrator/init/*/%s.c.o' % (build, name))
        assert len(objects) == 1, objects
        seen |= {line.split()[-1].removesuffix('64') for line in
                 subprocess.check_output(['nm', '--undefined-only', objects[0]], text=True).splitlines()}
    unknown = {name for name in seen - HANDLER_CALLS if not re.match('__(asan|ubsan|sanitizer|gcov)_', name)}
    assert not unknown, unknown
    assert '__asan_handle_no_return' not in seen
    assert '_exit' in seen


def test_second_crash_ends_the_container(build):
    with Container(build, manifests(1)) as c:
        crash(c)
        os.kill(c.init_pid(), signal.SIGSEGV)
        # unshare exits with the status of its child
        assert c.process.wait(120) == 128 + signal.SIGSEGV
        assert 'second crash in a short time' in c.log()


def test_invalid_state_ends_the_container(build):
    with Container(build, manifests(1)) as c:
        pid = c.init_pid()
        for path in images(pid):
            with open(path, 'r+b') as f:
                f.seek(40)
                f.write(b'\xff\xff\xff\xff')
        os.kill(pid, signal.SIGSEGV)
        assert c.process.wait(120) == 70, c.log()


def own_program(build, units):
    """A container whose early-init can be replaced."""
    c = Container(build, units)
    c.program = c.dir + '/early-init'
    shutil.copy(build + '/orchestrator/init/early-init', c.program)
    os.makedirs(c.dir + '/build/orchestrator/init')
    os.symlink(c.program, c.dir + '/build/orchestrator/init/early-init')
    c.build = c.dir + '/build'
    return c


def replace_program(c, script):
    os.rename(c.program, c.program + '.old')
    with open(c.program, 'w') as f:
        f.write('#!/bin/sh\n' + script)
    os.chmod(c.program, 0o755)


def test_upgrade_that_cannot_take_over(build):
    """The program on the disk is another, or none: it is told, and all goes on, also over a crash."""
    for script, words in (('exit 1', 'of a version that cannot take over'), ('exit 127', 'cannot be executed'),
                          ('kill -SEGV $$', 'cannot be executed'), ('sleep 1000', 'does not say')):
        with own_program(build, manifests(3)) as c:
            before = main_pids(c)
            replace_program(c, script + '\n')
            try:
                c.control('daemon-reexec')
                raise AssertionError('was not refused')
            except Refused as e:
                assert words in e.text, e
            assert main_pids(c) == before
            crash(c)
            assert main_pids(c) == before
            assert 'early-init' in open('/proc/%d/comm' % c.init_pid()).read()
            wait_for(lambda: c.zombies() == 0)
            assert c.end() == 0


def test_upgrade_that_takes_over(build):
    """It is the new program that runs then."""
    with own_program(build, manifests(3)) as c:
        before = main_pids(c)
        replace_program(c, 'echo "new: $*" >> %s/new\nexec -a early-init %s.old "$@"\n' % (c.work, c.program))
        with open(c.program) as f:
            text = f.read()
        with open(c.program, 'w') as f:
            f.write(text.replace('/bin/sh', '/bin/bash'))
        c.control('daemon-reexec')
        wait_for(lambda: 're-executed' in c.log())
        assert main_pids(c) == before
        assert [('--state=' in line, '--reads-state=' in line) for line in c.read('new').splitlines()] == [
            (False, True), (True, False)], c.read('new')
        assert c.end() == 0


def test_a_save_that_failed_is_tried_again(build):
    """Also if nothing happens any more; until then a re-execution is refused."""
    with Container(build, manifests(3)) as c:
        pid = c.init_pid()
        before = main_pids(c)
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        c.control('stop', 's1')
        time.sleep(0.5)
        c.control('daemon-reexec')  # it does not come to that
        time.sleep(1)
        assert main_pids(c) == {**before, 's1.service': 0}
        time.sleep(0.5)  # the end of a connection leads to a save as well
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        wait_for(lambda: 'is kept again' in c.log())
        crash(c)
        assert main_pids(c) == {**before, 's1.service': 0}
        assert c.end() == 0


WORD = struct.Struct('<Q')


def image_sum(seq, data):
    """As image.c counts it."""
    total, mask = 0xcbf29ce484222325 ^ seq, (1 << 64) - 1
    data += b'\0' * (-len(data) % 8)
    for word, in WORD.iter_unpack(data):
        total = (total ^ word) * 0x100000001b3 & mask
        total ^= total >> 32
    return total


def make_state_of_another_version(pid):
    patched = 0
    for path in images(pid):
        with open(path, 'r+b') as f:
            while len(head := f.read(32)) == 32:
                magic, seq, size, _ = struct.unpack('<4Q', head)
                data = bytearray(f.read(size))
                data[8:12] = struct.pack('<I', 999)  # state_manager::version, and what comes is of a future
                data[20:24] = b'????'
                f.seek(-size - 32, os.SEEK_CUR)
                f.write(struct.pack('<4Q', magic, seq, size, image_sum(seq, bytes(data))) + data)
                patched += 1
    assert patched > 0


def test_state_of_another_version(build):
    """It says so; nothing is adopted, nothing runs twice, and all that a start would start runs."""
    with Container(build, manifests(5)) as c:
        before = main_pids(c)
        make_state_of_another_version(c.init_pid())
        os.kill(c.init_pid(), signal.SIGSEGV)
        wait_for(lambda: 'a plain start follows' in c.log())
        wait_for(c.is_complete)
        after = main_pids(c)
        assert set(after) == set(before) and not set(after.values()) & set(before.values()), after

        def sleepers():
            return [line for _, line in c.processes().values() if line.strip().endswith('sleep 1000')]
        wait_for(lambda: len(sleepers()) >= 5)  # what is just forked is not one yet
        time.sleep(0.5)
        assert len(sleepers()) == 5, sleepers()
        wait_for(lambda: c.zombies() == 0)
        assert c.end() == 0


def read_all(device):
    try:
        return os.read(device, 1000)
    except BlockingIOError:
        return b''


def test_loop_turns_before_a_plain_start(build):
    """While a service of the program before holds out: who asks is answered, the watchdog is fed, a start waits for its turn."""
    stubborn = '[Service]\nExecStart=/bin/sh -c "trap true TERM; while :; do sleep 1000; done"\n'
    c = Container(build, {'stubborn.service': stubborn, 'later.service': SLEEPER + DEMAND})
    fifo, config = c.work + '/watchdog', c.work + '/early.conf'
    os.mkfifo(fifo)
    with open(config, 'w') as f:
        f.write('[Manager]\nRuntimeWatchdogSec=600ms\nWatchdogDevice=%s\n' % fifo)
    device = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    c.options += ['--config', config]
    with c:
        holds_out = c.host_pid(c.status('stubborn')['main_pid'])
        make_state_of_another_version(c.init_pid())
        os.kill(c.init_pid(), signal.SIGSEGV)
        wait_for(lambda: 'a plain start follows' in c.log())
        read_all(device)
        answers = feeds = 0
        waiting = None
        while is_alive(holds_out):
            try:
                waiting = waiting or c.connect()
                units = c.control('list')
            except (ConnectionError, FileNotFoundError):
                continue
            if answers == 0:
                waiting.send(pack_request(VERBS['start'], 'later'))
            fed = len(read_all(device))
            if is_alive(holds_out):
                assert units == [], units
                answers, feeds = answers + 1, feeds + fed
            time.sleep(0.02)
        assert answers > 0 and feeds > 0, (answers, feeds)
        wait_for(c.is_complete)
        opcode, done = unpack(waiting.recv(65536))
        assert opcode == DONE and done['error'] == 0, done
        waiting.close()
        assert c.state('later') == c.state('stubborn') == ('active', 'running')
        os.kill(c.host_pid(c.status('stubborn')['main_pid']), signal.SIGKILL)
        assert c.end() == 0
    os.close(device)


def test_crashes_under_load(build):
    """Services that start, stop and crash all the time; what runs steadily keeps its pid, every line of its output is there."""
    units = manifests(10)
    for i in range(5):
        units['crash%d.service' % i] = (NO_LIMIT + '[Service]\nExecStart=/bin/sh -c "sleep 0.1; exit 1"\n'
                                        'Restart=always\nRestartSec=10ms\n')
        units['job%d.service' % i] = NO_LIMIT + '[Service]\nType=oneshot\nExecStart=/bin/sleep 0.05\n' + DEMAND
    with Container(build, units, ['--crash-window', '%ds' % WINDOW]) as c:
        c.manifest('talk.service', '[Service]\nExecStart=%s\n' % c.script('talk', TALK + 'while :; do line 0.01; done\n') + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'talk')
        steady = {n: p for n, p in main_pids(c).items() if n.startswith(('s', 'talk'))}
        for _ in range(3):
            end = time.monotonic() + WINDOW + 0.2
            n = 0
            while time.monotonic() < end or n < 20:
                name = 'job%d' % (n % 5)
                try:
                    c.control('start', name)
                except (Refused, EOFError, ConnectionError):
                    pass
                n += 1
            crash(c)
            now = main_pids(c)
            assert {n: p for n, p in now.items() if n in steady} == steady
        for i in range(5):
            restarts = c.status('crash%d' % i)['restarts']
            wait_for(lambda: c.status('crash%d' % i)['restarts'] > restarts)
            c.control('start', 'job%d' % i)

        def lines():
            with open(c.run + '/log/talk.service.log') as f:
                return [int(line.split()[-1]) for line in f if 'line' in line and line.endswith('\n')]
        wait_for(lambda: len(lines()) > 500, 180)
        c.control('stop', 'talk')
        time.sleep(0.5)
        seen = lines()
        assert seen == list(range(seen[0], seen[0] + len(seen))), seen[:5]
        wait_for(lambda: c.zombies() == 0)  # who ended a moment ago may be one


def test_crashes_at_any_moment(build):
    """
    In the midst of starts, stops and restarts: nothing runs twice, nothing is lost, everything can be asked for afterwards.
    EARLY_TEST_CRASHES: how often (200).
    """
    times = int(os.environ.get('EARLY_TEST_CRASHES', '200'))
    units = manifests(10)
    for i in range(5):
        units['job%d.service' % i] = NO_LIMIT + '[Service]\nExecStart=/bin/sleep 20%d\nRestart=always\nRestartSec=10ms\n' % i + DEMAND
    with Container(build, units, ['--crash-window', '0']) as c:
        c.patience = 60
        steady = {n: p for n, p in main_pids(c).items() if n.startswith('s')}
        for n in range(0, 7 * times, 7):  # so that fewer come as evenly to each moment, verb and job
            clients = [c.connect() for _ in range(3)]
            for i, s in enumerate(clients):
                s.send(pack_request(VERBS[('start', 'restart', 'stop')[(n + i) % 3]], 'job%d' % ((n + i) % 5)))
            time.sleep(0.0004 * (n % 23))
            crash(c)
            for s in clients:
                try:
                    s.recv(65536)  # an answer or a hang-up: it does not wait for ever
                except ConnectionResetError:
                    pass
                s.close()
            wait_for(lambda: {n: p for n, p in main_pids(c).items() if n in steady} == steady)
            lines = [line.strip() for _, line in c.processes().values()]
            for i in range(5):
                running = [line for line in lines if line.endswith('sleep 20%d' % i)]
                assert len(running) <= 1, (n, running)
        for i in range(5):
            c.control('start', 'job%d' % i)
            assert c.state('job%d' % i) == ('active', 'running')
        wait_for(lambda: c.zombies() == 0)  # who ended a moment ago may be one
        assert c.end() == 0


def fill_timeline(c):
    """It is kept over an exec: memory that grows with it is no leak. A target needs no process."""
    while len(c.timeline()) < TIMELINE_MAX:
        for _ in range(50):
            c.control('restart', 'nothing.target')


def test_reexec_many_times(build):
    """
    No process dies, no job is lost, nothing leaks. EARLY_TEST_REEXECS: how often (200), and half as often beforehand. (bench/soak.py
    does it a thousand times.)
    """
    times = int(os.environ.get('EARLY_TEST_REEXECS', '200'))
    is_sanitized = bool(os.environ.get('EARLY_TEST_SANITIZED'))
    units = manifests(10)
    for i in range(5):
        units['job%d.service' % i] = NO_LIMIT + SLEEPER + DEMAND
    units['deadline.service'] = '[Service]\nType=oneshot\nTimeoutStartSec=1d\nExecStart=/bin/sleep infinity\n' + DEMAND
    units['nothing.target'] = NO_LIMIT
    units['again.service'] = NO_LIMIT + '[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=200ms\n'
    with Container(build, units) as c:
        waiting = c.connect()
        waiting.send(pack_request(VERBS['start'], 'deadline'))
        wait_for(lambda: c.status('deadline')['main_pid'] > 0)
        idle = c.connect()
        steady = {n: p for n, p in main_pids(c).items() if n.startswith(('s', 'deadline'))}

        def reexec():
            before = c.said('re-executed')
            c.control('daemon-reexec')
            for i in range(5):
                try:
                    c.control(('start', 'stop', 'restart')[(before + i) % 3], 'job%d' % i)
                except Refused as e:
                    assert 'anew' in e.text, e
            wait_for(lambda: c.said('re-executed') > before, pause=0.005)
        for _ in range(times // 2):
            reexec()
        if not is_sanitized:
            fill_timeline(c)
        for i in range(5):
            c.control('start', 'job%d' % i)
        time.sleep(1)
        # While a helper ends, or a service starts, there are more.
        fds = min((descriptors(c) for _ in range(20) if not time.sleep(0.05)), key=lambda kinds: sum(kinds.values()))
        memory = private_kb(c)
        for _ in range(times):
            reexec()
        for i in range(5):
            c.control('start', 'job%d' % i)
        time.sleep(1)
        assert {n: p for n, p in main_pids(c).items() if n in steady} == steady
        # A helper that was replaced a moment ago may still be ending.
        wait_for(lambda: descriptors(c) == fds)
        print('%d re-executions: %d kB of private memory, %d before' % (times, private_kb(c), memory))
        # A sanitizer's memory is not ours.
        wait_for(lambda: is_sanitized or private_kb(c) <= memory + 16 + LEAK_KB * times)
        idle.send(pack_request(VERBS['status'], 'deadline'))
        assert unpack(idle.recv(65536))[1]['main_pid'] == steady['deadline.service']
        c.kill_main('deadline.service', signal.SIGTERM)
        opcode, done = unpack(waiting.recv(65536))
        assert opcode == DONE and done['error'] < 0
        restarts = c.status('again')['restarts']
        wait_for(lambda: c.status('again')['restarts'] > restarts)
        wait_for(lambda: c.zombies() == 0)  # who ended a moment ago may be one
        assert c.end() == 0


def test_reexec_before_the_manifests_are_read(build):
    """A load that was under way is done again: everything starts."""
    with Container(build, manifests(20)) as c:
        for _ in range(10):
            with c.connect() as s:
                s.send(pack_request(VERBS['daemon-reload'], ''))
                before = c.log().count('re-executed')
                c.control('daemon-reexec')
                wait_for(lambda: c.log().count('re-executed') > before)
                opcode, done = unpack(s.recv(65536))
                assert opcode == DONE and (done['error'] == 0 or 'anew' in done['text']), done


def helper_pids(c, name):
    return [host for host, line in c.processes().values() if name in line]


def test_helpers_killed_at_any_moment(build):
    """
    early-log, early-load in flight and early-exec are killed in a loop: jobs end well or with a word, no line is lost.
    EARLY_TEST_KILLS: how often (150).
    """
    units = {'s%d.service' % i: NO_LIMIT + SLEEPER + DEMAND for i in range(5)}
    with Container(build, units) as c:
        c.manifest('talk.service', '[Service]\nExecStart=%s\n' % c.script(
            'talk', TALK + 'while [ $n -lt 1000 ]; do line 0.01; done\nexec sleep 1000\n') + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'talk')
        for n in range(1, int(os.environ.get('EARLY_TEST_KILLS', '150')) + 1):
            with c.connect() as s, c.connect() as t:
                s.send(pack_request(VERBS['daemon-reload'], ''))
                t.send(pack_request(VERBS['restart'], 's%d' % (n % 5)))
                time.sleep(0.0007 * (n % 20))
                for name in ('early-load', 'early-exec') + (('early-log',) if n % 25 == 0 else ()):
                    for host in helper_pids(c, name):
                        try:
                            os.kill(host, signal.SIGKILL)
                        except OSError:
                            pass
                assert unpack(s.recv(65536))[0] == DONE
                assert unpack(t.recv(65536))[0] == DONE
        c.control('daemon-reload')
        for i in range(5):
            c.control('start', 's%d' % i)

        def lines():
            with open(c.run + '/log/talk.service.log') as f:
                return [int(line.split()[-1]) for line in f if 'line' in line and line.endswith('\n')]
        wait_for(lambda: lines() and lines()[-1] == 1000, 180)
        seen = lines()
        lost = sorted(set(range(1, 1001)) - set(seen))
        assert not lost, (len(lost), lost[:10], n)
        assert seen == sorted(set(seen)), ('twice or out of order', n)
        wait_for(lambda: c.zombies() == 0)  # who ended a moment ago is one until early-init hears of it


def test_watchdog_is_fed(build):
    """Every third of its time, over a crash and a re-exec; not while the loop stands still; disarmed at the end."""
    with tempfile.TemporaryDirectory() as directory:
        fifo, config = directory + '/watchdog', directory + '/early.conf'
        os.mkfifo(fifo)
        with open(config, 'w') as f:
            f.write('[Manager]\nRuntimeWatchdogSec=600ms\nWatchdogDevice=%s\nRuntimeWatchdogSec=never\n' % fifo)
        device = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)

        def fed(seconds):
            read_all(device)
            time.sleep(seconds)
            return read_all(device)

        def is_fed():
            """Five times in some second (a busy machine has others), and in none more often."""
            for _ in range(30):
                started = time.monotonic()
                n = len(fed(1))
                expected = (time.monotonic() - started) / 0.2
                assert n <= expected + 1, (n, expected)
                if n >= expected - 1.5:
                    return True
            return False
        c = Container(build, manifests(1), ['--config', config])
        with c:
            assert '%s:4: RuntimeWatchdogSec=never is not a time' % config in c.log()
            assert is_fed()
            crash(c)
            assert is_fed()
            c.control('daemon-reexec')
            wait_for(lambda: 're-executed' in c.log())
            assert is_fed()
            os.kill(c.init_pid(), signal.SIGSTOP)
            wait_for(lambda: c.is_stopped())
            assert fed(1) == b'', 'fed by something else than the loop'
            os.kill(c.init_pid(), signal.SIGCONT)
            assert is_fed()
            assert c.end() == 0
            assert os.read(device, 1000).endswith(b'V')
        os.close(device)


if __name__ == '__main__':
    run_tests(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Timers: what elapses when, what is said of it, and what of it survives."""

import errno
import json
import os
import struct
import subprocess
import time

from early import Container, Refused, run_tests, wait_for
from early_log import start_with
from early_wire import message, opcode_of, text

SERVICE = '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo x >>@work@/%s"\n[Early]\nStage=demand\n'


def timer(c, name, words, service=None):
    """NAME.timer and the oneshot NAME.service, which adds a line to the file NAME."""
    c.manifest(name + '.service', service or SERVICE % name)
    c.manifest(name + '.timer', '[Timer]\n' + words)


def runs(c, name):
    return c.read(name).count('x')


def is_run(c, name, times=1):
    def ran():
        return runs(c, name) >= times
    ran.__doc__ = '%s ran %d times' % (name, times)
    wait_for(ran)


def next_us(c, name):
    return c.status(name)['next_us']


def known(c, name):
    def is_known():
        return next_us(c, name)
    is_known.__doc__ = 'the next elapse of %s is known' % name
    return wait_for(is_known)


def test_spans(build):
    """Each base: the timer's start, the boot, PID 1's start, the service's start and its end."""
    c = Container(build)
    for name, words in (('active', 'OnActiveSec=100ms'), ('boot', 'OnBootSec=100ms'), ('startup', 'OnStartupSec=150ms'),
                        ('again', 'OnActiveSec=50ms\nOnUnitActiveSec=100ms'),
                        ('after', 'OnActiveSec=50ms\nOnUnitInactiveSec=100ms')):
        timer(c, name, words + '\nAccuracySec=1ms\n')
    with c:
        for name in ('active', 'boot', 'startup'):
            is_run(c, name)
        for name in ('again', 'after'):
            is_run(c, name, 4)
        for name in ('active', 'boot', 'startup'):
            wait_for(lambda: c.state(name + '.timer') == ('active', 'elapsed'))
        time.sleep(0.3)
        for name in ('active', 'boot', 'startup'):
            assert runs(c, name) == 1, name
        assert 'early-timer' not in ' '.join(p[1] for p in c.processes().values()), 'nobody asked for a calendar'


def test_started_by_others(build):
    """The bases of OnUnitActiveSec= and OnUnitInactiveSec= are the service's, whoever started it."""
    slow = '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo x >>@work@/%s; sleep 0.5"\n[Early]\nStage=demand\n'
    c = Container(build)
    timer(c, 'a', 'OnUnitActiveSec=200ms\nAccuracySec=1ms\n')
    timer(c, 'b', 'OnUnitInactiveSec=200ms\nAccuracySec=1ms\n', slow % 'b')
    with c:
        time.sleep(0.4)
        assert (runs(c, 'a'), runs(c, 'b')) == (0, 0), 'nobody started them'
        start = time.monotonic()
        c.control('start', 'a.service')
        is_run(c, 'a', 2)
        assert time.monotonic() - start > 0.19
        start = time.monotonic()
        c.control('start', 'b.service')  # ends with it
        is_run(c, 'b', 2)
        assert time.monotonic() - start > 0.69


def test_why_and_list(build):
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=10ms\nAccuracySec=1ms\nOnCalendar=Mon *-*-* 04:00\n')
    with c:
        is_run(c, 'a')
        reason = c.reasons('a.service')[0]
        assert reason['unit'] == 'a.timer' and reason['directive'] == 'OnActiveSec=' and reason['object'] == '0.010s', reason
        assert reason['manifest'].endswith('/a.timer') and ' UTC' in reason['text'], reason
        text = c.earlyctl('why', 'a').stdout
        assert 'timed by a.timer: OnActiveSec=' in text and 'because a.timer: the container starts' in text, text
        known(c, 'a.timer')
        found = [s for s in json.loads(c.earlyctl('list', '--json').stdout) if s['name'] == 'a.timer'][0]
        assert found['triggers'] == 'a.service' and found['type'] == 'timer', found
        assert abs(found['last_us'] / 1e6 - time.time()) < 300, found
        when = time.gmtime(found['next_us'] / 1e6)
        local = time.localtime(found['next_us'] / 1e6)
        assert found['next_us'] / 1e6 > time.time() and local.tm_wday == 0 and local.tm_hour == 4, (when, local)
        text = c.earlyctl('list').stdout
        assert 'NEXT' in text and time.strftime('%Y-%m-%d 04:00:00', local) in text, text
        found = c.earlyctl('status', 'a.timer')
        text = found.stdout + found.stderr + str(found.returncode)
        assert 'starts: a.service' in text and 'next: Mon' in text, text


def test_what_it_starts_is_told(build):
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=1ms\nAccuracySec=1ms\n', '[Service]\nType=oneshot\nExecStart=/bin/sh -c "env >@work@/env; echo x >>@work@/a"\n[Early]\nStage=demand\n')
    with c:
        is_run(c, 'a')
        env = dict(line.split('=', 1) for line in c.read('env').splitlines())
        assert env['TRIGGER_UNIT'] == 'a.timer', env
        assert int(env['TRIGGER_TIMER_REALTIME_USEC']) == c.status('a.timer')['last_us'], env
        assert 0 < int(env['TRIGGER_TIMER_MONOTONIC_USEC']) <= time.monotonic() * 1e6, env
        c.control('start', 'a')
        assert 'TRIGGER_UNIT' not in c.read('env'), 'a person started it'


def test_manifest(build):
    """[Activate] of a manifest makes a timer that has its name."""
    with Container(build, {'a.service': SERVICE % 'a' + '[Activate]\nOnActiveSec=50ms\nAccuracySec=1ms\n'}) as c:
        is_run(c, 'a')
        assert c.status('a.timer')['triggers'] == 'a.service'
        c.control('restart', 'a.timer')
        is_run(c, 'a', 2)


def test_stop_while_waiting(build):
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=5s\nAccuracySec=1ms\n')
    with c:
        c.control('restart', 'a.timer')
        assert c.state('a.timer') == ('active', 'waiting')
        c.control('stop', 'a.timer')
        assert c.state('a.timer') == ('inactive', 'dead') and next_us(c, 'a.timer') == 0
        time.sleep(5.5)
        assert runs(c, 'a') == 0, 'it elapsed all the same'
        c.control('start', 'a.timer')
        is_run(c, 'a')


def test_running(build):
    """While its service runs it does not elapse; a service that stands already is left alone."""
    slow = '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo x >>@work@/a; until [ -e @work@/go ]; do sleep 0.05; done"\n[Early]\nStage=demand\n'
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=10ms\nOnUnitActiveSec=50ms\nAccuracySec=1ms\n', slow)
    with c:
        is_run(c, 'a')
        assert c.state('a.timer') == ('active', 'running')
        time.sleep(0.3)
        assert runs(c, 'a') == 1
        c.script('go', '')
        is_run(c, 'a', 2)


def test_remain_after_elapse(build):
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=10ms\nRemainAfterElapse=no\nAccuracySec=1ms\n')
    with c:
        is_run(c, 'a')
        c.wait_state('a.timer', 'inactive')
        c.control('start', 'a.timer')
        is_run(c, 'a', 2)


def test_unit_that_is_not_there(build):
    c = Container(build)
    c.manifest('a.timer', '[Timer]\nOnActiveSec=10ms\nUnit=nowhere.service\nAccuracySec=1ms\nOnUnitActiveSec=20ms\n')
    with c:
        wait_for(lambda: 'a.timer: cannot start nowhere.service' in c.log() or c.status('a.timer')['last_us'] > 0)
        time.sleep(0.5)
        assert c.log().count('nowhere.service') < 20, 'it tries again and again'


def test_calendar(build):
    """Several calendars: the first one counts. A service that lasts a second is started by each second's moment."""
    c = Container(build)
    timer(c, 'a', 'OnCalendar=2099-01-01\nOnCalendar=*:*:*\nAccuracySec=1ms\n')
    timer(c, 'z', 'OnCalendar=2099-01-01 12:00 Asia/Tokyo\n')
    with c:
        is_run(c, 'a', 2)
        assert 'OnCalendar=*-*-* *:*:*' in c.why('a.service')[0], c.why('a.service')
        assert known(c, 'z.timer') == 4070919600 * 1000000  # 03:00 UTC


def test_persistent(build):
    """What was missed is made up for, once; a stamp says what was."""
    c = Container(build)
    timer(c, 'new', 'OnCalendar=*-*-* 03:00\nPersistent=yes\n')
    timer(c, 'old', 'OnCalendar=*-*-* 03:00\nPersistent=yes\n')
    timer(c, 'forgetful', 'OnCalendar=*-*-* 03:00\n')
    os.mkdir(c.stamps)
    stamp = c.stamps + '/stamp-old.timer'
    with open(stamp, 'w'):
        os.utime(stamp, (time.time() - 3 * 86400,) * 2)
    with c:
        is_run(c, 'old')
        wait_for(lambda: abs(os.stat(stamp).st_mtime - time.time()) < 600)
        assert abs(os.stat(stamp).st_mtime - c.status('old.timer')['last_us'] / 1e6) < 0.001
        for name in ('new', 'old', 'forgetful'):
            known(c, name + '.timer')
        assert os.path.exists(c.stamps + '/stamp-new.timer') and not os.path.exists(c.stamps + '/stamp-forgetful.timer')
        time.sleep(0.3)
        assert (runs(c, 'new'), runs(c, 'old'), runs(c, 'forgetful')) == (0, 1, 0)
        assert c.status('new.timer')['last_us'] == 0, 'it never elapsed'


def test_stamp_that_cannot_be_written(build):
    """early-timer says so."""
    ours, child = start_with([build + '/orchestrator/timer/early-timer', '--stamps', '/dev/null/stamps'])
    with ours:
        ours.settimeout(120)
        for at_us, written in ((0, 0), (5, 1)):
            ours.send(message(3, text('a.timer'), struct.pack('<QII', at_us, 0, 0)))
            data = ours.recv(4096)
            while opcode_of(data) != 4:
                data = ours.recv(4096)
            assert struct.unpack('<QII', data[-16:]) == (at_us, written, errno.ENOTDIR), data
    child.wait(120)


def test_reload(build):
    """New words count from then on."""
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=1h\nOnCalendar=2099-01-01\n')
    with c:
        known(c, 'a.timer')
        timer(c, 'a', 'OnActiveSec=10ms\nAccuracySec=1ms\n')
        c.control('daemon-reload')
        is_run(c, 'a')


def test_reexec(build):
    """The next elapse is the same one, random delay and all."""
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=1h\nRandomizedDelaySec=10h\n')
    timer(c, 'b', 'OnCalendar=daily\nRandomizedDelaySec=10h\n')
    timer(c, 'c', 'OnActiveSec=4s\nAccuracySec=1ms\n')
    timer(c, 'd', 'OnActiveSec=10ms\nAccuracySec=1ms\n')
    with c:
        is_run(c, 'd')
        wait_for(lambda: c.state('d.timer') == ('active', 'elapsed'))
        before = known(c, 'a.timer'), known(c, 'b.timer')
        last = c.status('d.timer')['last_us']
        c.control('daemon-reexec')
        wait_for(lambda: c.said('re-executed'))
        after = known(c, 'a.timer'), known(c, 'b.timer')
        assert abs(before[0] - after[0]) < 2000 and before[1] == after[1], (before, after)
        assert c.status('d.timer')['last_us'] == last and c.state('d.timer') == ('active', 'elapsed')
        is_run(c, 'c')
        time.sleep(0.3)
        assert (runs(c, 'c'), runs(c, 'd')) == (1, 1)


def test_helper_dies(build):
    """early-timer is back, and knows what was asked."""
    c = Container(build)
    timer(c, 'a', 'OnCalendar=2099-01-01\n')
    with c:
        moment = known(c, 'a.timer')
        pid = [host for host, words in c.processes().values() if 'early-timer' in words][0]
        os.kill(pid, 9)
        c.control('stop', 'a.timer')
        c.control('start', 'a.timer')
        assert known(c, 'a.timer') == moment


def test_time_zone(build):
    """A new /etc/localtime: OnTimezoneChange= elapses, and calendars of local time are asked for again."""
    c = Container(build)
    timer(c, 'a', 'OnTimezoneChange=yes\n')
    timer(c, 'b', 'OnCalendar=2099-01-01 12:00\n')
    c.manifest('etc.service', '[Service]\nType=oneshot\nExecStart=/bin/sh -c "touch @work@/x"\n[Early]\nStage=demand\n')
    c.options += ['--helpers', c.helpers]
    with open(c.helpers + '/early-timer') as f:
        wrapper = f.read()
    etc = c.dir + '/etc'
    os.mkdir(etc)
    os.symlink('/usr/share/zoneinfo/Asia/Tokyo', etc + '/localtime')
    with open(c.helpers + '/early-timer', 'w') as f:
        f.write(wrapper.replace('exec ', 'mount --bind %s /etc || exit 1\nexec ' % etc))
    with c:
        assert known(c, 'b.timer') == 4070919600 * 1000000
        assert runs(c, 'a') == 0
        os.symlink('/usr/share/zoneinfo/UTC', etc + '/new')
        os.rename(etc + '/new', etc + '/localtime')
        is_run(c, 'a')
        wait_for(lambda: next_us(c, 'b.timer') == 4070952000 * 1000000)


def test_bad_values(build):
    c = Container(build)
    timer(c, 'a', 'OnCalendar=sometimes\n')
    timer(c, 'b', 'OnActiveSec=1h\nOnBootSec=soon\nOnCalendar=daily Middle/Earth\n')
    timer(c, 'c', 'OnActiveSec=1h\nOnUnitActiveSec=0\n')
    with c:
        status = c.status('a.timer')
        assert status['load_state'] == 'error' and '/a.timer' in status['detail'] and 'OnCalendar=' in status['detail'], status
        try:
            c.control('start', 'a.timer')
            raise AssertionError('it was started')
        except Refused:
            pass
        assert 'a.timer:2: OnCalendar' in c.log() and 'b.timer:3: OnBootSec' in c.log(), c.log()
        assert 'c.timer:3: OnUnitActiveSec' in c.log(), 'it would start its unit for ever: %s' % c.log()
        assert 'there is no time zone Middle/Earth' in c.log(), c.log()
        assert c.state('b.timer') == ('active', 'waiting')
        verdict = c.earlyctl('verify', c.services + '/a.timer')
        assert 'a.timer' in verdict.stdout + verdict.stderr, verdict
        assert c.earlyctl('start', 'nowhere.timer').returncode == 4


def clocks_of(pid):
    """Of its timers, by the kernel's numbers."""
    clocks = []
    for fd in os.listdir('/proc/%d/fdinfo' % pid):
        try:
            with open('/proc/%d/fdinfo/%s' % (pid, fd)) as f:
                clocks += [int(line.split()[1]) for line in f if line.startswith('clockid:')]
        except FileNotFoundError:
            pass  # one of a moment
    return clocks


def test_wake_system(build):
    """By the clocks that wake the machine; where that is refused, by those that do not, and it is said once."""
    for refused in (False, True):
        c = Container(build)
        timer(c, 'a', 'OnActiveSec=200ms\nWakeSystem=yes\nAccuracySec=1ms\n')
        timer(c, 'b', 'OnCalendar=*:*:*\nWakeSystem=yes\nAccuracySec=1ms\n')
        if refused:
            c.prefix = ['setpriv', '--bounding-set', '-wake_alarm']
        with c:
            is_run(c, 'a')
            is_run(c, 'b')
            # While the next second is asked for there is none. 8: CLOCK_REALTIME_ALARM
            wait_for(lambda: refused or 8 in clocks_of(c.init_pid()))
            assert (8 in clocks_of(c.init_pid())) <= (not refused)
            assert c.log().count('WakeSystem=yes: the kernel refuses') == refused, c.log()


def test_conditions(build):
    """A timer has conditions of its own: one that are not met does not wait for anything."""
    c = Container(build)
    timer(c, 'a', 'OnActiveSec=10ms\nAccuracySec=1ms\n[Unit]\nConditionPathExists=/nowhere\n')
    timer(c, 'b', 'OnActiveSec=10ms\nAccuracySec=1ms\n[Unit]\nConditionPathExists=/proc\n')
    with c:
        is_run(c, 'b')
        wait_for(lambda: c.state('b.timer') == ('active', 'elapsed'))
        wait_for(lambda: c.status('a.timer')['result'] == 'condition')
        assert c.state('a.timer')[0] == 'inactive', c.state('a.timer')
        assert runs(c, 'a') == 0


def test_idle(build):
    """Nothing wakes PID 1 while all timers wait."""
    c = Container(build)
    for i in range(20):
        timer(c, 't%d' % i, 'OnActiveSec=1h\nOnCalendar=*-*-* 03:%02d\nPersistent=yes\nRandomizedDelaySec=1h\n' % i)
    with c:
        for i in range(20):
            known(c, 't%d.timer' % i)
        path = '/proc/%d/status' % c.init_pid()

        def switches():
            with open(path) as f:
                return [int(line.split()[1]) for line in f if line.startswith('voluntary')][0]

        def sleeps():
            """two seconds without a wake-up, once all that there was to do is done"""
            before = switches()
            time.sleep(2)
            return switches() == before
        wait_for(sleeps, 20)


if __name__ == '__main__':
    run_tests(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Services of a real early-init: start, stop, restart, types, order, failures, deadlines."""

import os
import signal
import time

from early import Container, VERBS, is_alive, pack_request, refused, run_tests, wait_for

SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n'


def test_start_stop_restart(build):
    with Container(build, {'a.service': SLEEPER + '[Early]\nStage=demand\n'}) as c:
        assert c.status('a')['active_state'] == 'inactive'
        c.control('start', 'a')
        first = c.status('a')
        assert (first['active_state'], first['sub_state']) == ('active', 'running'), first
        host = c.host_pid(first['main_pid'])
        assert is_alive(host)
        c.control('start', 'a')
        assert c.status('a')['main_pid'] == first['main_pid'], 'a second start made another process'
        c.control('restart', 'a')
        second = c.status('a')
        assert second['main_pid'] != first['main_pid'] and second['active_state'] == 'active'
        assert not is_alive(host)
        host = c.host_pid(second['main_pid'])
        c.control('stop', 'a')
        assert c.state('a') == ('inactive', 'dead') and not is_alive(host)
        assert c.status('a')['result'] == 'success'
        c.control('stop', 'a')
        assert c.end() == 0


def test_crash_and_restart_again_and_again(build):
    """Restart=always without a limit, killed with SIGKILL: comes back every time, as the display manager must."""
    manifest = '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=10ms\n'
    with Container(build, {'dm.service': manifest}) as c:
        c.wait_state('dm.service', 'active')
        seen = set()
        for i in range(8):
            pid = c.kill_main('dm.service')
            assert pid not in seen
            seen.add(pid)
            wait_for(lambda: c.status('dm.service')['main_pid'] not in seen | {0})
        status = c.status('dm.service')
        assert status['restarts'] == 8 and status['active_state'] == 'active', status


def test_start_limit(build):
    manifest = ('[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=3\n'
                '[Service]\nExecStart=/bin/false\nRestart=on-failure\nRestartSec=10ms\n')
    with Container(build, {'a.service': manifest}) as c:
        c.wait_state('a.service', 'failed')
        status = c.status('a.service')
        assert status['restarts'] == 3, status
        assert c.event_names().count('service:a.service:start') == 3
        assert 'exit status 1' in status['detail'] or 'often' in status['detail'], status


def test_on_give_up_starts_the_fallback(build):
    manifest = ('[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=2\n[Service]\nExecStart=/bin/false\n'
                'Restart=always\nRestartSec=10ms\n[Early]\nOnGiveUp=fallback:rescue.service\n')
    with Container(build, {'dm.service': manifest, 'rescue.service': SLEEPER + '[Early]\nStage=demand\n'}) as c:
        c.wait_state('rescue.service', 'active')
        assert c.why('rescue.service')[0] == 'dm.service gave up'


def test_restart_prevented(build):
    manifest = '[Service]\nExecStart=/bin/sh -c "exit 7"\nRestart=always\nRestartSec=10ms\nRestartPreventExitStatus=7\n'
    with Container(build, {'a.service': manifest}) as c:
        c.wait_state('a.service', 'failed')
        time.sleep(0.3)
        assert c.status('a.service')['restarts'] == 0
        assert c.status('a.service')['result'] == 'exit-code'


def test_strangers_are_reaped(build):
    """Double-forked orphans of nobody become PID 1's children: none stays a zombie."""
    with Container(build, {'a.service': SLEEPER}) as c:
        script = c.script('orphans', '#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10; do (sh -c "sleep 0.$i & exit 0" &) ; done\n')
        c.manifest('o.service', '[Service]\nType=oneshot\nKillMode=none\nExecStart=%s\n[Early]\nStage=demand\n' % script)
        c.control('daemon-reload')
        c.control('start', 'o')
        wait_for(lambda: not [l for _, l in c.processes().values() if 'sleep 0.' in l])
        wait_for(lambda: c.zombies() == 0)
        assert c.state('a.service')[0] == 'active'


def test_stop_takes_all_processes(build):
    """Children that left their session end with the service; with cgroups also those whose parents are gone without a trace."""
    with Container(build) as c:
        orphans = '(setsid sh -c "sleep 1002 & sleep 1003" &)' if c.cgroup else 'setsid sh -c "sleep 1002 & sleep 1003" &'
        script = c.script('family', '#!/bin/sh\nsetsid sleep 1001 &\n%s\nsleep 1004\n' % orphans)
        c.manifest('a.service', '[Service]\nExecStart=%s\n' % script)
        c.control('daemon-reload')
        c.control('start', 'a')

        def family():
            """all four sleepers run"""
            return len([1 for _, line in c.processes().values() if line.startswith('sleep 100')]) == 4
        wait_for(family)
        c.control('stop', 'a')
        assert not [line for _, line in c.processes().values() if 'sleep' in line], c.processes()


def test_crash_kills_the_rest_first(build):
    with Container(build) as c:
        script = c.script('main', '#!/bin/sh\necho start $(pgrep -x -c keeper 2>/dev/null) >> @work@/log\n'
                          'sleep 1001 &\nwait\n')
        c.manifest('a.service', '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=%s\nRestart=always\nRestartSec=10ms\n'
                   % script)
        c.control('daemon-reload')
        c.control('start', 'a')
        for n in range(3):
            c.kill_main('a.service')
            wait_for(lambda: c.status('a.service')['restarts'] == n + 1 and c.state('a.service')[0] == 'active')
            wait_for(lambda: any('sleep 1001' in l for _, l in c.processes().values()))
            assert len([1 for _, l in c.processes().values() if l.startswith('sleep 1001')]) == 1


NOTIFIER = '''#!/usr/bin/python3
import os, socket, sys, time
def say(text):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.sendto(text.encode(), os.environ['NOTIFY_SOCKET'])
time.sleep(float(sys.argv[1]))
say('READY=1\\nSTATUS=all is well')
time.sleep(1000)
'''


def test_mixed_kill_takes_the_rest_last(build):
    """KillMode=mixed: only the main process gets SIGTERM; what it leaves behind does not meet the next start."""
    with Container(build) as c:
        script = c.script('main', '#!/bin/sh\nsleep 1001 &\ntrap "exit 0" TERM\nwhile :; do sleep 0.05; done\n')
        c.manifest('a.service', '[Service]\nKillMode=mixed\nExecStart=%s\n' % script)
        c.control('daemon-reload')
        c.control('start', 'a')
        sleepers = lambda: [1 for _, l in c.processes().values() if l.startswith('sleep 1001')]
        wait_for(sleepers)
        c.control('restart', 'a')
        wait_for(sleepers)
        assert len(sleepers()) == 1
        c.control('stop', 'a')
        assert not sleepers() and c.state('a') == ('inactive', 'dead')


def test_notify_readiness(build):
    with Container(build) as c:
        script = c.script('notifier', NOTIFIER)
        c.manifest('n.service', '[Service]\nType=notify\nExecStart=%s 0.6\n[Early]\nStage=demand\n' % script)
        c.manifest('after.service', '[Unit]\nRequires=n.service\nAfter=n.service\n' + SLEEPER + '[Early]\nStage=demand\n')
        c.control('daemon-reload')
        started = time.monotonic()
        c.control('start', 'after')
        assert time.monotonic() - started > 0.5, 'did not wait for READY=1'
        assert c.state('n.service') == ('active', 'running')
        assert c.status('n.service')['detail'] == 'all is well'
        events = c.event_names()
        assert events.index('service:n.service:ready') < events.index('service:after.service:start'), events


def test_notify_from_a_stranger_is_refused(build):
    """Only the main process may speak: a child's READY=1 does not count (NotifyAccess=main)."""
    with Container(build) as c:
        script = c.script('childspeaks', '''#!/usr/bin/python3
import os, socket, time
if os.fork() == 0:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
    os._exit(0)
time.sleep(1000)
''')
        for name, timeout_s in (('main', 3), ('all', 90)):
            c.manifest(name + '.service', '[Service]\nType=notify\nNotifyAccess=%s\nTimeoutStartSec=%d\nExecStart=%s\n'
                       '[Early]\nStage=demand\n' % (name, timeout_s, script))
        c.control('daemon-reload')
        c.control('start', 'all')
        assert c.state('all')[0] == 'active'
        e = refused(c.control, 'start', 'main')
        assert 'timeout' in e.text, e
        assert c.status('main')['result'] == 'timeout'


def test_exit_before_ready_is_a_failure(build):
    with Container(build, {'n.service': '[Service]\nType=notify\nExecStart=/bin/true\n[Early]\nStage=demand\n'}) as c:
        refused(c.control, 'start', 'n')
        assert c.status('n')['result'] == 'protocol' and c.state('n')[0] == 'failed'


def ends_by_the_watchdog(build, start_s):
    with Container(build) as c:
        script = c.script('notifier', NOTIFIER)
        c.manifest('w.service', '[Service]\nType=notify\nWatchdogSec=400ms\nExecStart=%s %d\n[Early]\nStage=demand\n'
                   % (script, start_s))
        c.control('daemon-reload')
        c.control('start', 'w')
        c.wait_state('w.service', 'failed')
        assert c.status('w.service')['result'] == 'watchdog', c.status('w.service')


def test_watchdog(build):
    ends_by_the_watchdog(build, 0)


def test_watchdog_counts_from_the_end_of_the_start(build):
    """A start may take longer than WatchdogSec=: it has a time of its own."""
    ends_by_the_watchdog(build, 1)


def test_order_of_dependencies(build):
    def logger(name, more):
        return ('[Unit]\n%s\n[Service]\nType=oneshot\nRemainAfterExit=yes\n'
                'ExecStart=/bin/sh -c "sleep 0.05; echo +%s >> @work@/log"\n'
                'ExecStop=/bin/sh -c "sleep 0.05; echo -%s >> @work@/log"\n[Early]\nStage=demand\n' % (more, name, name))
    with Container(build, {
            'a.service': logger('a', 'Requires=b.service\nAfter=b.service c.service'),
            'b.service': logger('b', 'Wants=c.service\nAfter=c.service'),
            'c.service': logger('c', 'Before=d.service'),
            'd.service': logger('d', 'Wants=a.service')}) as c:
        c.control('start', 'd')
        wait_for(lambda: c.read('log').count('+') == 4)
        lines = c.read('log').split()
        assert [x for x in lines if x != '+d'] == ['+c', '+b', '+a'], lines
        assert lines.index('+c') < lines.index('+d'), lines
        for name in 'abcd':  # one that is still starting is ended without ExecStop=
            c.wait_state(name + '.service', 'active')
        assert c.end() == 0
        stops = [x for x in c.read('log').split() if x.startswith('-') and x != '-d']
        assert stops == ['-a', '-b', '-c'], stops


def test_required_failure_is_a_dependency_failure(build):
    with Container(build, {
            'bad.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n[Early]\nStage=demand\n',
            'a.service': '[Unit]\nRequires=bad.service\nAfter=bad.service\n' + SLEEPER + '[Early]\nStage=demand\n',
            'w.service': '[Unit]\nWants=bad.service\nAfter=bad.service\n' + SLEEPER + '[Early]\nStage=demand\n',
            'm.service': '[Unit]\nRequires=nowhere.service\n' + SLEEPER + '[Early]\nStage=demand\n'}) as c:
        assert 'dependency' in refused(c.control, 'start', 'a').text
        assert c.state('a')[0] == 'inactive'
        c.control('start', 'w')
        assert c.state('w')[0] == 'active'
        assert 'dependency' in refused(c.control, 'start', 'm').text


def test_cycle_is_broken(build):
    with Container(build, {
            'a.service': '[Unit]\nRequires=b.service\nAfter=b.service\n' + SLEEPER + '[Early]\nStage=demand\n',
            'b.service': '[Unit]\nRequires=a.service\nAfter=a.service\n' + SLEEPER + '[Early]\nStage=demand\n'}) as c:
        c.control('start', 'a')
        wait_for(lambda: c.state('a')[0] == c.state('b')[0] == 'active')
        assert 'ordering cycle' in c.log()
        wait_for(lambda: 'ordering cycle: ' in c.earlyctl('log', 'a').stdout)


def test_conflicts(build):
    with Container(build, {
            'a.service': SLEEPER,
            'b.service': '[Unit]\nConflicts=a.service\n' + SLEEPER + '[Early]\nStage=demand\n'}) as c:
        c.wait_state('a.service', 'active')
        c.control('start', 'b')
        assert c.state('a')[0] == 'inactive' and c.state('b')[0] == 'active'


def test_stop_takes_dependents_along(build):
    with Container(build, {
            'base.service': SLEEPER,
            'a.service': '[Unit]\nRequires=base.service\nAfter=base.service\n' + SLEEPER}) as c:
        c.wait_state('a.service', 'active')
        c.control('stop', 'base')
        wait_for(lambda: c.state('a')[0] == 'inactive')
        c.control('start', 'a')
        first = c.status('a')['main_pid']
        c.control('restart', 'base')
        wait_for(lambda: c.status('a')['main_pid'] not in (0, first))
        events = c.event_names()
        last = lambda name: len(events) - 1 - events[::-1].index(name)
        assert last('service:a.service:stop') < last('service:base.service:stop')
        assert last('service:base.service:ready') < last('service:a.service:start')


def test_exec_start_pre_failure(build):
    with Container(build, {
            'a.service': '[Service]\nExecStartPre=/bin/true\nExecStartPre=/bin/sh -c "exit 3"\n'
                         'ExecStart=/bin/touch @work@/started\nExecStopPost=/bin/touch @work@/post\n[Early]\nStage=demand\n',
            'i.service': '[Service]\nExecStartPre=-/bin/false\nExecStart=/bin/sleep 1000\n[Early]\nStage=demand\n'}) as c:
        refused(c.control, 'start', 'a')
        status = c.status('a')
        assert status['active_state'] == 'failed' and status['result'] == 'exit-code', status
        assert 'exit status 3' in status['detail'], status
        assert not os.path.exists(c.work + '/started')
        wait_for(lambda: os.path.exists(c.work + '/post'))
        c.control('start', 'i')
        assert c.state('i')[0] == 'active'


def test_program_that_is_not_there(build):
    with Container(build, {'a.service': '[Service]\nType=exec\nExecStart=/no/such/program\n[Early]\nStage=demand\n'}) as c:
        refused(c.control, 'start', 'a')
        assert '/no/such/program' in c.status('a')['detail'], c.status('a')


def test_condition_skips(build):
    with Container(build, {
            'a.service': '[Unit]\nConditionPathExists=/no/such/file\n[Service]\nExecStart=/bin/touch @work@/started\n'
                         '[Early]\nStage=demand\n',
            'e.service': '[Service]\nExecCondition=/bin/false\nExecStart=/bin/touch @work@/started\n[Early]\nStage=demand\n'}) as c:
        for name in ('a', 'e'):
            c.control('start', name)
            assert c.state(name) == ('inactive', 'dead'), c.status(name)
            assert c.status(name)['result'] == 'condition', c.status(name)
        assert not os.path.exists(c.work + '/started')


def test_condition_is_asked_once(build):
    """A unit whose ExecStartPre= undoes its own condition still starts, as with systemd."""
    with Container(build, {
            'a.service': '[Unit]\nConditionPathExists=!@work@/made\n[Service]\nExecStartPre=/bin/touch @work@/made\n'
                         'ExecStart=/bin/sleep 1000\n[Early]\nStage=demand\n'}) as c:
        c.control('start', 'a')
        assert c.state('a') == ('active', 'running'), c.status('a')
        c.control('stop', 'a')
        c.control('start', 'a')
        assert c.status('a')['result'] == 'condition', c.status('a')


def test_timeouts(build):
    with Container(build, {
            'slow.service': '[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\nTimeoutStartSec=300ms\n[Early]\nStage=demand\n',
            'deaf.service': '[Service]\nExecStart=/bin/sh -c "trap : TERM; echo >@work@/deaf; while :; do sleep 0.05; done"\n'
                            'TimeoutStopSec=400ms\n[Early]\nStage=demand\n'}) as c:
        assert 'timeout' in refused(c.control, 'start', 'slow').text
        assert c.status('slow')['result'] == 'timeout'
        c.control('start', 'deaf')
        wait_for(lambda: c.read('deaf'))
        started = time.monotonic()
        c.control('stop', 'deaf')
        assert 0.3 < time.monotonic() - started < 60
        assert c.state('deaf')[0] == 'failed' and c.status('deaf')['result'] == 'timeout'
        assert not [l for _, l in c.processes().values() if 'trap' in l]


def test_surroundings(build):
    """What a plain service inherits: no signal is blocked, SIGPIPE alone is ignored, usual limits, its own session, no descriptors."""
    with Container(build, {'a.service': '[Service]\nExecStart=/bin/sh -c "grep -E ^Sig /proc/self/status > @work@/signals; '
                           'ulimit -n > @work@/limit; ls /proc/self/fd > @work@/fds; umask > @work@/umask; sleep 1000"\n'}) as c:
        wait_for(lambda: c.read('umask'))
        signals = dict(l.split(':\t') for l in c.read('signals').splitlines() if ':\t' in l)
        assert int(signals['SigBlk'], 16) == 0, signals
        assert int(signals['SigIgn'], 16) == 1 << (signal.SIGPIPE - 1), signals
        assert c.read('limit').strip() == '1024', c.read('limit')
        assert c.read('fds').split() == ['0', '1', '2', '3'], c.read('fds')  # 3 is ls's own
        assert c.read('umask').strip() == '0022'


def test_the_last_environment_counts(build):
    """A variable that is set again, by a drop-in or in the place of PID 1's own PATH, is in the environment once, as it was set last."""
    with Container(build, {'a.service': '[Service]\nType=oneshot\nEnvironment=A=1 B=1 AB=1\nEnvironment=PATH=/nowhere A=2\n'
                           'ExecStart=/bin/cp /proc/self/environ @work@/env\n[Early]\nStage=demand\n'}) as c:
        def variables():
            c.control('start', 'a')
            return sorted(v for v in c.read('env').split('\0') if v.split('=')[0] in ('A', 'B', 'AB', 'PATH'))
        assert variables() == ['A=2', 'AB=1', 'B=1', 'PATH=/nowhere'], variables()
        os.mkdir(c.services + '/a.service.d')
        c.manifest('a.service.d/x.conf', '[Service]\nEnvironment=B=3\n')
        c.control('daemon-reload')
        assert variables() == ['A=2', 'AB=1', 'B=3', 'PATH=/nowhere'], variables()


def private_directories(name):
    return {where + n for where in ('/tmp/', '/var/tmp/') for n in os.listdir(where)
            if n.startswith('systemd-private-') and '-%s-' % name in n}


def test_what_a_run_made_goes_after_it(build):
    """A restart, by hand or by itself, keeps it; a stop takes it away, and so does an end in failure."""
    lines = ('RuntimeDirectory=early-test-clean\nPrivateTmp=yes\nExecStart=/bin/sh -c "touch /run/early-test-clean/file; '
             'echo >> /run/early-test-runs; exec sleep 1000"\n')
    with Container(build, {'a.service': '[Service]\nRestart=on-failure\n' + lines + '[Early]\nStage=demand\n',
                           'b.service': '[Service]\nExecStart=/bin/false\nRuntimeDirectory=early-test-clean\n'
                                        '[Early]\nStage=demand\n'}) as c:
        def left():
            return os.path.exists('/run/early-test-clean/file'), len(private_directories('a.service') - before)

        def runs():
            path = '/run/early-test-runs'
            return os.path.getsize(path) if os.path.exists(path) else 0
        before = private_directories('a.service')
        c.control('start', 'a')
        wait_for(lambda: runs() == 1 and left() == (True, 2))
        c.control('restart', 'a')
        assert left()[0], 'a restart took the directory away'
        wait_for(lambda: runs() == 2)
        os.unlink('/run/early-test-clean/file')
        os.mkdir('/run/early-test-clean/kept')
        os.kill(c.host_pid(c.status('a')['main_pid']), signal.SIGKILL)
        wait_for(lambda: runs() == 3)
        assert left() == (True, 2) and os.path.isdir('/run/early-test-clean/kept')
        c.control('stop', 'a')
        assert c.state('a') == ('inactive', 'dead')
        assert left() == (False, 0) and not os.path.exists('/run/early-test-clean'), left()
        c.control('start', 'b')
        wait_for(lambda: c.state('b')[0] == 'failed')
        wait_for(lambda: not os.path.exists('/run/early-test-clean'))


def test_a_start_cut_off_leaves_nothing(build):
    """SIGKILL at any moment of the preparation: a private directory that is made is found again and taken away."""
    with Container(build, {'a.service': SLEEPER + 'PrivateTmp=yes\nKillSignal=SIGKILL\n[Early]\nStage=demand\n'}) as c:
        before = private_directories('a.service')
        for i in range(300):
            with c.connect() as s:
                s.send(pack_request(VERBS['start'], 'a'))
                time.sleep(0.00004 * i)
                c.control('stop', 'a')
        wait_for(lambda: private_directories('a.service') == before)


def test_forking(build):
    with Container(build) as c:
        script = c.script('daemon', '''#!/usr/bin/python3
import os, time
child = os.fork()
if child: os.waitpid(child, 0); os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
time.sleep(1000)
''')
        c.manifest('d.service', '[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=forking\nExecStart=%s\nRestart=always\n'
                   'RestartSec=10ms\n[Early]\nStage=demand\n' % script)
        c.control('daemon-reload')
        c.control('start', 'd')
        first = c.status('d')
        assert first['active_state'] == 'active' and first['main_pid'] > 0, first
        c.kill_main('d.service')
        wait_for(lambda: c.status('d')['main_pid'] not in (0, first['main_pid']))
        c.control('stop', 'd')
        assert not [l for _, l in c.processes().values() if 'daemon' in l]


def test_reload(build):
    with Container(build, {'a.service': '[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/touch @work@/reloaded\n',
                           'n.service': SLEEPER}) as c:
        c.wait_state('a.service', 'active')
        c.control('reload', 'a')
        assert os.path.exists(c.work + '/reloaded') and c.state('a') == ('active', 'running')
        assert 'ExecReload' in refused(c.control, 'reload', 'n').text


def test_broken_manifests(build):
    with Container(build, {
            'bad.service': 'this is no manifest\n[Service\nExecStart\n',
            'empty.service': '',
            'rel.service': '[Service]\nExecStart=bin/no\n',
            'type.service': '[Service]\nType=magic\nExecStart=/bin/sleep 1000\n',
            'good.service': SLEEPER}) as c:
        c.wait_state('good.service', 'active')
        for name in ('bad', 'empty', 'rel'):
            refused(c.control, 'start', name)
        assert c.end() == 0


def test_unknown_unit_appears(build):
    """A manifest that was written after the start is found by name, without a reload."""
    with Container(build) as c:
        assert refused(c.control, 'start', 'nowhere').error != 0
        c.manifest('late.service', SLEEPER)
        c.control('start', 'late')
        assert c.state('late')[0] == 'active'
        c.manifest('later.service', '[Unit]\nRequires=latest.service\nAfter=latest.service\n' + SLEEPER)
        c.manifest('latest.service', SLEEPER)
        c.control('start', 'later')
        assert c.state('latest')[0] == 'active'


def test_terminate_stops_all(build):
    with Container(build, {
            'a.service': '[Service]\nExecStart=/bin/sleep 1000\nExecStopPost=/bin/sh -c "echo a >> @work@/stopped"\n',
            'b.service': '[Unit]\nAfter=a.service\nRequires=a.service\n[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n'
                         'ExecStopPost=/bin/sh -c "sleep 0.3; echo b >> @work@/stopped"\n'}) as c:
        c.wait_state('b.service', 'active')
        assert c.end() == 0
        assert c.read('stopped').split() == ['b', 'a']


def test_terminate_twice(build):
    """Who asks again changes nothing: what a service does at its end is waited for, and done once."""
    with Container(build, {
            'a.service': '[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/sh -c "echo a >> @work@/stopping; '
                         'until [ -e @work@/go ]; do sleep 0.02; done; echo a >> @work@/stopped"\n'}) as c:
        c.wait_state('a.service', 'active')
        for _ in range(3):
            os.kill(c.init_pid(), signal.SIGTERM)
            wait_for(lambda: c.read('stopping'))
        c.script('go', '')
        assert c.process.wait(120) == 0
        assert c.read('stopping') == c.read('stopped') == 'a\n'


def test_terminate_while_it_loads(build):
    """There is nothing to stop yet, and what hangs is not waited for."""
    c = Container(build, {'a.service': '[Service]\nExecStart=/bin/sh -c "echo a >> @work@/started"\n'})
    os.unlink(c.helpers + '/early-load')
    os.symlink(c.script('load', '#!/bin/sh\necho >@work@/loading\nexec sleep 1000\n'), c.helpers + '/early-load')
    c.is_complete = lambda: c.read('loading')
    with c:
        os.kill(c.init_pid(), signal.SIGTERM)
        assert c.process.wait(120) == 0
        assert not c.read('started')


if __name__ == '__main__':
    run_tests(globals())

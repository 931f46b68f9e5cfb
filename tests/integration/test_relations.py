#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the life of one unit means for others, and the signals and deadlines of systemd.kill(5), on a real early-init."""

import os
import time

from early import DONE, VERBS, Container, Refused, is_alive, pack_request, run_tests, unpack, wait_for

DEMAND = '[Early]\nStage=demand\n'
SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n' + DEMAND


def exists(c, name):
    return os.path.exists('%s/%s' % (c.work, name))


def unit(text):
    return '[Unit]\n%s\n' % text + SLEEPER


def test_stops_that_spread(build):
    """PartOf=, StopPropagatedFrom= and PropagatesStopTo= stop; only PartOf= restarts; nothing starts."""
    manifests = {
        'a.service': unit('PropagatesStopTo=to.service'),
        'part.service': unit('PartOf=a.service'),
        'from.service': unit('StopPropagatedFrom=a.service'),
        'to.service': SLEEPER,
        'idle.service': unit('PartOf=a.service'),
    }
    with Container(build, manifests) as c:
        for name in ('a', 'part', 'from', 'to'):
            c.control('start', name)
        pids = {name: c.status(name)['main_pid'] for name in ('part', 'from', 'to')}
        c.control('restart', 'a')
        wait_for(lambda: c.status('part')['main_pid'] not in (0, pids['part']))
        assert c.status('from')['main_pid'] == pids['from'] and c.status('to')['main_pid'] == pids['to']
        assert c.state('idle') == ('inactive', 'dead')
        c.control('stop', 'a')
        for name in ('part', 'from', 'to'):
            c.wait_state(name + '.service', 'inactive')


def test_conflicts_hold_both_ways(build):
    """Whichever of two has Conflicts=, by name or by an alias, the start of one stops the other first; also what is only wanted."""
    manifests = {'a.service': unit('Conflicts=b.service other.service'), 'b.service': SLEEPER, 'c.service': SLEEPER,
                 'group.target': '[Unit]\nWants=b.service\n' + DEMAND}
    with Container(build) as c:
        for name, text in manifests.items():
            c.manifest(name, text)
        os.symlink('c.service', c.services + '/other.service')
        c.control('daemon-reload')
        for first, second in (('a', 'b'), ('b', 'a'), ('a', 'c'), ('c', 'a'), ('a', 'group.target')):
            c.control('start', first)
            pid = c.host_pid(c.status(first)['main_pid'])
            c.control('start', second)
            assert not is_alive(pid), '%s runs beside %s' % (first, second)
            assert c.state(first)[0] == 'inactive' and c.state(second)[0] == 'active', (first, second)
            assert c.why(first)[0].startswith('conflicts with '), c.why(first)


def test_conflicts_stop_what_requires_the_other(build):
    manifests = {'base.service': SLEEPER, 'user.service': unit('Requires=base.service\nAfter=base.service'),
                 'rival.service': unit('Conflicts=base.service')}
    with Container(build, manifests) as c:
        c.control('start', 'user')
        c.control('start', 'rival')
        for name in ('base', 'user'):
            c.wait_state(name + '.service', 'inactive')
        assert c.state('rival')[0] == 'active'


def test_conflicts_of_two_that_start_at_once(build):
    """Of two starts that are under way the later one wins; what waited for the earlier one fails."""
    slow = '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "read x <@work@/%s"\n' + DEMAND
    manifests = {'slow.service': slow % 'fifo', 'rival.service': unit('Conflicts=slow.service'),
                 'user.service': unit('Requires=slow.service\nAfter=slow.service')}
    with Container(build, manifests) as c:
        os.mkfifo(c.work + '/fifo')
        with c.connect() as asked:
            asked.send(pack_request(VERBS['start'], 'user'))
            c.wait_state('slow.service', 'activating')
            c.control('start', 'rival')
            opcode, done = unpack(asked.recv(65536))
        assert opcode == DONE and done['error'] < 0, done
        c.wait_state('slow.service', 'failed')  # by SIGTERM, which is no good end of a oneshot
        assert c.state('rival')[0] == 'active' and c.state('user')[0] == 'inactive'


def test_conflicts_within_one_start(build):
    """Two that a target wants: the one of which the start is made last runs alone. What conflicts with the unit that was asked for yields to it."""
    manifests = {'a.service': unit('Conflicts=b.service'), 'b.service': SLEEPER,
                 'group.target': '[Unit]\nWants=a.service b.service\n' + DEMAND,
                 'first.service': unit('Wants=second.service'), 'second.service': unit('Conflicts=first.service'),
                 'third.service': unit('Requires=fourth.service\nAfter=fourth.service'),
                 'fourth.service': unit('Conflicts=third.service')}
    with Container(build, manifests) as c:
        c.control('start', 'group.target')
        wait_for(lambda: sorted(c.state(name)[0] for name in ('a', 'b')) == ['active', 'inactive'])
        c.control('start', 'first')
        assert c.state('first')[0] == 'active' and c.state('second')[0] == 'inactive'
        try:
            c.control('start', 'third')
            raise AssertionError('it runs without what it requires')
        except Refused as refused:
            assert 'fourth.service' in str(refused), refused
        assert c.state('third')[0] == 'inactive' and c.state('fourth')[0] == 'inactive'


def test_reloads_that_spread(build):
    with Container(build) as c:
        def reloadable(name, words):
            c.manifest(name + '.service', '[Unit]\n%s\n[Service]\nExecStart=/bin/sleep 1000\n'
                       'ExecReload=/bin/touch %s/%s\n%s' % (words, c.work, name, DEMAND))
        reloadable('a', 'PropagatesReloadTo=to.service')
        reloadable('to', '')
        reloadable('from', 'ReloadPropagatedFrom=a.service')
        reloadable('other', '')
        c.manifest('group.service', unit('PropagatesReloadTo=other.service'))
        c.control('daemon-reload')
        for name in ('a', 'to', 'from', 'other', 'group'):
            c.control('start', name)
        c.control('reload', 'a')
        wait_for(lambda: all(exists(c, name) for name in ('a', 'to', 'from')))
        assert not exists(c, 'other')
        c.control('reload', 'group')
        wait_for(lambda: exists(c, 'other'))


def test_requisite(build):
    manifests = {'a.service': unit('Requisite=b.service\nAfter=b.service'), 'b.service': SLEEPER}
    with Container(build, manifests) as c:
        try:
            c.control('start', 'a')
            raise AssertionError('started without what must be up')
        except Refused:
            pass
        assert c.state('b') == ('inactive', 'dead'), 'it was started, and should only have been asked for'
        c.control('start', 'b')
        c.control('start', 'a')
        c.control('stop', 'b')
        c.wait_state('a.service', 'inactive')


def test_on_failure_and_on_success(build):
    manifests = {
        'bad.service': '[Unit]\nOnFailure=sorry.service\nOnSuccess=glad.service\n[Service]\nExecStart=/bin/false\n' + DEMAND,
        'good.service': '[Unit]\nOnFailure=sorry.service\nOnSuccess=glad.service\n[Service]\nType=oneshot\n'
                        'ExecStart=/bin/true\n' + DEMAND,
        'sorry.service': SLEEPER,
        'glad.service': SLEEPER,
    }
    with Container(build, manifests) as c:
        c.control('start', 'bad')
        c.wait_state('sorry.service', 'active')
        assert c.why('sorry.service')[0] == 'bad.service failed'
        assert c.state('glad') == ('inactive', 'dead')
        c.control('stop', 'sorry')
        c.control('start', 'good')
        c.wait_state('glad.service', 'active')
        assert c.state('sorry') == ('inactive', 'dead')


def told(c, name):
    """The variables that a command wrote to a file; none as long as it is not whole."""
    lines = c.read(name).splitlines()
    return dict(line.split('=', 1) for line in lines if '=' in line) if lines[-1:] == ['end'] else {}


def write_env(c, name):
    """A command line that does so."""
    return c.script('to-' + name, '#!/bin/sh\nenv >@work@/%s.new\necho end >>@work@/%s.new\nmv @work@/%s.new @work@/%s\n'
                    % (name, name, name, name))


def test_a_run_has_an_id(build):
    """A new one for each start, the same for all commands of a run, directly executed and by early-exec."""
    with Container(build) as c:
        for name, words in (('a', ''), ('b', 'UMask=077\n')):
            c.manifest(name + '.service', '[Service]\nExecStartPre=%s\nExecStart=/bin/sh -c "%s; exec sleep 1000"\nExecStop=%s\nExecStopPost=%s\n'
                       'Restart=on-failure\nRestartSec=1ms\n%s%s'
                       % (*(write_env(c, name + phase) for phase in ('pre', 'main', 'stop', 'post')), words, DEMAND))
        c.control('daemon-reload')
        for name in ('a', 'b'):
            seen = []
            c.control('start', name)
            seen.append(wait_for(lambda: told(c, name + 'main').get('INVOCATION_ID')))
            assert len(seen[0]) == 32 and int(seen[0], 16) and seen[0][12] == '4' and seen[0][16] in '89ab', seen
            assert told(c, name + 'pre')['INVOCATION_ID'] == seen[0]
            c.kill_main(name + '.service')
            seen.append(wait_for(lambda: told(c, name + 'main').get('INVOCATION_ID') not in seen and told(c, name + 'main').get('INVOCATION_ID')))
            post = told(c, name + 'post')
            assert post['INVOCATION_ID'] == seen[0], 'the command after the run has the run\'s'
            assert (post['SERVICE_RESULT'], post['EXIT_CODE'], post['EXIT_STATUS']) == ('signal', 'killed', 'KILL'), post
            c.control('stop', name)
            stop = told(c, name + 'stop')
            assert stop['INVOCATION_ID'] == seen[1] and stop['SERVICE_RESULT'] == 'success' and 'EXIT_CODE' not in stop, stop
            post = told(c, name + 'post')
            assert (post['SERVICE_RESULT'], post['EXIT_CODE'], post['EXIT_STATUS']) == ('success', 'killed', 'TERM'), post
            assert not [key for key in {**stop, **post} if key.startswith(('MONITOR_', 'TRIGGER_'))]


def test_a_successor_is_told_of_whom_it_follows(build):
    with Container(build) as c:
        for name, line in (('bad', '/bin/sh -c "exit 3"'), ('shot', '/bin/sh -c "kill -USR1 $$$$"'), ('good', '/bin/sh -c "%s"')):
            c.manifest(name + '.service', '[Unit]\nOnFailure=next.service\nOnSuccess=next.service\n[Service]\nType=oneshot\nExecStart=%s\n%s'
                       % (line.replace('%s', write_env(c, 'good')), DEMAND))
        c.manifest('next.service', '[Service]\nType=oneshot\nExecStart=%s\nExecStopPost=%s\n%s' % (write_env(c, 'next'), write_env(c, 'post'), DEMAND))
        c.control('daemon-reload')
        for name, wanted in (('bad', ('exit-code', 'exited', '3')), ('shot', ('signal', 'killed', 'USR1')), ('good', ('success', 'exited', '0'))):
            try:
                c.control('start', name)
            except Refused:
                pass
            wait_for(lambda: told(c, 'next').get('MONITOR_UNIT') == name + '.service')
            wait_for(lambda: c.state('next')[0] == 'inactive')
            env = told(c, 'next')
            assert tuple(env['MONITOR_' + key] for key in ('SERVICE_RESULT', 'EXIT_CODE', 'EXIT_STATUS')) == wanted, env
            assert len(env['MONITOR_INVOCATION_ID']) == 32 and env['MONITOR_INVOCATION_ID'] != env['INVOCATION_ID'], env
            if name == 'good':
                assert env['MONITOR_INVOCATION_ID'] == told(c, 'good')['INVOCATION_ID'], env
            post = told(c, 'post')
            assert 'MONITOR_UNIT' not in post and post['SERVICE_RESULT'] == 'success', 'that is for its start only'
            assert c.reasons('next')[0]['unit'] == name + '.service', c.reasons('next')
        c.control('start', 'next')
        assert not [key for key in told(c, 'next') if key.startswith('MONITOR_')], 'a person started it'


def test_what_only_others_may_start_or_stop(build):
    with Container(build, {'a.service': unit('RefuseManualStart=yes'), 'b.service': unit('RefuseManualStop=yes'),
                           'user.service': unit('Requires=a.service b.service\nAfter=a.service b.service\nPropagatesStopTo=a.service b.service')}) as c:
        def refused(verb, name):
            done = c.earlyctl(verb, name)
            assert done.returncode == 1 and 'only other units' in done.stderr and name in done.stderr, (verb, name, done)
        c.manifest('late.service', unit('RefuseManualStart=yes'))  # nobody has read it yet
        refused('start', 'late')
        for verb, name in (('start', 'a'), ('restart', 'a'), ('start', 'late')):
            refused(verb, name)
        assert c.state('a')[0] == c.state('late')[0] == 'inactive'
        c.control('start', 'b')
        for verb in ('stop', 'restart'):
            refused(verb, 'b')
        assert c.state('b')[0] == 'active'
        c.control('start', 'user')
        assert c.state('a')[0] == 'active', 'a dependency may'
        c.control('stop', 'a')
        c.control('restart', 'user')
        c.control('stop', 'user')
        for name in ('a', 'b'):
            c.wait_state(name, 'inactive')


def test_an_end_that_ends_all(build):
    """FailureAction= and SuccessAction=: not at an end that a restart follows, and with the exit status of what ended."""
    def oneshot(words, line):
        return '[Unit]\n%s\n[Service]\nType=oneshot\nExecStart=/bin/sh -c "%s"\n%s' % (words, line, DEMAND)
    for words, line, status in (('FailureAction=exit', 'exit 7', 7), ('FailureAction=exit-force', 'kill -9 $$$$', 255),
                                ('SuccessAction=exit', 'true', 0), ('SuccessAction=poweroff\nFailureAction=none', 'true', 0)):
        with Container(build, {'a.service': oneshot(words, line), 'other.service': SLEEPER,
                               'well.service': oneshot('FailureAction=exit', 'true'), 'badly.service': oneshot('SuccessAction=exit', 'false')}) as c:
            c.control('start', 'other')
            c.control('start', 'well')
            c.earlyctl('start', 'badly')
            c.earlyctl('start', '--json', 'a')
            assert c.process.wait(120) == status, (words, line, c.process.returncode)
            assert 'a.service ended' in c.log() and 'other.service: empty' in c.log()
    with Container(build, {'a.service': oneshot('FailureAction=reboot', 'false'), 'other.service': SLEEPER}) as c:
        c.control('start', 'other')
        assert c.earlyctl('start', 'a').returncode == 1
        wait_for(lambda: 'a.service: cannot do that' in c.log())
        assert c.state('other')[0] == 'active', 'a container is not rebooted'


def test_bound_to_what_dies(build):
    """BindsTo= ends with it however it ended, Requires= only with a stop that somebody asked for."""
    manifests = {
        'base.service': SLEEPER,
        'bound.service': unit('BindsTo=base.service\nAfter=base.service'),
        'requires.service': unit('Requires=base.service\nAfter=base.service'),
    }
    with Container(build, manifests) as c:
        c.control('start', 'bound')
        c.control('start', 'requires')
        c.kill_main('base.service')
        c.wait_state('bound.service', 'inactive')
        assert c.why('bound.service')[0] == 'bound to base.service, which ended', c.why('bound.service')
        assert c.state('requires') == ('active', 'running')


def test_upholds(build):
    manifests = {'a.service': unit('Upholds=b.service'), 'b.service': SLEEPER,
                 'up.service': unit('Upholds=bad.service'), 'bad.service': '[Service]\nExecStart=/bin/false\n' + DEMAND}
    with Container(build, manifests) as c:
        c.control('start', 'a')
        c.wait_state('b.service', 'active')
        old = c.kill_main('b.service')
        wait_for(lambda: c.status('b')['main_pid'] not in (0, old))
        old = c.status('b')['main_pid']
        c.control('stop', 'b')
        wait_for(lambda: c.status('b')['main_pid'] not in (0, old))
        c.control('stop', 'a')
        c.control('stop', 'b')
        time.sleep(0.2)
        assert c.state('b') == ('inactive', 'dead')
        # One that can't be held up is not tried for ever.
        c.control('start', 'up')
        wait_for(lambda: c.event_names().count('service:bad.service:start') >= 2)
        c.wait_state('bad.service', 'failed')
        time.sleep(0.5)
        assert c.event_names().count('service:bad.service:start') <= 6, c.event_names()


def test_stop_when_unneeded(build):
    manifests = {'base.service': unit('StopWhenUnneeded=yes'), 'one.service': unit('Requires=base.service'),
                 'two.service': unit('Wants=base.service')}
    with Container(build, manifests) as c:
        c.control('start', 'one')
        c.control('start', 'two')
        c.control('stop', 'one')
        time.sleep(0.2)
        assert c.state('base') == ('active', 'running')
        pid = c.status('base')['main_pid']
        c.control('restart', 'two')
        time.sleep(0.2)
        assert c.status('base')['main_pid'] == pid, 'a restart is no end'
        c.control('stop', 'two')
        c.wait_state('base.service', 'inactive')


def test_conditions_and_assertions(build):
    """A condition only skips; an assertion fails the start, and no restart makes it hold."""
    manifests = {
        'skipped.service': '[Unit]\nConditionPathExists=/nowhere\n' + SLEEPER,
        'asserted.service': '[Unit]\nAssertPathExists=/nowhere\n[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n' + DEMAND,
        'after.service': unit('Requires=skipped.service\nAfter=skipped.service'),
        'never.service': unit('Requires=asserted.service\nAfter=asserted.service'),
    }
    with Container(build, manifests) as c:
        c.control('start', 'after')
        assert c.state('skipped') == ('inactive', 'dead') and c.state('after') == ('active', 'running')
        for name in ('asserted', 'never'):
            try:
                c.control('start', name)
                raise AssertionError(name + ' started')
            except Refused:
                pass
        c.wait_state('asserted.service', 'failed')
        status = c.status('asserted')
        assert status['result'] == 'assert' and status['restarts'] == 0, status


def test_restart_forced(build):
    manifest = ('[Service]\nExecStart=/bin/sh -c "exit 133"\nRestart=no\nRestartSec=10ms\nRestartForceExitStatus=133\n'
                '[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=1h\n' + DEMAND)
    with Container(build, {'a.service': manifest}) as c:
        c.control('start', 'a')
        c.wait_state('a.service', 'failed')
        assert c.status('a')['restarts'] == 3, c.status('a')


def test_runtime_max(build):
    with Container(build, {'a.service': '[Service]\nExecStart=/bin/sleep 1000\nRuntimeMaxSec=300ms\n' + DEMAND}) as c:
        c.control('start', 'a')
        c.wait_state('a.service', 'failed')
        status = c.status('a')
        assert status['result'] == 'timeout' and 'RuntimeMaxSec' in status['detail'], status


TRAPS = '''#!/bin/sh
for name in TERM USR1 USR2 ABRT; do trap "echo $name >> @work@/log" $name; done
trap "echo QUIT >> @work@/log; exit" QUIT
echo up >> @work@/log
while :; do sleep 0.05; done
'''


def signals_of(c):
    return [line for line in c.read('log').split() if line != 'up']


def test_signals(build):
    """RestartKillSignal=, KillSignal=, then FinalKillSignal= for what outlives its time; WatchdogSignal= and TimeoutAbortSec=."""
    with Container(build) as c:
        script = c.script('traps', TRAPS)
        c.manifest('a.service', '[Service]\nExecStart=%s\nKillSignal=USR1\nRestartKillSignal=USR2\nFinalKillSignal=QUIT\n'
                   'TimeoutStopSec=4\nKillMode=mixed\n%s' % (script, DEMAND))
        c.manifest('w.service', '[Service]\nExecStart=%s\nWatchdogSec=5\nWatchdogSignal=ABRT\n'
                   'ExecStartPost=/bin/true\nTimeoutStopSec=1h\nTimeoutAbortSec=4\n%s' % (script, DEMAND))
        c.control('daemon-reload')
        c.control('start', 'a')
        wait_for(lambda: exists(c, 'log'))
        c.control('restart', 'a')
        assert signals_of(c) == ['USR2', 'QUIT'], signals_of(c)
        wait_for(lambda: c.read('log').split()[-1] == 'up')
        c.control('stop', 'a')
        assert signals_of(c)[2:] == ['USR1', 'QUIT'], signals_of(c)
        os.unlink(c.work + '/log')
        c.control('start', 'w')
        c.wait_state('w.service', 'failed')  # by TimeoutAbortSec=
        assert 'ABRT' in signals_of(c), signals_of(c)


def test_devices(build):
    """DevicePolicy=, DeviceAllow=: the kernel denies what is not listed. Only with cgroups; without them no group can be restricted."""
    look = '#!/bin/sh\nfor d in null kmsg full; do if true < /dev/$d; then echo $d yes; else echo $d no; fi; done > @work@/%s 2>/dev/null\n'
    cases = {
        'free': ('', 'yes yes yes'),
        'closed': ('DevicePolicy=closed\n', 'yes no yes'),
        'strict': ('DevicePolicy=strict\nDeviceAllow=/dev/null rw\n', 'yes no no'),
        'listed': ('DeviceAllow=/dev/kmsg r\n', 'yes yes yes'),
        'driver': ('DevicePolicy=strict\nDeviceAllow=char-mem rw\n', 'yes yes yes'),
        'private': ('DevicePolicy=strict\nDeviceAllow=/dev/null rw\nPrivateDevices=yes\n', 'yes no no'),  # nodes that it may not make itself
        'hidden': ('DevicePolicy=closed\nProtectKernelLogs=yes\n', 'yes yes yes'),  # an empty file in its place, where the device itself may not be opened
    }
    with Container(build) as c:
        if not c.cgroup:
            cases = {name: (words, 'yes no yes' if name == 'private' else 'yes yes yes') for name, (words, _) in cases.items()}
        for name, (words, _) in cases.items():
            script = c.script('look-' + name, look % name)
            c.manifest(name + '.service', '[Service]\nType=oneshot\nExecStart=%s\n%s%s' % (script, words, DEMAND))
        c.control('daemon-reload')
        for name, (_, expected) in cases.items():
            c.control('start', name)
            found = ' '.join(line.split()[1] for line in c.read(name).splitlines())
            assert found == expected, '%s: %s instead of %s' % (name, found, expected)


# argv: of each of its four tries, for how many seconds it waits.
TALK = '''#!/usr/bin/python3
import socket, sys
times = [float(word) for word in sys.argv[1:]]
def talk(family, address, seconds):
    with socket.socket(family) as listener, socket.socket(family) as client:
        try:
            listener.bind((address, 0))
            listener.listen()
            client.settimeout(seconds)
            client.connect(listener.getsockname())
            return 'yes'
        except OSError:
            return 'no'
def send(seconds):
    """One way only: what goes to 127.0.0.2 comes from 127.0.0.1."""
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
        try:
            receiver.bind(('127.0.0.2', 0))
            receiver.settimeout(seconds)
            sender.bind(('127.0.0.1', 0))
            sender.sendto(b'x', receiver.getsockname())
            return 'yes' if receiver.recv(1) else 'no'
        except OSError:
            return 'no'
found = [send(times[0]), talk(socket.AF_INET, '127.0.0.1', times[1]), talk(socket.AF_INET, '127.0.0.2', times[2]), talk(socket.AF_INET6, '::1', times[3])]
open('@work@/%s', 'w').write(' '.join(found))
'''


def test_addresses(build):
    """IPAddressAllow=, IPAddressDeny=: the kernel drops what is not allowed. Only with cgroups."""
    cases = {
        'free': ('', 'yes yes yes yes'),
        'none': ('IPAddressDeny=any\n', 'no no no no'),
        'local': ('IPAddressAllow=localhost\nIPAddressDeny=any\n', 'yes yes yes yes'),
        'one': ('IPAddressDeny=any\nIPAddressAllow=127.0.0.1\n', 'no yes no no'),
        'six': ('IPAddressDeny=127.0.0.0/8\n', 'no no no yes'),
        'four': ('IPAddressDeny=::1 127.0.0.2/32\n', 'no yes no no'),
        'back': ('IPAddressDeny=any\nIPAddressDeny=\n', 'yes yes yes yes'),
    }
    with Container(build) as c:
        if not c.cgroup:
            cases = {name: (words, 'yes yes yes yes') for name, (words, _) in cases.items()}
        for name, (words, expected) in cases.items():
            script = c.script('talk-' + name, TALK % name)
            times = ' '.join('60' if word == 'yes' else '0.5' for word in expected.split())
            c.manifest(name + '.service', '[Service]\nType=oneshot\nExecStart=%s %s\n%s%s' % (script, times, words, DEMAND))
        c.control('daemon-reload')
        for name, (_, expected) in cases.items():
            c.control('start', name)
            assert c.read(name) == expected, '%s: %s instead of %s' % (name, c.read(name), expected)
        assert 'cannot restrict' not in c.log(), c.log()


run_tests(globals())

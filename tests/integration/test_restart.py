#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Restarts: how soon, how often, what is called a loop, and the ladder of OnGiveUp=."""

import os
import signal

from early import Container, DONE, Refused, VERBS, is_alive, pack_request, run_tests, unpack, wait_for

DEMAND = '[Early]\nStage=demand\n'
SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n' + DEMAND


def moments(c, name, what):
    """When it was, each time, by PID 1's own clock, in seconds."""
    return [e['t_us'] / 1e6 for e in c.timeline() if e['name'] == 'service:%s:%s' % (name, what)]


def pauses(c, name):
    """Between each end and the start after it. A machine that is busy makes them longer, and none shorter."""
    return [start - end for end, start in zip(moments(c, name, 'stop'), moments(c, name, 'start')[1:])]


def assert_pauses(c, name, *expected):
    """At least these are the first ones. (How long exactly: test-backoff.c.)"""
    wait_for(lambda: len(pauses(c, name)) >= len(expected))
    found = pauses(c, name)
    assert all(f >= e for f, e in zip(found, expected)), (found, expected)


def test_the_first_restart_comes_at_once(build):
    """The shortest pause there is would be seen in each of them."""
    names = ['a%d.service' % n for n in range(8)]
    with Container(build, {name: '[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n' for name in names}) as c:
        for name in names:
            c.wait_state(name, 'active')
            c.kill_main(name)
            wait_for(lambda: pauses(c, name))
        took = [pauses(c, name)[0] for name in names]
        assert min(took) < 0.09, 'there was a pause: %r' % took


def test_a_stop_that_comes_with_the_death_is_heard_first(build):
    """PID 1 finds both in one turn of its loop: there is no second run that would have to be stopped again."""
    with Container(build, {'a.service': '[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n'}) as c:
        c.wait_state('a.service', 'active')
        victim = c.host_pid(c.status('a')['main_pid'])
        with c.connect() as client:
            client.send(pack_request(VERBS['status'], 'a'))
            while unpack(client.recv(65536))[0] != DONE:
                pass
            os.kill(c.init_pid(), signal.SIGSTOP)
            wait_for(c.is_stopped)
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: not is_alive(victim))
            client.send(pack_request(VERBS['stop'], 'a'))
            os.kill(c.init_pid(), signal.SIGCONT)
            opcode, done = unpack(client.recv(65536))
            assert opcode == DONE and done['error'] == 0, done
        assert c.status('a')['main_pid'] == 0
        assert len(moments(c, 'a.service', 'start')) == 1, c.event_names()


def test_then_it_waits_longer_each_time(build):
    """0 + 100 + 200 + 400 ms, and the fourth quick death is a loop; nobody set a limit, so it goes on."""
    manifest = ('[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c "echo >> @work@/starts; exit 1"\nRestart=always\n')
    with Container(build) as c:
        c.manifest('a.service', manifest.replace('@work@', c.work) + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'a')
        assert_pauses(c, 'a.service', 0, 0.1, 0.2, 0.4)
        assert 'service:a.service:crash-loop' in c.event_names()


def test_steps_of_newer_systemd(build):
    """RestartSec=50ms to RestartMaxDelaySec=200ms in two steps: 50, 100, 200, 200."""
    manifest = ('[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c "echo >> @work@/starts; exit 1"\nRestart=always\n'
                'RestartSec=50ms\nRestartSteps=2\nRestartMaxDelaySec=200ms\n')
    with Container(build) as c:
        c.manifest('a.service', manifest.replace('@work@', c.work) + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'a')
        assert_pauses(c, 'a.service', 0.05, 0.1, 0.2, 0.2)
        # Three seconds, or seven minutes if the steps went on.
        wait_for(lambda: len(moments(c, 'a.service', 'start')) >= 14, 60)


LADDER = ('[Unit]\nStartLimitIntervalSec=0\nAfter=soft.service\n[Service]\nExecStart=%s\nRestart=always\nRestartMaxDelaySec=20ms\n'
          '[Early]\nStage=demand\nOnGiveUp=software:soft.service fallback:spare.service diagnose\n')
SOFT = '[Service]\nType=oneshot\nExecStart=/bin/sh -c "sleep 0.3; echo >> %s/soft"\nEnvironment=LIBGL_ALWAYS_SOFTWARE=1\n' + DEMAND


def ladder(c, script):
    c.manifest('dm.service', LADDER % c.script('dm', script))
    c.manifest('soft.service', SOFT % c.work)
    c.manifest('spare.service', SLEEPER)
    c.control('daemon-reload')


def test_the_ladder_to_its_end(build):
    script = '#!/bin/sh\necho "soft=$LIBGL_ALWAYS_SOFTWARE $(test -e @work@/soft && echo after)" >> @work@/log\nexit 1\n'
    with Container(build) as c:
        ladder(c, script)
        try:
            c.control('start', 'dm')
        except Refused:
            pass
        c.wait_state('spare.service', 'active')
        c.wait_state('dm.service', 'failed')
        lines = c.read('log').splitlines()
        assert lines == ['soft= '] * 4 + ['soft=1 after'] * 4, lines
        assert c.why('spare.service')[0] == 'dm.service gave up'
        assert 'service:dm.service:software-rendering' in c.event_names()


def test_software_rendering_helps_and_stays(build):
    script = ('#!/bin/sh\necho "soft=$LIBGL_ALWAYS_SOFTWARE" >> @work@/log\n'
              'test "$LIBGL_ALWAYS_SOFTWARE" = 1 || exit 1\nexec sleep 1000\n')
    with Container(build) as c:
        ladder(c, script)
        c.control('start', 'dm')
        wait_for(lambda: 'soft=1' in c.read('log'))
        c.wait_state('dm.service', 'active')
        c.control('daemon-reexec')
        c.wait_state('dm.service', 'active')
        old = c.kill_main('dm.service')
        wait_for(lambda: c.status('dm.service')['main_pid'] not in (0, old))
        wait_for(lambda: c.read('log').count('soft=1') == 2)
        assert c.state('spare') == ('inactive', 'dead')
        # Somebody's own start begins anew: the driver may have been mended.
        c.control('stop', 'dm')
        try:
            c.control('start', 'dm')
        except Refused:
            pass
        wait_for(lambda: c.read('log').splitlines()[-1] == 'soft=1' and c.read('log').count('soft=\n') == 8)


run_tests(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is told of a service that ends by itself: how and when, how often, and that it is a loop; in status, why, list and its log."""

import json
import os
import signal
import time

from early import Container, Refused, run_tests, wait_for

DEMAND = '[Early]\nStage=demand\n'
SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n'
CRASHES = '[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\n[Service]\nExecStart=@work@/crash\nRestart=always\nRestartSec=0\n' + DEMAND
LOOPS = '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=@work@/loop\nRestart=always\nRestartSec=50ms\nRestartSteps=1\n' \
        'RestartMaxDelaySec=60ms\n' + DEMAND


def try_start(c, name):
    try:
        c.control('start', name)
    except Refused as refused:
        return refused.text
    return ''


def own_log(c, name):
    path = '%s/log/%s.log' % (c.run, name)
    if not os.path.exists(path):
        return ''
    with open(path) as f:
        return f.read()


def test_the_last_death_outlives_the_start_limit(build):
    with Container(build, {'x.service': CRASHES}) as c:
        c.script('crash', '#!/bin/sh\necho before the end\nkill -SEGV $$\n')
        try_start(c, 'x')
        wait_for(lambda: c.status('x')['result'] == 'start-limit-hit')
        status = c.status('x')
        assert 'was ended by signal 11 (Segmentation fault)' in status['failure'], status
        assert 0 < status['failure_us'] <= status['since_us'] and status['restarts'] == 3, status
        for verb in ('status', 'why'):
            text = c.earlyctl(verb, 'x').stdout
            for part in ('signal 11 (Segmentation fault)', 's after the start', 'started too often (3 times)', '3'):
                assert part in text, (verb, part, text)
        wait_for(lambda: 'started too often' in own_log(c, 'x.service'))
        log = own_log(c, 'x.service')
        assert log.count('warning early-init: main process was ended by signal 11') == 3, log
        value = json.loads(c.earlyctl('--json', 'why', 'x').stdout)
        assert 'signal 11' in value['failure'] and value['restarts'] == 3, value
        c.control('daemon-reexec')
        wait_for(lambda: 're-executed' in c.log())
        after = wait_for(lambda: c.status('x'))
        assert (after['failure'], after['failure_us']) == (status['failure'], status['failure_us']), after


def test_a_loop_is_seen_while_it_runs(build):
    with Container(build, {'x.service': LOOPS, 'y.service': SLEEPER + DEMAND}) as c:
        c.script('loop', '#!/bin/sh\n[ -e @work@/stay ] && exec sleep 1000\nexit 3\n')
        c.control('start', 'y')
        try_start(c, 'x')
        wait_for(lambda: c.status('x')['restarts'] > 5)
        for verb in ('status', 'why'):
            restarts = c.status('x')['restarts']
            text = c.earlyctl(verb, 'x').stdout
            for part in ('ends again and again within seconds', 'exit status 3'):
                assert part in text, (verb, part, text)
            assert any(str(n) in text for n in range(restarts, c.status('x')['restarts'] + 1)), (verb, restarts, text)
        row = [line for line in c.earlyctl('list').stdout.splitlines() if line.startswith('x.service')][0]
        assert 'loops' in row, row
        c.script('stay', '')

        def runs():
            """it runs, and ends again and again (until it has run for ten seconds)"""
            status = c.status('x')
            assert status['loop'] == 'ends again and again within seconds' and 'ended with exit status 3' in status['failure'], status
            return status['sub_state'] == 'running' and c.comm(status['main_pid']) == 'sleep'
        wait_for(runs)
        sound = c.earlyctl('why', 'y').stdout
        assert 'again' not in sound and 'ended' not in sound and not c.status('y')['failure'], sound
        wait_for(lambda: 'again and again' in own_log(c, 'x.service'))
        c.control('restart', 'x')
        status = c.status('x')
        assert status['restarts'] == 0 and not status['loop'], status


def test_a_good_end_that_is_followed_by_a_restart(build):
    with Container(build, {'x.service': LOOPS}) as c:
        c.script('loop', '#!/bin/sh\n[ -e @work@/again ] && exec sleep 1000\ntouch @work@/again\nexit 0\n')
        try_start(c, 'x')
        wait_for(lambda: c.status('x')['restarts'] == 1 and c.status('x')['main_pid'] > 0)
        assert 'exit status 0' in c.status('x')['failure'], c.status('x')
        c.control('stop', 'x')
        assert 'exit status 0' not in c.earlyctl('why', 'x').stdout, 'it was stopped since'


def test_old_words_are_not_the_last_ones(build):
    """early-exec fails: what an earlier run said has nothing to do with it."""
    with Container(build, {'x.service': '[Service]\nType=oneshot\nExecStart=/bin/echo old words\n' + DEMAND}) as c:
        c.control('start', 'x')
        wait_for(lambda: 'old words' in own_log(c, 'x.service'))
        c.manifest('x.service', '[Service]\nType=oneshot\nUser=nobodyy\nExecStart=/bin/echo new words\n' + DEMAND)
        c.control('daemon-reload')
        assert 'there is no user nobodyy' in try_start(c, 'x')
        text = c.earlyctl('why', 'x').stdout
        assert 'USER: there is no user nobodyy' in text and 'No such process' not in text, text
        assert 'old words' not in text, text
        assert 'old words' not in json.dumps(json.loads(c.earlyctl('--json', 'why', 'x').stdout)['log'])
        wait_for(lambda: 'there is no user nobodyy' in own_log(c, 'x.service'))
        assert 'there is no user nobodyy' in c.earlyctl('why', 'x').stdout.split('The end of its log')[1]


def test_why_a_start_was_not_even_tried(build):
    with Container(build, {'x.service': '[Unit]\nRequires=nosuch.service\n' + SLEEPER + DEMAND,
                           'y.service': '[Unit]\nRequires=bad.service\nAfter=bad.service\n' + SLEEPER + DEMAND,
                           'bad.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n' + DEMAND}) as c:
        assert 'nosuch.service' in try_start(c, 'x')
        assert try_start(c, 'y')
        for name, part in (('x', 'requires nosuch.service'), ('y', 'requires bad.service')):
            for verb in ('why', 'status'):
                text = c.earlyctl(verb, name).stdout
                assert part in text and 's after the start' in text, (verb, text)
            wait_for(lambda: part in own_log(c, name + '.service'))
        c.manifest('nosuch.service', SLEEPER + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'x')
        assert 'could not be started' not in c.earlyctl('why', 'x').stdout


def test_a_stop_is_no_failure(build):
    with Container(build, {'x.service': SLEEPER + DEMAND}) as c:
        c.control('start', 'x')
        c.control('stop', 'x')
        status = c.status('x')
        assert not status['failure'] and not status['loop'], status
        c.control('start', 'x')
        c.kill_main('x', signal.SIGKILL)
        c.wait_state('x.service', 'failed')
        assert 'signal 9' in c.status('x')['failure']


if __name__ == '__main__':
    run_tests(globals())

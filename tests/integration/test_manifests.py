#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manifests that are changed or taken away: gone after a daemon-reload, kept while they run, and warned of before it."""

import os
import subprocess

from early import Container, Refused, run_tests, wait_for

DEMAND = '[Early]\nStage=demand\n'
SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n'


def names(c):
    return [s['name'] for s in c.control('list')]


def test_a_removed_manifest_is_gone_after_a_reload(build):
    with Container(build, {'x.service': SLEEPER + DEMAND, 'y.service': SLEEPER + DEMAND}) as c:
        assert c.status('x')['load_state'] == 'loaded'
        os.unlink(c.services + '/x.service')
        c.control('daemon-reload')
        wait_for(lambda: 'x.service' not in names(c))
        assert 'y.service' in names(c)
        for verb in ('status', 'start', 'why', 'restart', 'stop'):
            done = c.earlyctl(verb, 'x')
            assert done.returncode == 4, (verb, done)
        c.manifest('x.service', SLEEPER + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'x')
        assert c.state('x')[0] == 'active'


def test_one_that_fails_or_is_a_target_goes_too(build):
    with Container(build, {'bad.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n' + DEMAND,
                           'all.target': '[Unit]\nDescription=all\n' + DEMAND}) as c:
        try:
            c.control('start', 'bad')
        except Refused:
            pass
        assert c.state('bad')[0] == 'failed'
        for name in ('bad.service', 'all.target'):
            os.unlink('%s/%s' % (c.services, name))
        c.control('daemon-reload')
        wait_for(lambda: not {'bad.service', 'all.target'} & set(names(c)))


def test_what_runs_is_kept_until_it_ends(build):
    """With its own way to stop, over a re-execution too, and without a restart."""
    stop = '[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/sh -c "echo stopped > @work@/stopped"\nRestart=always\n'
    with Container(build, {'x.service': stop + DEMAND}) as c:
        c.control('start', 'x')
        pid = c.status('x')['main_pid']
        os.unlink(c.services + '/x.service')
        c.control('daemon-reload')
        wait_for(lambda: c.status('x')['load_state'] == 'not-found')
        c.control('daemon-reexec')
        wait_for(lambda: 're-executed' in c.log())
        c.control('daemon-reload')
        status = wait_for(lambda: c.status('x'))
        assert (status['active_state'], status['main_pid'], status['load_state']) == ('active', pid, 'not-found'), status
        assert 'not-found' in c.earlyctl('status', 'x').stdout
        c.control('stop', 'x')
        assert os.path.exists(c.work + '/stopped')
        assert 'x.service' not in names(c)
        assert c.earlyctl('start', 'x').returncode == 4


def test_an_instance_of_a_template_stays(build):
    with Container(build, {'t@.service': SLEEPER + DEMAND, 'x.service': SLEEPER + DEMAND}) as c:
        c.control('start', 't@a')
        c.control('daemon-reload')
        assert c.status('t@a.service')['load_state'] == 'loaded'
        os.unlink(c.services + '/t@.service')
        c.control('daemon-reload')
        assert c.status('t@a.service')['load_state'] == 'not-found'
        assert c.state('t@a.service')[0] == 'active'


def test_a_newer_file_is_warned_of(build):
    with Container(build, {'x.service': SLEEPER + DEMAND}) as c:
        done = c.earlyctl('status', 'x')
        assert done.returncode == 0 and not done.stderr, done
        c.manifest('x.service', '[Unit]\nDescription=changed\n' + SLEEPER + DEMAND)
        for verb in ('status', 'start', 'restart', 'stop', 'why'):
            done = c.earlyctl(verb, 'x')
            assert done.returncode == 0 and 'x.service was changed' in done.stderr and 'daemon-reload' in done.stderr, (verb, done)
        c.control('daemon-reload')
        done = c.earlyctl('status', 'x')
        assert not done.stderr and 'changed' in done.stdout, done
        os.mkdir(c.services + '/x.service.d')
        c.manifest('x.service.d/a.conf', '[Unit]\nDescription=again\n')
        assert 'x.service.d/a.conf was changed' in c.earlyctl('status', 'x').stderr
        c.control('daemon-reload')
        assert not c.earlyctl('status', 'x').stderr
        os.unlink(c.services + '/x.service')
        done = c.earlyctl('start', 'x')
        assert done.returncode == 0 and 'x.service is gone' in done.stderr, done


ELSEWHERE = """set -e
mount -t tmpfs none /mnt
for dir in /usr /lib /lib64 /bin /proc /tmp "$1"; do
    [ ! -e "$dir" ] || { mkdir -p "/mnt$dir"; mount --rbind "$dir" "/mnt$dir"; }
done
exec chroot /mnt "$1/orchestrator/ctl/earlyctl" --control "$2/control" status x
"""


def test_another_root_is_not_judged_by_this_one(build):
    """Asked from a root of its own the same path may be another file."""
    with Container(build, {'x.service': SLEEPER + DEMAND}) as c:
        c.manifest('x.service', '[Unit]\nDescription=changed\n' + SLEEPER + DEMAND)
        assert 'was changed' in c.earlyctl('status', 'x').stderr
        done = subprocess.run(['unshare', '--mount', 'sh', '-c', ELSEWHERE, 'sh', build, c.run], capture_output=True, text=True)
        assert done.returncode == 0 and 'x.service' in done.stdout and not done.stderr, done


if __name__ == '__main__':
    run_tests(globals())

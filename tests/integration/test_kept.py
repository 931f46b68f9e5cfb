#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a service, a job and a client have of PID 1 is theirs over a crash of it, and over a re-execution."""

import os
import signal
import time

from early import Container, DONE, SAY, Refused, VERBS, pack_request, run_tests, unpack, wait_for

DEMAND = '[Early]\nStage=demand\n'
SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n' + DEMAND
NO_LIMIT = '[Unit]\nStartLimitIntervalSec=0\n'

# store TEXT: with a pipe of which nobody has the other end.
STORE = '''#!/usr/bin/python3
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
socket.send_fds(s, [sys.argv[1].replace('\\\\n', '\\n').encode()], [os.pipe()[0]])
'''


def crash(c):
    before = c.log().count('went on after a crash')
    os.kill(c.init_pid(), signal.SIGSEGV)
    wait_for(lambda: c.log().count('went on after a crash') > before)


def reexec(c):
    before = c.log().count('re-executed')
    c.control('daemon-reexec')
    wait_for(lambda: c.log().count('re-executed') > before)


def both(test):
    """The test once with each of the two ways to another program."""
    def run(build):
        for interrupt in (crash, reexec):
            with Container(build, options=['--crash-window', '0']) as c:
                try:
                    test(c, interrupt)
                except Exception:
                    print('with ' + interrupt.__name__)
                    raise
                wait_for(lambda: c.zombies() == 0)
    return run


def daemon(c, name, script, words='', early='', unit=''):
    c.script('say', SAY)
    c.script('store', STORE)
    path = c.script(name, '#!/bin/sh\nsay=@work@/say store=@work@/store\n' + script)
    c.manifest(name + '.service', '[Unit]\n%s\n[Service]\nExecStart=%s\nNotifyAccess=all\n%s\n[Early]\nStage=demand\n%s'
               % (unit, path, words, early))
    c.control('daemon-reload')


def write(c, **manifests):
    for name, text in manifests.items():
        c.manifest(name + '.service', text)
    c.control('daemon-reload')


def replace_helper(c, name, script):
    """A script in its place, in which $real is the helper and $work is c.work."""
    path = '%s/%s' % (c.helpers, name)
    real = os.readlink(path)
    os.unlink(path)
    with open(path, 'w') as f:
        f.write('#!/bin/sh\nreal=%s work=%s\n%s\n' % (real, c.work, script))
    os.chmod(path, 0o755)


def ask(c, verb, name):
    s = c.connect()
    s.send(pack_request(VERBS[verb], name))
    return s


def moment(c, event):
    """When it was last, by PID 1's own clock, in seconds."""
    return [e['t_us'] for e in c.timeline() if e['name'] == event][-1] / 1e6


def answer(s):
    opcode, done = unpack(s.recv(65536))
    s.close()
    assert opcode == DONE, opcode
    return done


def refuses(function, *args):
    try:
        function(*args)
    except Refused as e:
        return e
    raise AssertionError('was not refused: %r' % (args,))


def start_limit(c, interrupt):
    write(c, a='[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=1h\n' + SLEEPER)
    for _ in range(2):
        c.control('start', 'a')
        c.control('stop', 'a')
    interrupt(c)
    refuses(c.control, 'start', 'a')
    assert c.status('a')['result'] == 'start-limit-hit', c.status('a')


def run_id(c, interrupt):
    daemon(c, 'a', 'echo $INVOCATION_ID >@work@/main\nexec sleep 1000\n',
           'ExecStop=%s' % c.script('stop', '#!/bin/sh\necho $INVOCATION_ID >@work@/stop\n'))
    c.control('start', 'a')
    wait_for(lambda: len(c.read('main')) == 33)
    interrupt(c)
    c.control('stop', 'a')
    assert c.read('stop') == c.read('main'), (c.read('stop'), c.read('main'))


def next_restart(c, interrupt):
    """Neither at once nor a whole pause after the interruption."""
    write(c, a=NO_LIMIT + '[Service]\nExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=16s\n' + DEMAND)
    c.control('start', 'a')
    died = time.monotonic()
    c.kill_main('a')
    time.sleep(8)
    interrupted = time.monotonic()
    interrupt(c)
    assert c.state('a') == ('activating', 'auto-restart')
    c.wait_state('a', 'active')
    now = time.monotonic()
    assert now - died > 15.8 and now - interrupted < 16, (now - died, now - interrupted)


def length_of_the_pause(c, interrupt):
    """After five quick deaths it is 1.6 s; the loop that they are was told."""
    daemon(c, 'a', 'echo >> @work@/starts; [ $(wc -l < @work@/starts) -gt 5 ] || exit 1; exec sleep 1000\n',
           'Restart=always', unit='StartLimitIntervalSec=0')
    try:
        c.control('start', 'a')
    except Refused:
        pass
    wait_for(lambda: c.read('starts').count('\n') == 6)
    c.wait_state('a', 'active')
    interrupt(c)
    died = time.monotonic()
    c.kill_main('a')
    wait_for(lambda: c.read('starts').count('\n') == 7)
    assert time.monotonic() - died > 1.4, time.monotonic() - died
    assert c.event_names().count('service:a.service:crash-loop') == 1, c.event_names()


LADDER = ('StartLimitIntervalSec=0\nAfter=soft.service', 'Restart=always\nRestartMaxDelaySec=20ms',
          'OnGiveUp=software:soft.service fallback:spare.service\n')
SOFT = '[Service]\nType=oneshot\nExecStart=/bin/sh -c "%s; echo >> @work@/soft"\nEnvironment=SOFT=1\n' + DEMAND
PATIENCE_S = 10  # SERVICE_SOFTWARE_DEADLINE_US
WAIT_TO_GO = 'until [ -e @work@/go ]; do sleep 0.05; done'


def rung(c, interrupt):
    write(c, soft=SOFT % 'sleep 0.1', spare=SLEEPER)
    daemon(c, 'dm', 'echo "soft=$SOFT" >> @work@/starts; test "$SOFT" = 1 || exit 1; exec sleep 1000\n', LADDER[1], LADDER[2], LADDER[0])
    try:
        c.control('start', 'dm')
    except Refused:
        pass
    wait_for(lambda: 'soft=1' in c.read('starts'))
    c.wait_state('dm', 'active')
    interrupt(c)
    c.script('dm', '#!/bin/sh\nexit 1\n')
    c.kill_main('dm')
    c.wait_state('spare', 'active')
    assert c.read('soft').count('\n') == 1, 'the first rung was climbed again'


def unit_of_a_rung(c, interrupt):
    """It starts when that is up: neither before nor at the end of its patience."""
    write(c, soft=SOFT % WAIT_TO_GO, spare=SLEEPER)
    daemon(c, 'dm', 'test "$SOFT" = 1 || exit 1; ls @work@ > @work@/seen; exec sleep 1000\n', LADDER[1], LADDER[2], LADDER[0])
    try:
        c.control('start', 'dm')
    except Refused:
        pass
    wait_for(lambda: c.state('soft')[1] == 'start')
    interrupt(c)
    c.script('go', '')
    wait_for(lambda: c.read('soft'))
    c.wait_state('dm', 'active')
    wait_for(lambda: 'soft' in c.read('seen').split())
    waited = moment(c, 'service:dm.service:start') - moment(c, 'service:soft.service:start')
    assert waited < PATIENCE_S, 'it waited until its patience was at an end'


def ready_fd(c, interrupt):
    daemon(c, 'a', WAIT_TO_GO + '; echo up >&7; exec 7>&-; exec sleep 1000\n', early='ReadyFd=7\n')
    s = ask(c, 'start', 'a')
    wait_for(lambda: c.status('a')['main_pid'] > 0)
    interrupt(c)
    time.sleep(0.2)
    assert c.state('a') == ('activating', 'start')
    c.script('go', '')
    assert answer(s)['error'] == 0
    assert c.state('a') == ('active', 'running')


def watchdog_span(c, interrupt):
    """It is what the service said: longer than its manifest's in the first case, shorter in the second."""
    signs = '$say READY=1 WATCHDOG_USEC=%d; while ! [ -e @work@/hang ]; do $say WATCHDOG=1; sleep 0.1; done; exec sleep 1000\n'
    daemon(c, 'long', signs % 1000000000, 'Type=notify\nWatchdogSec=5')
    daemon(c, 'short', signs % 6000000, 'Type=notify\nWatchdogSec=1000')
    c.control('start', 'long')
    c.control('start', 'short')
    interrupt(c)
    time.sleep(8)
    assert c.state('short') == ('active', 'running'), 'nobody heard its signs of life'
    c.script('hang', '')
    interrupt(c)
    c.wait_state('short', 'failed')
    assert c.status('short')['result'] == 'watchdog'
    assert c.state('long') == ('active', 'running'), c.status('long')


def extended_deadline(c, interrupt):
    daemon(c, 'a', '$say EXTEND_TIMEOUT_USEC=500000000; touch @work@/said; %s; $say READY=1; exec sleep 1000\n' % WAIT_TO_GO,
           'Type=notify\nTimeoutStartSec=5s')
    s = ask(c, 'start', 'a')
    wait_for(lambda: os.path.exists(c.work + '/said'))
    interrupt(c)
    time.sleep(6)
    c.script('go', '')
    assert answer(s)['error'] == 0, c.status('a')


def what_it_said_of_its_failure(c, interrupt):
    daemon(c, 'a', '$say READY=1 ERRNO=2; touch @work@/said; %s; exit 1\n' % WAIT_TO_GO, 'Type=notify')
    c.control('start', 'a')
    wait_for(lambda: os.path.exists(c.work + '/said'))
    time.sleep(0.2)
    interrupt(c)
    c.script('go', '')
    c.wait_state('a', 'failed')
    assert 'No such file or directory' in c.status('a')['detail'], c.status('a')


def clean_up(c, interrupt):
    """It was under way: it goes on, is done once, and is awaited."""
    replace_helper(c, 'early-exec', 'echo >> $work/runs; while [ -e $work/slow ]; do sleep 0.05; done; exec $real "$@"')
    path, users = '/run/early-test-kept', '/run/early/dynamic-uid'
    write(c, a='[Service]\nRuntimeDirectory=%s\nPrivateTmp=yes\nDynamicUser=yes\nSetCredential=name:value\n'
               'ExecStart=/bin/sleep 1000\n' % os.path.basename(path) + DEMAND)

    def left():
        return ([p for p in (path, '/run/credentials/a.service') if os.path.exists(p)]
                + ['/tmp/' + n for n in os.listdir('/tmp') if n.startswith('systemd-private-') and '-a.service-' in n]
                + [n for n in (os.listdir(users) if os.path.exists(users) else []) if n == 'direct:a' or n == 'a'
                   or os.path.islink(users + '/' + n) and os.readlink(users + '/' + n) == 'a'])
    c.control('start', 'a')
    wait_for(lambda: path in left() and len(left()) >= 4)
    interrupt(c)
    c.script('slow', '')
    s = ask(c, 'stop', 'a')
    wait_for(lambda: c.read('runs').count('\n') == 2)
    assert c.state('a')[1] == 'final-sigkill', c.state('a')
    interrupt(c)
    os.unlink(c.work + '/slow')
    assert answer(s)['error'] == 0
    assert 'a.service: timeout, final-sigkill' not in c.log(), 'its end was not heard of'
    assert c.read('runs').count('\n') == 2, 'it was cleaned up after twice'
    assert left() == [], left()


def idle(c, interrupt):
    """When there are no jobs any more, not when its own five seconds are over: what takes longer here shows nothing, and is tried again."""
    write(c, late=NO_LIMIT + '[Service]\nType=idle\nExecStart=/bin/sleep 1000\n' + DEMAND,
          slow=NO_LIMIT + '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "%s"\n' % WAIT_TO_GO + DEMAND)
    for _ in range(5):
        first, second = ask(c, 'start', 'slow'), ask(c, 'start', 'late')
        wait_for(lambda: c.status('slow')['main_pid'] > 0)
        interrupt(c)
        started = c.status('late')['main_pid'] > 0
        c.script('go', '')
        assert answer(first)['error'] == 0 and answer(second)['error'] == 0
        order = moment(c, 'service:late.service:start') - moment(c, 'service:slow.service:ready')
        waited = moment(c, 'service:late.service:start') - moment(c, 'service:slow.service:start')
        if not started and order >= 0 and waited < 4.5:
            return
        os.unlink(c.work + '/go')
        for name in ('slow', 'late'):
            c.control('stop', name)
    raise AssertionError('%s, it waited for %.1f s, to %.1f s after the job' % ('it started first' if started else 'not in time', waited, order))


def stored_descriptors(c, interrupt):
    """One that was stored long after anything else happened, and whose other end is gone, which does not matter."""
    daemon(c, 'a', 'echo "$LISTEN_FDNAMES" >> @work@/names; $say READY=1; %s\n' % WAIT_TO_GO +
           '$store "FDSTORE=1\\nFDNAME=kept\\nFDPOLL=0"; touch @work@/stored; exec sleep 1000\n', 'Type=notify')
    c.control('start', 'a')
    c.script('go', '')
    wait_for(lambda: os.path.exists(c.work + '/stored'))
    time.sleep(0.2)
    interrupt(c)
    c.control('restart', 'a')
    assert c.read('names') == '\nkept\n', c.read('names')


def what_an_exec_said(c, interrupt):
    """Its words came before its end, and PID 1 went in between."""
    replace_helper(c, 'early-exec', '$real "$@"; status=$?; touch $work/said; until [ -e $work/go ]; do sleep 0.05; done; exit $status')
    write(c, skipped='[Unit]\nConditionPathExists=/nonexistent\n' + SLEEPER,
          failed='[Service]\nType=exec\nWorkingDirectory=/nonexistent\nExecStart=/bin/sleep 1000\n' + DEMAND)
    for name, result, word in (('skipped', 'condition', 'condition not met'), ('failed', 'exit-code', 'No such file')):
        s = ask(c, 'start', name)
        wait_for(lambda: os.path.exists(c.work + '/said'))
        time.sleep(0.2)
        interrupt(c)
        c.script('go', '')
        answer(s)
        assert word in c.status(name)['detail'], (name, result, c.status(name))
        os.unlink(c.work + '/said')
        os.unlink(c.work + '/go')


def load_under_way(c, interrupt):
    """A job that waits for early-load is asked for again, and pulls in what it needs."""
    replace_helper(c, 'early-load', 'touch $work/asked; while [ -e $work/slow ]; do sleep 0.05; done; exec $real "$@"')
    c.manifest('unknown.service', '[Unit]\nRequires=newer.service\nAfter=newer.service\n' + SLEEPER)
    c.manifest('newer.service', SLEEPER)
    c.script('slow', '')
    s = ask(c, 'start', 'unknown')
    wait_for(lambda: os.path.exists(c.work + '/asked'))
    interrupt(c)
    os.unlink(c.work + '/slow')
    done = answer(s)
    assert done['error'] == 0, done
    assert c.state('unknown')[0] == 'active' and c.state('newer')[0] == 'active', c.state('newer')


def jobs(c, interrupt):
    """A reload, a restart and what waits for its turn; a start that fails is not tried once more."""
    write(c, reload='[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/sh -c "%s"\n' % WAIT_TO_GO + DEMAND,
          first='[Service]\nType=oneshot\nExecStart=/bin/sh -c "%s; echo first >> @work@/order"\n' % WAIT_TO_GO + DEMAND,
          second='[Unit]\nAfter=first.service\n[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo second >> @work@/order"\n' + DEMAND,
          slow='[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/sh -c "%s"\n' % WAIT_TO_GO + DEMAND,
          bad='[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo >> @work@/bad; %s; exit 1"\n' % WAIT_TO_GO + DEMAND)
    c.control('start', 'reload')
    c.control('start', 'slow')
    old = c.status('slow')['main_pid']
    waiting = [ask(c, verb, name) for verb, name in (('reload', 'reload'), ('start', 'first'), ('start', 'second'), ('restart', 'slow'))]
    bad = ask(c, 'start', 'bad')
    wait_for(lambda: c.state('reload')[1] == 'reload' and c.state('slow')[1] == 'stop' and c.state('bad')[1] == 'start')
    wait_for(lambda: c.read('bad'))
    interrupt(c)
    c.script('go', '')
    for s in waiting:
        done = answer(s)
        assert done['error'] == 0, done
    assert c.read('order') == 'first\nsecond\n', c.read('order')
    assert c.state('slow') == ('active', 'running') and c.status('slow')['main_pid'] not in (0, old)
    assert answer(bad)['error'] < 0
    assert c.read('bad').count('\n') == 1 and c.state('bad')[0] == 'failed'


def killed_group(c, interrupt):
    """A group that was killed as a whole takes no clones: known of it over the exec as well."""
    daemon(c, 'a', 'echo >> @work@/starts; (trap "" TERM; touch @work@/deaf; while :; do sleep 0.1; done) & exec sleep 1000\n',
           'Restart=always\nRestartSec=5s\nTimeoutStopSec=200ms', unit='StartLimitIntervalSec=0')
    c.control('start', 'a')
    wait_for(lambda: os.path.exists(c.work + '/deaf'))
    c.kill_main('a')
    wait_for(lambda: c.state('a')[1] == 'auto-restart')
    interrupt(c)
    c.wait_state('a', 'active')
    wait_for(lambda: c.read('starts').count('\n') == 2)
    time.sleep(0.3)
    assert c.read('starts').count('\n') == 2 and c.status('a')['restarts'] == 1, c.status('a')


test_start_limit = both(start_limit)
test_run_id = both(run_id)
test_next_restart = both(next_restart)
test_length_of_the_pause = both(length_of_the_pause)
test_rung = both(rung)
test_unit_of_a_rung = both(unit_of_a_rung)
test_ready_fd = both(ready_fd)
test_watchdog_span = both(watchdog_span)
test_extended_deadline = both(extended_deadline)
test_what_it_said_of_its_failure = both(what_it_said_of_its_failure)
test_clean_up = both(clean_up)
test_idle = both(idle)
test_stored_descriptors = both(stored_descriptors)
test_what_an_exec_said = both(what_an_exec_said)
test_load_under_way = both(load_under_way)
test_jobs = both(jobs)
test_killed_group = both(killed_group)

if __name__ == '__main__':
    run_tests(globals())

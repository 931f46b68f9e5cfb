#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Types and readiness: what a service says by sd_notify or on s6's descriptor, PIDFile=, processes that fork away, deadlines."""

import os
import signal
import time

from early import Container, SAY, VERBS, Refused, is_alive, pack_request, run_tests, unpack, wait_for

DEMAND = '[Early]\nStage=demand\n'

UNTIL_GO = 'until [ -e @work@/go ]; do sleep 0.05; done; '
IDLE_S = 5  # IDLE_DEADLINE_US


def daemon(c, name, script, words='', early=''):
    c.script('say', SAY)
    path = c.script(name, '#!/bin/sh\nsay=@work@/say\n' + script)
    c.manifest(name + '.service', '[Service]\nExecStart=%s\nNotifyAccess=all\n%s\n[Early]\nStage=demand\n%s'
               % (path, words, early))
    c.control('daemon-reload')


def fails(function, *args):
    try:
        function(*args)
    except Refused:
        return
    raise AssertionError('was not refused: %r' % (args,))


def sub_state(c, name):
    return c.status(name)['sub_state']


def test_notify_reload(build):
    """The reload is over with READY=1, not with the signal."""
    script = ('trap "$say RELOADING=1; sleep 0.4; $say READY=1; touch @work@/reloaded" USR1\n$say READY=1\n'
              'while :; do sleep 0.05; done\n')
    with Container(build) as c:
        daemon(c, 'a', script, 'Type=notify-reload\nReloadSignal=USR1')
        c.control('start', 'a')
        pid = c.status('a')['main_pid']
        start = time.monotonic()
        c.control('reload', 'a')
        assert time.monotonic() - start > 0.35, 'the reload did not wait'
        assert c.state('a') == ('active', 'running') and c.status('a')['main_pid'] == pid


def test_a_reload_of_its_own_accord(build):
    script = ('trap "$say RELOADING=1" USR1; trap "$say READY=1" USR2; $say READY=1\nwhile :; do sleep 0.05; done\n')
    with Container(build) as c:
        daemon(c, 'a', script, 'Type=notify')
        c.control('start', 'a')
        host = c.host_pid(c.status('a')['main_pid'])
        os.kill(host, signal.SIGUSR1)
        wait_for(lambda: c.state('a') == ('reloading', 'reload-notify'))
        os.kill(host, signal.SIGUSR2)
        wait_for(lambda: c.state('a') == ('active', 'running'))


def test_stopping(build):
    """It says that it stops and does; one that says so and doesn't is ended when its time is over."""
    with Container(build) as c:
        daemon(c, 'good', '$say READY=1; $say STOPPING=1; %s exit 0\n' % UNTIL_GO, 'Type=notify')
        daemon(c, 'bad', '$say READY=1; $say STOPPING=1; exec sleep 1000\n', 'Type=notify\nTimeoutStopSec=300ms')
        c.control('start', 'good')
        wait_for(lambda: c.state('good') == ('deactivating', 'stop-notify'))
        c.script('go', '')
        wait_for(lambda: c.state('good') == ('inactive', 'dead'))
        assert c.status('good')['result'] == 'success'
        c.control('start', 'bad')
        c.wait_state('bad.service', 'failed')
        assert c.status('bad')['result'] == 'timeout'


def test_what_it_says_of_its_failure(build):
    with Container(build) as c:
        daemon(c, 'a', '$say ERRNO=2; exit 1\n', 'Type=notify')
        daemon(c, 'b', '$say BUSERROR=org.example.Broken; exit 1\n', 'Type=notify')
        for name, text in (('a', 'No such file or directory'), ('b', 'org.example.Broken')):
            fails(c.control, 'start', name)
            assert text in c.status(name)['detail'], c.status(name)


def test_watchdog_usec(build):
    """It asks to be watched, by itself, and then keeps silent."""
    with Container(build) as c:
        daemon(c, 'a', '$say READY=1; $say WATCHDOG_USEC=300000; exec sleep 1000\n', 'Type=notify')
        c.control('start', 'a')
        c.wait_state('a.service', 'failed')
        assert c.status('a')['result'] == 'watchdog'


HANDS_OVER = r'''#!/usr/bin/perl
use Socket;
socket(N, AF_UNIX, SOCK_DGRAM, 0) or die;
select(undef, undef, undef, 0.05) until -e '@work@/go';
defined(my $pid = fork) or die;
if ($pid == 0) { sleep(1000); exit; }
send(N, "MAINPID=$pid\nREADY=1", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die;
'''


def test_last_words_before_the_end(build):
    """A PID 1 that had no time meanwhile finds both at once, and the end first if somebody else had ended before: it hears them all the same."""
    with Container(build) as c:
        daemon(c, 'a', '%s\n$say ERRNO=2; exit 1\n' % UNTIL_GO, 'Type=notify')
        c.manifest('b.service', '[Service]\nType=notify\nExecStart=%s\n' % c.script('b', HANDS_OVER) + DEMAND)
        c.manifest('first.service', '[Service]\nExecStart=/bin/sleep 1000\n' + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'first')
        pids = [c.host_pid(c.status('first')['main_pid'])]
        waiting = []
        for name in 'ab':
            waiting.append(c.connect())
            waiting[-1].send(pack_request(VERBS['start'], name))
            pids.append(c.host_pid(wait_for(lambda: c.status(name)['main_pid'])))
        os.kill(c.init_pid(), signal.SIGSTOP)
        wait_for(c.is_stopped)
        os.kill(pids[0], signal.SIGKILL)
        wait_for(lambda: not is_alive(pids[0]))
        c.script('go', '')
        wait_for(lambda: not any(is_alive(pid) for pid in pids))
        os.kill(c.init_pid(), signal.SIGCONT)
        errors = [unpack(s.recv(65536))[1]['error'] for s in waiting]
        assert 'No such file or directory' in c.status('a')['detail'], c.status('a')
        assert c.state('b') == ('active', 'running') and c.status('b')['main_pid'] > 0, c.status('b')
        assert errors[0] < 0 and errors[1] == 0, errors
        for s in waiting:
            s.close()


def test_barrier(build):
    """The descriptor is closed when the messages before it were handled."""
    script = '''exec /usr/bin/python3 - <<'EOF'
import array, os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
s.send(b'STATUS=before the barrier')
r, w = os.pipe()
s.sendmsg([b'BARRIER=1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [w]))])
os.close(w)
os.read(r, 1)
open('@work@/through', 'w').close()
s.send(b'READY=1')
time.sleep(1000)
EOF
'''
    with Container(build) as c:
        daemon(c, 'a', script, 'Type=notify')
        c.control('start', 'a')
        assert os.path.exists(c.work + '/through')


def test_who_may_speak(build):
    """NotifyAccess=main: not a child; exec: the main process and commands; none: nobody."""
    child = '$say READY=1\nexec sleep 1000\n'
    with Container(build) as c:
        for access, ready in (('main', False), ('all', True), ('none', False)):
            daemon(c, access, child, 'Type=notify\nTimeoutStartSec=%s\nNotifyAccess=%s' % ('90' if ready else '3', access))
            if ready:
                c.control('start', access)
            else:
                fails(c.control, 'start', access)
                assert c.status(access)['result'] == 'timeout', c.status(access)
        for access, heard in (('main', False), ('exec', True)):
            name = 'post-' + access
            daemon(c, name, 'exec sleep 1000\n', 'NotifyAccess=%s\nExecStartPost=%s/say WATCHDOG=trigger' % (access, c.work))
            if heard:
                fails(c.control, 'start', name)
                assert c.status(name)['result'] == 'watchdog', c.status(name)
            else:
                c.control('start', name)


def test_stored_descriptors_and_their_end(build):
    """One whose other end is gone is dropped; FDPOLL=0 keeps it."""
    script = '''/usr/bin/python3 - <<'EOF'
import array, os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
def store(text):
    r, w = os.pipe()
    s.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [r]))])
    os.close(r); os.close(w)
store(b'FDSTORE=1\\nFDNAME=gone')
store(b'FDSTORE=1\\nFDNAME=kept\\nFDPOLL=0')
EOF
echo "$LISTEN_FDNAMES" >> @work@/names
$say READY=1
exec sleep 1000
'''
    with Container(build) as c:
        daemon(c, 'a', script, 'Type=notify')
        c.control('start', 'a')
        c.control('restart', 'a')
        assert c.read('names').split('\n')[1] == 'kept', c.read('names')


def test_ready_fd(build):
    """s6's newline, directly and through early-exec; without it the start fails."""
    line = 'sleep 0.3; touch @work@/up-%s; echo up >&7; exec 7>&-; exec sleep 1000\n'
    with Container(build) as c:
        daemon(c, 'plain', line % 'plain', '', 'ReadyFd=7\n')
        daemon(c, 'exec', line % 'exec', 'WorkingDirectory=/tmp', 'ReadyFd=7\n')
        daemon(c, 'silent', 'exec sleep 1000\n', 'TimeoutStartSec=500ms', 'ReadyFd=7\n')
        for name in ('plain', 'exec'):
            c.control('start', name)
            assert os.path.exists('%s/up-%s' % (c.work, name)), name + ' was up too early'
            assert c.state(name) == ('active', 'running')
        fails(c.control, 'start', 'silent')
        assert c.status('silent')['result'] == 'timeout'


def test_pid_file(build):
    """Written late, and of one process among several; then that one's end is the service's."""
    script = ('(sleep 1000 & sleep 1001 & m=$!; sleep 0.4; echo $m > @pidfile@; wait $m) '
              '>/dev/null 2>&1 &\n')
    with Container(build) as c:
        daemon(c, 'a', script.replace('@pidfile@', '/run/early-test.pid'), 'Type=forking\nPIDFile=early-test.pid')
        c.control('start', 'a')
        with open('/run/early-test.pid', encoding='ascii') as f:
            assert c.status('a')['main_pid'] == int(f.read()), c.status('a')
        c.kill_main('a.service')
        wait_for(lambda: c.status('a')['active_state'] in ('failed', 'inactive'))


def test_it_forks_away(build):
    """Double fork and a session of its own: still the service's, and gone with it. Without cgroups that is luck (procset.c)."""
    script = '(setsid sh -c "echo \\$\\$ > @work@/pid; (setsid sleep 1002 & echo \\$! > @work@/pid2); sleep 1001" &) ; exec sleep 1000\n'
    with Container(build) as c:
        daemon(c, 'a', script, 'TimeoutStopSec=110')
        c.control('start', 'a')
        wait_for(lambda: os.path.exists(c.work + '/pid2') and c.read('pid2').strip())
        hosts = [c.host_pid(int(c.read(f))) for f in ('pid', 'pid2')]
        assert all(is_alive(p) for p in hosts)
        start = time.monotonic()
        c.control('stop', 'a')
        assert time.monotonic() - start < 60, 'they were not asked to end'
        if c.cgroup:
            wait_for(lambda: not any(is_alive(p) for p in hosts))


def test_exit_type_cgroup(build):
    """The first process ends, the service goes on with what it left."""
    with Container(build) as c:
        daemon(c, 'a', '(%s touch @work@/late) &\nexit 0\n' % UNTIL_GO, 'ExitType=cgroup')
        c.control('start', 'a')
        wait_for(lambda: c.status('a')['main_pid'] == 0)
        assert c.state('a') == ('active', 'running'), c.state('a')
        c.script('go', '')
        wait_for(lambda: c.state('a') == ('inactive', 'dead'))
        assert os.path.exists(c.work + '/late')


def test_type_idle(build):
    """
    It comes when the others are up, and alone at once. What takes as long as its own deadline here is tried again: that may be the machine,
    but with an early-init that waits for the deadline each try takes as long.
    """
    manifests = {'idle.service': '[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=idle\nExecStart=/bin/sleep 1000\n' + DEMAND,
                 'slow.service': '[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 0.7\n' + DEMAND,
                 'both.target': '[Unit]\nWants=idle.service slow.service\n' + DEMAND}
    with Container(build, manifests) as c:
        def comes_in_time(name):
            for _ in range(5):
                start = time.monotonic()
                c.control('start', name)
                took = time.monotonic() - start
                names = c.event_names()
                for other in ('both.target', 'idle', 'slow'):
                    c.control('stop', other)
                if took < IDLE_S:
                    return names
            raise AssertionError('it waited for what waits for it')
        comes_in_time('idle')
        names = comes_in_time('both.target')
        last = [len(names) - names[::-1].index('service:%s' % event) for event in ('slow.service:ready', 'idle.service:start')]
        assert last[0] < last[1], names


def test_failure_modes(build):
    """TimeoutStopFailureMode=abort: SIGABRT before the end; kill: at once. The same of a start."""
    traps = 'trap "" TERM; trap "echo ABRT >> @work@/%s.log; exit 1" ABRT\ntouch @work@/deaf\nwhile :; do sleep 0.05; done\n'
    with Container(build) as c:
        daemon(c, 'abort', traps % 'abort', 'TimeoutStopSec=300ms\nTimeoutAbortSec=90\nTimeoutStopFailureMode=abort')
        daemon(c, 'start', traps % 'start', 'Type=notify\nTimeoutStartSec=5\nTimeoutStartFailureMode=abort')
        daemon(c, 'kill', traps % 'kill', 'Type=notify\nTimeoutStartSec=3\nTimeoutStopSec=1h\nTimeoutStartFailureMode=kill')
        c.control('start', 'abort')
        wait_for(lambda: os.path.exists(c.work + '/deaf'))
        c.control('stop', 'abort')
        assert c.read('abort.log').strip() == 'ABRT'
        fails(c.control, 'start', 'start')
        c.wait_state('start.service', 'failed')
        assert c.read('start.log').strip() == 'ABRT'
        fails(c.control, 'start', 'kill')
        c.wait_state('kill.service', 'failed')
        assert not os.path.exists(c.work + '/kill.log')


run_tests(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a service is handed: sockets, files and what it has stored itself, over its restarts."""

import os
import time

from early import Container, refused, run_tests, wait_for


LISTENER = '''#!/usr/bin/python3
import os, socket
assert os.environ['LISTEN_PID'] == str(os.getpid()), os.environ
assert os.environ['LISTEN_FDS'] == '1', os.environ
s = socket.socket(fileno=3)
while True:
    c, _ = s.accept()
    c.sendall(str(os.getpid()).encode())
    c.close()
'''


def listen_manifest(script, more=''):
    return ('[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=%s\nRestart=always\nRestartSec=300ms\n%s'
            '[Activate]\nListenStream=@run@/test.sock\nAdopt=no\n[Early]\nStage=display\n' % (script, more))


def listen_fds_over_restart(build, more):
    """Clients that come while the service is away are served by its successor: the socket was never closed."""
    import socket
    with Container(build) as c:
        script = c.script('listener', LISTENER)
        c.manifest('l.service', listen_manifest(script, more))
        c.control('daemon-reload')
        c.control('start', 'l')
        wait_for(lambda: os.path.exists(c.run + '/test.sock'))

        def ask():
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(120)
                s.connect(c.run + '/test.sock')
                return s.recv(100)
        inode = os.stat(c.run + '/test.sock').st_ino
        first = ask()
        assert first == str(c.status('l')['main_pid']).encode()
        time.sleep(0.2)
        assert ask() == first and c.status('l')['restarts'] == 0
        c.kill_main('l.service')
        second = ask()
        assert second and second != first
        c.control('restart', 'l')
        assert ask() not in (first, second)
        assert os.stat(c.run + '/test.sock').st_ino == inode


def test_opened_files(build):
    """OpenFile=: behind the sockets, with root's rights, by name; what need not be there may be missing."""
    import socket
    say = """#!/usr/bin/python3
import os, socket, time
assert os.environ['LISTEN_PID'] == str(os.getpid()), os.environ
names = os.environ['LISTEN_FDNAMES'].split(':')
assert int(os.environ['LISTEN_FDS']) == len(names) == %d, os.environ
fds = dict(zip(names, range(3, 3 + len(names))))
assert sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[3:-1] == sorted(fds.values()), os.listdir('/proc/self/fd')
lines = [os.read(fds['secret'], 100).decode()]
os.write(fds['log'], b'more')
socket.socket(fileno=fds['peer']).send(b'hello')
try:
    os.write(fds['secret'], b'x')
except OSError as e:
    lines.append(e.strerror)
os.write(1, ' '.join(lines).encode())
os.write(fds['log'], ' '.join(lines).encode())
time.sleep(1000)
"""
    for n, activate in ((3, ''), (4, '[Activate]\nListenStream=@run@/test.sock\nAdopt=no\n')):
        with Container(build) as c, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.bind(c.work + '/peer')
            for name, text in (('secret', 'told'), ('log', 'old')):
                with open('%s/%s' % (c.work, name), 'w') as f:
                    f.write(text)
                os.chmod('%s/%s' % (c.work, name), 0o600)
            c.manifest('a.service', '[Service]\nUser=nobody\nExecStart=%s\nOpenFile=@work@/secret::read-only\nOpenFile=@work@/none:x:graceful\n'
                       'OpenFile=@work@/log:log:append\nOpenFile=@work@/peer\n%s%s' % (c.script('say', say % n), activate, '[Early]\nStage=demand\n'))
            c.manifest('bad.service', '[Service]\nType=exec\nExecStart=/bin/sleep 1000\nOpenFile=@work@/none\n[Early]\nStage=demand\n')
            c.control('daemon-reload')
            c.control('start', 'a')
            wait_for(lambda: c.read('log') == 'oldmoretold Bad file descriptor')
            assert peer.recv(100) == b'hello'
            assert 'OpenFile=%s/none' % c.work in refused(c.control, 'start', 'bad').text


def test_sockets_block_or_not(build):
    """At each start as the manifest says, whatever the run before made of them."""
    for more in ('', 'UMask=077\n'):
        for yes in (False, True):
            with Container(build) as c:
                script = c.script('l', """#!/usr/bin/python3
import os, time
was = os.get_blocking(3)
os.set_blocking(3, not was)
with open('@work@/said', 'a') as f:
    f.write('%d\\n' % was)
time.sleep(1000)
""")
                c.manifest('l.service', listen_manifest(script, more + 'NonBlocking=%s\n' % ('yes' if yes else 'no')))
                c.control('daemon-reload')
                c.control('start', 'l')
                wait_for(lambda: c.read('said'))
                c.control('restart', 'l')
                wait_for(lambda: len(c.read('said').split()) == 2)
                assert c.read('said').split() == ['0' if yes else '1'] * 2, (more, yes, c.read('said'))


def test_listen_fds_over_restart_directly(build):
    listen_fds_over_restart(build, '')


def test_listen_fds_over_restart_by_early_exec(build):
    listen_fds_over_restart(build, 'Environment=X=y\nUMask=0077\nNice=1\n')


def test_stored_fds_come_back(build):
    with Container(build) as c:
        script = c.script('keeper', '''#!/usr/bin/python3
import array, os, socket, time
names = os.environ.get('LISTEN_FDNAMES', '')
if names:
    n = int(os.environ['LISTEN_FDS'])
    os.lseek(3, 0, 0)
    open('@work@/back', 'w').write('%s %d %s' % (names, n, os.read(3, 100).decode()))
else:
    fd = os.memfd_create('kept')
    os.write(fd, b'kept over death')
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(os.environ['NOTIFY_SOCKET'])
    s.sendmsg([b'FDSTORE=1\\nFDNAME=session'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
time.sleep(1000)
''')
        c.manifest('k.service', '[Service]\nType=notify\nExecStart=%s\nRestart=always\nRestartSec=10ms\n[Early]\nStage=demand\n'
                   % script)
        c.control('daemon-reload')
        c.control('start', 'k')
        c.kill_main('k.service')
        wait_for(lambda: c.read('back') == 'session 1 kept over death')
        os.unlink(c.work + '/back')
        c.control('restart', 'k')
        wait_for(lambda: c.read('back') == 'session 1 kept over death')
        os.unlink(c.work + '/back')
        c.control('stop', 'k')
        c.control('start', 'k')
        assert not c.read('back'), 'kept over a stop'


if __name__ == '__main__':
    run_tests(globals())

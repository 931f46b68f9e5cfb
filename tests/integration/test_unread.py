#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a service says in the very turn in which PID 1 crashes is heard, once, by the program that goes on."""

import os
import time

from early import Container, VERBS, pack_request, run_tests, unpack, wait_for

SAY = '''#!/usr/bin/python3
import array, os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
with open('@work@/names', 'a') as f:
    f.write(os.environ.get('LISTEN_FDNAMES', '') + ';')
while not os.path.exists('@work@/go'):
    time.sleep(0.02)
for text in (b'STATUS=first', b'X_PAD=1', b'FDSTORE=1\\nFDNAME=kept\\nFDPOLL=0', b'READY=1', b'STATUS=last'):
    r, w = os.pipe()
    s.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [r]))] if b'FDSTORE' in text else [])
    os.close(r)
    os.close(w)
time.sleep(1000)
'''


def crash_at(build, text):
    c = Container(build)
    c.prefix = ['env', 'LD_PRELOAD=%s/tests/integration/libcrash-read.so' % build, 'EARLY_TEST_CRASH=' + c.work + '/crash']
    with c:
        c.manifest('a.service', '[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=notify\nTimeoutStartSec=60\n'
                   'FileDescriptorStoreMax=8\nNotifyAccess=all\nExecStart=%s\n[Early]\nStage=demand\n' % c.script('say', SAY))
        c.control('daemon-reload')
        with open(c.work + '/crash', 'w') as f:
            f.write(text)
        s = c.connect()
        s.send(pack_request(VERBS['start'], 'a'))
        wait_for(lambda: c.read('names'))
        c.script('go', '')
        _, done = unpack(s.recv(65536))
        s.close()
        assert done['error'] == 0, done
        assert 'went on after a crash' in c.log(), 'it did not crash'
        assert c.state('a') == ('active', 'running'), c.status('a')
        wait_for(lambda: 'last' in str(c.status('a')))
        time.sleep(0.2)
        c.control('restart', 'a')
        assert c.read('names') == ';kept;', c.read('names')
        wait_for(lambda: c.zombies() == 0)


def test_ready(build):
    crash_at(build, 'READY=1')


def test_first_of_several(build):
    crash_at(build, 'STATUS=first')


def test_descriptor(build):
    crash_at(build, 'FDSTORE=1')


if __name__ == '__main__':
    run_tests(globals())

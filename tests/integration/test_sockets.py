#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sockets of manifests with the options of systemd.socket(5), as the service finds them, on a real early-init."""

import grp
import json
import os
import pwd
import stat

from early import Container, run_tests, wait_for

SHOW = '''#!/usr/bin/python3
import fcntl, json, os, socket
found = {}
for fd, name in zip(range(3, 100), os.environ['LISTEN_FDNAMES'].split(':')):
    if name == 'fifo':
        found[name] = {'pipe': fcntl.fcntl(fd, 1032)}
        continue
    s = socket.socket(fileno=fd)
    get = lambda level, option, s=s: s.getsockopt(level, option)
    SOL, TCP, IP, IPV6 = socket.SOL_SOCKET, socket.IPPROTO_TCP, socket.IPPROTO_IP, socket.IPPROTO_IPV6
    found[name] = {'keep': get(SOL, socket.SO_KEEPALIVE),
                   'receive': get(SOL, socket.SO_RCVBUF), 'priority': get(SOL, socket.SO_PRIORITY)}
    if s.family == socket.AF_UNIX:
        found[name].update(cred=get(SOL, socket.SO_PASSCRED))
    if s.family == socket.AF_INET:
        found[name].update(idle=get(TCP, socket.TCP_KEEPIDLE), nodelay=get(TCP, socket.TCP_NODELAY),
                           ttl=get(IP, socket.IP_TTL), tos=get(IP, socket.IP_TOS), reuse=get(SOL, socket.SO_REUSEPORT))
    if s.family == socket.AF_INET6:
        found[name].update(only=get(IPV6, socket.IPV6_V6ONLY), hops=get(IPV6, socket.IPV6_UNICAST_HOPS))
json.dump(found, open('@work@/found.tmp', 'w'))
os.rename('@work@/found.tmp', '@work@/found')
import time
time.sleep(1000)
'''


def found_by(build, words):
    """What a service with these words in [Activate] finds."""
    with Container(build) as c:
        script = c.script('show', SHOW)
        c.manifest('a.service', '[Service]\nExecStart=%s\n[Activate]\n%s\n[Early]\nStage=demand\n' % (script, words))
        c.control('daemon-reload')
        c.control('start', 'a')
        wait_for(lambda: c.read('found'))
        return json.loads(c.read('found')), c.log()


def test_unix(build):
    found, _ = found_by(build, 'ListenStream=@run@/s\nFileDescriptorName=x\nPassCredentials=yes\nReceiveBuffer=64K\n'
                        'KeepAlive=yes\nIPTTL=9\nPriority=5')
    assert found['x'] == {'keep': 1, 'cred': 1, 'receive': 131072, 'priority': 5}, found
    found, _ = found_by(build, 'ListenStream=@run@/s\nFileDescriptorName=x')
    assert found['x']['keep'] == 0 and found['x']['cred'] == 0 and found['x']['priority'] == 0, found


def test_inet(build):
    found, log = found_by(build, 'ListenStream=127.0.0.1:48391\nFileDescriptorName=x\nKeepAlive=yes\nKeepAliveTimeSec=2min\n'
                          'NoDelay=yes\nIPTTL=9\nIPTOS=low-delay\nReusePort=yes\nPassCredentials=yes\nTCPCongestion=reno')
    assert (found['x']['keep'], found['x']['idle'], found['x']['nodelay'], found['x']['ttl'], found['x']['tos'],
            found['x']['reuse']) == (1, 120, 1, 9, 16, 1), found
    assert 'cannot set' not in log, log


def test_inet6(build):
    found, _ = found_by(build, 'ListenStream=48392\nFileDescriptorName=x\nBindIPv6Only=ipv6-only\nIPTTL=7')
    assert found['x']['only'] == 1 and found['x']['hops'] == 7, found
    found, _ = found_by(build, 'ListenStream=48392\nFileDescriptorName=x\nBindIPv6Only=both')
    assert found['x']['only'] == 0, found


def test_fifo_and_refusals(build):
    found, _ = found_by(build, 'ListenFIFO=@run@/f\nFileDescriptorName=fifo\nPipeSize=16K')
    assert found['fifo']['pipe'] == 16384, found
    found, log = found_by(build, 'ListenStream=127.0.0.1:48393\nFileDescriptorName=x\nTCPCongestion=nonsense')
    assert 'x' in found and 'cannot set tcpcongestion=nonsense' in log, log


def test_owner_mode_and_links(build):
    with Container(build) as c:
        script = c.script('show', SHOW)
        c.manifest('a.service', '[Service]\nExecStart=%s\n[Activate]\nListenStream=@run@/deep/er/s\nSocketUser=nobody\n'
                   'SocketGroup=adm\nSocketMode=0620\nDirectoryMode=0700\nSymlinks=@run@/other\n[Early]\nStage=demand\n' % script)
        c.control('daemon-reload')
        c.control('start', 'a')
        wait_for(lambda: c.read('found'))
        status = os.stat(c.run + '/deep/er/s')
        assert (status.st_uid, status.st_gid) == (pwd.getpwnam('nobody').pw_uid, grp.getgrnam('adm').gr_gid), status
        assert stat.S_IMODE(status.st_mode) == 0o620
        assert stat.S_IMODE(os.stat(c.run + '/deep/er').st_mode) == 0o700
        assert os.readlink(c.run + '/other') == c.run + '/deep/er/s'


run_tests(globals())

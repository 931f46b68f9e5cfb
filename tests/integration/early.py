# SPDX-License-Identifier: LGPL-2.1-or-later
"""A container of early-init to test, and a client of its control socket. Python's standard library only."""

import codecs
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import surroundings

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERBS = {
    'status': 0, 'list': 1, 'start': 2, 'stop': 3, 'restart': 4, 'reload': 5, 'why': 6, 'timeline': 7,
    'poweroff': 8, 'reboot': 9, 'halt': 10, 'daemon-reexec': 11, 'daemon-reload': 12, 'rescue': 13, 'merge': 14,
}
# A service's word for itself: say TEXT…, each a message of its own, in which \n is a new line. (Python takes ten times as long to begin.)
SAY = r'''#!/usr/bin/perl
use Socket;
socket(N, AF_UNIX, SOCK_DGRAM, 0) or die;
foreach my $text (@ARGV) {
    $text =~ s/\\n/\n/g;
    send(N, $text, 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die;
}
'''
REQUEST, SERVICE, EVENT, REASON, TEXT, DONE = range(1, 7)
FIELDS = {
    SERVICE: [(n, 's') for n in ('name', 'description', 'load_state', 'active_state', 'sub_state', 'stage', 'path',
                                 'cgroup', 'result', 'why')]
             + [('main_pid', 'I'), ('control_pid', 'I'), ('exit_status', 'i'), ('restarts', 'I'), ('since_us', 'Q'),
                ('detail', 's'), ('remarks', 'I'), ('type', 's'), ('memory_bytes', 'Q'), ('tasks', 'I'),
                ('requires', 'l'), ('binds_to', 'l'), ('wants', 'l'), ('after', 'l'), ('triggers', 's'),
                ('next_us', 'Q'), ('last_us', 'Q'),
                ('failure', 's'), ('failure_us', 'Q'), ('failure_run_us', 'Q'), ('run_us', 'Q'), ('loop', 's'),
                ('changed_us', 'Q')],
    EVENT: [('name', 's'), ('t_us', 'Q'), ('why', 's')],
    REASON: [('t_us', 'Q'), ('text', 's'), ('how', 's'), ('directive', 's'), ('object', 's'), ('unit', 's'),
             ('manifest', 's'), ('exe', 's'), ('pid', 'I'), ('uid', 'I')],
    TEXT: [('text', 's')],
    DONE: [('error', 'i'), ('text', 's')],
}


def pack_request(verb, name, flags=0):
    text = name.encode() + b'\0'
    body = struct.pack('<I', verb) + struct.pack('<I', len(text)) + text + struct.pack('<I', flags)
    return struct.pack('<IHH', 8 + len(body), 1, REQUEST) + body


def unpack(data):
    length, version, opcode = struct.unpack_from('<IHH', data)
    assert length == len(data) and version == 1, (length, len(data), version)
    offset, message = 8, {}
    for name, kind in FIELDS[opcode]:
        if kind == 's':
            size, = struct.unpack_from('<I', data, offset)
            message[name] = data[offset + 4:offset + 4 + size].rstrip(b'\0').decode()
            offset += 4 + size
        elif kind == 'l':
            size, = struct.unpack_from('<I', data, offset)
            message[name] = data[offset + 4:offset + 4 + size].decode().split('\0')[:-1]
            offset += 4 + size
        else:
            message[name], = struct.unpack_from('<' + kind, data, offset)
            offset += struct.calcsize(kind)
    return opcode, message


class Refused(Exception):
    def __init__(self, done):
        super().__init__('%d: %s' % (done['error'], done['text']))
        self.error = done['error']
        self.text = done['text']


def refused(function, *args):
    """The refusal that the call must meet."""
    try:
        function(*args)
    except Refused as e:
        return e
    raise AssertionError('was not refused: %r' % (args,))


def wait_for(what, seconds=120, pause=0.02):
    """The first true value of what(); fails after some seconds: so many that a starved machine keeps them, for a test that fails may be slow."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('did not happen within %s s: %s' % (seconds, getattr(what, '__doc__', None) or what))
        time.sleep(pause)


def is_alive(pid):
    try:
        with open('/proc/%d/stat' % pid) as f:
            return f.read().rsplit(')', 1)[1].split()[0] not in 'ZX'
    except OSError:
        return False


def name_space(pid):
    """A process's PID name space. (stat() of it costs three times as much, and there may be hundreds to ask.)"""
    return os.readlink('/proc/%s/ns/pid' % pid)


class Container:
    """early-init --container in a PID and mount name space of its own; its processes are seen from here by host pids."""

    def __init__(self, build, manifests=None, options=()):
        self.build = build
        self.dir = tempfile.mkdtemp(prefix='early-', dir='/tmp')
        self.run = self.dir + '/run'
        self.services = self.dir + '/services'
        self.work = self.dir + '/work'
        for path in (self.services, self.work):
            os.mkdir(path)
        os.chmod(self.dir, 0o755)
        self.helpers = self.dir + '/helpers'
        os.mkdir(self.helpers)
        for name, part in (('early-load', 'load'), ('early-exec', 'exec'), ('early-log', 'log')):
            path = '%s/orchestrator/%s/%s' % (build, part, name)
            if os.path.exists(path):
                os.symlink(path, '%s/%s' % (self.helpers, name))
        self.stamps = self.dir + '/stamps'
        with open(self.helpers + '/early-timer', 'w') as f:
            f.write('#!/bin/sh\nexec %s/orchestrator/timer/early-timer --stamps %s\n' % (build, self.stamps))
        os.chmod(self.helpers + '/early-timer', 0o755)
        self.options = list(options)
        self.patience = 120
        self.prefix = []  # a command that executes the rest of its line
        self.process = None
        self.cgroup = None
        if os.environ.get('EARLY_TEST_CGROUP'):
            self.make_cgroup()
        for name, text in (manifests or {}).items():
            self.manifest(name, text)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        failed = kind is not None
        self.end()
        if failed:
            sys.stderr.write('--- log of early-init\n' + self.log() + '---\n')
            for root, _, names in os.walk(self.run + '/log'):
                for name in names:
                    with open('%s/%s' % (root, name), errors='replace') as f:
                        sys.stderr.write('--- %s\n%s' % (name, f.read()[-2000:]))
        self.remove_cgroup()
        shutil.rmtree(self.dir, ignore_errors=True)

    def manifest(self, name, text):
        with open('%s/%s' % (self.services, name), 'w') as f:
            f.write(text.replace('@work@', self.work).replace('@run@', self.run))

    def script(self, name, text):
        path = '%s/%s' % (self.work, name)
        with open(path, 'w') as f:
            f.write(text.replace('@work@', self.work).replace('@run@', self.run))
        os.chmod(path, 0o755)
        return path

    def make_cgroup(self):
        """A directory in the machine's cgroup v2 tree: needed when the tests are to run with it."""
        with open('/proc/self/mounts') as f:
            roots = [line.split()[1] for line in f if line.split()[2] == 'cgroup2']
        assert roots, 'no cgroup2 file system is mounted here: mount -t cgroup2 none /sys/fs/cgroup'
        self.cgroup = '%s/%s' % (roots[0], os.path.basename(self.dir))
        os.mkdir(self.cgroup)
        self.options += ['--cgroup', self.cgroup]

    def remove_cgroup(self):
        if not self.cgroup:
            return
        with open(self.cgroup + '/cgroup.kill', 'w') as f:
            f.write('1')

        def is_empty():
            """the test's cgroup is empty"""
            with open(self.cgroup + '/cgroup.events') as f:
                return 'populated 0' in f.read()
        wait_for(is_empty)
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(path)

    def start(self):
        self.log_file = open(self.dir + '/log', 'w')
        self.log_size, self.log_text = 0, ''
        self.heard = {}
        self.log_decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self.process = subprocess.Popen(
            self.prefix + ['unshare', '--fork', '--pid', '--mount', '--mount-proc', '--kill-child=SIGKILL',
             self.build + '/orchestrator/init/early-init', '--container', '--run', self.run, '--services',
             self.services, '--helpers', self.helpers, '--debug'] + self.options,
            stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=self.log_file)
        wait_for(self.is_complete)

    def is_complete(self):
        """the manifests are read and the container is complete"""
        assert self.process.poll() is None, 'early-init ended: ' + self.log()
        try:
            return any(e['name'] == 'complete' for e in self.timeline())
        except (OSError, EOFError):
            return False

    def init_pid(self):
        """early-init's pid as this name space sees it"""
        with open('/proc/%d/task/%d/children' % (self.process.pid, self.process.pid)) as f:
            return int(f.read().split()[0])

    def end(self, seconds=120):
        """Asks it to stop all; returns its exit status (None: it had to be killed)."""
        if self.process is None:
            return None
        status = None
        if self.process.poll() is None:
            try:
                os.kill(self.init_pid(), signal.SIGTERM)
                status = self.process.wait(seconds)
            except (subprocess.TimeoutExpired, OSError, IndexError) as e:
                sys.stderr.write('--- it does not end (%s); what is left:\n%s---\n' % (type(e).__name__, self.what_is_left()))
                self.process.kill()
                self.process.wait()
        else:
            status = self.process.returncode
        self.process = None
        self.log_file.close()
        return status

    def what_is_left(self):
        """Each process of the container, and where it stands in the kernel."""
        text = ''
        try:
            ns = name_space(self.init_pid())
        except (OSError, IndexError) as e:
            return 'no early-init (%s)\n' % e
        for entry in filter(str.isdigit, os.listdir('/proc')):
            try:
                if name_space(entry) != ns:
                    continue
                for name in ('stat', 'wchan', 'stack'):
                    with open('/proc/%s/%s' % (entry, name)) as f:
                        text += f.read()[:1000].rstrip('\n') + '\n'
            except OSError:
                continue
        return text

    def log(self):
        """All that early-init has said so far; only what is new is read."""
        with open(self.dir + '/log', 'rb') as f:
            f.seek(self.log_size)
            new = f.read()
        self.log_size += len(new)
        self.log_text += self.log_decoder.decode(new)
        return self.log_text

    def said(self, words):
        """How often early-init has said so, in whole lines; only what is new is looked through."""
        count, at = self.heard.get(words, (0, 0))
        with open(self.dir + '/log', 'rb') as f:
            f.seek(at)
            new = f.read()
        end = new.rfind(b'\n') + 1
        self.heard[words] = count + new.count(words.encode(), 0, end), at + end
        return self.heard[words][0]

    # --- control

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.settimeout(self.patience)
        s.connect(self.run + '/control')
        return s

    def request(self, verb, name='', number=None):
        with self.connect() as s:
            s.send(pack_request(VERBS[verb] if number is None else number, name))
            messages = []
            while True:
                data = s.recv(65536)
                if not data:
                    raise EOFError('early-init hung up')
                opcode, message = unpack(data)
                if opcode == DONE:
                    if message['error'] < 0:
                        raise Refused(message)
                    return messages
                messages.append(message)

    def control(self, verb, name=''):
        return self.request(verb, name)

    def status(self, name):
        return self.request('status', name)[0]

    def state(self, name):
        status = self.status(name)
        return status['active_state'], status['sub_state']

    def timeline(self):
        return self.request('timeline')

    def event_names(self):
        return [e['name'] for e in self.timeline()]

    def why(self, name):
        return [r['text'] for r in self.request('why', name)]

    def reasons(self, name):
        return self.request('why', name)

    def earlyctl(self, *words, env=None):
        """Runs it; the finished process with its texts."""
        return subprocess.run([self.build + '/orchestrator/ctl/earlyctl', '--control', self.run + '/control', *words],
                              capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env={**os.environ, 'EARLY_LOAD': self.helpers + '/early-load', **(env or {})})

    def wait_state(self, name, active):
        def reached():
            return self.status(name)['active_state'] == active
        reached.__doc__ = '%s becomes %s' % (name, active)
        wait_for(reached)

    # --- processes

    def host_pid(self, pid):
        """The pid that a process of the container has here (NSpid of /proc/PID/status)."""
        ns = name_space(self.init_pid())
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                if name_space(entry) != ns:
                    continue
                with open('/proc/%s/status' % entry) as f:
                    for line in f:
                        if line.startswith('NSpid:') and int(line.split()[-1]) == pid:
                            return int(entry)
            except OSError:
                continue
        return None

    def processes(self):
        """{pid within: (host pid, command line)} of all living processes of the container."""
        ns = name_space(self.init_pid())
        found = {}
        for entry in os.listdir('/proc'):
            try:
                if not entry.isdigit() or name_space(entry) != ns or not is_alive(int(entry)):
                    continue
                with open('/proc/%s/status' % entry) as f:
                    inner = [int(l.split()[-1]) for l in f if l.startswith('NSpid:')][0]
                with open('/proc/%s/cmdline' % entry, 'rb') as f:
                    found[inner] = (int(entry), f.read().replace(b'\0', b' ').decode(errors='replace'))
            except (OSError, IndexError):
                continue
        return found

    def comm(self, pid):
        """Of a process within."""
        try:
            with open('/proc/%s/comm' % self.host_pid(pid)) as f:
                return f.read().strip()
        except OSError:
            return ''

    def is_stopped(self):
        with open('/proc/%d/stat' % self.init_pid()) as f:
            return f.read().rsplit(')', 1)[1].split()[0] == 'T'

    def zombies(self):
        ns = name_space(self.init_pid())
        count = 0
        for entry in os.listdir('/proc'):
            try:
                if not entry.isdigit() or name_space(entry) != ns:
                    continue
                with open('/proc/%s/stat' % entry) as f:
                    count += f.read().rsplit(')', 1)[1].split()[0] == 'Z'
            except (OSError, IndexError):
                continue
        return count

    def kill_main(self, name, signo=signal.SIGKILL):
        pid = self.status(name)['main_pid']
        assert pid > 0, '%s has no main process' % name
        host = self.host_pid(pid)
        os.kill(host, signo)
        wait_for(lambda: not is_alive(host))
        return pid

    def read(self, name):
        try:
            with open('%s/%s' % (self.work, name)) as f:
                return f.read()
        except FileNotFoundError:
            return ''


def reason_of(error):
    """One line: its kind and the first line of its words; of an assertion without words what it is."""
    words = str(error).strip().splitlines()
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return ('%s: %s' % (type(error).__name__, words[0] if words else last[0].line if last else ''))[:300]


def chosen(names, words):
    """Of the tests: all; those named; all but those named (`but NAME…`); the Kth of N parts (`K/N`)."""
    part = re.fullmatch(r'(\d+)/(\d+)', words[0]) if words else None
    if part:
        k, n = int(part[1]), int(part[2])
        if not 1 <= k <= n:
            raise SystemExit('there is no part ' + words[0])
        return [name for i, name in enumerate(names) if i % n == k - 1]
    named = words[1:] if words[:1] == ['but'] else words
    for name in named:
        if name not in names:
            raise SystemExit('there is no %s here; there is: %s' % (name, ', '.join(names)))
    if words[:1] == ['but']:
        return [name for name in names if name not in named]
    return named or names


def run_tests(namespace):
    """
    Runs each test_* of a module with the build directory of argv[1], or those that the rest of argv chooses; exits with the
    result. The last lines are `FAILED NAME: REASON`.
    """
    build = os.path.realpath(sys.argv[1])
    names = chosen(sorted(name for name in namespace if name.startswith('test_')), sys.argv[2:])
    if not names:
        raise SystemExit('no test was chosen by ' + ' '.join(sys.argv[2:]))
    surroundings.enter(build, REPO)
    failed = []
    for name in names:
        started = time.monotonic()
        try:
            namespace[name](build)
            result = 'ok'
        except Exception as e:
            sys.stdout.flush()
            traceback.print_exc()
            failed.append('FAILED %s: %s' % (name, reason_of(e)))
            result = 'FAILED'
        print('%-6s %s (%.1f s)' % (result, name, time.monotonic() - started), flush=True)
    if failed:
        print('\n'.join(failed))
    sys.exit(1 if failed else 0)

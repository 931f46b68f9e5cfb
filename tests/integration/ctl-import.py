#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""earlyctl import: stock units become one manifest that verifies, and nothing is ever written over."""

import json
import os
import subprocess
import sys
import tempfile

UNITS = {
    'a.service': '[Unit]\nDescription=A\nAfter=x.target\nRequires=a.socket\n[Service]\nExecStart=/bin/true -a \\\n  # between\n  b\n'
                 'Environment="A=b c"\nBogus=/x\nX-Mine=1\n[Install]\nWantedBy=multi-user.target\n[X-Other]\nKey=1\n',
    'a.socket': '[Unit]\nDescription=socket of A\nConditionPathExists=/nowhere\n[Socket]\nListenStream=/run/a\nService=a.service\n'
                'KeepAlive=yes\nExecStartPre=/bin/true\n[Install]\nWantedBy=sockets.target\n',
    'a.timer': '[Timer]\nOnCalendar=daily\nUnit=a.service\nPersistent=yes\n',
    'a.path': '[Path]\nPathExists=/run/x\n',
    'b.target': '[Unit]\nDescription=B\nWants=a.service\n',
}
EXPECTED = '''[Unit]
Description=A
After=x.target
Requires=a.socket

[Service]
ExecStart=/bin/true -a  b
Environment="A=b c"
# refused: DIR/a.service:10: not understood in [Service]
#Bogus=/x

[Activate]
ListenStream=/run/a
KeepAlive=yes
# refused: DIR/a.socket:8: commands of a socket are not executed: put them into the service
#ExecStartPre=/bin/true
OnCalendar=daily
Persistent=yes
# refused: DIR/a.path:2: no path starts a service yet
PathExists=/run/x

[Install]
WantedBy=multi-user.target
'''


def run(*words):
    return subprocess.run([EARLYCTL, *words], capture_output=True, text=True)


def check(condition, *what):
    if not condition:
        sys.exit('ctl-import: ' + ' '.join(str(w) for w in what))


def main():
    with tempfile.TemporaryDirectory(prefix='early-import-') as directory:
        for name, text in UNITS.items():
            with open(os.path.join(directory, name), 'w') as f:
                f.write(text)
        units = ['%s/a.%s' % (directory, kind) for kind in ('service', 'socket', 'timer', 'path')]
        result = run('import', '--dry-run', '--json', *units)
        check(result.returncode == 0, result.stderr)
        answer = json.loads(result.stdout)
        check(answer['name'] == 'a.service' and answer['file'] is None and answer['refused'] == 3, answer)
        found = answer['manifest'].split('\n\n', 1)[1].replace(directory, 'DIR')
        check(found == EXPECTED, 'another manifest:\n' + found)
        check(run('import', '--dry-run', *units).stdout == answer['manifest'], 'text and JSON differ')

        out = directory + '/out.service'
        result = run('import', '-o', out, *units)
        check(result.returncode == 0 and '3 directives refused' in result.stdout, result)
        with open(out) as f:
            check(f.read() == answer['manifest'], 'the file is another')
        verdict = json.loads(run('verify', '--json', out).stdout)
        check(verdict['directives']['refused'] == 1, verdict)  # the path: it stays
        result = run('import', '-o', out, units[0])
        check(result.returncode == 1 and 'already' in result.stderr, result)
        with open(out) as f:
            check(f.read() == answer['manifest'], 'it was written over')

        target = json.loads(run('import', '--dry-run', '--json', directory + '/b.target').stdout)
        check(target['name'] == 'b.target' and 'Wants=a.service' in target['manifest'], target)
        check(run('import', '--dry-run', units[1]).returncode == 1, 'a socket alone is no manifest')
        check(run('import', '--dry-run', directory + '/no.service').returncode == 4, 'a file that is not there')
        check(run('import', '--dry-run', 'nobody-has-this-name').returncode == 4, 'a unit that is not there')
        result = run('import', '--dry-run', units[0], directory + '/b.target')
        check(result.returncode == 1 and 'a.service and b.target' in result.stderr and not result.stdout, 'two units in one manifest', result)
        check(run('import').returncode == 2, 'no operand')


EARLYCTL = sys.argv[1]
os.environ['EARLY_LOAD'] = sys.argv[2]
main()

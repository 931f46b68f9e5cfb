#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""earlyctl against a real early-init: what it prints, for people and as JSON, on a terminal and not; its exit codes."""

import json
import os
import pty
import re
import struct
import subprocess
import tempfile
import termios
import fcntl

from early import Container, Refused, run_tests, wait_for

SLEEPER = '[Service]\nExecStart=/bin/sleep 1000\n'
DEMAND = '[Early]\nStage=demand\n'
LONG = 'Die Größe einer Beschreibung, die in kein Terminal von achtzig Spalten passt und dort gekürzt werden muss'
SHOP = {
    'front.service': '[Unit]\nDescription=web\nRequires=app.service\n' + SLEEPER + '[Early]\nStage=display\n',
    'app.service': '[Unit]\nDescription=' + LONG + '\nBindsTo=db.service\nWants=cache.service\n' + SLEEPER + DEMAND,
    'db.service': SLEEPER + DEMAND,
    'cache.service': SLEEPER + DEMAND,
    'bad.service': '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo starting; echo no /etc/bad.conf >&2; exit 3"\n' + DEMAND,
    'idle.service': SLEEPER + DEMAND,
}


class Shop(Container):
    """All of it runs, and one has failed."""

    def __init__(self, build):
        super().__init__(build, SHOP)

    def __enter__(self):
        self.start()
        try:
            self.control('start', 'bad')
        except Refused:
            pass
        for name in ('front', 'app', 'db', 'cache'):
            self.wait_state(name + '.service', 'active')
        wait_for(lambda: 'bad.conf' in self.earlyctl('log', 'bad').stdout)
        return self


def good(c, *words, **more):
    done = c.earlyctl(*words, **more)
    assert done.returncode == 0 and not done.stderr, (words, done)
    return done.stdout


def as_json(c, *words):
    return json.loads(good(c, '--json', *words))


def on_terminal(c, *words, columns=80, env=None):
    """What it prints on a terminal of that width."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 25, columns, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ('NO_COLOR', 'COLUMNS')}
    process = subprocess.Popen([c.build + '/orchestrator/ctl/earlyctl', '--control', c.run + '/control', *words],
                               stdin=slave, stdout=slave, stderr=slave,
                               env={**clean, 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', **(env or {})})
    os.close(slave)
    data = b''
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        data += part
    os.close(master)
    assert process.wait(120) == 0, data
    return data.decode().replace('\r\n', '\n')


def plain(text):
    return re.sub(r'\033\[[0-9;]*m', '', text)


def test_lists_for_files_and_terminals(build):
    with Shop(build) as c:
        text = good(c, 'list', env={'COLUMNS': '40'})
        assert LONG in text and '\033' not in text, 'something is cut or coloured that is not for a terminal'
        rows = {row['name']: row for row in as_json(c, 'list')}
        assert set(rows) == set(SHOP) and rows['app.service']['description'] == LONG
        assert rows['app.service']['binds_to'] == ['db.service'], rows['app.service']
        for columns in (80, 50):
            seen = on_terminal(c, 'list', columns=columns)
            assert '\033[32mactive' in seen and '\033[1;31mfailed' in seen, seen
            lines = plain(seen).splitlines()
            assert max(len(line) for line in lines) <= columns and len(lines) == 7, lines
            assert '…' in plain(seen)
        assert '\033' not in on_terminal(c, 'list', env={'NO_COLOR': '1'})
        assert '\033' not in on_terminal(c, '--color=never', 'list')
        assert '\033[32mactive' in good(c, '--color', 'always', 'list')
        done = c.earlyctl('--color=sometimes', 'list')
        assert done.returncode == 2 and '--color' in done.stderr, done


def test_tree(build):
    with Shop(build) as c:
        needs, started = good(c, 'tree', env={'LC_ALL': 'C.UTF-8'}).split('What started what\n')
        assert '├─ db.service  active\n' in needs and '└─ cache.service  active (wanted)\n' in needs, needs
        assert 'bad.service' not in needs, 'it needs nothing'
        assert 'front.service  active  Stage=display: the container starts\n└─ app.service' in started, started
        assert '`- app.service' in good(c, 'tree', 'front', env={'LC_ALL': 'C'})
        assert 'front' not in good(c, 'tree', 'app').replace('required by front.service', '')
        value = as_json(c, 'tree')
        assert {'name': 'db.service', 'by': 'app.service', 'why': 'required by app.service'} in value['started']
        assert [n['wants'] for n in value['needs'] if n['name'] == 'app.service'] == [['cache.service']]
        assert c.earlyctl('tree', 'nosuch').returncode == 4
        assert c.earlyctl('--json', 'tree', 'nosuch').returncode == 4
        value = as_json(c, 'tree', 'app')
        assert 'app.service' in [n['name'] for n in value['needs']] and 'front.service' not in [n['name'] for n in value['needs']], value
        c.manifest('x.service', '[Unit]\nRequires=y.service\n' + SLEEPER + DEMAND)
        c.manifest('y.service', '[Unit]\nRequires=x.service\n' + SLEEPER + DEMAND)
        c.control('start', 'x')
        circle = good(c, 'tree', 'x')
        assert 'y.service' in circle and '(see above)' in circle, circle


def test_why(build):
    with Shop(build) as c:
        text = good(c, 'why', 'db')
        for part in ('required by app.service  [BindsTo= in %s/app.service]' % c.services,
                     'because app.service: required by front.service  [Requires= in %s/front.service]' % c.services,
                     'because front.service: Stage=display', '[Stage=display in %s/front.service]' % c.services):
            assert part in text, (part, text)
        reason = as_json(c, 'why', 'db')['reasons'][0]
        chain = []
        while reason:
            chain.append(reason.get('unit'))
            reason = reason.get('because')
        assert chain == ['app.service', 'front.service', None], chain
        failed = good(c, 'why', 'bad')
        for part in ('bad.service is failed', 'exit-code: main process ended with exit status 3', 'no /etc/bad.conf',
                     'start by earlyctl (uid 0)  [user root]'):
            assert part in failed, (part, failed)
        value = as_json(c, 'why', 'bad')
        assert value['reasons'][0]['user'] == 'root' and any('bad.conf' in line for line in value['log']), value
        assert 'Nobody has asked for it' in good(c, 'why', 'idle')


def test_logs(build):
    with Shop(build) as c:
        talk = c.script('talk', '#!/bin/sh\nfor i in 1 2 3; do echo line $i; done\necho green\n')
        c.manifest('talk.service', '[Service]\nType=oneshot\nExecStart=%s\n' % talk + DEMAND)
        c.control('start', 'talk')
        wait_for(lambda: 'green' in c.earlyctl('log', 'talk').stdout)
        assert [line.split()[-1] for line in good(c, 'log', '-n', '3', 'talk').splitlines()[:2]] == ['2', '3']
        every = good(c, 'log')
        assert re.search(r'\] bad.service info starting\n', every) and 'talk.service info line 1' in every, every
        times = [float(line[1:line.index(']')]) for line in every.splitlines()]
        assert times == sorted(times), times
        assert good(c, 'log', '--lines=0', 'talk') == ''
        lines = [json.loads(line) for line in good(c, '--json', 'log').splitlines()]
        assert {'service', 'boot', 't_us', 'level', 'text'} == set(lines[0]), lines[0]
        assert c.earlyctl('log', '-n', 'many').returncode == 2


def test_log_follows(build):
    with Shop(build) as c:
        for words, wanted in ((['log', '-f', 'late'], ['one', 'two']), (['log', '-f', '-n1'], ['late.service info one'])):
            c.manifest('late.service', '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo one; sleep 0.2; echo two"\n' + DEMAND)
            process = subprocess.Popen([build + '/orchestrator/ctl/earlyctl', '--control', c.run + '/control', *words],
                                       stdout=subprocess.PIPE)
            try:
                if '-n1' in words:
                    process.stdout.readline()  # the last line so far; from here on it follows
                os.set_blocking(process.stdout.fileno(), False)
                c.control('start', 'late')
                seen = b''

                def has_come():
                    nonlocal seen
                    seen += process.stdout.read() or b''
                    return all(w.encode() in seen for w in wanted)
                wait_for(has_come)
            finally:
                process.kill()
                process.wait()
                process.stdout.close()


def test_orders_and_codes(build):
    with Shop(build) as c:
        value = as_json(c, 'restart', 'idle')
        assert (value['verb'], value['name'], value['exit_code']) == ('restart', 'idle.service', 0), value
        done = c.earlyctl('--json', 'start', 'bad')
        value = json.loads(done.stdout)
        assert done.returncode == 1 and value['exit_code'] == 1 and 'bad.service' in done.stderr, done
        assert value['error'] and value['error'] in done.stderr, done
        done = c.earlyctl('restart', 'idle', 'nosuch', 'app')
        assert done.returncode == 4 and c.why('app')[0].startswith('restart by'), (done, c.why('app'))
        assert [json.loads(part)['name'] for part in c.earlyctl('--json', 'reload', 'idle', 'app').stdout.strip().replace('}\n{', '}\0{').split('\0')] == [
            'idle.service', 'app.service']
        os.symlink('/dev/null', c.services + '/off.service')
        c.control('daemon-reload')
        done = c.earlyctl('start', 'off')
        assert done.returncode == 1 and 'masked' in done.stderr, (done, 'it is not a matter of who asks')
        c.manifest('unmet.service', '[Unit]\nConditionPathExists=/nonexistent\n' + SLEEPER + DEMAND)
        c.control('daemon-reload')
        c.control('start', 'unmet')
        assert 'unmet.service was not started' in good(c, 'why', 'unmet'), good(c, 'why', 'unmet')
        codes = {('status', 'nosuch'): 4, ('why', 'nosuch'): 4, ('start', 'nosuch'): 4, ('frobnicate',): 2, (): 2, ('start',): 2,
                 ('rescue',): 1, ('compare', '/nonexistent'): 1, ('overlay', 'frob'): 2, ('overlay', 'status', '/x'): 4,
                 ('overlay', 'merge'): 2, ('overlay', 'list'): 0, ('daemon-reload',): 0}
        for words, code in codes.items():
            done = c.earlyctl(*words)
            assert done.returncode == code, (words, done)
            assert bool(done.stderr) == (code != 0), (words, done)
        done = subprocess.run(['setpriv', '--reuid=65534', '--clear-groups', '--regid=65534', build + '/orchestrator/ctl/earlyctl',
                               '--control', c.run + '/control', 'stop', 'idle'], capture_output=True, text=True)
        assert done.returncode == 3 and 'only root' in done.stderr, done


def test_options_belong_to_their_commands(build):
    with Shop(build) as c:
        for words in (('verify', '--root', '/'), ('list', '-n', '3'), ('status', '--svg'), ('why', '-f', 'app'), ('start', '--dry-run', 'idle'),
                      ('list', '-i', 'x'), ('log', '--into', '/x'), ('import', '--png', 'x'), ('tree', '--since', '1h'), ('status', '-b'),
                      ('disable', '-o', 'x', 'y')):
            done = c.earlyctl(*words)
            option = [w for w in words if w.startswith('-')][0]
            assert done.returncode == 2 and 'belongs to' in done.stderr and words[0] in done.stderr, (words, done)
            assert len(option) == 2 or option in done.stderr, (words, done)
        for words in (('--svg', '--json'), ('--json', '--png'), ('--svg', '--png')):
            done = c.earlyctl('timeline', *words)
            assert done.returncode == 2 and not done.stdout and 'exclude each other' in done.stderr, (words, done)
        for words in (('status', ''), ('start', ''), ('tree', ''), ('enable', 'app', '')):
            done = c.earlyctl(*words)
            assert done.returncode == 2 and 'empty' in done.stderr, (words, done)


def test_what_is_said_names_what_it_is_about(build):
    with Shop(build) as c:
        for verb in ('status', 'why', 'start', 'stop', 'restart', 'reload'):
            done = c.earlyctl(verb, 'nosuch')
            assert done.returncode == 4 and done.stderr.count('nosuch.service: no such unit') == 1, (verb, done)
        assert 'idle.service: it has no ExecReload=' in c.earlyctl('reload', 'idle').stderr
        for verb in ('merge', 'rescue'):
            done = c.earlyctl(verb)
            assert done.returncode == 1 and verb + ': ' in done.stderr and 'not supported' not in done.stderr, (verb, done)
        done = c.earlyctl('disable', 'nosuch')
        assert done.returncode == 4 and 'nosuch' in done.stderr and 'nothing to do' not in done.stdout, done
        assert c.earlyctl('list', 'x').stderr.endswith('earlyctl list\n')
        assert good(c, 'status', 'idle').splitlines()[0] == 'idle.service'
        names = [line.split()[0] for line in good(c, 'list').splitlines()[1:]]
        assert names == sorted(SHOP), names
        assert [s['name'] for s in as_json(c, 'list')] == sorted(SHOP)
        for content, said in (('{"events": [', 'JSON'), (None, 'No such file')):
            path = c.work + '/broken.json'
            if os.path.exists(path):
                os.unlink(path)
            if content:
                c.script('broken.json', content)
            done = c.earlyctl('timeline', '-i', path)
            assert done.returncode == 1 and said in done.stderr and 'json_' not in done.stderr and path in done.stderr, done


def unit(root, path, text):
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    with open(root + path, 'w') as f:
        f.write(text)


def test_enable_and_disable_offline(build):
    earlyctl = build + '/orchestrator/ctl/earlyctl'
    with tempfile.TemporaryDirectory() as root:
        unit(root, '/lib/systemd/system/a.service', SLEEPER + '[Install]\nWantedBy=multi-user.target\nAlias=other.service\n')
        unit(root, '/etc/early/services.d/own.service', SLEEPER + '[Install]\nWantedBy=graphical.target\n')
        unit(root, '/lib/systemd/system/static.service', SLEEPER)
        unit(root, '/etc/systemd/system/off.service', '')

        def run(*words):
            return subprocess.run([earlyctl, '--root', root, *words], capture_output=True, text=True)
        wants = '/etc/systemd/system/multi-user.target.wants/a.service'
        done = run('enable', 'a', 'own.service')
        assert done.returncode == 0 and 'made %s -> /lib/systemd/system/a.service\n' % wants in done.stdout, done
        assert os.readlink(root + wants) == '/lib/systemd/system/a.service'
        assert os.readlink(root + '/etc/systemd/system/graphical.target.wants/own.service') == '/etc/early/services.d/own.service'
        assert run('enable', 'a').stdout == 'nothing to do\n'
        os.mkdir(root + '/etc/early/services.d/multi-user.target.wants')
        os.symlink('../own.service', root + '/etc/early/services.d/multi-user.target.wants/own.service')
        changes = json.loads(run('--json', 'disable', 'a', 'own').stdout)['changes']
        assert {c['path'] for c in changes} == {
            wants, '/etc/systemd/system/other.service', '/etc/systemd/system/graphical.target.wants/own.service',
            '/etc/early/services.d/multi-user.target.wants/own.service'}, changes
        assert not os.path.lexists(root + wants)
        for name, code, text in (('nosuch', 4, 'no such'), ('off', 1, 'masked'), ('static', 1, '[Install]'), ('../x', 1, 'name')):
            done = run('enable', name)
            assert done.returncode == code and text in done.stderr, (name, done)
        done = subprocess.run([earlyctl, '--root', root + '/none', 'enable', 'a'], capture_output=True, text=True)
        assert done.returncode == 1 and '/none' in done.stderr, done


def test_compare(build):
    with Shop(build) as c:
        def save(name, events):
            with open('%s/%s' % (c.work, name), 'w') as f:
                json.dump({'events': [{'name': n, 't_us': t} for n, t in events]}, f)
            return '%s/%s' % (c.work, name)
        slow = save('slow.json', [('init', 2000000), ('service:x.service:start', 2500000), ('greeter', 8000000), ('old', 9000000)])
        fast = save('fast.json', [('init', 1000000), ('greeter', 2000000), ('new', 3000000)])
        lines = good(c, 'compare', slow, fast).splitlines()
        assert lines[:2] == ['A: ' + slow, 'B: ' + fast], lines
        rows = [line.split() for line in lines[4:]]
        assert rows == [['init', '2.000', 's', '1.000', 's', '0.50'], ['greeter', '8.000', 's', '2.000', 's', '0.25'],
                            ['old', '9.000', 's', '-', '-'], ['new', '-', '3.000', 's', '-']], rows
        value = as_json(c, 'compare', slow, fast)
        assert value['milestones'][1] == {'name': 'greeter', 'a_us': 8000000, 'b_us': 2000000, 'ratio': 0.25}, value
        assert 'complete' in good(c, 'compare', slow), 'with the boot of this machine'
        done = c.earlyctl('compare', c.services + '/app.service', fast)
        assert done.returncode == 1 and 'app.service' in done.stderr, done


REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_completions(build):
    """What the shells offer behind a command line; zsh's own is read by `./check lint manual`."""
    bash = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _earlyctl; printf '%s\\n' "${COMPREPLY[@]}" """
    with Shop(build) as c:
        c.script('earlyctl', '#!/bin/sh\nexec %s/orchestrator/ctl/earlyctl --control %s/control "$@"\n' % (build, c.run))
        env = {**os.environ, 'PATH': c.work + ':' + os.environ['PATH'], 'HOME': c.work}

        def in_bash(*words):
            return subprocess.run(['bash', '-c', bash, 'bash', REPO + '/orchestrator/ctl/earlyctl.bash', *words], env=env,
                                  capture_output=True, text=True, check=True).stdout.split()

        def in_fish(*words):
            done = subprocess.run(['fish', '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]',
                                   REPO + '/orchestrator/ctl/earlyctl.fish', ' '.join(words)], env=env,
                                  capture_output=True, text=True)
            assert done.returncode == 0 and not done.stderr, done
            return [line.split('\t')[0] for line in done.stdout.splitlines()]
        for shell in (in_bash, in_fish):
            assert set(shell('earlyctl', 'sta')) == {'start', 'status'}, shell
            assert shell('earlyctl', 'why', 'fr') == ['front.service'], (shell, shell('earlyctl', 'why', 'fr'))
            assert shell('earlyctl', 'overlay', 'm') == ['merge'], shell
            assert '--follow' in shell('earlyctl', 'log', '--fo'), shell
            assert shell('earlyctl', 'log', 'ker') == ['kernel'], shell
            assert shell('earlyctl', 'log', '--since', '10') == ['10min'], shell
        assert in_bash('earlyctl', '--color', 'a') == ['auto', 'always']
        assert in_bash('earlyctl', '--since', '1h', 'why', 'fr') == ['front.service'], "an option's value is no command"
        assert in_bash('earlyctl', '--color', 'never', 'why', 'fr') == ['front.service'], "an option's value is no command"
        c.script('earlyctl', '#!/bin/sh\nexec %s/orchestrator/ctl/earlyctl "$@"\n' % build)
        for shell in (in_bash, in_fish):
            assert shell('earlyctl', '--control', c.run + '/control', 'why', 'fr') == ['front.service'], (shell, 'of that early-init')
        assert in_fish('earlyctl', '--control=%s/control' % c.run, 'start', 'fr') == ['front.service']
        assert in_bash('earlyctl', '--control', '=', c.run + '/control', 'start', 'fr') == ['front.service'], 'as bash takes it apart'


if __name__ == '__main__':
    run_tests(globals())

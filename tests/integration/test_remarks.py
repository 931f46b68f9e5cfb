#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a manifest says that is not honoured is told at run time: in the log of early-init and of the service, and by status."""

import os

from early import Container, run_tests, wait_for

TYPO = '[Service]\nExecStart=/bin/sleep 1000\nRestrat=always\nPartOf=x.service\nX-Mine=1\nPrivateTmp=yes\n'
GOOD = '[Service]\nExecStart=/bin/sleep 1000\n'
NEEDS = '[Unit]\nRequires=typo.service\n' + GOOD + '[Early]\nStage=demand\n'


def own_log(c, name):
    path = '%s/log/%s.log' % (c.run, name)
    if not os.path.exists(path):
        return ''
    with open(path) as f:
        return f.read()


def test_told_in_both_logs_and_by_status(build):
    with Container(build, {'typo.service': TYPO, 'good.service': GOOD}) as c:
        c.wait_state('typo.service', 'active')
        line = c.services + '/typo.service:3: Restrat: not understood in [Service]'
        wait_for(lambda: line in own_log(c, 'typo.service'))
        assert ' warning early-init: ' + line in own_log(c, 'typo.service'), own_log(c, 'typo.service')
        assert 'early-init: typo.service: ' + line in c.log()
        assert c.log().count('/typo.service:') == 2, c.log()  # not the harmless one, nor somebody's own
        assert c.status('typo')['remarks'] == 2
        assert c.status('good')['remarks'] == 0
        assert 'early-init' not in own_log(c, 'good.service')


def test_a_drop_in_counts_for_its_unit(build):
    with Container(build, {'good.service': GOOD}) as c:
        c.wait_state('good.service', 'active')
        os.mkdir(c.services + '/good.service.d')
        c.manifest('good.service.d/x.conf', '[Service]\nNoSuch=1\n')
        c.control('daemon-reload')
        wait_for(lambda: c.status('good')['remarks'] == 1)
        wait_for(lambda: 'good.service.d/x.conf:2: NoSuch' in own_log(c, 'good.service'))


def test_once_for_each_load(build):
    with Container(build, {'typo.service': TYPO}) as c:
        c.wait_state('typo.service', 'active')
        told = lambda: c.log().count(':3: Restrat')
        assert told() == 1
        # Early-load reads typo.service again for a new unit that requires it.
        c.manifest('needs.service', NEEDS)
        c.control('start', 'needs')
        c.wait_state('needs.service', 'active')
        assert told() == 1, c.log()
        c.control('daemon-reload')
        wait_for(lambda: told() == 2)
        c.control('daemon-reload')
        wait_for(lambda: told() == 3)


def test_the_count_outlives_a_reexec(build):
    with Container(build, {'typo.service': TYPO}) as c:
        c.wait_state('typo.service', 'active')
        c.control('daemon-reexec')
        wait_for(lambda: 're-executed' in c.log())
        assert wait_for(lambda: c.status('typo'))['remarks'] == 2


if __name__ == '__main__':
    run_tests(globals())

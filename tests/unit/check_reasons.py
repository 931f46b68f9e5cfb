# SPDX-License-Identifier: LGPL-2.1-or-later
"""./check and the harness of integration tests: which tests a word chooses, whether a build has any, and what is said first of one that failed."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "integration")]
sys.dont_write_bytecode = True

import check  # noqa: E402
import early  # noqa: E402

LOG = "".join(f"early-init: a.service: line {i} of its log\n" for i in range(200))
CMOCKA = """[==========] Running 2 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
[  ERROR   ] --- 1 != 0x2
[   LINE   ] --- ../tests/x.c:3: error: Failure!
[  FAILED  ] two
"""
CHAIN = """Traceback (most recent call last):
  File "x.py", line 1, in f
ValueError: what came first

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "x.py", line 2, in g
vmlib.Failure
harness.MachineError: it ended
"""


class Reasons(unittest.TestCase):
    def test_of_our_own_harnesses(self):
        wanted = ["FAILED test_x: AssertionError: no", "FAILED test_y: OSError: [Errno 2] No such file: 'x'"]
        self.assertEqual(check.reasons("FAILED test_x (1.0 s)\n" + "\n".join(wanted) + "\n" + LOG), wanted)
        self.assertEqual(check.reasons("# test_a\nnot ok: test_a: switched off\n    text\n3 expectations met, 1 not\n"),
                         ["not ok: test_a: switched off"])

    def test_of_others(self):
        self.assertEqual(check.reasons(CMOCKA), ["[  FAILED  ] two", "[  ERROR   ] --- 1 != 0x2"])
        self.assertEqual(check.reasons(CHAIN + LOG), ["harness.MachineError: it ended"])
        self.assertEqual(check.reasons("a\nx.c:3:4: error: no such thing\nmake: stop\n"), ["x.c:3:4: error: no such thing"])
        self.assertEqual(check.reasons("one\n\ntwo\n\n"), ["two"])
        self.assertEqual(check.reasons(""), [])

    def test_a_sanitizer_is_heard_too(self):
        found = check.reasons("FAILED test_x: EOFError: hung up\nSUMMARY: AddressSanitizer: heap-use-after-free x.c:1 in f\n")
        self.assertEqual(len(found), 2, found)

    def test_how_it_ended(self):
        self.assertEqual(check.reasons("ok a\nok b\n", "TIMEOUT"), ["TIMEOUT: ok b"])
        self.assertEqual(check.reasons("", "TIMEOUT"), ["TIMEOUT"])

    def test_bounds(self):
        self.assertLessEqual(max(map(len, check.reasons("FAILED a: " + "x" * 5000 + "\n"))), 300)
        self.assertEqual(len(check.reasons("".join(f"not ok: {i}\n" for i in range(50)))), 5)

    def test_of_an_exception(self):
        self.assertEqual(early.reason_of(AssertionError("one\ntwo")), "AssertionError: one")
        self.assertEqual(early.reason_of(ValueError()), "ValueError: ")
        try:
            assert 1 == 2
        except AssertionError as e:
            self.assertEqual(early.reason_of(e), "AssertionError: assert 1 == 2")


class Builds(unittest.TestCase):
    def test_one_that_was_configured_without_tests_is_told(self):
        """As ./demo does where cmocka is not installed yet."""
        for value, has in (("auto", False), ("disabled", False), ("enabled", True)):
            with tempfile.TemporaryDirectory() as build:
                os.mkdir(build + "/meson-info")
                with open(build + "/meson-info/intro-buildoptions.json", "w") as f:
                    json.dump([{"name": "man", "value": "enabled"}, {"name": "tests", "value": value}], f)
                self.assertEqual(check.has_tests(build), has, value)


class Choice(unittest.TestCase):
    NAMES = [f"test_{c}" for c in "abcdefg"]

    def test_all_and_some(self):
        self.assertEqual(early.chosen(self.NAMES, []), self.NAMES)
        self.assertEqual(early.chosen(self.NAMES, ["test_c"]), ["test_c"])
        self.assertEqual(early.chosen(self.NAMES, ["but", "test_a", "test_g"]), self.NAMES[1:-1])

    def test_parts_are_the_whole(self):
        for n in (1, 2, 3, 7, 9):
            parts = [name for k in range(n) for name in early.chosen(self.NAMES, [f"{k + 1}/{n}"])]
            self.assertEqual(sorted(parts), self.NAMES)

    def test_a_wrong_word_is_no_pass(self):
        for words in (["test_x"], ["but", "test_x"], ["3/2"], ["0/2"]):
            with self.assertRaises(SystemExit):
                early.chosen(self.NAMES, words)

    def test_a_name_is_all_its_parts(self):
        known = ["init-a", "init-a-cgroup", "init-b.one", "init-b.rest", "init-b-cgroup.one", "other"]
        self.assertEqual(check.parts_of(known, ["init-a"]), ["init-a"])
        self.assertEqual(check.parts_of(known, ["init-b", "other"]), ["init-b.one", "init-b.rest", "other"])
        self.assertEqual(check.parts_of(known, ["init-b.one", "nosuch"]), ["init-b.one"])


class Honesty(unittest.TestCase):
    """What did not run is no pass."""

    def setUp(self):
        self.tally = check.Tally()

    def quietly(self):
        return contextlib.redirect_stdout(io.StringIO())

    def test_a_name_of_one_build_only_is_run_there(self):
        known = {"build": ["kept.1", "kept.2", "life-cgroup.1"], "build-asan": ["kept.1", "alike"]}
        with mock.patch.object(check, "tests_of", known.get):
            self.assertEqual(check.chosen_in(self.tally, list(known), "integration", ["alike"]), [("build-asan", ["alike"])])
            self.assertEqual(check.chosen_in(self.tally, list(known), "integration", ["kept", "life"]),
                             [("build", ["kept.1", "kept.2", "life-cgroup.1"]), ("build-asan", ["kept.1"])])
        self.assertEqual(self.tally.failed, [])

    def test_a_misspelt_name_fails(self):
        with mock.patch.object(check, "tests_of", lambda directory: ["alike"]), self.quietly():
            self.assertEqual(check.chosen_in(self.tally, ["build"], "unit", ["alike", "alikee"]), [("build", ["alike"])])
        self.assertEqual(self.tally.failed, ["unit: there is no alikee"])

    def meson(self, ok, lines):
        """run_suite() on a meson that ends so, and writes such a log."""
        with tempfile.TemporaryDirectory() as d:
            os.makedirs(f"{d}/build/meson-logs")

            def command(name, argv):
                if lines:
                    with open(f"{d}/build/meson-logs/testlog.json", "w") as f:
                        f.writelines(json.dumps({"name": "x", "result": word}) + "\n" for word in lines)
                return ok, "output"

            with mock.patch.object(check, "REPO", d), mock.patch.object(check, "command", command):
                return check.run_suite("build", "unit", [])[1]

    def test_meson_that_ends_badly(self):
        self.assertEqual(self.meson(True, ["OK"]), "")
        self.assertEqual(self.meson(False, ["OK", "FAIL"]), "")
        self.assertEqual(self.meson(False, ["OK"]), "meson did not run them all")
        self.assertEqual(self.meson(False, []), "no test ran")

    def test_runner_that_ends_badly(self):
        for status, entries, failed in ((0, [True], 0), (1, [True], 1), (-11, None, 1)):
            with tempfile.TemporaryDirectory() as d:
                def run(argv, **kwargs):
                    if entries is not None:
                        with open(f"{d}/vm.json", "w") as f:
                            json.dump([{"name": "x", "ok": ok, "detail": ""} for ok in entries], f)
                    return subprocess.CompletedProcess(argv, status)

                self.tally = check.Tally()
                with mock.patch.object(check, "LOGS", d), mock.patch.object(check.subprocess, "run", run), self.quietly():
                    check.python_suite(self.tally, "vm", "vm", [])
            self.assertEqual(len(self.tally.failed), failed, (status, self.tally.failed))


if __name__ == "__main__":
    unittest.main(verbosity=0)

"""Runs the tests of this directory: unit_*.py without a machine, test_*.py with one, in their order of names.

Its own little runner, because unittest counts a skip, and a class whose machine did not boot, not as tests that failed.
"""

import argparse
import collections
import glob
import importlib
import itertools
import json
import os
import sys
import threading
import time
import unittest

import host

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = {"plain": "unit_", "vm": "test_"}
# Machines that may be on at once: none keeps two processors busy all the time, and some mostly wait. Memory for each.
AT_ONCE = 2
ROOM = 3 << 30


class Results(unittest.TestResult):
    """One entry for each test that ran, was skipped, or could not start."""

    def __init__(self, entries=None):
        super().__init__()
        self.entries = {} if entries is None else entries
        self.started = {}
        self.ended = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        now = time.monotonic()
        set_up = now - self.ended
        if set_up > 1:
            print(f"  ({set_up:.0f} s until {type(test).__name__} was ready)", flush=True)
        self.started[test.id()] = now

    def _note(self, test, ok, detail=""):
        name = test.id()
        entry = self.entries.setdefault(name, {"name": name, "ok": True, "detail": ""})
        entry["ok"] = entry["ok"] and ok
        entry["detail"] += detail
        took = time.monotonic() - self.started.get(name, time.monotonic())
        print(f"{'  passed' if ok else '  FAILED'} {name} ({took:.1f} s)" + ("" if ok else "\n" + detail), flush=True)

    def stopTest(self, test):
        super().stopTest(test)
        self.ended = time.monotonic()

    def addSuccess(self, test):
        self._note(test, True)

    def addError(self, test, err):
        self._note(test, False, self._exc_info_to_string(err, test))

    addFailure = addError

    def addSkip(self, test, reason):
        self._note(test, False, f"skipped: {reason}")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._note(test, False, f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addExpectedFailure(self, test, err):
        self._note(test, False, "marked as an expected failure: that is no pass")

    def addUnexpectedSuccess(self, test):
        self._note(test, False, "marked as an expected failure, but it passed")


class Beside(unittest.TestSuite):
    """Suites of which several run at once, each with a machine of its own, which is off, or the shared one, when the suite has run. Interrupted, it leaves the machines to the end of the process."""

    def run(self, result, debug=False):
        left = collections.deque(self)
        if len(left) == 1:
            self._work(left, result.entries)  # in this thread: with a thread of its own a machine that stays on for others would end
            return result
        threads = [threading.Thread(target=self._work, args=(left, result.entries), daemon=True) for _ in range(at_once())]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            left.clear()
        return result

    @staticmethod
    def _work(left, entries):
        while True:
            try:
                suite = left.popleft()
            except IndexError:
                return
            suite.run(Results(entries))


def at_once():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(AT_ONCE, os.cpu_count() or 1, memory // ROOM))


def _matches(module, test, names):
    """A name is a module (boot), a class, a method, or part of the full name with a dot."""
    ident = test.id()
    return not names or any(name == module[5:] or name in ident.split(".") or ("." in name and name in ident)
                            for name in names)


def _flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _flatten(item)
        else:
            yield item


def collect(kind, names):
    found = []
    for path in sorted(glob.glob(os.path.join(HERE, PREFIX[kind] + "*.py"))):
        module = os.path.basename(path)[:-3]
        tests = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module))
        found += [t for t in _flatten(tests) if _matches(module, t, names)]
    if kind != "vm":
        return unittest.TestSuite(found)
    # A class's tests stay together. Those that have the host to themselves come first, then, beside one another, the classes that share one
    # machine, in their order and last who ends it, and all others; of those first the ones up to a greeter, which take longest.
    found.sort(key=lambda t: (not getattr(t, "alone", False), getattr(t, "ends_shared", False)))
    alone = [t for t in found if getattr(t, "alone", False)]
    shared = [t for t in found if getattr(t, "shares", False) and t not in alone]
    others = sorted((t for t in found if t not in alone + shared), key=lambda t: not hasattr(t, "shares"))
    groups = itertools.groupby(others, key=lambda t: type(t) if hasattr(t, "shares") else t.id())
    chains = ([shared] if shared else []) + [list(group) for _, group in groups]
    return unittest.TestSuite(Beside(unittest.TestSuite(chain) for chain in stage) for stage in ([alone], chains))


def missing(kind, names):
    """Those names by which there is no test: somebody meant one."""
    return [name for name in names if not any(True for _ in _flatten(collect(kind, [name])))]


def main(argv):
    parser = argparse.ArgumentParser(description="Runs tests of tests/vm.")
    parser.add_argument("--kind", choices=list(PREFIX), default="vm")
    parser.add_argument("--results", metavar="FILE", help="write the results as JSON")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args(argv)
    host.end_cleanly()
    results = Results()
    for name in missing(args.kind, args.names):
        print(f"  there is no {name}", flush=True)
        results.entries[name] = {"name": name, "ok": False, "detail": "there is no test of that name"}
    try:
        collect(args.kind, args.names).run(results)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        results.entries["interrupted"] = {"name": "interrupted", "ok": False, "detail": ""}
    finally:
        if args.kind == "vm":
            importlib.import_module("case").end_shared()
    if args.results:
        with open(args.results, "w") as f:
            json.dump(list(results.entries.values()), f, indent=1)
    failed = sum(not e["ok"] for e in results.entries.values())
    return 1 if failed or not results.entries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

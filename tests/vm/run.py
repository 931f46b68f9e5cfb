"""Runs the tests of this directory: unit_*.py without a machine, test_*.py with one, in their order of names.

Its own little runner, because unittest counts a skip, and a class whose machine did not boot, not as tests that failed.
"""

import argparse
import glob
import importlib
import json
import os
import sys
import time
import unittest

import host

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = {"plain": "unit_", "vm": "test_"}


class Results(unittest.TestResult):
    """One entry for each test that ran, was skipped, or could not start."""

    def __init__(self):
        super().__init__()
        self.entries = {}
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
        print(f"{'  passed' if ok else '  FAILED'} {name} ({took:.1f} s)", flush=True)
        if not ok:
            print(detail, flush=True)

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
    # A class's tests stay together, and the classes that share one machine come after those that have one of their own, which would
    # end it; last who ends it.
    return unittest.TestSuite(sorted(found, key=lambda t: (getattr(t, "shares", False), getattr(t, "ends_shared", False))))


def main(argv):
    parser = argparse.ArgumentParser(description="Runs tests of tests/vm.")
    parser.add_argument("--kind", choices=list(PREFIX), default="vm")
    parser.add_argument("--results", metavar="FILE", help="write the results as JSON")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args(argv)
    host.end_cleanly()
    results = Results()
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

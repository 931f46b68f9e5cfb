"""./check: builds Early and runs its tests, part by part; the last line is "N passed, N failed".

A test that was skipped, or a part in which nothing ran, counts as failed: a green check means that everything was seen
to work here.
"""

import argparse
import concurrent.futures
import functools
import json
import os
import re
import subprocess
import sys
import threading
import time

import manual

REPO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(REPO, "out", "check")
JOBS = f"-j{os.cpu_count() or 2}"
# Build directory -> how it is configured, each with TESTS.
TESTS = "-Dtests=enabled"
BUILDS = {
    "build": [],
    "build-asan": ["--native-file", "dev.ini"],
    "build-gcc": ["--werror", "-Dbuildtype=release", "-Db_ndebug=true"],
    "build-clang": ["--werror"],
}
# Suites of meson's: which of its arguments choose one, and how many of its tests run at once for each processor: those of integration mostly
# wait, those that are patient have no bounds of seconds. Sanitizers take their time.
SUITES = {
    "unit": (["--suite", "unit"], {}),
    "integration": (["--suite", "integration"], {"build": 2, "build-asan": 3}),
    "impatient": (["--suite", "integration", "--no-suite", "patient"], {"build": 2, "build-asan": 3}),
    "patient": (["--suite", "patient"], {}),
}
# Of the time that a test may take, for machines on which a process costs ten times as much as elsewhere: it ends what hangs, no more.
PATIENCE = 3
COMPILER = {"build-gcc": "gcc", "build-clang": os.path.join(REPO, "tests", "clang-analysed")}


class Tally:
    """Results of one run of ./check."""

    def __init__(self):
        self.passed, self.failed = 0, []
        self.lock = threading.Lock()

    def add(self, name, ok, detail="", word=""):
        """@word: how it ended, if that says more than its output."""
        with self.lock:
            if ok:
                self.passed += 1
                print(f"ok   {name}", flush=True)
                return
            why = reasons(detail, word)
            self.failed.append(f"{name}: {why[0]}" if why else name)
            lines = why + [line for line in detail.splitlines()[-40:] if line not in why]
            print("\n".join([f"FAIL {name}"] + ["     " + line for line in lines]), flush=True)


# What says why a test failed, the plainest first: the last lines of our own harnesses, cmocka's, an exception's, a compiler's.
REASONS = [re.compile(pattern) for pattern in (
    r"FAILED \w[^:]*: .", r"not ok: ", r"\[  FAILED  \] [a-zA-Z_]\w*$", r"[\w.]*(Error|Exception|Failed|Refused|TimeoutExpired)\b(: .|$)",
    r".*: (fatal )?error: ", r".*: warning: ")]
CMOCKA = re.compile(r"\[  ERROR   \] --- ")
SANITIZER = re.compile(r"SUMMARY: \w+Sanitizer|.*: runtime error: ")


def reasons(output, word=""):
    """Of a failed test's output at most five lines that say why, each cut to a line's length; else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    found = next(filter(None, ([line for line in lines if pattern.match(line)] for pattern in REASONS)), lines[-1:])
    if REASONS[3].match((found or [""])[0]):
        found = found[-1:]  # the exceptions before it are what it came from
    found += [line for line in lines if CMOCKA.match(line) or SANITIZER.match(line)]
    found = [line[:300] for line in dict.fromkeys(found)][:5]
    return [f"{word}: {found[0]}" if found else word] + found[1:] if word else found


def command(name, argv, env=None):
    """Run a command with its output in a log -> (succeeded, output)."""
    log = os.path.join(LOGS, name.replace(" ", "-").replace("/", "-") + ".log")
    try:
        with open(log, "w") as f:
            done = subprocess.run(argv, cwd=REPO, stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT,
                                  env=dict(os.environ, **(env or {})))
    except FileNotFoundError:
        return False, f"{argv[0]} is not installed"
    with open(log, errors="replace") as f:
        return done.returncode == 0, f.read()


def only_errors(output):
    """Of a compiler's output what somebody has to do something about."""
    wanted = ("error:", "warning:", "ERROR", "undefined reference")
    lines = [line for line in output.splitlines() if any(word in line for word in wanted)]
    return "\n".join(dict.fromkeys(lines)) or output


def build(tally, directory):
    """Configure and build, once in a run; counted as a test of its own."""
    with build.locks[directory]:
        if directory not in build.done:
            build.done[directory] = build_once(tally, directory)
        return build.done[directory]


def has_tests(directory):
    """Whether a build has them for sure: ./demo, or a person, may have configured it where cmocka was not installed yet."""
    with open(os.path.join(directory, "meson-info", "intro-buildoptions.json")) as f:
        return any(option["name"] == "tests" and option["value"] == "enabled" for option in json.load(f))


def build_once(tally, directory):
    env = {"CC": COMPILER[directory]} if directory in COMPILER else None
    ok, output = True, ""
    if not os.path.exists(os.path.join(REPO, directory, "build.ninja")):
        ok, output = command(f"setup {directory}", ["meson", "setup", directory, TESTS, *BUILDS[directory]], env)
    elif not has_tests(os.path.join(REPO, directory)):
        ok, output = command(f"setup {directory}", ["meson", "configure", directory, TESTS], env)
    if ok:
        ok, output = command(f"build {directory}", ["ninja", JOBS, "-k", "0", "-C", directory])
        output = only_errors(output)
    tally.add(f"build: {directory}", ok, output)
    return ok


build.done = {}
build.locks = {directory: threading.Lock() for directory in BUILDS}


def parts_of(known, names):
    """For each name the test that is called so and the parts NAME.* of a long one, or what runs in this build with control groups alone."""
    def called(name):
        return [k for k in known if k == name or k.startswith(name + ".")]

    return [part for name in names for part in called(name) or called(name + "-cgroup")]


def tests_of(directory):
    with open(os.path.join(REPO, directory, "meson-info", "intro-tests.json")) as f:
        return [test["name"] for test in json.load(f)]


def run_suite(directory, suite, names):
    """Run one of SUITES in one build -> (results, what went wrong besides, output)."""
    chosen, at_once = SUITES[suite]
    log = os.path.join(REPO, directory, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    processes = at_once.get(directory, 1) * (os.cpu_count() or 2)
    ok, output = command(f"{suite} {directory}", ["meson", "test", "-C", directory, "--no-rebuild", *chosen,
                                                  "--num-processes", str(processes), "--timeout-multiplier", str(PATIENCE),
                                                  "--print-errorlogs", *names])
    results = []
    if os.path.exists(log):
        with open(log) as f:
            results = [json.loads(line) for line in f if line.strip()]
    if not results:
        return results, "no test ran", output
    return results, "" if ok or not all(passed(r) for r in results) else "meson did not run them all", output


def passed(result):
    return result["result"] in ("OK", "EXPECTEDFAIL")


def chosen_in(tally, directories, suite, names):
    """(build, its tests of those names) for each build that has any; a name that no build has was somebody's slip."""
    parts = {directory: {name: parts_of(tests_of(directory), [name]) for name in names} for directory in directories}
    for name in names:
        if directories and not any(parts[directory][name] for directory in directories):
            tally.add(f"{suite}: there is no {name}", False)
    return [(directory, [part for name in names for part in parts[directory][name]]) for directory in directories
            if not names or any(parts[directory].values())]


def meson_suite(tally, directories, suite, names, part=None):
    """Run one of SUITES, as many tests as were asked for by name, in several builds at once: most tests wait."""
    built = [directory for directory in directories if build(tally, directory)]
    chosen = chosen_in(tally, built, part or suite, names)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda each: run_suite(each[0], suite, each[1]), chosen))
    for (directory, _), (results, trouble, output) in zip(chosen, runs):
        for result in results:
            word = "" if result["result"] == "FAIL" else result["result"]
            tally.add(f"{part or suite}: {result['name'].split(' / ')[-1]} ({directory})", passed(result),
                      result.get("stdout", "") + result.get("stderr", ""), word)
        if trouble:
            tally.add(f"{suite}: {trouble} ({directory})", False, output)


def python_suite(tally, suite, kind, names):
    """Tests of tests/vm: `plain` ones need no machine."""
    results = os.path.join(LOGS, f"{kind}.json")
    if os.path.exists(results):
        os.unlink(results)
    argv = [sys.executable, "-B", "tests/vm/run.py", "--kind", kind, "--results", results, *names]
    status = subprocess.run(argv, cwd=REPO, stdin=subprocess.DEVNULL).returncode
    try:
        with open(results) as f:
            found = json.load(f)
    except (OSError, ValueError):
        found = []
    for result in found:
        tally.add(f"{suite}: {result['name']}", result["ok"], result["detail"])
    if not found:
        tally.add(f"{suite}: no test ran ({kind})", False)
    elif status != 0 and all(result["ok"] for result in found):
        tally.add(f"{suite}: the runner of {kind} ended with {status}", False)


def tracked(*patterns):
    output = subprocess.run(["git", "ls-files", "--", *patterns], cwd=REPO, capture_output=True, text=True, check=True)
    return [path for path in output.stdout.split("\n") if path and os.path.exists(os.path.join(REPO, path))]


def shell_scripts():
    found = []
    for path in tracked():
        if os.path.islink(os.path.join(REPO, path)) or not os.path.isfile(os.path.join(REPO, path)):
            continue
        with open(os.path.join(REPO, path), "rb") as f:
            first = f.readline(64)
        if first.startswith((b"#!/bin/sh", b"#!/bin/bash")):
            found.append(path)
    return found


def lint_format(tally):
    sources = tracked("*.c", "*.h")
    tally.add("lint: clang-format", *command("clang-format", ["clang-format", "--dry-run", "-Werror", *sources]))


def lint_gcc(tally):
    build(tally, "build-gcc")


def lint_clang(tally):
    """With the static analyser: see clang-analysed."""
    build(tally, "build-clang")


def lint_cppcheck(tally):
    """What it found out is kept: only a source that changed, or that includes what changed, is read again."""
    kept = os.path.join("build", "cppcheck")
    os.makedirs(os.path.join(REPO, kept), exist_ok=True)
    argv = ["cppcheck", JOBS, f"--cppcheck-build-dir={kept}", "--quiet", "--error-exitcode=1", "--inline-suppr", "--enable=warning,portability",
            "--std=c11", "--language=c", "-D_GNU_SOURCE", "-Icommon/include", "--template=gcc",
            # A file of C's own library that is not found is no finding.
            "--suppress=missingIncludeSystem",
            # It does not know the cleanup attribute: everything that frees itself looks leaked. LeakSanitizer does.
            "--suppress=memleak", *tracked("*.c")]
    tally.add("lint: cppcheck", *command("cppcheck", argv))


def lint_python(tally):
    script = "import sys\nfor p in sys.argv[1:]: compile(open(p).read(), p, 'exec')"
    tally.add("lint: python", *command("python", [sys.executable, "-W", "error", "-c", script, *tracked("*.py")]))


def lint_shell(tally):
    tally.add("lint: shellcheck", *command("shellcheck", ["shellcheck", *shell_scripts()]))


def lint_manual(tally):
    """Each program answers --help and --version, and its page has what the help offers."""
    if build(tally, "build"):
        found = manual.complaints(os.path.join(REPO, "build"))
        tally.add("lint: manual", not found, "\n".join(found))


LINTS = {"format": lint_format, "shell": lint_shell, "python": lint_python, "gcc": lint_gcc, "clang": lint_clang,
         "cppcheck": lint_cppcheck, "manual": lint_manual}


def part_lint(tally, names):
    """Beside one another: each has its stretches in which it keeps only one processor busy."""
    for name in set(names) - set(LINTS):
        tally.add(f"lint: there is no {name}; there is: {', '.join(LINTS)}", False)
    wanted = [name for name in LINTS if name in (names or LINTS)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        list(pool.map(lambda name: LINTS[name](tally), wanted))


def part_unit(tally, names):
    """Under the sanitizers. A name may be one of meson's tests or one of the harness's own."""
    own = [os.path.basename(p)[5:-3] for p in tracked("tests/vm/unit_*.py")]
    if not names or set(names) & set(own):
        python_suite(tally, "unit", "plain", [n for n in names if n in own])
    others = [n for n in names if n not in own]
    if not names or others:
        meson_suite(tally, ["build-asan"], "unit", others)


def part_integration(tally, names, suite="integration"):
    """As it is installed, and under the sanitizers."""
    meson_suite(tally, ["build", "build-asan"], suite, names, "integration")


def part_vm(tally, names):
    """In emulated machines, one after the other."""
    if build(tally, "build"):
        python_suite(tally, "vm", "vm", names)


PARTS = {"lint": part_lint, "unit": part_unit, "integration": part_integration, "vm": part_vm}
# Of all of it: integration in two.
PATIENT, IMPATIENT = "integration (patient)", "integration (the rest)"
HALVES = {PATIENT: functools.partial(part_integration, suite="patient"), IMPATIENT: functools.partial(part_integration, suite="impatient")}
# Stage after stage, and in each its rows beside one another: machines leave a part of two processors idle, for what has no bounds of time.
# The rest of integration has some, of seconds, and is alone. Who broke the format is told first: lint's quick ones come at once.
STAGES = [[["vm"], ["lint", "unit", PATIENT]], [[IMPATIENT]]]


def parse(argv):
    parser = argparse.ArgumentParser(prog="./check", description="Builds Early and runs its tests.")
    parser.add_argument("part", nargs="?", choices=list(PARTS), help="only this part")
    parser.add_argument("name", nargs="*", help="only these tests of the part")
    return parser.parse_args(argv)


def run_part(tally, part, names):
    print(f"== {part}", flush=True)
    started = time.monotonic()
    {**PARTS, **HALVES}[part](tally, names)
    print(f"== {part} took {time.monotonic() - started:.0f} s", flush=True)


def run_row(tally, row, names, aside):
    """One part after the other; @aside: with what the other rows leave. A thread's processes inherit its priority."""
    if aside:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    for part in row:
        run_part(tally, part, names)


def main(argv):
    args = parse(argv)
    os.makedirs(LOGS, exist_ok=True)
    tally = Tally()
    started = time.monotonic()
    for rows in [[[args.part]]] if args.part else STAGES:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda row: run_row(tally, row, args.name, row is not rows[0]), rows))
    if not args.part:
        print(f"== all of it took {time.monotonic() - started:.0f} s", flush=True)
    for name in tally.failed:
        print(f"failed: {name}")
    if not tally.passed and not tally.failed:
        tally.add("nothing ran", False)
    print(f"{tally.passed} passed, {len(tally.failed)} failed", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

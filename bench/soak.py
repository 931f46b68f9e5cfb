#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Thousands of crashes, re-executions and timers, and what of PID 1 is more afterwards than before: nothing may be.

Each phase begins with a tenth of its events (and each service's first crash), so that what is bounded has its full size: the timeline,
the image's changes, a log file for each service that something is said of. A short run does not fill the timeline: --slack 512. Then what
early-init and early-log have is counted, the rest happens, and it is counted again: descriptors, control groups and
processes must be as many, private memory at most --slack kB more.

24 hours of timers are their number, not their time (nothing here makes CLOCK_MONOTONIC go faster): a timer that elapses each minute
does so 1,440 times in 24 hours. --timers of them have 10 ms instead of a minute, and are waited for until each has
elapsed so often. One more has OnCalendar= of each second, for as long as it takes.
"""

import os
import subprocess
import sys
import time

import peers

SERVICES = 100
AT_ONCE = 20  # of the services die together
LIMITLESS = "[Unit]\nStartLimitIntervalSec=1\nStartLimitBurst=1000000\n"  # a limit, so that pauses do not double
CALENDAR = 1000  # number of the calendar's service


class Soaked(peers.Early):
    """early-init with services that come back at once, and timers."""

    timers = 0

    def write(self, n, mode):
        super().write(n, mode)
        services = self.dir / "services"
        for number in range(n):
            manifest = services / f"bench-{number}.service"
            manifest.write_text(LIMITLESS + manifest.read_text() + "RestartSec=0\n")
        for number in range(self.timers):
            self.write_timer(CALENDAR + 1 + number, "OnActiveSec=10ms\nOnUnitInactiveSec=10ms")
        if self.timers:
            self.write_timer(CALENDAR, "OnCalendar=*-*-* *:*:*")

    def write_timer(self, number, words):
        (self.dir / "services" / f"timed-{number}.timer").write_text(f"[Timer]\n{words}\nAccuracySec=1us\n")
        (self.dir / "services" / f"timed-{number}.service").write_text(
            LIMITLESS + f"[Service]\nType=oneshot\nExecStart={self.service} {self.words(number, 'once')}\n[Early]\nStage=demand\n")

    def earlyctl(self, *words):
        return subprocess.run([self.build / "orchestrator/ctl/earlyctl", "--control", self.dir / "run/control", *words],
                              capture_output=True, text=True, timeout=60, check=False)

    def whole_log(self):
        return (self.dir / "log").read_text(errors="replace")


def count(peer):
    """What must not grow. A child that ends while it is looked at is not one that stays."""
    for _ in range(5):
        try:
            return count_now(peer)
        except (FileNotFoundError, ProcessLookupError):
            time.sleep(0.5)
    raise peers.Unable("processes come and go all the time")


def count_now(peer):
    init = peer.init_pid()
    supervisors = peer.supervisors()
    memfds = 0
    for fd in os.listdir(f"/proc/{init}/fd"):
        try:
            if os.readlink(f"/proc/{init}/fd/{fd}").startswith("/memfd:"):
                memfds += os.stat(f"/proc/{init}/fd/{fd}").st_blocks // 2
        except OSError:
            continue
    return {
        "descriptors of PID 1": len(os.listdir(f"/proc/{init}/fd")),
        "descriptors of its helpers": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in supervisors if pid != init),
        "control groups": sum(1 for _ in os.walk(peer.cgroup)),
        "processes": len(peers.descendants(init)),
        "private kB of PID 1": peers.private_kb(init),
        "private kB of its helpers": sum(peers.private_kb(pid) for pid in supervisors if pid != init),
        "memfd kB of PID 1": memfds,
    }


def crash(peer, running, times):
    """Kills @times services, some at once; @running: {number: pid}."""
    done = 0
    while done < times:
        for first in range(0, SERVICES, AT_ONCE):
            numbers = range(first, first + min(AT_ONCE, times - done))
            for number in numbers:
                peer.kill(running[number])
            for _, number, pid in peer.records(len(numbers)):
                running[number] = pid
            done += len(numbers)


def reexec(peer, times):
    for _ in range(times):
        before = peer.whole_log().count("re-executed")
        peer.earlyctl("daemon-reexec")
        end = time.monotonic() + 30
        while peer.whole_log().count("re-executed") == before:
            if time.monotonic() > end:
                raise peers.Unable(f"it was not executed anew: {peer.log()}")
            time.sleep(0.002)
    started = peer.drain()
    assert not started, f"services were started again by a re-execution: {started[:3]}"


def elapse(peer, elapsed, times):
    """Waits until each timer has elapsed @times more."""
    wanted = {number: elapsed.get(number, 0) + times for number in range(CALENDAR + 1, CALENDAR + 1 + peer.timers)}
    last = time.monotonic()
    while any(elapsed.get(number, 0) < wanted[number] for number in wanted):
        new = peer.drain()
        for _, number, _ in new:
            elapsed[number] = elapsed.get(number, 0) + 1
        if new:
            last = time.monotonic()
        if time.monotonic() > last + 30:
            raise peers.Unable(f"no timer elapsed for 30 s: {peer.log()}")
        time.sleep(0.02)


def phase(peer, name, act, times, least, options):
    """@act(times), counted before and after -> (rows, what leaked); @least: events that come before."""
    warm = min(max(1, times // 10, least), times - 1)
    act(warm)
    time.sleep(options.settle)
    before = count(peer)
    start = time.monotonic()
    act(times - warm)
    took = time.monotonic() - start
    time.sleep(options.settle)
    after = count(peer)
    rows, leaked = [], []
    for what, value in before.items():
        slack = 0
        if what.startswith("private"):
            slack = options.slack
        elif what.startswith("memfd"):
            slack = 3 * value + options.slack  # changes are collected up to twice a whole state
        if after[what] > value + slack or (not slack and after[what] < value):
            leaked.append(f"{name}: {what}: {value} before, {after[what]} after")
        rows.append([name, times, f"{took:.0f}", what, value, after[what]])
    print(f"{name}: {'; '.join(leaked) or 'nothing leaked'}", file=sys.stderr, flush=True)  # the next phase may take long
    return rows, leaked


def main():
    parser = peers.arguments(__doc__, peers="early", runs=1)
    parser.add_argument("--crashes", type=int, default=10000, help="(10000)")
    parser.add_argument("--reexecs", type=int, default=1000, help="(1000)")
    parser.add_argument("--timers", type=int, default=10, help="timers that each elapse as often as in 24 h (10)")
    parser.add_argument("--elapses", type=int, default=1440, help="how often that is (1440: each minute)")
    parser.add_argument("--slack", type=int, default=64, help="kB of memory that are no leak (64)")
    parser.add_argument("--settle", type=float, default=3, help="seconds before something is counted (3)")
    options = parser.parse_args()
    rows, leaked = [], []
    with Soaked(options.build) as peer:
        peer.prepare(SERVICES)
        peer.start()
        running = {number: pid for _, number, pid in peer.records(SERVICES)}
        for name, act, times, least in (("crashes", lambda n: crash(peer, running, n), options.crashes, SERVICES),
                                        ("re-executions", lambda n: reexec(peer, n), options.reexecs, 1)):
            if times:
                more, worse = phase(peer, name, act, times, least, options)
                rows, leaked = rows + more, leaked + worse
    with Soaked(options.build) as peer:
        peer.timers = options.timers
        elapsed = {}
        if options.timers:
            peer.prepare(0)
            peer.start()
            more, worse = phase(peer, f"elapses of {options.timers} timers", lambda n: elapse(peer, elapsed, n), options.elapses,
                                1, options)
            rows, leaked = rows + more, leaked + worse
            if not elapsed.get(CALENDAR):
                leaked.append("the timer of the calendar never elapsed")
    print(peers.table(["phase", "events", "seconds", "what", "before", "after"], rows))
    print("\n" + ("\n".join(leaked) or "nothing leaked"))
    return 1 if leaked else 0


if __name__ == "__main__":
    sys.exit(main())

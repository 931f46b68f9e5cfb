#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Private memory (clean and dirty, of smaps_rollup) of each init with running services, and its system calls while nothing happens.

`PID 1` is the init itself; `all` is it with its helpers or supervisors, but no service. `shared` and anything that the kernel keeps
for a process (its tables, about 50 kB each) is not in it.
"""

import collections
import re
import subprocess
import sys
import time

import peers

SETTLE = 3.0  # the last start's work is done, and buffers are given back


def memory_of(peer, n, seconds):
    """(kB of PID 1, kB of all, how many)"""
    peer.prepare(n)
    peer.start()
    peer.records(n, seconds)
    time.sleep(SETTLE)
    supervisors = peer.supervisors()
    return peers.private_kb(peer.init_pid()), sum(map(peers.private_kb, supervisors)), len(supervisors)


def idle_calls(peer, seconds):
    """{name of a system call: times} of PID 1 and what it has started, while nothing happens."""
    output = peer.dir / "strace"
    strace = subprocess.Popen(["strace", "-f", "-qq", "-o", output, "-p", str(peer.init_pid())])
    time.sleep(seconds)
    strace.terminate()
    strace.wait()
    calls, seen = collections.Counter(), set()
    for line in output.read_text(errors="replace").splitlines():
        pid, _, rest = line.partition(" ")
        name = re.match(r"\s*(\w+)\(", rest)
        if name and pid in seen:
            calls[name[1]] += 1
        seen.add(pid)  # its first line is the call that it slept in when strace came
    return calls


def measure(name, n, options):
    """A row of the table."""
    best = None
    with peers.PEERS[name](options.build) as peer:
        try:
            best = memory_of(peer, n, options.patience)
        except peers.Unable as e:
            return [name, n, "-", "-", "-", str(e).splitlines()[0]], None
        said = "-"
        if options.seconds and n == options.idle_beside:
            calls = idle_calls(peer, options.seconds)
            said = f"{sum(calls.values())} " + " ".join(f"{call}:{times}" for call, times in calls.most_common(3))
    return [name, n, best[0], best[1], best[2], said.strip()], best[0]


def main():
    parser = peers.arguments(__doc__, runs=1)
    parser.add_argument("--services", default="0,100,1000", help="how many (0,100,1000)")
    parser.add_argument("--seconds", type=float, default=60, help="how long the init is watched while idle; 0: not (60)")
    parser.add_argument("--idle-beside", type=int, default=100, help="with how many services it is watched (100)")
    parser.add_argument("--patience", type=float, default=120, help="seconds for one start (120)")
    options = parser.parse_args()
    rows, figures = [], {}
    for name in options.peers:
        for n in map(int, options.services.split(",")):
            row, kb = measure(name, n, options)
            rows.append(row)
            figures[name, n] = kb
    print(f"Private memory, and system calls in {options.seconds:.0f} s of idling:\n")
    print(peers.table(["init", "services", "PID 1 kB", "all kB", "processes", "system calls"], rows))
    for name in options.peers:
        if figures.get((name, 100)) and figures.get((name, 1000)):
            print(f"\n{name}: {(figures[name, 1000] - figures[name, 100]) * 1024 / 900:.0f} bytes of PID 1 for each further service")
    return 0


if __name__ == "__main__":
    sys.exit(main())

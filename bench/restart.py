#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How soon a killed service runs again: from SIGKILL to the first instruction of its successor.

All inits are up at once and are asked by turns, so that what disturbs one disturbs all. Each service is killed once, when it has run
for more than 10.5 s, so nobody's pause between quick deaths counts (runit and s6: 1 s; Early: 10 s, but not for the first); as each
init has as many as there are kills, that time is waited for only once. Beside them are --others services that nobody kills.
--at-once measures what those pauses are: services that end at once, from one start to the next.
"""

import sys
import time

import peers

LIVED_NS = 10_500_000_000
DYING = 20  # services that end at once
PAUSE = 0.005  # between two kills: what the last one left to do is done


class Victims:
    """The services of one init, each killed once, and how long its successor took."""

    def __init__(self, peer, killed, others):
        self.peer = peer
        self.taken = []
        peer.prepare(killed + others)
        peer.start()
        self.running = {number: (pid, ns) for ns, number, pid in peer.records(killed + others)}

    def youngest(self):
        return max(ns for _, ns in self.running.values())

    def kill(self, number):
        before = self.peer.kill(self.running[number][0])
        ns, successor, _ = self.peer.record()
        assert successor == number, f"{self.peer.name}: service {successor} ran instead of {number}"
        self.taken.append((ns - before) / 1e6)


def wait_until_steady(up):
    lived = time.monotonic_ns() - max(victims.youngest() for victims in up)
    time.sleep(max(0, LIVED_NS - lived) / 1e9)


def measure(options, others):
    """{name: [ms]}, {name: why not}"""
    up, unable = [], {}
    try:
        for name in options.peers:
            peer = peers.PEERS[name](options.build)
            try:
                up.append(Victims(peer, options.runs, others))
            except peers.Unable as e:
                unable[name] = str(e)
                peer.stop()
        if up:
            wait_until_steady(up)
        for number in range(options.runs):
            for victims in up:
                victims.kill(number)
                time.sleep(PAUSE)
    finally:
        for victims in up:
            victims.peer.stop()
    return {victims.peer.name: victims.taken for victims in up}, unable


def measure_at_once(options):
    """{name: {number of a service: [ns of its starts]}}, {name: why not}"""
    results, unable = {}, {}
    for name in options.peers:
        with peers.PEERS[name](options.build) as peer:
            try:
                peer.prepare(DYING, "die")
                peer.start()
                first = peer.records(DYING)
                time.sleep(options.at_once)
            except peers.Unable as e:
                unable[name] = str(e)
                continue
            starts = results[name] = {}
            for ns, number, _ in first + peer.drain():
                starts.setdefault(number, []).append(ns)
    return results, unable


def rows_at_once(results, unable):
    rows = []
    for name, starts in results.items():
        gaps = [[(b - a) / 1e6 for a, b in zip(moments, moments[1:])] for moments in starts.values()]
        first = [of_one[0] for of_one in gaps if of_one]
        rows.append([name, f"{peers.percentile(first, 0.5):.2f}" if first else "never",
                     f"{peers.percentile(first, 0.99):.2f}" if first else "never",
                     f"{sum(map(len, gaps)) / len(gaps):.1f}"])
    return rows + [[name, "-", "-", why.splitlines()[0]] for name, why in unable.items()]


def rows_of(results, unable):
    best = min((peers.percentile(v, 0.5) for name, v in results.items() if peers.is_peer(name)), default=None)
    rows = []
    for name, values in results.items():
        median = peers.percentile(values, 0.5)
        rows.append([name, len(values), f"{median:.2f}", f"{peers.percentile(values, 0.99):.2f}", f"{max(values):.2f}",
                     f"{median / best:.2f}" if best else "-"])
    return rows + [[name, "-", "-", "-", "-", why.splitlines()[0]] for name, why in unable.items()]


def main():
    parser = peers.arguments(__doc__, runs=100)
    parser.add_argument("--others", default="0,100", help="services beside those that are killed (0,100)")
    parser.add_argument("--at-once", type=float, metavar="SECONDS", help="services that end at once instead, for so long")
    options = parser.parse_args()
    if options.at_once:
        print(f"Services that end at once, in {options.at_once:.0f} s:\n")
        print(peers.table(["init", "median ms to the first restart", "p99 ms", "restarts of each"],
                          rows_at_once(*measure_at_once(options))))
        return 0
    for others in map(int, options.others.split(",")):
        results, unable = measure(options, others)
        print(f"Kill to running again, {options.runs} services killed once each beside {others} others:\n")
        print(peers.table(["init", "kills", "median ms", "p99 ms", "max ms", "of the best peer"], rows_of(results, unable)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How soon a killed service runs again: from SIGKILL to the first instruction of its successor.

All inits are up at once and are asked by turns, so that what disturbs one disturbs all. Each has 20 services that are killed in turn:
none has run for less than 1.2 s when it is killed, so nobody's pause between quick deaths counts (runit and s6: 1 s). Beside them are
--others services that nobody kills. --at-once measures what those pauses are: services that end at once, from one start to the next.
"""

import sys
import time

import peers

TARGETS = 20
LIVED_NS = 1_200_000_000
PAUSE = 0.005  # between two kills: what the last one left to do is done


class Victims:
    """The services of one init that are killed in turn, and how long each successor took."""

    def __init__(self, peer, others):
        self.peer = peer
        self.taken = []
        peer.prepare(TARGETS + others)
        peer.start()
        self.running = {number: (pid, ns) for ns, number, pid in peer.records(TARGETS + others) if number < TARGETS}
        self.next = 0

    def kill_one(self):
        pid, since = self.running[self.next]
        lived = time.monotonic_ns() - since
        if lived < LIVED_NS:
            time.sleep((LIVED_NS - lived) / 1e9)
        before = self.peer.kill(pid)
        ns, number, pid = self.peer.record()
        assert number == self.next, f"{self.peer.name}: service {number} ran instead of {self.next}"
        self.running[number] = (pid, ns)
        self.taken.append((ns - before) / 1e6)
        self.next = (self.next + 1) % TARGETS


def measure(options, others):
    """{name: [ms]}, {name: why not}"""
    up, unable = [], {}
    try:
        for name in options.peers:
            peer = peers.PEERS[name](options.build)
            try:
                up.append(Victims(peer, others))
            except peers.Unable as e:
                unable[name] = str(e)
                peer.stop()
        for _ in range(options.runs):
            for victims in up:
                victims.kill_one()
                time.sleep(PAUSE)
    finally:
        for victims in up:
            victims.peer.stop()
    return {victims.peer.name: victims.taken for victims in up}, unable


def measure_at_once(options, seconds):
    """{name: ([ms between two starts of one service, the first such], starts of a service in @seconds)}"""
    results, unable = {}, {}
    for name in options.peers:
        with peers.PEERS[name](options.build) as peer:
            try:
                peer.prepare(TARGETS, "die")
                peer.start()
                peer.records(TARGETS)
                time.sleep(seconds)
                starts = {}
            except peers.Unable as e:
                unable[name] = str(e)
                continue
            for ns, number, _ in peer.drain():
                starts.setdefault(number, []).append(ns)
            results[name] = starts
    return results, unable


def rows_of(results, unable):
    best = min((peers.percentile(v, 0.5) for name, v in results.items() if not name.startswith("early")), default=None)
    rows = []
    for name, values in results.items():
        median = peers.percentile(values, 0.5)
        rows.append([name, len(values), f"{median:.2f}", f"{peers.percentile(values, 0.99):.2f}", f"{max(values):.2f}",
                     f"{median / best:.2f}" if best else "-"])
    return rows + [[name, "-", "-", "-", "-", why.splitlines()[0]] for name, why in unable.items()]


def main():
    parser = peers.arguments(__doc__, runs=200)
    parser.add_argument("--others", default="0,100", help="services beside those that are killed (0,100)")
    parser.add_argument("--at-once", action="store_true", help="services that die at once instead")
    options = parser.parse_args()
    for others in map(int, options.others.split(",")):
        results, unable = measure(options, others)
        print(f"Kill to running again, beside {others} services:\n")
        print(peers.table(["init", "kills", "median ms", "p99 ms", "max ms", "of the best peer"], rows_of(results, unable)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

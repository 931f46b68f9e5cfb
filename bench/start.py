#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long until N services run: from before the init is executed to the first instruction of the last of its services.

What the services need is written before; the init reads it, which counts. Inits take turns, one is up at a time.
"""

import sys

import peers


def start_once(peer, n, seconds):
    peer.prepare(n)
    before = peer.start()
    return (max(ns for ns, _, _ in peer.records(n, seconds)) - before) / 1e6


def measure(options, n):
    """{name: [ms]}, {name: why not}"""
    results, unable = {name: [] for name in options.peers}, {}
    for _ in range(options.runs):
        for name in options.peers:
            if name in unable:
                continue
            with peers.PEERS[name](options.build) as peer:
                try:
                    results[name].append(start_once(peer, n, options.patience))
                except peers.Unable as e:
                    unable[name] = str(e)
    return {name: values for name, values in results.items() if name not in unable}, unable


def rows_of(n, results, unable):
    medians = {name: peers.percentile(values, 0.5) for name, values in results.items()}
    best = min((median for name, median in medians.items() if peers.is_peer(name)), default=None)
    rows = [[n, name, len(results[name]), f"{median:.0f}", f"{max(results[name]):.0f}", f"{1000 * median / n:.0f}",
             f"{median / best:.2f}" if best else "-"] for name, median in medians.items()]
    return rows + [[n, name, "-", "-", "-", "-", why.splitlines()[0]] for name, why in unable.items()]


def main():
    parser = peers.arguments(__doc__)
    parser.add_argument("--services", default="100,1000", help="how many (100,1000)")
    parser.add_argument("--patience", type=float, default=120, help="seconds for one start (120)")
    options = parser.parse_args()
    rows = []
    for n in map(int, options.services.split(",")):
        rows += rows_of(n, *measure(options, n))
    print("Services started and running:\n")
    print(peers.table(["services", "init", "runs", "median ms", "max ms", "us each", "of the best peer"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""./demo --compare: the stock boot and Early's by turns, milestone by milestone.

By turns, because the host's load drifts: what is compared must have met the same. Medians, because one disturbed boot
must not decide. Host load and QEMU's own CPU seconds are printed, so that a reader can judge the figures.
"""

import json
import os
from statistics import median

import boots
import host
import image as images
import measure
import timeline
from host import Failure

INITS = ("stock", "early")


def run(args):
    image = images.get(args.suite, args.dm)
    which = {"stock": boots.stock(image), "early": boots.early(image)}
    runs = {init: [] for init in INITS}
    for turn in range(1, (args.runs or 3) + 1):
        for init in INITS:
            out = os.path.join(args.out, f"{init}-{turn}")
            result, _ = measure.boot(which[init], init, out, timeout_s=args.timeout)
            if result.timeline is None:
                raise Failure(f"{init}, run {turn}: {result.why}; see {out}")
            runs[init].append(figures(result.timeline))
            host.say(f"{init} {turn}: greeter after {runs[init][-1]['greeter']:.1f} s")
    with open(os.path.join(args.out, "compare.json"), "w") as f:
        json.dump(runs, f, indent=1)
    print("\n".join(table(runs)))
    return 0


def figures(value):
    """One boot as name -> seconds. First frame, greeter and black are what the screen showed, for both inits."""
    result = {name: t_us / 1e6 for name, t_us in timeline.milestones(value).items()}
    screen = value["screen"]
    for name, key in (("first-frame", "first_frame_us"), ("greeter", "greeter_us"), ("black screen", "black_us")):
        result[name] = screen[key] / 1e6
    result["QEMU CPU seconds"] = value["host"]["qemu_cpu_s"]
    result["host load"] = sum(value["host"]["load"]) / len(value["host"]["load"])
    return result


def table(runs):
    """Side by side: medians, the ratio, and the single runs behind them."""
    width = max(18, 9 * max(len(r) for r in runs.values()))
    lines = [f"{'seconds':<18}{'stock':>9}{'early':>9}{'ratio':>8}   {'stock runs':<{width}}  early runs"]
    for name in timeline.NAMES + ["black screen", "QEMU CPU seconds", "host load"]:
        lines.append(_row(name, {init: [r[name] for r in runs[init] if name in r] for init in INITS}, width))
    counts = ", ".join(f"{len(runs[init])} {init}" for init in INITS)
    return lines + [f"medians of {counts} runs, by turns; first-frame, greeter and black screen as seen from outside; -: no such thing there"]


def _row(name, columns, width):
    middle = {init: median(values) if values else None for init, values in columns.items()}
    stock, early = middle["stock"], middle["early"]
    ratio = f"{early / stock:8.2f}" if stock and early is not None else f"{'-':>8}"
    cells = "".join(f"{m:9.2f}" if m is not None else f"{'-':>9}" for m in (stock, early))
    each = {init: " ".join(f"{v:.2f}" for v in values) for init, values in columns.items()}
    return f"{name:<18}{cells}{ratio}   {each['stock']:<{width}}  {each['early']}".rstrip()

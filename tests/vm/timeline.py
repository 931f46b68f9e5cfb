"""timeline.json of a boot.

Early's own timeline is what earlyctl prints. The stock boot's is put together from what systemd and the kernel
recorded, under the same milestone names. Both get what the screen showed from outside, under "screen".
"""

import json
import re

from host import Failure

# Early's milestones, in the order of a boot (docs/architecture.md).
NAMES = ["init", "first-frame", "root", "overlay", "switch-root", "bus", "display-manager", "greeter", "fsck", "disks",
         "merged", "overlay-gone", "complete"]
# Stock milestone -> unit and its time stamp.
STOCK_UNITS = {"bus": ("dbus.service", "ExecMainStartTimestampMonotonic"),
               "disks": ("local-fs.target", "ActiveEnterTimestampMonotonic"),
               "display-manager": ("display-manager.service", "ExecMainStartTimestampMonotonic")}
STOCK_DMESG = {"init": r"Run /init as init process", "root": r"EXT4-fs \(vd[a-z]\): mounted filesystem"}


def early(shell, timeout_s):
    """Early's timeline; waits for `complete`, and takes what there is when that does not come."""
    script = f"""for i in $(seq {timeout_s}); do
earlyctl timeline --json >/run/timeline.json && grep -q '"complete"' /run/timeline.json && break
sleep 1; done; cat /run/timeline.json"""
    text = shell.check(script, timeout_s + 30)
    try:
        timeline = json.loads(text)
        return timeline if isinstance(timeline["events"], list) else _bad(text)
    except (ValueError, KeyError, TypeError):
        return _bad(text)


def _bad(text):
    raise Failure(f"earlyctl timeline --json printed no timeline: {text[:200]!r}")


def stock(shell, timeout_s):
    """The same from systemd: waits until its boot has finished."""
    shell.run(f"timeout {timeout_s} systemctl is-system-running --wait", timeout_s + 10)
    events = {"switch-root": shell.check("systemctl show -P UserspaceTimestampMonotonic"),
              "complete": shell.check("systemctl show -P FinishTimestampMonotonic")}
    for name, (unit, stamp) in STOCK_UNITS.items():
        events[name] = shell.check(f"systemctl show -P {stamp} {unit}")
    times = {name: int(text) for name, text in events.items() if text.strip().isdigit()}
    for line in shell.check("dmesg").splitlines():
        for name, pattern in STOCK_DMESG.items():
            if name not in times and re.search(pattern, line):
                times[name] = round(float(re.match(r"\[ *([0-9.]+)\]", line)[1]) * 1e6)
    facts = shell.check("cat /proc/sys/kernel/random/boot_id; uname -r").split()
    return {"boot_id": facts[0], "kernel": facts[1],
            "events": [{"name": n, "t_us": t} for n, t in sorted(times.items(), key=lambda item: item[1]) if t]}


def add_screen(timeline, screen):
    """What the screen showed; the stock boot knows first frame and greeter only from there."""
    timeline["screen"] = screen
    have = {event["name"] for event in timeline["events"]}
    for name, key in (("first-frame", "first_frame_us"), ("greeter", "greeter_us")):
        if name not in have and screen[key] is not None:
            timeline["events"].append({"name": name, "t_us": screen[key], "seen": "from outside"})
    timeline["events"].sort(key=lambda event: event["t_us"])
    return timeline


def milestones(timeline):
    """name -> microseconds, the first of each milestone."""
    times = {}
    for event in timeline["events"]:
        if event["name"] in NAMES:
            times.setdefault(event["name"], event["t_us"])
    return times


def table(timeline):
    """Lines for a person."""
    lines = [f"{name:<18}{t_us / 1e6:8.2f} s" for name, t_us in
             sorted(milestones(timeline).items(), key=lambda item: item[1])]
    screen = timeline.get("screen")
    if screen and screen["black_us"] is not None:
        lines.append(f"{'black screen':<18}{screen['black_us'] / 1e6:8.2f} s")
    return lines

"""Watch a machine's screen from outside while it boots, the same way under every init.

A thread takes pictures, sets equal ones aside by their hash, and keeps a small record of each new one with the host's
clock. Milestones follow from the records alone, so they can be found again from frames.json.
"""

import os
import tempfile
import threading
import time
import zlib

from host import Failure
from machine import memory_dir
from picture import Picture

# Often until there is something to see, then slower: a picture costs the host some 10 ms that the machine needs too.
BEFORE_FIRST_S, AFTER_FIRST_S = 0.12, 0.22


class Watcher:
    """Start it right after the machine; `done` is set when the greeter was seen."""

    def __init__(self, machine, out=None, every_s=(BEFORE_FIRST_S, AFTER_FIRST_S)):
        self.machine, self.out = machine, out
        self.before_first_s, self.after_first_s = every_s
        self.frames = []
        self.done = threading.Event()
        self.stopping = threading.Event()
        self.error = None
        self.first = self.greeter = None
        self.cpu_at_greeter_s = None
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def wait_greeter(self, timeout_s):
        """True when the greeter was reached."""
        deadline = time.monotonic() + timeout_s
        while not self.done.wait(0.5):
            if time.monotonic() > deadline or self.error or not self.machine.running():
                return False
        return True

    def why_no_greeter(self, timeout_s):
        """After wait_greeter() said no."""
        if not self.machine.running():
            return f"the machine ended before the greeter came: {self.machine.end()}"
        if self.error:
            return f"the screen cannot be read any more: {self.error}"
        return f"the greeter did not come within {timeout_s} s"

    def stop(self):
        self.stopping.set()
        self.thread.join(30)

    def _watch(self):
        fd, path = tempfile.mkstemp(prefix="watch-", suffix=".ppm", dir=memory_dir())
        os.close(fd)
        last = None
        try:
            while not self.stopping.wait(self.after_first_s if self.first else self.before_first_s):
                before = time.monotonic()
                self.machine.qmp.screendump(path)
                at = (before + time.monotonic()) / 2
                with open(path, "rb") as f:
                    raw = f.read()
                seen = zlib.crc32(raw)
                if seen != last:
                    self._record(at, Picture.from_ppm(raw))
                last = seen
        except (Failure, OSError, AttributeError) as e:
            # A machine that is being stopped takes its QMP connection away under our hands.
            if not self.stopping.is_set():
                self.error = e
        finally:
            os.unlink(path)

    def _record(self, at, picture):
        kind = picture.kind()
        if kind == "text" and self.machine.boot.text_greeter and picture.asks_for_login():
            kind = "greeter"
        stats = picture.stats(step=8)
        self.frames.append({"host_s": round(at, 3), "size": [picture.width, picture.height], "kind": kind,
                            "mean": stats.mean, "colours": stats.colours})
        if kind == "picture" and self.first is None:
            self.first = picture
            self._save(picture, "first-frame.png")
        if kind == "greeter" and not self.done.is_set():
            self.greeter = picture
            self.cpu_at_greeter_s = cpu_seconds(self.machine.process.pid)
            self._save(picture, "greeter.png")
            self.done.set()

    def _save(self, picture, name):
        if self.out:
            picture.save_png(os.path.join(self.out, name))


def cpu_seconds(pid):
    """User and system time of a process: steadier than its clock when the host is busy."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return round((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 2)


def milestones(frames, zero_s):
    """-> what a person saw, in microseconds since the machine's clock was zero.

    first_frame_us: the first picture (no text, not one colour); greeter_us: the greeter; black_us, text_us: how long
    the screen was black, or showed text, between the two; black_frames: how many separate times it went black.
    """
    first = next((f for f in frames if f["kind"] == "picture"), None)
    greeter = next((f for f in frames if f["kind"] == "greeter"), None)
    result = {"first_frame_us": _since(first, zero_s), "greeter_us": _since(greeter, zero_s),
              "black_us": None, "text_us": None, "black_frames": None}
    if first and greeter:
        start, end = frames.index(first), frames.index(greeter)
        for kind in ("black", "text"):
            spans = [frames[i + 1]["host_s"] - frames[i]["host_s"] for i in range(start, end) if frames[i]["kind"] == kind]
            result[f"{kind}_us"] = round(sum(spans) * 1e6)
        result["black_frames"] = sum(f["kind"] == "black" for f in frames[start:end])
    return result


def _since(frame, zero_s):
    return None if frame is None else round((frame["host_s"] - zero_s) * 1e6)

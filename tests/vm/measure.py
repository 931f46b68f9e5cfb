"""One measured boot: start the machine, watch its screen until the greeter, collect its timeline."""

import contextlib
import json
import os

import boots
import host
import screen
import stage
import timeline
from host import Failure
from machine import Machine

GREETER_TIMEOUT_S = 240
COMPLETE_TIMEOUT_S = 90


class Result:
    """timeline is None when there is none to show, and `why` says so."""

    def __init__(self, init):
        self.init = init
        self.timeline = None
        self.why = ""


def boot(which, init, out, window=False, keep=False, timeout_s=GREETER_TIMEOUT_S):
    """Boot to the greeter, with everything about it in the directory `out` -> (Result, Machine if it has a window or is to be kept)."""
    os.makedirs(out, exist_ok=True)
    for name in ("timeline.json", "timeline.svg", "first-frame.png", "greeter.png", "serial.log", "last.png"):
        if os.path.exists(os.path.join(out, name)):
            os.unlink(os.path.join(out, name))
    # Before the machine runs: a build beside it would spoil its times.
    drawer = stage.program(boots.BUILD_DIR, "orchestrator/ctl/earlyctl")
    machine = Machine(which, serial_log=os.path.join(os.path.abspath(out), "serial.log"), window=window, keep=keep)
    result = Result(init)
    with contextlib.ExitStack() as stack:
        stack.enter_context(machine)
        host.say(f"booting ({init}, {_speed(machine)}), up to {timeout_s} s; pictures in {out}")
        try:
            _measure(result, machine, out, timeout_s, drawer)
        except Failure as e:
            if not keep:
                raise
            result.timeline, result.why = None, str(e)
        if window or keep:
            stack.pop_all()
            return result, machine
    return result, None


def _measure(result, machine, out, timeout_s, drawer):
    watcher = screen.Watcher(machine, out)
    load = [os.getloadavg()[0]]
    try:
        if watcher.wait_greeter(timeout_s):
            host.say(f"the greeter is on the screen; waiting until its boot is complete, up to {COMPLETE_TIMEOUT_S} s")
            load.append(os.getloadavg()[0])
            _collect(result, machine, watcher)
            result.timeline["host"]["load"] = load
            save(result.timeline, out, drawer)
        else:
            result.why = watcher.why_no_greeter(timeout_s)
            _save_last(machine, out)
    finally:
        watcher.stop()
        with open(os.path.join(out, "frames.json"), "w") as f:
            json.dump(watcher.frames, f, indent=0)


def _collect(result, machine, watcher):
    machine.shell.wait(60)
    zero_s, error_s = machine.shell.zero()
    read = timeline.stock if result.init == "stock" else timeline.early
    result.timeline = read(machine.shell, COMPLETE_TIMEOUT_S)
    timeline.add_screen(result.timeline, screen.milestones(watcher.frames, zero_s))
    result.timeline["host"] = {"qemu_cpu_s": watcher.cpu_at_greeter_s, "clock_error_us": round(error_s * 1e6),
                               "power_on_us": round((machine.started - zero_s) * 1e6)}


def _speed(machine):
    return "KVM: the greeter takes some seconds" if machine.accel == "kvm" else "software emulation: the greeter takes one to two minutes"


def save(value, out, drawer):
    """timeline.json, and the picture that earlyctl draws of it, whatever init it was."""
    source = os.path.join(out, "timeline.json")
    with open(source, "w") as f:
        json.dump(value, f, indent=1)
    host.run([drawer, "timeline", "--svg", "--input", source, "--output", os.path.join(out, "timeline.svg")])


def _save_last(machine, out):
    """No greeter: what was on the screen instead is the best there is to say."""
    try:
        if machine.running():
            machine.screen().save_png(os.path.join(out, "last.png"))
    except Failure:
        pass  # the machine has just gone; the serial log has its last words

"""./demo: boot a Debian image in an emulated machine to its greeter."""

import argparse
import os
import select
import sys

import boots
import compare
import host
import image as images
import measure
import timeline
from host import Failure

OPTIONS = [
    ("--out", dict(metavar="DIR", help="where the timeline, the pictures and the serial log go (out/demo)")),
    ("--headless", dict(action="store_true", help="no window, pictures only; the default where there is no display")),
    ("--dm", dict(default="gdm3", metavar="NAME", help=f"display manager of the image: {', '.join(images.DMS)}")),
    ("--suite", dict(default="bookworm", metavar="NAME", help=f"Debian release: {', '.join(images.SUITES)}")),
    ("--stock", dict(action="store_true", help="boot the same image with Debian's own init instead")),
    ("--compare", dict(action="store_true", help="boot with both by turns and print the times side by side")),
    ("--runs", dict(type=int, metavar="N", help="with --compare: how often each (3)")),
    ("--keep", dict(action="store_true", help="leave the machine running, and say how to reach it")),
    ("--timeout", dict(type=int, default=measure.GREETER_TIMEOUT_S, metavar="S", help="give up after so many seconds (240)")),
]


def parse(argv):
    parser = argparse.ArgumentParser(prog="./demo", description=__doc__.split(": ", 1)[1],
                                     epilog="Exit code 0: the greeter was on the screen. 1: it was not. 2: wrong use.")
    for name, settings in OPTIONS:
        parser.add_argument(name, **settings)
    args = parser.parse_args(argv)
    if args.compare and (args.stock or args.keep):
        parser.error("--compare boots both ways and keeps none: not together with --stock or --keep")
    if args.runs is not None and (not args.compare or args.runs < 1):
        parser.error("--runs N goes with --compare, N from 1")
    for option, value, known in (("--dm", args.dm, images.DMS), ("--suite", args.suite, images.SUITES)):
        if value not in known:
            parser.error(f"{option} {value}: not supported yet; there is: {', '.join(known)}")
    args.out = args.out or os.path.join(host.REPO, "out", "compare" if args.compare else "stock" if args.stock else "demo")
    args.window = not args.headless and not args.compare and bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return args


def one(args):
    init = "stock" if args.stock else "early"
    which = boots.get(init, args.suite, args.dm)
    result, machine = measure.boot(which, init, args.out, args.window, args.keep, args.timeout)
    if result.timeline is None:
        host.say(f"{result.why}; last picture and serial log: {args.out}")
    else:
        print("\n".join(timeline.table(result.timeline)))
        print(f"pictures, timeline.json, timeline.svg, serial.log: {args.out}")
    if args.keep and machine.running():
        print(way_into(machine))
    elif machine:
        wait_for_enter(machine)
        machine.stop()
    return 0 if result.timeline else 1


def way_into(machine):
    """Of a machine that runs on: what a person can do with it."""
    shell = f"{os.path.join(host.HERE, 'shell.py')} {machine.path('shell')}"
    return (f"the machine runs on as process {machine.process.pid}\n"
            f"  a command in it, as root:  {shell} 'earlyctl status'   (without one: a prompt)\n"
            f"  its end:                   {shell} 'earlyctl poweroff'; rm -r {machine.dir}\n"
            f"  its console, read only:    {machine.serial_log}\n"
            f"  QMP:                       {machine.path('qmp')}")


def wait_for_enter(machine):
    """Its window stays until a person has seen enough, or has closed it."""
    if machine.running() and sys.stdin.isatty():
        print("the machine's window stays; Enter here, or closing it, ends the machine", flush=True)
    while machine.running():
        if select.select([sys.stdin], [], [], 0.5)[0]:
            break


def main(argv):
    args = parse(argv)
    host.end_cleanly()
    try:
        return compare.run(args) if args.compare else one(args)
    except Failure as e:
        host.say(f"demo: {e}")
        return 1
    except OSError as e:
        if not e.filename or not os.path.abspath(e.filename).startswith(os.path.abspath(args.out)):
            raise
        host.say(f"demo: {e.filename}: {e.strerror}: choose another place by --out DIR")
        return 1
    except KeyboardInterrupt:
        host.say("demo: interrupted")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

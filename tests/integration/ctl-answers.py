#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""earlyctl against a socket that answers as early-init does: what it prints and its exit codes. argv[1] is its path."""
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from early_wire import HEADER, message, text

SERVICE, EVENT, REASON, TEXT, DONE = 2, 3, 4, 5, 6
STATUS, LIST, START, WHY, TIMELINE, REBOOT = 0, 1, 2, 6, 7, 9


def done(error=0, words=""):
    return message(DONE, struct.pack("<i", error), text(words))


def service(name):
    words = (name, "Words", "loaded", "active", "running", "display", "/x", "/system.slice/" + name, "success", "a stage")
    return message(SERVICE, *map(text, words), struct.pack("<IIiIQ", 42, 0, 0, 1, 5000000), text(""), struct.pack("<I", 2),
                   text("simple"), struct.pack("<QIIIII", 0, 0, 0, 0, 0, 0), text(""), struct.pack("<QQ", 0, 0),
                   text(""), struct.pack("<QQQ", 0, 0, 0), text(""), struct.pack("<Q", 0))


def answers(verb, name):
    if name == "gone.service":
        return [done(-2, "there is no service gone.service")]
    return {
        STATUS: [service(name or "failed.service"), message(TEXT, text("a line")), done()],
        LIST: [service("a.service"), service("b.service"), done()],
        START: [done(-5, "it failed")],
        WHY: [message(REASON, struct.pack("<Q", 1500000), text("somebody asked"),
                      *map(text, ("", "", "", "", "", "")), struct.pack("<II", 0, 2**32 - 1)), done()],
        TIMELINE: [message(EVENT, text("init"), struct.pack("<Q", 1000000), text("")),
                   message(EVENT, text("service:a.service:start"), struct.pack("<Q", 2000000), text("a reason")), done()],
        REBOOT: [done(-1, "only root may do this")],
    }.get(verb, [])


def serve(listener):
    while True:
        connection, _ = listener.accept()
        request = connection.recv(65536)
        verb, length = struct.unpack_from("<II", request, HEADER.size)
        name = request[HEADER.size + 8:HEADER.size + 8 + length - 1].decode()
        try:
            for answer in answers(verb, name):
                connection.send(answer)
        except BrokenPipeError:
            pass  # a program that refuses what it got: its test says so
        connection.close()


def main():
    program = sys.argv[1]
    failures = []

    with tempfile.TemporaryDirectory() as directory:
        run = pathlib.Path(directory)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(run / "control"))
        listener.listen()
        threading.Thread(target=serve, args=[listener], daemon=True).start()

        def ask(*words, control="control", env=None):
            return subprocess.run([program, "--control", str(run / control), *words], capture_output=True, text=True,
                                  check=False, env=env)

        def expect(what, holds, result):
            if not holds:
                failures.append(f"{what}: exit {result.returncode}\n{result.stdout}{result.stderr}")

        for words, code in ((["list"], 0), (["start", "a"], 1), (["bogus"], 2), (["start"], 2), (["reboot"], 3),
                            (["status", "gone"], 4), (["why", "gone"], 4), (["log", "gone"], 4), (["halt"], 1), ([], 2),
                            (["--nonsense", "list"], 2), (["--help"], 0)):
            result = ask(*words)
            expect(f"exit code of {words} is not {code}", result.returncode == code, result)
        result = ask("list", control="none")
        expect("nobody answers", result.returncode == 1 and "no early-init answers" in result.stderr, result)
        result = ask("halt")
        expect("an answer that breaks off", "without an answer" in result.stderr, result)

        result = ask("list", "--json")
        expect("list", [s["name"] for s in json.loads(result.stdout)] == ["a.service", "b.service"], result)
        result = ask("status", "a", "--json")
        expect("status NAME", json.loads(result.stdout)["name"] == "a.service", result)
        expect("status NAME counts remarks", json.loads(result.stdout)["remarks"] == 2, result)
        result = ask("status", "a")
        expect("status NAME tells of remarks", "2 lines of its manifest are not honoured: earlyctl verify /x" in result.stdout, result)
        result = ask("status", "--json")
        expect("status", json.loads(result.stdout)["text"] == ["a line"], result)
        result = ask("why", "a", "--json")
        expect("why", json.loads(result.stdout)["reasons"] == [{"t_us": 1500000, "text": "somebody asked"}],
               result)
        result = ask("timeline", "--json")
        timeline = json.loads(result.stdout)
        expect("timeline", timeline["events"] == [{"name": "init", "t_us": 1000000},
                                                  {"name": "service:a.service:start", "t_us": 2000000, "why": "a reason"}]
               and set(timeline) == {"boot_id", "kernel", "events"}, result)
        result = ask("timeline", "--svg", "-o", str(run / "t.svg"))
        expect("svg", (run / "t.svg").read_text().endswith("</svg>\n"), result)
        # What fontconfig keeps for the life of a process is a leak to a sanitizer.
        kept = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        result = ask("timeline", "--png", "-o", str(run / "t.png"), env=kept)
        expect("png", result.returncode == 0 and (run / "t.png").read_bytes().startswith(b"\x89PNG"), result)
        shutil.copy(program, run / "earlyctl")
        (run / "earlyctl-png.so").touch()
        result = subprocess.run([run / "earlyctl", "--control", run / "control", "timeline", "--png", "-o", run / "damaged.png"],
                                capture_output=True, text=True, check=False)
        expect("a damaged plug-in", result.returncode == 1 and f"{run}/earlyctl-png.so" in result.stderr
               and not (run / "damaged.png").exists(), result)

        # A file in whatever order: what it says comes in the order of time, what came at one time in the file's.
        events = [{"name": f"service:{n}.service:{what}", "t_us": t} for n, t in (("a", 100), ("b", 300), ("c", 200))
                  for what in ("start", "ready")] + [{"name": "complete", "t_us": 400}, {"name": "init", "t_us": 50}]
        for name, listed in ("mixed", events), ("sorted", sorted(events, key=lambda e: e["t_us"])):
            (run / name).write_text(json.dumps({"events": listed}))
        result = ask("timeline", "--input", str(run / "mixed"))
        expect("an unsorted file as text", [line.split()[2] for line in result.stdout.splitlines()] ==
               [e["name"] for e in sorted(events, key=lambda e: e["t_us"])], result)
        result = ask("timeline", "--input", str(run / "mixed"), "--svg")
        expect("an unsorted file as a picture", result.returncode == 0 and "not ready" not in result.stdout and
               result.stdout == ask("timeline", "--input", str(run / "sorted"), "--svg").stdout, result)
        result = ask("compare", str(run / "mixed"), str(run / "sorted"), "--json")
        expect("an unsorted file compared", [m["name"] for m in json.loads(result.stdout)["milestones"]] == ["init", "complete"], result)

        (run / "log").mkdir()
        (run / "log/a.service.log").write_text("[    1.000002] err bad thing\n")
        result = ask("log", "a", "--json")
        with open("/proc/sys/kernel/random/boot_id") as f:
            boot = f.read().strip()
        expect("log", json.loads(result.stdout) == {"service": "a.service", "boot": boot, "t_us": 1000002, "level": "err",
                                                    "text": "bad thing"}, result)
    sys.exit("\n".join(failures) if failures else 0)


main()

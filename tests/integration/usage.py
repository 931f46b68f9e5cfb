#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wrong use of any program: exit code 2, and a message that names the word or says where help is."""

import os
import subprocess
import sys

# Program below the build directory -> command lines with the word that the message must have.
WRONG = {
    "orchestrator/ctl/earlyctl": [("frob", "frob"), ("--frob list", "--frob"), ("list --lines=3", "--lines")],
    "initramfs/early-mkinitramfs": [("word", "word"), ("-n word", "word"), ("--kernel", "--kernel")],
    "overlay/early-overlay": [("", "MOUNTPOINT"), ("a b c", "MOUNTPOINT"), ("/tmp -o frob", "frob")],
    "splash/early-splash": [("word", "word"), ("--failure title text word", "word"), ("--vt=0", "--vt")],
    "orchestrator/load/early-load": [("--frob", "--frob"), ("--root", "--root")],
    "orchestrator/modules/early-modules": [("", "--phase"), ("--phase=x", "--phase"), ("--phase=rest x", "--phase")],
    "orchestrator/disks/early-disks": [("word", "--help")],
    "orchestrator/bus/early-bus": [("word", "--help")],
    "orchestrator/log/early-log": [("word", "--help")],
    "orchestrator/timer/early-timer": [("word", "--help")],
    "orchestrator/shutdown/early-shutdown": [("", "poweroff"), ("word", "poweroff")],
    "orchestrator/init/early-init": [("", "earlyctl"), ("--container word", '"word"')],
    "orchestrator/exec/early-exec": [("", "NAME"), ("a b", "NAME")],
}


def main(build):
    bad = 0
    for program, cases in WRONG.items():
        for words, named in cases:
            done = subprocess.run([os.path.join(build, program), *words.split()], stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            if done.returncode != 2 or named not in done.stderr:
                print(f"not ok: {program} {words}: exit code {done.returncode}, {done.stderr!r} (wanted: 2, {named})")
                bad += 1
    return 1 if bad else 0


sys.exit(main(sys.argv[1]))

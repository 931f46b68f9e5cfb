#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`earlyctl verify` with the real early-load, on files good and bad. argv: earlyctl, early-load."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FILES = {
    "good.service": "[Service]\nExecStart=/bin/true\n",
    "typo.service": "[Service]\nExecStart=/bin/true\nRestrat=always\n",
    "head.service": "# only this\n[Service]\n",
    "stop.service": "[Unit]\nDescription=x\n\n[Service]\nExecStop=/bin/true\n",
    "simple.service": "[Service]\nType=simple\nRemainAfterExit=yes\nExecStop=/bin/true\n",
    "kept.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/bin/true\n",
    "none.service": "[Unit]\nDescription=x\n",
    "empty.service": "",
    "name.txt": "[Service]\nExecStart=/bin/true\n",
}
# Operands, exit code, what is said (of stdout and stderr), what is not.
CASES = (
    (["good.service"], 0, "1 units, 0 of them", ":0"),
    (["./good.service", "typo.service"], 1, "typo.service:3: Restrat: not understood", None),
    (["nosuch"], 1, "nosuch.service: there is no such unit", "1 refused"),
    (["nosuch.service"], 1, "nosuch.service: there is no such unit", None),
    (["./nosuch.service"], 1, "cannot read ./nosuch.service: No such file", "units"),
    (["./dangling.service"], 1, "cannot read ./dangling.service: No such file", None),
    (["./"], 1, "./ is a directory: name the files in it", "units"),
    (["name.txt"], 1, "name.txt: the file's name is no name of a unit", ":0:"),
    (["masked.service"], 0, "masked.service: masked", "/dev/null:"),
    (["./masked.service"], 0, "masked.service: masked", "/dev/null:"),
    (["empty.service"], 0, "empty.service: masked", None),
    (["head.service"], 1, "head.service:2: the service has neither ExecStart= nor ExecStop=", None),
    (["none.service"], 1, "none.service:1: the service has neither", None),
    (["stop.service"], 1, "stop.service:4: the service has no ExecStart=: only one with", None),
    (["simple.service"], 1, "simple.service:1: the service has no ExecStart=: only one with", None),
    (["kept.service"], 0, "0 refused", None),
)


def main():
    program, loader = map(os.path.abspath, sys.argv[1:3])
    failures = []

    with tempfile.TemporaryDirectory() as directory:
        for name, text in FILES.items():
            pathlib.Path(directory, name).write_text(text)
        os.symlink("/dev/null", f"{directory}/masked.service")
        os.symlink("gone", f"{directory}/dangling.service")

        def verify(*words):
            return subprocess.run([program, "verify", *words], cwd=directory, capture_output=True, text=True,
                                  check=False, env=dict(os.environ, EARLY_LOAD=loader))

        for operands, code, said, unsaid in CASES:
            result = verify(*operands)
            text = result.stdout + result.stderr
            if result.returncode != code or said not in text or (unsaid and unsaid in text):
                failures.append(f"{operands}: exit {result.returncode}, wanted {code} and {said!r}, not {unsaid!r}\n{text}")
        result = verify("--json", "masked.service", "typo.service")
        value = json.loads(result.stdout or "{}")
        if value.get("masked") != ["masked.service"] or value.get("units") != 2 or value.get("units_refused") != 1:
            failures.append(f"--json: {result.stdout}{result.stderr}")
    print("\n".join(failures) or f"{len(CASES) + 1} cases hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

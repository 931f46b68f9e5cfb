#!/usr/bin/python3
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
    "noprog.service": "[Service]\nExecStartPre=/bin/true\nExecStart=/nonexistent/prog --x\n",
    "dash.service": "[Service]\nExecStartPre=-/nonexistent/prog\nExecStart=/bin/true\n",
    "guarded.service": "[Unit]\nConditionPathExists=/nonexistent/prog\n[Service]\nExecStart=/nonexistent/prog\n",
    "rooted.service": "[Service]\nRootDirectory=/srv/x\nUser=inside\nExecStart=/nonexistent/prog\n",
    "nouser.service": "[Service]\nExecStart=/bin/true\nUser=nobodyy\nGroup=nogroupp\n",
    "number.service": "[Service]\nExecStart=/bin/true\nUser=4711\nGroup=root\n",
    "dynamic.service": "[Service]\nExecStart=/bin/true\nUser=nobodyy\nDynamicUser=yes\n",
    "req.service": "[Unit]\nRequires=nosuch.service good.service -.mount basic.target\n[Service]\nExecStart=/bin/true\n",
    "bind.service": "[Unit]\nBindsTo=nosuch.service\n[Service]\nExecStart=/bin/true\n",
    "c1.service": "[Unit]\nAfter=c2.service\n[Service]\nExecStart=/bin/true\n",
    "c2.service": "[Unit]\nBefore=c3.service\n[Service]\nExecStart=/bin/true\n",
    "c3.service": "[Unit]\nBefore=c2.service\nAfter=c1.service\n[Service]\nExecStart=/bin/true\n",
    "order.service": "[Service]\nBad1=x\nExecStart=/bin/true\nBad2=x\nUser=nobodyy\nType=what\n[Unit]\nBad3=x\n",
    "many.service": "[Unit]\nBad1=1\n[Service]\nBad2=2\n",
    "newer.service": "[Unit]\nConditionPathIsSocket=/x\nConditionKernelModuleLoaded=x\nSurviveFinalKillSignal=no\n[Service]\nRestartMode=normal\n"
                     "StartupMemoryMax=1G\nMemoryPressureWatch=auto\nMemoryZSwapWriteback=no\nExecStart=/bin/true\n",
    "direct.service": "[Service]\nRestartMode=direct\nNFTSet=cgroup:inet:f:s\nDelegateSubgroup=x\nExecStart=/bin/true\n",
    "name.txt": "[Service]\nExecStart=/bin/true\n",
}
# Operands, exit code, what is said (of stdout and stderr), what is not.
CASES = (
    (["good.service"], 0, "1 units, 0 of them", ":0"),
    (["./good.service", "typo.service"], 1, "typo.service:3: Restrat: not understood", None),
    (["newer.service"], 0, "directives: 5 honoured, 3 harmless, 0 refused", "not understood"),
    (["direct.service"], 1, "direct.service:2: RestartMode: \"direct\" is not done", "not understood"),
    (["direct.service"], 1, "direct.service:3: NFTSet: sets of nftables", "not understood"),
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
    (["kept.service"], 0, "0 refused", "fault"),
    (["noprog.service"], 1, "noprog.service:3: ExecStart: there is no program /nonexistent/prog\n1 units, 0 of them", None),
    (["dash.service"], 0, "0 refused", "no program"),
    (["guarded.service"], 0, "0 refused", "no program"),
    (["rooted.service"], 0, "0 refused", "there is no"),
    (["nouser.service"], 1, "nouser.service:3: User: there is no user nobodyy", None),
    (["nouser.service"], 1, "nouser.service:4: Group: there is no group nogroupp", "1 other"),
    (["nouser.service"], 1, "0 refused; 2 other faults\n", None),
    (["number.service"], 0, "0 refused", "there is no"),
    (["dynamic.service"], 0, "0 refused", "there is no"),
    (["req.service"], 1, "req.service:2: Requires: there is no unit nosuch.service", "no unit good"),
    (["req.service"], 1, "1 other fault\n", None),
    (["bind.service"], 1, "bind.service:2: BindsTo: there is no unit nosuch.service", None),
    (["c1.service", "c2.service", "c3.service"], 1, "in a circle, so one will not wait: c2.service -> c3.service -> c2.service", None),
    (["c2.service"], 1, "so one will not wait: c2.service -> c3.service -> c2.service", None),
    (["c1.service"], 1, "so one will not wait: c1.service -> c2.service -> c3.service -> c1.service", None),
    (["many.service"], 1, "1 units, 1 of them with something refused, 0 masked; directives: 0 honoured, 0 harmless, 2 refused; 1 other fault\n",
     None),
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
        lines = [int(line.split(":")[1]) for line in verify("order.service").stdout.splitlines() if line.startswith(directory)]
        if lines != [2, 4, 6, 8, 5]:
            failures.append(f"lines in another order than the file's, faults last: {lines}")
        faults = json.loads(verify("--json", "nouser.service").stdout)["faults"]
        if [(f["line"], f["directive"]) for f in faults] != [(3, "User"), (4, "Group")]:
            failures.append(f"--json: {faults}")
        result = verify("--json", "masked.service", "typo.service")
        value = json.loads(result.stdout or "{}")
        if value.get("masked") != ["masked.service"] or value.get("units") != 2 or value.get("units_refused") != 1:
            failures.append(f"--json: {result.stdout}{result.stderr}")
    print("\n".join(failures) or f"{len(CASES) + 1} cases hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

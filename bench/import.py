#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many of Debian's own services can be used as they are: the share of stock .service units of which nothing is refused.

Nobody picks the packages. Candidates are those of apt's index that depend on what packages with services depend on, small
enough to be fetched; they are taken in the order of the SHA-256 of their names until enough of them have brought a service.
The packages are kept in $XDG_CACHE_HOME/early/import, so that a second run fetches nothing.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "early" / "import"
SIGNS = {"init-system-helpers", "lsb-base", "sysvinit-utils", "runit-helper", "systemd", "default-dbus-system-bus"}
SIZE_MAX = 512 * 1024
BATCH = 40
UNIT_DIRS = ("lib/systemd/system", "usr/lib/systemd/system")


def read_index():
    """{name: (size, names it depends on)} of all packages that apt knows."""
    text = subprocess.run(["apt-cache", "dumpavail"], check=True, capture_output=True, text=True).stdout
    packages = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Size|Depends|Pre-Depends): (.*)$", paragraph, re.M))
        if "Package" not in fields or "Size" not in fields:
            continue
        depends = fields.get("Depends", "") + "," + fields.get("Pre-Depends", "")
        names = {re.split(r"[ :(]", word.strip())[0] for word in re.split(r"[,|]", depends)}
        packages[fields["Package"]] = (int(fields["Size"]), names)
    return packages


def candidates():
    index = read_index()
    names = [name for name, (size, depends) in index.items() if size <= SIZE_MAX and depends & SIGNS]
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())


def services_of(name):
    found = []
    for directory in UNIT_DIRS:
        for path in sorted((CACHE / "root" / name / directory).glob("*.service")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size > 0:
                found.append(path)
    return found


def fetch(names):
    """Downloads and unpacks what is not there yet."""
    missing = [name for name in names if not (CACHE / "root" / name).is_dir()]
    if not missing:
        return
    debs = CACHE / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *missing], check=True, cwd=debs, stdout=subprocess.DEVNULL)
    for name in missing:
        deb = next(debs.glob(f"{name}_*.deb"))
        part = CACHE / "root" / f".{name}"
        subprocess.run(["dpkg-deb", "-x", deb, part], check=True)
        part.rename(CACHE / "root" / name)
        deb.unlink()


def collect(wanted):
    """Services of the first @wanted candidates that have any: {package: [path]}."""
    (CACHE / "root").mkdir(parents=True, exist_ok=True)
    found = {}
    names = candidates()
    for start in range(0, len(names), BATCH):
        batch = names[start:start + BATCH]
        fetch(batch)
        for name in batch:
            services = services_of(name)
            if services and len(found) < wanted:
                found[name] = services
        if len(found) >= wanted:
            return found
    sys.exit(f"import.py: only {len(found)} packages with services are in apt's index; "
             f"run apt-get update, or ask for fewer (--packages)")


def verify(earlyctl, path):
    result = subprocess.run([earlyctl, "verify", "--json", path], capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1) or not result.stdout:
        sys.exit(f"import.py: {path}: {result.stderr.strip() or 'no verdict'}")
    return json.loads(result.stdout)


def judge(earlyctl, packages):
    total = {"packages": len(packages), "services": 0, "clean": 0,
             "directives": {"honoured": 0, "harmless": 0, "refused": 0}}
    reasons = collections.Counter()
    where = {}
    for paths in packages.values():
        for path in paths:
            verdict = verify(earlyctl, path)
            total["services"] += 1
            total["clean"] += verdict["units_refused"] == 0
            for kind, number in verdict["directives"].items():
                total["directives"][kind] += number
            for key in {(entry["directive"], entry["reason"]) for entry in verdict["refused"]}:
                reasons[key] += 1
                where.setdefault(key, []).append(str(path.relative_to(CACHE / "root")))
    total["share"] = round(100 * total["clean"] / total["services"], 2)
    total["refused"] = [{"directive": key[0], "reason": key[1], "services": number, "example": where[key][0]}
                        for key, number in reasons.most_common()]
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=int, default=160, help="packages with services (160)")
    parser.add_argument("--build", type=pathlib.Path, default=HERE / "build", help="the build directory (build)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--bar", type=float, default=95.0, help="exit 1 below this share (95)")
    options = parser.parse_args()
    orchestrator = options.build / "orchestrator"
    os.environ["EARLY_LOAD"] = str(orchestrator / "load" / "early-load")
    total = judge(orchestrator / "ctl" / "earlyctl", collect(options.packages))
    if options.json:
        print(json.dumps(total, indent=1))
    else:
        for entry in total["refused"]:
            print(f"{entry['services']:5} {entry['directive'] or '-'}: {entry['reason']} ({entry['example']})")
        print(f"{total['services']} services of {total['packages']} packages, {total['clean']} with nothing refused: "
              f"{total['share']} %")
    return 0 if total["share"] >= options.bar else 1


if __name__ == "__main__":
    sys.exit(main())

"""What every installed program says of itself, against its manual page.

--help and --version are answered by each, and every option and command of the help is in the page of that name; what
earlyctl offers is in its completions for bash, zsh and fish too, which those shells can read.
"""

import json
import os
import re
import subprocess

REPO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = os.path.join(REPO, "docs", "man")
CTL = os.path.join(REPO, "orchestrator", "ctl")
COMPLETIONS = {"earlyctl": [os.path.join(CTL, f"earlyctl.{shell}") for shell in ("bash", "zsh", "fish")]}
COMPLETED = {"bash": r"(?:verbs|options)='([^']+)'", "zsh": r"--[\w-]+|(?<=')[\w-]+(?=:)", "fish": r"(?<=_verb )[\w-]+"}
OPTION = re.compile(r"^ {2}(?:-(\w))?[, ]* ?(?:--([a-z][a-z-]*))?")


def programs(build_dir):
    """Name -> file of each program that is installed."""
    done = subprocess.run(["meson", "introspect", "--targets", build_dir], capture_output=True, text=True, check=True)
    return {target["name"]: target["filename"][0] for target in json.loads(done.stdout)
            if target["type"] == "executable" and target["installed"]}


def options_of(help_text):
    """What the help offers: -x, --long, and the words of a table of commands."""
    found = []
    # A command too long for its column has its help on the next line.
    for line in re.sub(r"\n {20,}(?=\S)", "  ", help_text).splitlines():
        match = OPTION.match(line)
        if match and (match[1] or match[2]):
            found += [f"-{match[1]}"] * bool(match[1]) + [f"--{match[2]}"] * bool(match[2])
        elif re.match(r"^ {2}[a-z][a-z-]* .* {2,}\S", line):
            found.append(line.split()[0])
    return found


def find_page(name):
    """(file, text) of a program's page."""
    for section in "18":
        path = os.path.join(PAGES, f"{name}.{section}.scd")
        if os.path.exists(path):
            with open(path) as f:
                return path, f.read()
    return None, ""


def told(page, word):
    """Is the word in the page as something to type: in bold, alone or before its operand?"""
    return re.search(rf"\*{re.escape(word)}[*= ]", page.replace("\\", "")) is not None


def ask(file, name, option):
    """What the program prints on stdout -> (text, complaint)."""
    done = subprocess.run([file, option], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
    if done.returncode or done.stderr:
        return done.stdout, f"{name} {option}: exit code {done.returncode}, on stderr: {done.stderr.strip()!r}"
    return done.stdout, None


def complaints_about(name, file):
    help_text, wrong = ask(file, name, "--help")
    found = [wrong] if wrong else []
    version, wrong = ask(file, name, "--version")
    if wrong:
        found.append(wrong)
    elif not re.fullmatch(rf"{re.escape(name)} \d\S*\n", version):
        found.append(f"{name} --version prints {version!r} instead of its name and version")
    path, page = find_page(name)
    offered = options_of(help_text)
    if path is None:
        return found + [f"{name} has no page in docs/man"]
    found += [f"{name} --help does not offer {option}" for option in ("--help", "--version") if option not in offered]
    found += [f"{path}: {word} of {name} --help is missing" for word in offered if not told(page, word)]
    return found + not_completed(name, offered)


def not_completed(name, offered):
    """Words that a shell does not complete; single letters need not be. Operands' completion is tested in test_completion.py."""
    found = []
    for path in COMPLETIONS.get(name, []):
        shell = path.rsplit(".", 1)[1]
        with open(path) as f:
            text = "\n".join(line for line in f.read().splitlines() if not line.startswith("#"))
        known = set(re.findall(COMPLETED[shell], text))
        if shell == "bash":
            known = set(" ".join(known).split())
        if shell == "fish":
            known |= {f"--{word}" for word in re.findall(r" -l ([\w-]+)", text)}
        found += [f"{path}: {word} is missing" for word in offered if len(word) > 2 and word not in known]
        done = subprocess.run([shell, "-n", path], capture_output=True, text=True)
        if done.returncode or done.stderr:
            found.append(f"{path}: {shell} cannot read it: {done.stderr.strip()}")
    return found


def complaints(build_dir):
    """What is wrong, line by line; an empty list if nothing is."""
    every = programs(build_dir)
    if not every:
        return [f"{build_dir} installs no program"]
    found = []
    for name, file in sorted(every.items()):
        found += complaints_about(name, file)
    return found + unread_pages()


def unread_pages():
    """scdoc reads every page, and the build has it in its list."""
    found = []
    with open(os.path.join(os.path.dirname(PAGES), "meson.build")) as f:
        listed = f.read()
    for page in sorted(os.listdir(PAGES)):
        if f"'man/{page.removesuffix('.scd')}'" not in listed:
            found.append(f"docs/man/{page} is not in docs/meson.build")
        with open(os.path.join(PAGES, page)) as f:
            done = subprocess.run(["scdoc"], stdin=f, capture_output=True, text=True)
        if done.returncode or done.stderr:
            found.append(f"docs/man/{page}: {done.stderr.strip() or 'scdoc failed'}")
    return found

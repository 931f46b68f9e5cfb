#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The map of the folders in README.md is true to the tree: each folder stands in it, and nothing that is not there."""

import os
import re
import sys


def folders(path):
    return {name for name in os.listdir(path) if os.path.isdir(os.path.join(path, name)) and name[0].isalpha()}


def built(path):
    """Of the folders those that are Early's: a build directory, or somebody's own, has no meson.build."""
    return {name for name in folders(path) if os.path.exists(os.path.join(path, name, "meson.build"))}


def rows(readme):
    """Folder -> the words in code type of its row's text."""
    found = re.findall(r"^\| `([a-z.]+)/` \| (.*) \|$", readme.split("## The folders")[1].split("\n## ")[0], re.M)
    return {name: set(re.findall(r"`([a-z]+)`", text)) for name, text in found}


def main(source):
    with open(os.path.join(source, "README.md")) as f:
        told = rows(f.read())
    wrong = built(source) ^ set(told)
    for name in told:
        if told[name]:
            wrong |= {f"{name}/{part}" for part in folders(os.path.join(source, name)) ^ told[name]}
    for name in sorted(wrong):
        print(f"not ok: {name}: in README.md's map of the folders or in the tree, but not in both")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))

"""A service that holds files of /var open from before the merge to the end of its machine. The machine that several classes share has it
from its first boot on, for test_merge.py."""

SCRIPT = """#!/bin/bash
# Holds a file open from before the merge to the end, and counts into it.
echo $$ >>/run/merge-test.pids
mkdir -p /var/lib/merge-test
cd /var/lib/merge-test
stat -f -c %t /var >/run/merge-test.before
echo gone-soon >deleted-before
rm deleted-before
echo early >made-before
mkfifo /run/merge-test.never
exec 7>>held 8<>read-back 9<>/run/merge-test.never
echo kept >&8
n=0
while :; do
	echo $((n++)) >&7
	read -rt 0.1 -u 9 # a pause without a process: ten of those a second cost all tests of this machine a twentieth of a processor
done
"""
MANIFEST = """[Unit]
Description=Writes to /var from before the merge

[Service]
ExecStart=/usr/local/sbin/merge-writer
Restart=no

[Early]
Stage=display
"""
FILES = {"/usr/local/sbin/merge-writer": (SCRIPT, 0o755),
         "/etc/early/services.d/merge-writer.service": MANIFEST,
         "/var/lib/merge-lower/lower": "from the disk\n",
         "/var/lib/merge-lower/removed": "to be removed\n"}

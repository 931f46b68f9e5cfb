"""Open files across the merge: what was written before and after is in the real file, on the disk."""

import time

import stage
from case import VmCase, assert_clean

WRITER = """#!/bin/bash
# Holds a file open from before the merge to the end, and counts into it.
mkdir -p /var/lib/merge-test
cd /var/lib/merge-test
stat -f -c %t /var >/run/merge-test.before
echo gone-soon >deleted-before
rm deleted-before
echo early >made-before
exec 7>>held 8<>read-back
echo kept >&8
n=0
while :; do
	echo $((n++)) >&7
	sleep 0.1
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
# statfs's number for FUSE, as stat prints it.
FUSE = "65735546"


class TestMerge(VmCase):
    files = {"/usr/local/sbin/merge-writer": (WRITER, 0o755),
             "/etc/early/services.d/merge-writer.service": MANIFEST,
             "/var/lib/merge-lower/lower": "from the disk\n",
             "/var/lib/merge-lower/removed": "to be removed\n"}

    def test_held_file(self):
        started = self.shell.check("pgrep -o -f merge-writer").split()
        self.assertEqual(self.shell.check("cat /run/merge-test.before").strip(), FUSE,
                         "the writer did not start on the overlay: the test would show nothing")
        self.timeline()
        self.wait_for("[ $(stat -f -c %T /var) = ext2/ext3 ]", 60, "/var on the disk")
        self.assertEqual(self.shell.check("pgrep -o -f merge-writer").split(), started, "the writer was restarted")
        at_merge = int(self.shell.check("tail -n 1 /var/lib/merge-test/held"))
        time.sleep(5)
        later = int(self.shell.check("tail -n 1 /var/lib/merge-test/held"))
        self.assertGreater(later, at_merge + 10, "what the held descriptor writes does not reach the real file")
        self.shell.check("rm /var/lib/merge-lower/removed; echo changed >>/var/lib/merge-lower/lower; sync")
        self.assertEqual(self.shell.check(f"cat /proc/{started[0]}/fd/8 2>/dev/null || cat /var/lib/merge-test/read-back"),
                         "kept\n")
        self.shell.run("setsid poweroff >/dev/null 2>&1 </dev/null &")
        self.machine.wait_exit(120)
        self.on_disk(later)

    def on_disk(self, later):
        """Read without mounting, from the ext4 itself."""
        raw = assert_clean(self, self.machine, "root")
        numbers = [int(n) for n in self.cat(raw, "/var/lib/merge-test/held").split()]
        self.assertEqual(numbers, list(range(len(numbers))), "lines are missing, doubled or out of order")
        self.assertGreaterEqual(len(numbers), later)
        self.assertEqual(self.cat(raw, "/var/lib/merge-test/made-before"), "early\n")
        self.assertEqual(self.cat(raw, "/var/lib/merge-lower/lower"), "from the disk\nchanged\n")
        names = stage.debugfs(raw, ["ls -p /var/lib/merge-test", "ls -p /var/lib/merge-lower"], write=False)
        for gone in ("deleted-before", "removed", ".wh."):
            self.assertNotIn(gone, names)

    def cat(self, raw, path):
        output = stage.debugfs(raw, [f"cat {path}"], write=False)
        # debugfs echoes the command, and its own banner goes to stderr, which comes last.
        return output.split(f"debugfs: cat {path}\n", 1)[1].split("debugfs 1.")[0]

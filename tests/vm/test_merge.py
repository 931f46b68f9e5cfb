"""Open files across the merge: what was written before and after is in the real file, on the disk. Then the machine is rebooted and
switched off: every disk is left clean, whoever asks for it."""

import time

import stage
from case import COMPLETE_S, VmCase, assert_clean

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
    later = 0  # what the writer had counted to when the first test ended

    def test_1_held_file(self):
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
        type(self).later = later

    def test_2_reboot(self):
        """The second boot is on the disks that the first one left."""
        self.leave_a_mark("before-reboot")
        self.shell.run("setsid reboot >/dev/null 2>&1 </dev/null &")
        self.machine.wait_exit(COMPLETE_S)
        self.watcher.stop()
        self.machine.halt()
        for name in ("data", "root"):
            with self.subTest(disk=name):
                raw = assert_clean(self, self.machine, name)
        self.held_file_on_disk(raw, self.later)

        self.machine.start()
        type(self).await_greeter()
        self.timeline()
        self.assertNotIn("recovery complete", self.shell.check("dmesg"), "the journal had to be replayed")
        self.assertEqual(self.shell.check("cat /var/lib/before-reboot /srv/data/before-reboot").split(), ["before-reboot"] * 2)

    def test_3_power_button(self):
        """As GNOME's greeter and a desktop without a policy do: logind's own action."""
        self.leave_a_mark("before-power-button")
        self.machine.qmp.command("system_powerdown")
        self.machine.wait_exit(COMPLETE_S)
        for name in ("root", "data"):
            with self.subTest(disk=name):
                assert_clean(self, self.machine, name)

    def leave_a_mark(self, name):
        for path in (f"/var/lib/{name}", f"/srv/data/{name}"):
            self.shell.check(f"echo {name} >{path}")

    def held_file_on_disk(self, raw, later):
        """Read without mounting, from the ext4 itself."""
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

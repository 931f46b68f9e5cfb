"""Open files across the merge: what was written before and after is in the real file, on the disk. Then the machine is rebooted, with a
/home of its own in fstab and a full root, and switched off: every disk is left clean, whoever asks for it."""

import os
import re

import host
import stage
from case import COMPLETE_S, SharedCase, assert_clean

# statfs's number for FUSE, as stat prints it.
FUSE = "65735546"


class TestMerge(SharedCase):
    ends_shared = True
    later = 0  # what the writer had counted to when the first test ended

    def test_1_held_file(self):
        self.assertEqual(self.shell.check("cat /run/merge-test.before").strip(), FUSE,
                         "the writer did not start on the overlay: the test would show nothing")
        self.timeline()
        self.wait_for("[ $(stat -f -c %T /var) = ext2/ext3 ]", 120, "/var on the disk")
        started = self.shell.check("cat /run/merge-test.pids").split()
        self.assertEqual(len(started), 1, "the writer was restarted")
        self.shell.check(f"kill -0 {started[0]}")
        at_merge = int(self.shell.check("tail -n 1 /var/lib/merge-test/held"))
        type(self).later = int(self.wait_for(f"n=$(tail -n 1 /var/lib/merge-test/held); echo $n; [ $n -gt {at_merge + 10} ]", 120,
                                             "what the held descriptor writes in the real file"))
        self.shell.check("rm /var/lib/merge-lower/removed; echo changed >>/var/lib/merge-lower/lower; sync")
        self.assertEqual(self.shell.check(f"cat /proc/{started[0]}/fd/8 2>/dev/null || cat /var/lib/merge-test/read-back"),
                         "kept\n")

    def test_2_reboot(self):
        """The second boot is on the disks that the first one left."""
        self.leave_a_mark("/var/lib/before-reboot", "/srv/data/before-reboot")
        self.shell.check("sed -i 's, /srv/data , /home ,' /etc/fstab; grep ' /home ' /etc/fstab")
        self.shell.run("setsid reboot >/dev/null 2>&1 </dev/null &")
        self.machine.wait_exit(COMPLETE_S)
        self.machine.halt()
        for name in ("data", "root"):
            with self.subTest(disk=name):
                raw = assert_clean(self, self.machine, name)
        self.held_file_on_disk(raw, self.later)

        with self.machine.change_disk("root") as raw:
            fill(raw)
        self.start("serial.log")
        type(self).await_greeter()
        self.assertNotIn("recovery complete", self.shell.check("dmesg"), "the journal had to be replayed")
        self.assert_marks("/var/lib/before-reboot", "/home/before-reboot")

    def test_3_full_disk(self):
        """The greeter came all the same; the merge says that there is no room, what was written stays readable, and is on the disk when
        there is some."""
        self.shell.check("head -c 3000000 /dev/urandom >/var/lib/big && md5sum </var/lib/big >/run/big.md5")
        self.assertTrue(self.machine.wait_serial("could not be merged: .*No space left on device; free some space", COMPLETE_S),
                        "the full disk is not told")
        self.assert_big_is_whole()
        self.assertEqual(self.shot("full-disk.png").kind(), "greeter")
        self.assertNotIn("overlay-gone", self.shell.check("earlyctl timeline"))
        self.shell.check("rm /filler; earlyctl merge")
        self.wait_for("earlyctl timeline | grep -q overlay-gone", 120, "the merge when there is room")
        self.assert_big_is_whole()

    def assert_big_is_whole(self):
        self.assertEqual(self.shell.check("md5sum </var/lib/big"), self.shell.check("cat /run/big.md5"))

    def test_4_separate_home(self):
        self.assertEqual(self.shell.check("cat /home/hello"), "the second disk\n")
        events = {e["name"]: e for e in self.timeline()["events"]}
        self.assertLess(events["separate-disks"]["t_us"], events["display-manager"]["t_us"])
        self.assertIn("overlay-gone", events, "the overlay on /var")
        self.assertIn("/etc/fstab", self.shell.check("earlyctl status | grep 'overlay on /home'"))
        self.assertEqual(self.shell.check("stat -f -c %T /home /var; grep -c ' /home ' /proc/self/mountinfo").split(),
                         ["ext2/ext3", "ext2/ext3", "1"])

    def test_5_poweroff(self):
        self.machine.save("second-boot")
        self.leave_a_mark("/var/lib/before-poweroff", "/home/before-poweroff")
        self.shell.run("setsid poweroff >/dev/null 2>&1 </dev/null &")
        self.assert_switched_off("before-poweroff")

    def test_6_power_button(self):
        """As GNOME's greeter and a desktop without a policy do: logind's own action. From where the second boot was before the other end."""
        self.machine.halt()
        self.start("serial-power-button.log", "second-boot")
        self.machine.shell.wait(60)
        self.shell.check("! [ -e /home/before-poweroff ]")
        self.leave_a_mark("/var/lib/before-power-button", "/home/before-power-button")
        self.machine.qmp.command("system_powerdown")
        self.assert_switched_off("before-power-button")

    def start(self, log, saved=None):
        self.machine.serial_log = os.path.join(self.out, log)
        self.machine.start(saved)

    def leave_a_mark(self, *paths):
        for path in paths:
            self.shell.check(f"basename {path} >{path}")

    def assert_marks(self, *paths):
        for path in paths:
            self.assertEqual(self.shell.check(f"cat {path}"), path.rpartition("/")[2] + "\n")

    def assert_switched_off(self, mark):
        """By itself, each disk clean, with what was written last."""
        self.machine.wait_exit(COMPLETE_S)
        for name, directory in (("root", "/var/lib"), ("data", "")):
            with self.subTest(disk=name):
                self.assertEqual(self.cat(assert_clean(self, self.machine, name), f"{directory}/{mark}"), mark + "\n")

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


def fill(disk):
    """Take every free block but a few by one file, without writing them."""
    header = host.run([host.tool("dumpe2fs"), "-h", disk])
    free = int(re.search(r"Free blocks:\s+(\d+)", header)[1])
    stage.debugfs(disk, ["write /dev/null /filler", f"fallocate /filler 0 {free - 200}"])
    host.run([host.tool("e2fsck"), "-fn", disk])

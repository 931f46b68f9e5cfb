"""A plain boot: every milestone, and what a person sees on the way."""

import json
import os

import host
import screen
import timeline
from case import COMPLETE_S, INIT, SharedCase

REFERENCE = os.path.join(host.HERE, "reference", "splash-1024x768.json")
# Milestones that only follow one another; fsck may come any time between display-manager and disks.
ORDER = ["init", "first-frame", "root", "overlay", "switch-root", "bus", "display-manager", "greeter", "disks", "merged",
         "overlay-gone", "complete"]


class TestBoot(SharedCase):
    alone = True  # each frame of it counts
    watch_every_s = (screen.BEFORE_FIRST_S, screen.AFTER_FIRST_S)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        zero_s, _ = cls.machine.shell.zero()
        cls.seen = screen.milestones(cls.watcher.frames, zero_s)
        read = timeline.stock if INIT == "stock" else timeline.early
        cls.value = read(cls.machine.shell, COMPLETE_S)

    def test_every_milestone(self):
        missing = set(timeline.NAMES) - set(timeline.milestones(self.value))
        self.assertFalse(missing, f"milestones that did not come: {sorted(missing)}")

    def test_order(self):
        times = timeline.milestones(self.value)
        found = [name for name in sorted(times, key=times.get) if name in ORDER]
        self.assertEqual(found, [name for name in ORDER if name in times])
        self.assertLess(times["display-manager"], times["fsck"] + 1, "fsck before the display manager")

    def test_names_the_boot(self):
        facts = self.shell.check("cat /proc/sys/kernel/random/boot_id; uname -r").split()
        self.assertEqual([self.value["boot_id"], self.value["kernel"]], facts)

    def test_inits_word_agrees_with_the_screen(self):
        times = timeline.milestones(self.value)
        for name, key in (("first-frame", "first_frame_us"), ("greeter", "greeter_us")):
            with self.subTest(milestone=name):
                self.assertAlmostEqual(times[name] / 1e6, self.seen[key] / 1e6, delta=2.0)

    def test_first_frame_is_the_splash(self):
        with open(REFERENCE) as f:
            reference = json.load(f)
        self.assertEqual(self.watcher.first.mismatches(reference), [], f"see {self.out}/first-frame.png")

    def test_never_black(self):
        self.assertEqual((self.seen["black_frames"], self.seen["text_us"]), (0, 0), f"see {self.out}/frames.json")

    def test_first_frame_before_any_storage_driver(self):
        first = timeline.milestones(self.value)["first-frame"] / 1e6
        dmesg = self.shell.check("dmesg")
        disk = next(line for line in dmesg.splitlines() if "virtio_blk" in line and "[vda]" in line)
        self.assertLess(first, float(disk.split("]")[0].strip("[ ")), disk)

    def test_var_is_native_again(self):
        self.assertEqual(self.shell.check("stat -f -c %T /var /home").split(), ["ext2/ext3"] * 2)
        # A directory whose files are still mapped shared stays with the daemon; anything else of it would be a left-over.
        mounts = self.shell.check("cat /proc/[0-9]*/mounts 2>/dev/null | sort -u").splitlines()
        for path in (line.split()[1] for line in mounts if line.startswith("early-overlay ")):
            self.assertNotIn(path, ("/var", "/home"))
            # In a detached mount a path begins at what was its root: only the end is sure.
            self.shell.check(f"grep -q ' rw-s .*/{os.path.basename(path)}/' /proc/[0-9]*/maps")

    def test_overlays_of_early_conf(self):
        self.assertIn("/opt: the overlay is gone", self.shell.check("dmesg"))

    def test_file_systems_of_fstab(self):
        self.assertEqual(self.shell.check("cat /srv/data/hello"), "the second disk\n")
        for path in ("/", "/srv/data"):
            with self.subTest(path=path):
                self.assertRegex(self.shell.check(f"findmnt -n -o OPTIONS {path}"), r"^rw\b")

    def test_host_name_and_settings(self):
        """What a distribution has in /etc/hostname, and enables in sysinit.target.wants."""
        self.assertEqual(self.shell.check("hostname"), self.shell.check("cat /etc/hostname"))
        self.wait_for('[ "$(cat /proc/sys/kernel/pid_max)" = 4194304 ]', 120, "what /usr/lib/sysctl.d/50-pid-max.conf says")

    def test_nothing_failed(self):
        dmesg = self.shell.check("dmesg")
        for word in ("EXT4-fs error", "segfault", "Kernel panic", "blocked for more than"):
            with self.subTest(word=word):
                self.assertNotIn(word, dmesg)

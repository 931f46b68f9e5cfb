"""A root that fstab keeps read-only, and in the same boot a driver that crashes the greeter."""

import image as images
import stage
from case import COMPLETE_S, VmCase, assert_clean, broken

FSTAB = """UUID={0.root_uuid} / ext4 ro 0 1
UUID={0.data_uuid} /srv/data ext4 defaults 0 2
"""


class TestReadOnlyRoot(VmCase):
    """gnome-shell dies, as with a driver that crashes, until the CPU renders."""

    @classmethod
    def setUpClass(cls):
        cls.files, cls.commands = broken("/usr/bin/gnome-shell", '[ "$LIBGL_ALWAYS_SOFTWARE" = 1 ]')
        cls.files["/etc/fstab"] = FSTAB.format(images.get())
        super().setUpClass()

    def test_1_driver_that_crashes_the_greeter(self):
        """gdm lives on, with Wayland, with Xorg, and then with a page that something has gone wrong: not so here, where a greeter came."""
        self.assertIn("service:gdm.service:software-rendering", self.shell.check("earlyctl timeline"))
        self.wait_kind("greeter", 1)

    def test_2_overlays_stay(self):
        events = {e["name"]: e for e in self.timeline()["events"]}
        for name in ("disks", "complete"):
            self.assertIn("/etc/fstab", events[name].get("why", ""), f"{name} does not say why")
        self.assertNotIn("overlay-gone", events)
        self.assertIn("read-only", self.shell.check("earlyctl status | grep 'overlay on /var'"))
        self.shell.check("echo dropped >/var/lib/dropped")
        self.assertNotEqual(self.shell.run("touch /etc/x")[0], 0, "the root is writable")
        self.assertEqual(self.shell.check("cat /srv/data/hello"), "the second disk\n")
        self.shell.run("earlyctl merge")
        self.assertEqual(self.shell.check("stat -f -c %T /var").strip(), "fuseblk", "it was merged nevertheless")
        self.assertNotIn("could not be merged", self.shell.check("dmesg"))
        self.shell.run("setsid poweroff >/dev/null 2>&1 </dev/null &")
        self.machine.wait_exit(COMPLETE_S)
        raw = assert_clean(self, self.machine, "root")
        self.assertNotIn("dropped", stage.debugfs(raw, ["ls -p /var/lib"], write=False))

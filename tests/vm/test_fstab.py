"""What fstab may say that concerns the overlays: a /home of its own, a root that stays read-only."""

import image as images
import stage
from case import COMPLETE_S, VmCase, assert_clean


def fstab(root_options="errors=remount-ro", data="/srv/data"):
    image = images.get()
    return (f"UUID={image.root_uuid} / ext4 {root_options} 0 1\n"
            f"UUID={image.data_uuid} {data} ext4 defaults 0 2\n")


class TestSeparateHome(VmCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {"/etc/fstab": fstab(data="/home")}
        super().setUpClass()

    def test_home_is_there_before_the_display(self):
        self.assertEqual(self.shell.check("cat /home/hello"), "the second disk\n")
        events = {e["name"]: e for e in self.timeline()["events"]}
        self.assertLess(events["separate-disks"]["t_us"], events["display-manager"]["t_us"])
        self.assertIn("overlay-gone", events, "the overlay on /var")
        self.assertIn("/etc/fstab", self.shell.check("earlyctl status | grep 'overlay on /home'"))
        self.assertEqual(self.shell.check("stat -f -c %T /home /var; grep -c ' /home ' /proc/self/mountinfo").split(),
                         ["ext2/ext3", "ext2/ext3", "1"])
        self.shell.check("echo kept >/home/kept")
        self.shell.run("setsid poweroff >/dev/null 2>&1 </dev/null &")
        self.machine.wait_exit(COMPLETE_S)
        self.assertIn("kept", stage.debugfs(assert_clean(self, self.machine, "data"), ["cat /kept"], write=False))


class TestReadOnlyRoot(VmCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {"/etc/fstab": fstab(root_options="ro")}
        super().setUpClass()

    def test_overlays_stay(self):
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

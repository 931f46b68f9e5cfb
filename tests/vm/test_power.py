"""Reboot and power-off leave every disk clean, whoever asks for them."""

from case import COMPLETE_S, VmCase, assert_clean


class TestPower(VmCase):
    def leave_a_mark(self, name):
        for path in (f"/var/lib/{name}", f"/srv/data/{name}"):
            self.shell.check(f"echo {name} >{path}")

    def assert_disks_clean(self):
        for name in ("root", "data"):
            with self.subTest(disk=name):
                assert_clean(self, self.machine, name)

    def test_reboot_then_power_button(self):
        """The second boot is on the disks that the first one left."""
        self.timeline()
        self.leave_a_mark("before-reboot")
        self.shell.run("setsid reboot >/dev/null 2>&1 </dev/null &")
        self.machine.wait_exit(COMPLETE_S)
        self.watcher.stop()
        self.machine.halt()
        self.assert_disks_clean()

        self.machine.start()
        type(self).await_greeter()
        self.timeline()
        dmesg = self.shell.check("dmesg")
        self.assertNotIn("recovery complete", dmesg, "the journal had to be replayed")
        self.assertEqual(self.shell.check("cat /var/lib/before-reboot /srv/data/before-reboot").split(), ["before-reboot"] * 2)
        self.leave_a_mark("before-power-button")
        # As GNOME's greeter and a desktop without a policy do: logind's own action.
        self.machine.qmp.command("system_powerdown")
        self.machine.wait_exit(COMPLETE_S)
        self.assert_disks_clean()

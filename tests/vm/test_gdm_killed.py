"""The display manager is killed again and again: each time a working greeter comes back."""

import time

from case import INIT, VmCase

TIMES = 3


class TestGdmKilled(VmCase):
    shares = True

    def test_1_greeter_comes_back(self):
        for turn in range(1, TIMES + 1):
            with self.subTest(turn=turn):
                self.kill_and_wait(turn)

    def kill_and_wait(self, turn):
        old = self.shell.check("pgrep -x gdm3").strip()
        shells = self.shell.check("pgrep -x gnome-shell | paste -sd '|'").strip()
        self.shell.check(f"kill -KILL {old}")
        if INIT == "stock":
            # Debian's own init leaves the old greeter on the screen with no gdm behind it, for ever: it takes no key.
            # Killed too, here, so that the rest of this test can be shown to work.
            self.shell.check("pkill -KILL -u Debian-gdm")
        self.wait_for(f"p=$(pgrep -x gdm3) && [ \"$p\" != {old} ]", 30, "a new gdm3")
        self.wait_for(f"pgrep -x gnome-shell | grep -vxE '{shells}'", 90, "a new greeter")
        self.wait_kind("greeter", 150, f"greeter-{turn}.png")
        # It must stay: a greeter that meets the old one's seat dies within seconds.
        new = self.shell.check("pgrep -x gdm3; pgrep -n -x gnome-shell")
        time.sleep(8)
        self.assertEqual(self.shell.check("pgrep -x gdm3; pgrep -n -x gnome-shell"), new)
        self.assert_answers(turn)

    def assert_answers(self, turn):
        """Enter brings the password entry, Escape the users again: what is on the screen is no leftover picture."""
        users = self.machine.wait_still(20)
        self.machine.qmp.keys("ret")
        entry = self.machine.wait_screen(lambda p: p.asks_for_password(), 60)
        self.shot(f"entry-{turn}.png")
        self.assertIsNotNone(entry, "the greeter does not answer to the keyboard")
        self.machine.qmp.keys("esc")
        self.assertIsNotNone(self.machine.wait_screen(lambda p: p.difference(users).worst < 10, 60))

    def test_2_nothing_left_of_the_old_ones(self):
        """An old greeter that lives on holds 200 MB, and may hold the seat."""
        self.wait_for("[ $(pgrep -c -x gnome-shell) = 1 ]", 30, "one greeter only")
        self.wait_for("[ $(loginctl --no-legend list-sessions | grep -c Debian-gdm) = 1 ]", 30, "one greeter's session only")

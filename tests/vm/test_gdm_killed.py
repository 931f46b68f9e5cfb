"""The display manager is killed again and again: each time a working greeter comes back. Here once, and on the same machine once more
after logins and PID 1's crash (test_pid1_crash.py): a greeter takes most of a minute."""

import time

from case import INIT, SharedCase

SETTLED_S = 8


class TestGdmKilled(SharedCase):
    def test_1_greeter_comes_back(self):
        kill_and_wait(self, "1")

    def test_2_nothing_left_of_the_old_ones(self):
        assert_nothing_left(self)


def kill_and_wait(test, name):
    old = test.shell.check("pgrep -x gdm3").strip()
    shells = test.shell.check("pgrep -x gnome-shell | paste -sd '|'").strip()
    test.shell.check(f"kill -KILL {old}")
    if INIT == "stock":
        # Debian's own init leaves the old greeter on the screen with no gdm behind it, for ever: it takes no key.
        # Killed too, here, so that the rest of this test can be shown to work.
        test.shell.check("pkill -KILL -u Debian-gdm")
    test.wait_for(f"p=$(pgrep -x gdm3) && [ \"$p\" != {old} ]", 120, "a new gdm3")
    test.wait_for(f"pgrep -x gnome-shell | grep -vxE '{shells}'", 120, "a new greeter")
    test.wait_kind("greeter", 150, f"greeter-{name}.png")
    # It must stay: a greeter that meets the old one's seat dies within seconds.
    settled = time.monotonic() + SETTLED_S
    new = test.shell.check("pgrep -x gdm3; pgrep -n -x gnome-shell")
    assert_answers(test, name)
    time.sleep(max(0, settled - time.monotonic()))
    test.assertEqual(test.shell.check("pgrep -x gdm3; pgrep -n -x gnome-shell"), new)


def assert_answers(test, name):
    """Enter brings the password entry, Escape the users again: what is on the screen is no leftover picture."""
    users = test.machine.wait_still(20)
    test.machine.qmp.keys("ret")
    entry = test.machine.wait_screen(lambda p: p.asks_for_password(), 60)
    test.shot(f"entry-{name}.png")
    test.assertIsNotNone(entry, "the greeter does not answer to the keyboard")
    test.machine.qmp.keys("esc")
    test.assertIsNotNone(test.machine.wait_screen(lambda p: p.difference(users).worst < 10, 60))


def assert_nothing_left(test):
    """An old greeter that lives on holds 200 MB, and may hold the seat."""
    test.wait_for("[ $(pgrep -c -x gnome-shell) = 1 ]", 120, "one greeter only")
    test.wait_for("[ $(loginctl --no-legend list-sessions | grep -c Debian-gdm) = 1 ]", 120, "one greeter's session only")

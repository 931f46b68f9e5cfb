"""A person logs in at the greeter by the keyboard, works, logs out, and sees the greeter again."""

from case import SharedCase

ACCOUNT = "org.freedesktop.Accounts /org/freedesktop/Accounts/User1000 org.freedesktop.Accounts.User"
# A light session has nothing on its screen by itself: this gives it something to recognise.
AUTOSTART = """mkdir -p /home/test/.config/openbox
printf 'xsetroot -solid \"#204060\"\\nxterm -geometry 80x24+200+200 &\\n' >/home/test/.config/openbox/autostart
chown -R test:test /home/test/.config"""


def blue_with_window(stats):
    """The root window's colour, and an xterm that covers a part of it."""
    return stats.commonest == (0x20, 0x40, 0x60) and stats.share < 0.95


class TestLogin(SharedCase):
    def log_in(self, session):
        """Choose a session as gdm's menu does, take the first user, type the password."""
        self.shell.check(f"busctl call {ACCOUNT} SetSession s {session}")
        self.wait_kind("greeter", 120)
        self.machine.wait_still(20)
        self.machine.qmp.keys("ret")
        entry = self.machine.wait_screen(lambda p: p.asks_for_password(), 60)
        self.shot(f"password-{session}.png")
        self.assertIsNotNone(entry, "no password entry after choosing the user")
        self.machine.qmp.type_text("test\n")
        return self.wait_for("loginctl show-user test -P Sessions --value | grep .", 120, f"a session of {session}").split()[0]

    def log_out(self, command, session):
        self.shell.check(f"runuser -u test -- env DISPLAY=:0 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus {command}")
        self.wait_kind("greeter", 150, f"after-{session}.png")
        self.wait_for("! loginctl show-user test -P Sessions --value 2>/dev/null | grep .", 120, "the session closed")

    def session_facts(self, ident):
        lines = self.shell.check(f"loginctl show-session {ident} -p Name -p Type -p Class -p State -p Seat").split()
        return dict(line.split("=", 1) for line in lines)

    def test_1_light_x_session(self):
        self.shell.check(AUTOSTART)
        ident = self.log_in("openbox")
        self.wait_for("pgrep -u test -x openbox && pgrep -u test -x xterm", 120, "openbox and its xterm")
        facts = self.session_facts(ident)
        self.assertEqual(facts, {"Name": "test", "Type": "x11", "Class": "user", "State": "active", "Seat": "seat0"})
        picture = self.machine.wait_screen(lambda p: blue_with_window(p.stats(step=8)), 60)
        self.shot("openbox.png")
        self.assertIsNotNone(picture, "the session's background and its xterm are not on the screen")
        self.log_out("openbox --exit || pkill -u test -x openbox", "openbox")

    def test_2_gnome_session(self):
        ident = self.log_in("gnome")
        self.wait_for("pgrep -u test -x gnome-shell", 120, "the user's gnome-shell")
        facts = self.session_facts(ident)
        self.assertEqual((facts["Name"], facts["Class"], facts["Seat"]), ("test", "user", "seat0"))
        self.assertIn(facts["Type"], ("wayland", "x11"))
        picture = self.machine.wait_screen(lambda p: p.kind() == "picture", 150)
        self.shot("gnome.png")
        self.assertIsNotNone(picture, "GNOME's desktop is not on the screen")
        self.wait_for("gdbus_up=$(busctl --user -M test@ list 2>/dev/null) ; echo \"$gdbus_up\" | grep -q org.gnome.Shell"
                      " || [ -S /run/user/1000/bus ]", 120, "the session bus")
        self.log_out("gnome-session-quit --logout --no-prompt", "gnome")

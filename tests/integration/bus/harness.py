# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private system bus under --systemd-activation, early-bus on it, and a PID 1 that the test plays."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from dbus_client import Client
from pid1 import Pid1

BUS = "org.freedesktop.systemd1"
MANAGER = "/org/freedesktop/systemd1"
IMANAGER = BUS + ".Manager"
PROPERTIES = "org.freedesktop.DBus.Properties"
EARLY_BUS = os.environ["EARLY_BUS"]

# The rules that matter of the stock system.conf and of systemd's policy.
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.systemd1.Activator"/>
    <deny receive_interface="org.freedesktop.systemd1.Activator"/>
    <allow send_destination="org.freedesktop.systemd1"/>
    <allow send_destination="com.example.Known"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.systemd1"/>
    <allow own="com.example.Known"/>
    <allow receive_interface="org.freedesktop.systemd1.Activator" receive_member="ActivationRequest"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.systemd1.Activator"/>
  </policy>
  {policy}
</busconfig>
"""
SERVICE = "[D-BUS Service]\nName={name}\nExec=/bin/false\nUser=root\n{more}"


class BusTest(unittest.TestCase):
    bus_options = []
    bus_prefix = []  # a command that executes early-bus
    auto_start = True

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="early-bus-test-")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)
        self.address = f"unix:path={self.dir}/bus"
        self.write_files()
        self.clients = []
        self.early = self.pid1 = self.daemon = None
        self.addCleanup(self.stop_daemon)
        self.addCleanup(self.stop_all)
        if self.auto_start:
            self.start_daemon()
            self.start_early()
            self.pid1.expect("READY")
            self.pid1.answer_mark()
            self.client = self.connect()

    def write_files(self):
        os.mkdir(f"{self.dir}/services")
        with open(f"{self.dir}/bus.conf", "w") as f:
            f.write(CONFIG.format(address=self.address, services=f"{self.dir}/services",
                                  policy=self.policy()))
        for name, more in ((BUS, ""), ("com.example.Known", "SystemdService=known.service\n")):
            with open(f"{self.dir}/services/{name}.service", "w") as f:
                f.write(SERVICE.format(name=name, more=more))

    def policy(self):
        """More rules for the bus."""
        return ""

    def start_daemon(self):
        self.daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.dir}/bus.conf", "--nofork", "--nopidfile", "--nosyslog",
             "--systemd-activation"], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not self.listens():
            self.assertLess(time.monotonic(), deadline, "dbus-daemon did not start")
            time.sleep(0.01)

    def listens(self):
        """Its socket has a name before it takes anybody."""
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(f"{self.dir}/bus") == 0

    def stop_daemon(self):
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait()

    def start_early(self):
        """early-bus with a new link, self.pid1."""
        self.pid1 = Pid1()
        theirs = self.pid1.theirs.fileno()
        self.stderr = open(f"{self.dir}/stderr", "w+")
        self.early = subprocess.Popen([*self.bus_prefix, EARLY_BUS, f"--address={self.address}", *self.bus_options],
                                      pass_fds=[3], preexec_fn=lambda: os.dup2(theirs, 3, True),
                                      stderr=self.stderr, stdin=subprocess.DEVNULL)
        self.pid1.theirs.close()

    def stop_early(self):
        """By closing the link, as PID 1 does. Returns the exit status."""
        self.pid1.close()
        status = self.early.wait(120)
        self.early = None
        self.stderr.seek(0)
        errors = self.stderr.read()
        self.stderr.close()
        self.assertNotIn("Sanitizer", errors, errors)
        self.assertNotIn("runtime error", errors, errors)
        return status

    def stop_all(self):
        for client in self.clients:
            client.close()
        if self.early is None:
            return
        if self.early.poll() is None:
            self.assertEqual(self.stop_early(), 0)
        else:
            self.stderr.seek(0)
            self.fail(f"early-bus ended by itself with {self.early.returncode}: {self.stderr.read()}")

    def connect(self, **kwargs):
        client = Client(self.address, **kwargs)
        self.clients.append(client)
        client.bus("AddMatch", "s", f"type='signal',sender='{BUS}'")
        return client

    def begin(self, member, signature="", *body, client=None):
        return (client or self.client).call_begin(BUS, MANAGER, IMANAGER, member, signature, *body)

    def call(self, member, signature="", *body, client=None):
        return (client or self.client).call(BUS, MANAGER, IMANAGER, member, signature, *body)

    def get(self, path, interface, name, client=None):
        return (client or self.client).call(BUS, path, PROPERTIES, "Get", "ss", interface, name)[0]

    def assert_error(self, name, text, fn, *args, **kwargs):
        from dbus_client import DBusError
        with self.assertRaises(DBusError) as caught:
            fn(*args, **kwargs)
        self.assertEqual(caught.exception.name, name)
        if text is not None:
            self.assertEqual(caught.exception.text, text)

    def wait_for_owner(self, name, pid):
        deadline = time.monotonic() + 120
        while self.pid1.owners.get(name) != pid:
            self.assertLess(time.monotonic(), deadline, self.pid1.owners)
            try:
                self.pid1.receive(0.1)
            except TimeoutError:
                pass

    def sync(self):
        """Returns when early-bus has handled all that was sent to it over the link so far."""
        self.pid1.send("DONE", 4000000000, "sync.service", "done")
        self.client.wait(lambda m: m.member == "JobRemoved" and m.body[2] == "sync.service")


def main():
    unittest.main(argv=sys.argv, verbosity=2)

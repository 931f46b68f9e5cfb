"""Limits of resources on a machine with all controllers: the kernel has them, and they hold."""

import base64

import timeline
from case import COMPLETE_S, SharedCase

ONESHOT = """[Service]
Type=oneshot
ExecStart=/bin/sh -c '%s'
%s
[Early]
Stage=demand
"""
SLEEPER = """[Service]
ExecStart=/bin/sleep 100000
Slice=limited-inner.slice
MemoryMax=40M
MemoryHigh=50%%
CPUWeight=42
CPUQuota=25%%
TasksMax=17
AllowedCPUs=0
Delegate=memory
[Early]
Stage=demand
"""
# `tail` of an endless line keeps all of it.
EATER = "tail /dev/zero"
FORKS = "for i in 1 2 3 4 5 6 7 8 9; do sleep 30 & done 2>/run/forks.err; kill $$(jobs -p)"
DEVICES = "for d in null kmsg; do if true </dev/$$d; then echo $$d yes; else echo $$d no; fi; done >/run/devices.out 2>/dev/null"


class TestLimits(SharedCase):
    manifests = {
        "limited.service": SLEEPER.replace("%%", "%"),
        "limited.slice": "[Slice]\nMemoryMax=300M\nTasksMax=10%\n",
        "limited-inner.slice": "[Slice]\nCPUWeight=7\n",
        "eater.service": ONESHOT % (EATER, "MemoryMax=20M\nMemorySwapMax=0"),
        "forks.service": ONESHOT % (FORKS, "TasksMax=4"),
        "devices.service": ONESHOT % (DEVICES, "DevicePolicy=closed"),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        timeline.early(cls.machine.shell, COMPLETE_S)  # /etc can be written to then
        for name, text in cls.manifests.items():
            coded = base64.b64encode(text.encode()).decode()
            cls.machine.shell.check(f"mkdir -p /etc/early/services.d; echo {coded} | base64 -d >/etc/early/services.d/{name}")
        cls.machine.shell.check("earlyctl daemon-reload")

    def read(self, path):
        return self.shell.check(f"cat /sys/fs/cgroup/{path}").strip()

    def test_files(self):
        self.shell.check("earlyctl start limited")
        group = "limited.slice/limited-inner.slice/limited.service/"
        total_kb = int(self.shell.check("awk '/MemTotal/ { print $2 }' /proc/meminfo"))
        self.assertEqual(self.read(group + "memory.max"), str(40 << 20))
        self.assertAlmostEqual(int(self.read(group + "memory.high")), total_kb * 1024 // 2, delta=1 << 20)
        self.assertEqual(self.read(group + "cpu.weight"), "42")
        self.assertEqual(self.read(group + "cpu.max"), "25000 100000")
        self.assertEqual(self.read(group + "pids.max"), "17")
        self.assertEqual(self.read(group + "cpuset.cpus"), "0")
        self.assertIn("memory", self.read(group + "cgroup.controllers").split())
        self.assertEqual(self.read("limited.slice/memory.max"), str(300 << 20))
        tasks = min(int(self.shell.check(f"cat /proc/sys/kernel/{name}")) for name in ("pid_max", "threads-max"))
        self.assertEqual(self.read("limited.slice/pids.max"), str(tasks // 10))
        self.assertEqual(self.read("limited.slice/limited-inner.slice/cpu.weight"), "7")
        self.shell.check("earlyctl stop limited")
        self.assertNotEqual(self.shell.run(f"test -e /sys/fs/cgroup/{group}")[0], 0, "the group outlived its service")

    def test_memory(self):
        code, output = self.shell.run("earlyctl start eater", 120)
        self.assertNotEqual(code, 0, "100 times its memory, and it ended well: " + output)
        self.assertIn("eater.service", self.shell.check("dmesg | grep -i 'oom\\|killed process'"))

    def test_tasks(self):
        self.shell.run("earlyctl start forks", 90)
        self.assertRegex(self.shell.check("cat /run/forks.err"), "(?i)cannot fork|resource temporarily unavailable")

    def test_devices(self):
        self.shell.check("earlyctl start devices")
        self.assertEqual(self.shell.check("cat /run/devices.out").split("\n")[:2], ["null yes", "kmsg no"])

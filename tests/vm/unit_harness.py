"""The harness's own parts that need no machine: shell protocol, milestones, timelines, packages, options."""

import base64
import contextlib
import io
import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest
import xml.etree.ElementTree
from unittest import mock

import boots
import compare
import demo
import disks
import host
import image
import machine
import measure
import screen
import stage
import timeline
from host import Failure
from shell import Shell, ShellTimeout


class FakeGuest:
    """A machine's end of the serial port: answers each request as `answer(id, verb)` says."""

    def __init__(self, directory, answer):
        self.path = os.path.join(directory, "shell")
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen()
        self.answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        client, _ = self.server.accept()
        for line in client.makefile("r"):
            words = line.split()
            if words:
                client.sendall(self.answer(*words))


@contextlib.contextmanager
def guest(answer):
    with tempfile.TemporaryDirectory() as directory:
        fake = FakeGuest(directory, answer)
        shell = Shell(fake.path)
        try:
            yield shell
        finally:
            shell.close()
            fake.server.close()


def packed(text):
    return base64.b64encode(text.encode()).decode()


class ShellProtocol(unittest.TestCase):
    def test_answer_between_noise(self):
        def answer(ident, verb, *rest):
            ran = base64.b64decode(rest[1]).decode()
            return f"[  1.2] kernel talks @@hello 0 @@\r\n@@{ident} 3 {packed('ran ' + ran)}@@\nmore".encode()
        with guest(answer) as shell:
            self.assertEqual(shell.run("echo ü"), (3, "ran echo ü"))

    def test_answer_of_another_request_is_not_taken(self):
        calls = []

        def answer(ident, verb, *rest):
            calls.append(ident)
            late = f"@@{calls[0]} 0 {packed('late')}@@" if len(calls) == 2 else ""
            return f"{late}@@{ident} 0 {packed('right')}@@".encode() if len(calls) == 2 else b""
        with guest(answer) as shell:
            with mock.patch("time.monotonic", side_effect=[0, 100]), self.assertRaises(ShellTimeout):
                shell._ask("clock", 1)
            self.assertEqual(shell.run("x"), (0, "right"))

    def test_check_tells_what_failed(self):
        with guest(lambda ident, *rest: f"@@{ident} 1 {packed('no such thing')}@@".encode()) as shell:
            with self.assertRaisesRegex(Failure, "no such thing"):
                shell.check("false")

    def test_guests_script_speaks_the_protocol(self):
        """The real vm-shell, over pipes (stty fails there, which it does not mind)."""
        script = os.path.join(image.SOURCE, "files/usr/local/sbin/vm-shell")
        command = packed("echo one; echo two >&2; exit 7")
        done = subprocess.run(["bash", script], input=f"\nA.1 clock\nA.2 run 60 {command}\nA.3 run 1 {packed('sleep 9')}\n",
                              capture_output=True, text=True, timeout=120)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[1], r"^@@A\.1 0 [0-9.]+@@$")
        self.assertEqual(lines[2], f"@@A.2 7 {packed(chr(10).join(['one', 'two', '']))}@@")
        self.assertEqual(lines[3], "@@A.3 124 @@")


def frame(host_s, kind):
    return {"host_s": host_s, "kind": kind}


class Milestones(unittest.TestCase):
    def test_seen_from_outside(self):
        frames = [frame(10.0, "text"), frame(12.0, "picture"), frame(13.0, "black"), frame(15.5, "picture"),
                  frame(16.0, "black"), frame(17.0, "uniform"), frame(18.0, "greeter"), frame(19.0, "black")]
        self.assertEqual(screen.milestones(frames, 10.5), {
            "first_frame_us": 1500000, "greeter_us": 7500000, "black_us": 3500000, "text_us": 0, "black_frames": 2})

    def test_no_greeter(self):
        found = screen.milestones([frame(1.0, "black"), frame(2.0, "picture")], 0)
        self.assertEqual((found["first_frame_us"], found["greeter_us"], found["black_us"]), (2000000, None, None))

    def test_a_login_in_text_is_the_greeter_where_it_has_to_be(self):
        for text_greeter, asks, kind in ((True, True, "greeter"), (True, False, "text"), (False, True, "text")):
            watcher = screen.Watcher.__new__(screen.Watcher)
            watcher.machine, watcher.out, watcher.frames, watcher.done = mock.MagicMock(), None, [], threading.Event()
            watcher.machine.boot = machine.Boot(None, None, "", None, text_greeter=text_greeter)
            watcher.machine.process.pid = os.getpid()
            seen = mock.MagicMock(kind=lambda: "text", asks_for_login=lambda asks=asks: asks, width=1024, height=768)
            watcher._record(1.0, seen)
            self.assertEqual(([f["kind"] for f in watcher.frames], watcher.done.is_set()), ([kind], kind == "greeter"))


class Timelines(unittest.TestCase):
    def sample(self, shift_us=0):
        names = [n for n in timeline.NAMES if n not in ("first-frame", "greeter")]
        events = [{"name": n, "t_us": 1000000 * (i + 1) + shift_us} for i, n in enumerate(names)]
        value = {"boot_id": "x", "kernel": "6.1", "events": events,
                 "host": {"qemu_cpu_s": 70.0, "load": [1.0, 3.0]}}
        return timeline.add_screen(value, {"first_frame_us": 1500000, "greeter_us": 6500000 + shift_us, "black_us": 250000})

    def test_screen_fills_in_what_init_does_not_know(self):
        found = timeline.milestones(self.sample())
        self.assertEqual((found["first-frame"], found["greeter"]), (1500000, 6500000))
        self.assertEqual([e["t_us"] for e in self.sample()["events"]], sorted(e["t_us"] for e in self.sample()["events"]))

    def test_inits_own_word_stays(self):
        value = {"events": [{"name": "greeter", "t_us": 5}], "kernel": "x"}
        timeline.add_screen(value, {"first_frame_us": None, "greeter_us": 9, "black_us": None})
        self.assertEqual(timeline.milestones(value), {"greeter": 5})

    def test_svg_has_every_milestone_and_a_bar_for_each_run_of_a_service(self):
        value = self.sample()
        for t_us, what in enumerate(("start", "ready", "stop", "start", "ready"), 3):
            value["events"].append({"name": f"service:a<b.service:{what}", "t_us": t_us * 1000000})
        with tempfile.TemporaryDirectory() as d:
            drawer = stage.program(boots.BUILD_DIR, "orchestrator/ctl/earlyctl")
            measure.save(value, d, drawer)
            root = xml.etree.ElementTree.parse(os.path.join(d, "timeline.svg")).getroot()
        text = [t.strip() for t in root.itertext()]
        for name in timeline.NAMES:
            self.assertTrue(any(t.startswith(name + " ") for t in text), name)
        row = next(e for e in root.iter() if e.text == "a<b.service")
        bars = [e for e in root.iter("{http://www.w3.org/2000/svg}rect")
                if 0 < float(row.get("y")) - float(e.get("y")) < 20 and float(e.get("height")) > 8]
        self.assertEqual(len(bars), 2)

    def test_bad_answer_of_earlyctl(self):
        for text in ("", "{}", '{"events": 3}', "no"):
            with self.subTest(text=text), self.assertRaisesRegex(Failure, "earlyctl timeline"):
                timeline.early(mock.Mock(check=lambda *a: text), 3)

    def test_comparison(self):
        runs = {"stock": [compare.figures(self.sample(s)) for s in (4000000, 2000000, 0)],
                "early": [compare.figures(self.sample())]}
        lines = compare.table(runs)
        row = next(line for line in lines if line.startswith("greeter"))
        self.assertEqual(row.split()[:4], ["greeter", "8.50", "6.50", "0.76"])
        self.assertIn("3 stock, 1 early", lines[-1])

    def test_comparison_names_every_milestone(self):
        """Also those that one of the inits has not."""
        stock = compare.figures(self.sample())
        del stock["merged"]
        lines = compare.table({"stock": [stock], "early": [compare.figures(self.sample())]})
        rows = {line.split()[0]: line.split()[1:] for line in lines[1:]}
        self.assertLessEqual(set(timeline.NAMES), set(rows))
        self.assertEqual(rows["merged"][:3], ["-", "9.00", "-"])


class Packages(unittest.TestCase):
    def test_by_suite_and_display_manager(self):
        bookworm, trixie = image.packages_of("bookworm", "gdm3"), image.packages_of("trixie", "gdm3")
        self.assertIn("gdm3", bookworm)
        self.assertIn("libfuse3-3", bookworm)
        self.assertNotIn("libfuse3-3", trixie)
        lightdm, greetd = image.packages_of("bookworm", "lightdm"), image.packages_of("trixie", "greetd")
        self.assertTrue({"lightdm", "lightdm-gtk-greeter", "openbox"} <= set(lightdm), lightdm)
        self.assertFalse({"gdm3", "gnome-shell"} & set(lightdm), lightdm)
        self.assertFalse({"sddm", "lightdm", "gnome-shell"} & set(greetd), greetd)

    def test_each_display_manager_has_packages_of_its_own(self):
        of = {dm: set(image.packages_of("bookworm", dm)) for dm in image.DMS}
        for dm, packages in of.items():
            with self.subTest(dm=dm):
                self.assertIn(dm, packages)
                self.assertFalse(packages & set(image.DMS) - {dm})

    def test_bad_line_names_file_and_line(self):
        with tempfile.TemporaryDirectory() as d, mock.patch.object(image, "SOURCE", d):
            with open(os.path.join(d, "packages"), "w") as f:
                f.write("# list\none\ntwo three\n")
            with self.assertRaisesRegex(Failure, r"packages:3: expected"):
                image.packages_of("bookworm", "gdm3")

    def test_mirrors_from_both_formats(self):
        files = {"/etc/apt/sources.list": ["deb [arch=amd64] http://a.example/debian/ bookworm main contrib",
                                           "deb http://b.example/other other main", "# deb http://c.example bookworm main"],
                 "d.sources": ["Types: deb", "URIs: http://s.example/debian-security", "Suites: bookworm-security",
                               "Components: main"]}
        with mock.patch.object(image, "_lines", lambda path: files.get(path, [])), \
                mock.patch.object(image.glob, "glob", lambda p: ["d.sources"] if p.endswith(".sources") else []):
            self.assertEqual(image._host_mirrors(), ("http://a.example/debian", "http://s.example/debian-security"))

    def test_unknown_suite_is_refused_by_name(self):
        with self.assertRaisesRegex(Failure, "'sid'"):
            image.get("sid", "gdm3")

    def test_one_that_is_there_waits_for_no_maker(self):
        with tempfile.TemporaryDirectory() as d, mock.patch.object(image.host, "cache_dir", lambda: d), \
                mock.patch.object(image, "_key", lambda *a: "key"), mock.patch.object(image.host, "locked", lambda *a: self.fail("waits for a lock")):
            final = os.path.join(d, "images", "bookworm-gdm3-key")
            os.makedirs(final)
            with open(os.path.join(final, "image.json"), "w") as f:
                json.dump({"suite": "bookworm", "kernel": "6.1", "root_uuid": "r", "data_uuid": "d"}, f)
            os.utime(f.name, (0, 0))
            self.assertEqual(image.get().dir, final)
            self.assertGreater(os.stat(f.name).st_mtime, 0, "it looks unused, and would be pruned")


class Options(unittest.TestCase):
    def refused(self, *argv):
        text = io.StringIO()
        with contextlib.redirect_stderr(text), self.assertRaises(SystemExit) as caught:
            demo.parse(list(argv))
        self.assertEqual(caught.exception.code, 2)
        return text.getvalue()

    def test_refusals(self):
        self.assertIn("--dm xdm: not supported", self.refused("--dm", "xdm"))
        self.assertIn("--suite sid: not supported", self.refused("--suite", "sid"))
        self.assertIn("--compare", self.refused("--runs", "3"))
        self.assertIn("--runs", self.refused("--compare", "--runs", "0"))
        self.assertIn("--stock", self.refused("--compare", "--stock"))

    def test_place_that_cannot_be_written_to(self):
        with tempfile.NamedTemporaryFile() as f, mock.patch.object(host, "say") as say, \
                mock.patch.object(demo, "one", lambda args: os.makedirs(args.out)), mock.patch.object(host, "end_cleanly"):
            self.assertEqual(demo.main(["--out", f.name + "/in-a-file"]), 1)
        self.assertRegex(say.call_args[0][0], f"^demo: {f.name}/in-a-file: Not a directory: .*--out")

    def test_window_only_where_there_is_a_display(self):
        with mock.patch.dict(os.environ, {"DISPLAY": ":0"}):
            self.assertTrue(demo.parse([]).window)
            self.assertFalse(demo.parse(["--headless"]).window)
        with mock.patch.dict(os.environ, {"DISPLAY": "", "WAYLAND_DISPLAY": ""}):
            self.assertFalse(demo.parse([]).window)


class Progress(unittest.TestCase):
    """A person who waits for minutes is told for what, before the waiting begins."""

    def setUp(self):
        self.said = []
        for patch in (mock.patch.object(host, "say", self.said.append), tempfile.TemporaryDirectory()):
            entered = patch.__enter__()
            self.addCleanup(patch.__exit__, None, None, None)
        self.dir = entered

    def step(self, name):
        return lambda *args, **kwargs: self.said.append(f"<{name}>")

    def test_waiting_for_another_machine(self):
        with mock.patch.dict(os.environ, {"EARLY_VM_LOCK": os.path.join(self.dir, "lock")}):
            first, second, elsewhere = machine.Machine(None), machine.Machine(None), machine.HostLock()
            first.lock_host()
            second.lock_host()
            first.stop()
            self.assertEqual(self.said, [], "two of one run")
            threading.Timer(0.3, second.stop).start()
            elsewhere.take()
            elsewhere.give()
        self.assertEqual(self.said, [f"waiting for another emulated machine (lock {self.dir}/lock)"])

    def test_booting_is_said_when_it_boots(self):
        on = mock.MagicMock(accel="kvm", running=lambda: True)
        on.__enter__ = lambda *args: self.step("power")()
        watcher = mock.MagicMock(frames=[])
        watcher.wait_greeter = lambda timeout_s: self.step("greeter")()
        with mock.patch.object(measure, "Machine", lambda *args, **kwargs: on), \
                mock.patch.object(measure.screen, "Watcher", lambda *args: watcher), \
                mock.patch.object(stage, "program", lambda *args: "earlyctl"):
            measure.boot(None, "early", self.dir)
        self.assertEqual([s for s in self.said if s.startswith("<")], ["<power>", "<greeter>"])
        self.assertRegex(self.said[self.said.index("<power>") + 1], "booting .early, KVM.*up to 240 s")
        self.assertNotIn("booting", " ".join(self.said[:self.said.index("<power>")]))

    def test_each_step_of_the_image(self):
        final = os.path.join(self.dir, "image")
        with mock.patch.multiple(image, _bootstrap=self.step("packages"), _unpack=self.step("tree"),
                                 _take_kernel=self.step("kernel"), _make_disks=self.step("disks")), \
                mock.patch.object(os, "unlink"):
            image._make(final, "bookworm", ["a"], [])
        told = [s for s in self.said if not s.startswith("<")]
        for name, words in (("packages", "1/4.*minutes.*mmdebstrap.log"), ("tree", "2/4.*second"), ("kernel", "3/4.*second"),
                            ("disks", "4/4.*minute")):
            self.assertRegex(self.said[self.said.index(f"<{name}>") - 1], words)
        self.assertRegex(told[-1], "image made in")

    def test_building_is_said_if_there_is_something_to_build(self):
        for output, words in (("ninja: no work to do.", []), ("[1/7] x\n[2/7] y\n", ["building Early: 7 steps"])):
            with self.subTest(output=output), mock.patch.object(host, "run", lambda argv, **kw: output):
                self.said.clear()
                open(os.path.join(self.dir, "build.ninja"), "w").close()
                stage.Build(self.dir).make()
                self.assertEqual([s[:len(w)] for s, w in zip(self.said, words or self.said)], words)


class Emulated(unittest.TestCase):
    def append(self, accel, khz):
        with mock.patch.object(host, "tsc_khz", lambda: khz):
            on = machine.Machine(machine.Boot("kernel", "initrd", "root=/dev/vda", "root"))
            self.addCleanup(on.stop)
            on.accel = accel
            return on._append()

    def test_words_for_the_emulation_only(self):
        self.assertEqual(self.append("kvm", 2000000), "root=/dev/vda")
        self.assertEqual(self.append("tcg,thread=multi", 2000000),
                         f"root=/dev/vda {machine.EMULATED} tsc=reliable tsc_early_khz=2000000")

    def test_host_without_a_counter(self):
        self.assertEqual(self.append("tcg,thread=multi", None), f"root=/dev/vda {machine.EMULATED}")

    def test_counter_is_measured_the_same_again(self):
        first, second = host.tsc_khz(), host.tsc_khz(over_s=0.2)
        if first is None:
            self.assertIsNone(second)
        else:
            self.assertAlmostEqual(first / second, 1, delta=0.01)


class Disks(unittest.TestCase):
    def test_files_written_into_a_disk(self):
        """A new file, a replaced one, a link, through Debian's merged /usr; the file system stays clean."""
        with tempfile.TemporaryDirectory() as d:
            base, tree, disk = (os.path.join(d, n) for n in ("base", "tree", "disk"))
            os.makedirs(os.path.join(base, "usr/sbin"))
            os.symlink("usr/sbin", os.path.join(base, "sbin"))
            self.write(base, "usr/sbin/tool", "old")
            host.run([host.tool("mke2fs"), "-q", "-t", "ext4", "-d", base, disk, "16M"])
            self.write(tree, "sbin/tool", "new", 0o755)
            self.write(tree, "etc/early/early.conf", "x")
            os.symlink("tool", os.path.join(tree, "sbin/alias"))
            stage.write_files(disk, tree)
            out = stage.debugfs(disk, ["cat /usr/sbin/tool", "stat /usr/sbin/tool", "cat /etc/early/early.conf",
                                       "stat /usr/sbin/alias"], write=False)
            self.assertIn("new", out)
            self.assertNotIn("old", out)
            self.assertRegex(out, r"Mode:\s+0755")
            self.assertRegex(out, r"User:\s+0\s+Group:\s+0")
            self.assertIn('Fast link dest: "tool"', out)

    def write(self, tree, path, text, mode=0o644):
        full = os.path.join(tree, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as f:
            f.write(text)
        os.chmod(full, mode)

    def test_change_that_debugfs_cannot_make(self):
        with tempfile.TemporaryDirectory() as d:
            disk = os.path.join(d, "disk.raw")
            host.run(["truncate", "-s", "8M", disk])
            host.run([host.tool("mkfs.ext4"), "-q", disk])
            stage.debugfs(disk, ['rm "/not-there"', 'mkdir "/a"'])
            with self.assertRaisesRegex(Failure, "no-such-source"):
                stage.debugfs(disk, ['write "/no-such-source" "/file"', 'mkdir "/b"'])

    def test_overlay_of_a_disk(self):
        """Changed through a raw view, whether the host has FUSE or not; its base stays as it was."""
        for fuse in ("/dev/fuse", "/nonexistent"):
            with self.subTest(fuse=fuse), tempfile.TemporaryDirectory() as directory, mock.patch.object(disks, "FUSE", fuse):
                base = os.path.join(directory, "base.ext4")
                host.run([host.tool("mke2fs"), "-q", "-t", "ext4", base, "8M"])
                with open(base, "rb") as f:
                    before = f.read()
                tree = os.path.join(directory, "tree")
                os.mkdir(tree)
                with open(os.path.join(tree, "file"), "w") as f:
                    f.write("changed\n")
                lower = disks.overlay(base, os.path.join(directory, "lower.qcow2"))
                upper = disks.overlay(lower, os.path.join(directory, "upper.qcow2"))
                with disks.raw(lower) as raw:
                    host.run([host.tool("e2fsck"), "-fn", raw])
                self.assertTrue(disks.is_untouched(lower))
                with disks.raw(lower, writable=True) as raw:
                    stage.write_files(raw, tree)
                self.assertFalse(disks.is_untouched(lower))
                self.assertTrue(disks.is_untouched(upper))
                with disks.raw(upper) as raw:
                    self.assertIn("changed\n", stage.debugfs(raw, ["cat /file"], write=False))
                with open(base, "rb") as f:
                    self.assertEqual(f.read(), before)
                self.assertEqual([n for n in os.listdir(directory) if ".raw" in n], [])

    def test_raw_view_of_what_is_no_disk(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "bad.qcow2")
            with open(path, "w") as f:
                f.write("no disk")
            with self.assertRaisesRegex(Failure, "bad.qcow2.*shows no disk"), disks.raw(path):
                self.fail("it was shown")

    def test_key_follows_content_mode_and_links(self):
        with tempfile.TemporaryDirectory() as d:
            self.write(d, "a", "1")
            keys = [stage._key(d)]
            self.write(d, "a", "2")
            keys.append(stage._key(d))
            os.chmod(os.path.join(d, "a"), 0o755)
            keys.append(stage._key(d))
            os.symlink("a", os.path.join(d, "b"))
            keys.append(stage._key(d))
            self.assertEqual(len(set(keys)), 4)
            self.assertEqual(stage._key(d), keys[-1])


class Ends(unittest.TestCase):
    """What ./demo says of a machine without a greeter."""

    def why(self, running, error=None):
        watcher = screen.Watcher.__new__(screen.Watcher)
        watcher.error = error
        watcher.machine = mock.Mock(running=lambda: running, end=lambda: "QEMU exited with 1")
        return watcher.why_no_greeter(7)

    def test_each_has_its_words(self):
        self.assertEqual(self.why(True), "the greeter did not come within 7 s")
        self.assertEqual(self.why(True, Failure("gone")), "the screen cannot be read any more: gone")
        self.assertEqual(self.why(False), "the machine ended before the greeter came: QEMU exited with 1")


class Runner(unittest.TestCase):
    """run.py itself: what is no pass must not be counted as one."""

    def test_classes_that_share_a_machine_are_one_chain_behind_the_first(self):
        import run
        first, others = list(run.collect("vm", []))
        self.assertEqual({type(test).__name__ for test in run._flatten(first)}, {"TestBoot"}, "a boot as it is, alone")
        chains = [[type(test) for test in chain] for chain in others]
        for chain in chains:
            order = list(dict.fromkeys(chain))
            self.assertEqual(len([1 for i, c in enumerate(chain) if i == 0 or chain[i - 1] is not c]), len(order), "a class is broken up")
            self.assertTrue(len(order) == 1 or chain is chains[0], "only who shares a machine is in a chain")
        shared = list(dict.fromkeys(chains[0]))
        self.assertTrue(all(c.shares for c in shared) and not any(getattr(c, "shares", False) for chain in chains[1:] for c in chain))
        self.assertEqual([c.__name__ for c in shared if c.ends_shared], [shared[-1].__name__])

    def test_misspelt_names(self):
        import run
        self.assertEqual(run.missing("vm", ["TestBoot", "test_no_root_device", "bad_input", "TestBoott"]), ["TestBoott"])

    def test_skips_errors_and_setup_failures_fail(self):
        import run

        class Sample(unittest.TestCase):
            def test_good(self):
                pass

            def test_skipped(self):
                self.skipTest("no")

            def test_bad(self):
                self.fail("bad")

            @unittest.expectedFailure
            def test_expected(self):
                self.fail("known")

        class NoMachine(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise Failure("did not boot")

            def test_never(self):
                pass

        results = run.Results()
        suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(c) for c in (Sample, NoMachine))
        with contextlib.redirect_stdout(io.StringIO()):
            suite.run(results)
        good = [e["name"].split(".")[-1] for e in results.entries.values() if e["ok"]]
        self.assertEqual(good, ["test_good"])
        self.assertEqual(len(results.entries), 5)
        json.dumps(list(results.entries.values()))

    def test_beside_one_another(self):
        """Two classes that wait for each other, each set up and cleaned up once, and a test of its own that fails."""
        import run
        met, done = threading.Barrier(2, timeout=60), []

        class First(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.addClassCleanup(done.append, cls.__name__)
                met.wait()

            def test_1(self):
                met.wait()

            def test_2(self):
                met.wait()

        class Second(First):
            pass

        class Apart(unittest.TestCase):
            def test_bad(self):
                self.fail("bad")

        suites = [unittest.defaultTestLoader.loadTestsFromTestCase(c) for c in (First, Second, Apart)]
        results = run.Results()
        with contextlib.redirect_stdout(io.StringIO()), mock.patch.object(run, "at_once", lambda: 2):
            unittest.TestSuite([run.Beside(suites)]).run(results)
        self.assertEqual([e["name"].split(".")[-1] for e in results.entries.values() if not e["ok"]], ["test_bad"])
        self.assertEqual(len(results.entries), 5)
        self.assertEqual(sorted(done), ["First", "Second"])

    def test_one_alone_has_no_thread_of_its_own(self):
        import run
        seen = []

        class Alone(unittest.TestCase):
            def test_1(self):
                seen.append(threading.current_thread())

        with contextlib.redirect_stdout(io.StringIO()):
            run.Beside([unittest.defaultTestLoader.loadTestsFromTestCase(Alone)]).run(run.Results())
        self.assertEqual(seen, [threading.main_thread()])

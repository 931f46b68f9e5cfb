"""Where Early is built for another Debian release than the host's."""

import os
import shutil
import stat
import tempfile
import unittest
from unittest import mock

import buildroot
import host
import image
import stage
from host import Failure


class Choice(unittest.TestCase):
    def host_suite(self, text):
        with tempfile.NamedTemporaryFile("w", suffix="os-release") as f:
            f.write(text)
            f.flush()
            return buildroot.host_suite(f.name)

    def test_release_of_the_host(self):
        for text, suite in (('ID=debian\nVERSION_CODENAME=trixie\n', "trixie"), ('VERSION_CODENAME="bookworm"\nID=debian', "bookworm"),
                            ("ID=ubuntu\nVERSION_CODENAME=noble\n", None), ("# nothing\n", None)):
            with self.subTest(text=text):
                self.assertEqual(self.host_suite(text), suite)

    def test_build_on_the_host_only_for_its_own_release(self):
        with tempfile.TemporaryDirectory() as cache, mock.patch.object(buildroot, "host_suite", lambda: "bookworm"), \
                mock.patch.object(buildroot, "get", lambda suite: f"{cache}/{suite}"):
            here, there = buildroot.build("bookworm", "/my/build"), buildroot.build("trixie", "/my/build")
        self.assertEqual((type(here), here.dir), (stage.Build, "/my/build"))
        self.assertEqual((type(there), there.root), (buildroot.Chroot, f"{cache}/trixie/root"))
        self.assertTrue(there.dir.startswith(f"{cache}/trixie/builds/"))

    def test_packages_are_those_that_a_build_installs(self):
        packages = buildroot.packages_of()
        self.assertIn("meson", packages)
        self.assertIn("libfuse3-dev", packages)
        self.assertNotIn("qemu-system-x86", packages)

    def test_key_follows_what_it_is_made_of(self):
        keys = {buildroot.key(packages, sources) for packages in (["a"], ["a", "b"]) for sources in (["deb x"], ["deb y"])}
        self.assertEqual(len(keys), 4)


class Making(unittest.TestCase):
    def setUp(self):
        cache = tempfile.TemporaryDirectory()
        self.addCleanup(cache.cleanup)
        self.cache = os.path.join(cache.name, "early")
        for patch in (mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache.name}), mock.patch.object(host, "say")):
            patch.__enter__()
            self.addCleanup(patch.__exit__, None, None, None)
        self.made = 0

    def bootstrap(self, tar, *unused):
        self.made += 1
        tree = f"{tar}.tree"
        os.makedirs(os.path.join(tree, "usr/bin"))
        shutil.copy("/bin/busybox", os.path.join(tree, "usr/bin/env"))
        for applet in ("sh", "cat", "touch", "ls"):
            os.symlink("env", os.path.join(tree, "usr/bin", applet))
        for path in libraries("/bin/busybox"):
            os.makedirs(os.path.dirname(tree + path), exist_ok=True)
            shutil.copy(path, tree + path)
        host.run(["tar", "-cf", tar, "-C", tree, "."])
        shutil.rmtree(tree)

    def get(self, suite="trixie"):
        with mock.patch.object(image, "bootstrap", self.bootstrap):
            return buildroot.get(suite)

    def test_made_once(self):
        self.assertEqual(self.get(), self.get())
        self.assertEqual(self.made, 1)
        self.assertNotEqual(self.get("bookworm"), self.get())
        self.assertEqual(self.made, 2)

    def test_what_was_not_finished_is_not_used(self):
        with mock.patch.object(image, "bootstrap", mock.Mock(side_effect=Failure("no network"))), \
                self.assertRaisesRegex(Failure, "no network"):
            buildroot.get("trixie")
        self.assertEqual(os.listdir(os.path.join(self.cache, "buildroots")), ["lock"])
        self.get()
        self.assertEqual(self.made, 1)

    def test_old_ones_go(self):
        old = self.get("bookworm")
        os.utime(os.path.join(old, "made"), (1, 1))
        new = self.get()
        self.assertEqual((os.path.exists(old), os.path.exists(new)), (False, True))
        build = buildroot.Chroot(new).dir
        self.get()
        self.assertTrue(os.path.exists(build))
        os.utime(build, (1, 1))
        self.get()
        self.assertFalse(os.path.exists(build))

    def test_command_in_it(self):
        """It sees the sources and cannot change them, may write to the cache, has the given settings only, and leaves nothing mounted."""
        built = buildroot.Chroot(self.get())
        self.assertEqual(built.run(["cat", os.path.join(host.REPO, "LICENSE")]), open(os.path.join(host.REPO, "LICENSE")).read())
        with self.assertRaisesRegex(Failure, "Read-only"):
            built.run(["touch", os.path.join(host.REPO, "written")])
        built.run(["touch", os.path.join(self.cache, "written")])
        self.assertTrue(os.path.exists(os.path.join(self.cache, "written")))
        self.assertEqual(built.run(["sh", "-c", "echo $DESTDIR $XDG_CACHE_HOME"], env={"DESTDIR": "/x"}), "/x\n")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        self.assertEqual(os.listdir(os.path.join(built.root, "dev")), [])


def libraries(program):
    """What the program is linked to, and its loader."""
    words = host.run(["ldd", program]).split()
    return [word for word in words if word.startswith("/")]

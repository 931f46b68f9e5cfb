"""Pictures: what is read, written and recognised."""

import os
import tempfile
import unittest
import zlib

import picture
from picture import Picture, PictureError


def draw(base, x0, y0, x1, y1, colour_at):
    """A copy of a picture with the pixels of a box set by colour_at(x, y)."""
    data = bytearray(base.data)
    for y in range(y0, y1):
        for x in range(x0, x1):
            data[(y * base.width + x) * 3:(y * base.width + x) * 3 + 3] = bytes(colour_at(x, y))
    return Picture(base.width, base.height, bytes(data))


def shades(x, y):
    return (35 + x * 7 % 200,) * 3


def greeter():
    grey = Picture.filled(1024, 768, picture.GDM_BACKGROUND)
    with_clock = draw(grey, 465, 8, 560, 24, shades)
    return draw(with_clock, 345, 340, 460, 400, shades)


GDM_48_BACKGROUND = (0x22, 0x22, 0x26)
SPLASH_BACKGROUND = (23, 27, 38)


def greeter_48(background=GDM_48_BACKGROUND):
    """gdm 48's, as Debian 13 shows it: a clock, icons, a framed user with "Not listed?" below, the logo."""
    p = draw(Picture.filled(1024, 768, background), 470, 9, 555, 22, shades)
    p = draw(p, 936, 8, 1008, 24, shades)
    p = draw(p, 336, 292, 687, 374, lambda x, y: (0x78, 0xae, 0xed))
    p = draw(p, 338, 294, 685, 372, lambda x, y: (0x38, 0x3b, 0x43))
    p = draw(p, 346, 302, 464, 365, shades)
    return draw(draw(p, 346, 390, 420, 404, shades), 418, 675, 606, 712, shades)


def lightdm(panel=True, dialog=True):
    p = Picture.filled(1024, 768)
    if panel:
        p = draw(p, 0, 0, 1024, 24, lambda x, y: picture.LIGHTDM_PANEL_COLOUR)
        p = draw(p, 915, 6, 1015, 18, shades)
    if dialog:
        p = draw(p, 339, 297, 685, 471, lambda x, y: (255, 255, 255))
        p = draw(p, 370, 330, 660, 360, shades)
    return p


def sddm(panel=True, card=True):
    p = Picture.filled(1024, 768, (60, 40, 30))
    if panel:
        p = draw(p, 0, 0, 1024, 40, lambda x, y: (255, 255, 255))
        p = draw(p, 5, 10, 140, 30, shades)
    if card:
        p = draw(p, 564, 270, 714, 496, lambda x, y: (255, 255, 255))
        p = draw(p, 594, 278, 684, 366, shades)
    return p


class Files(unittest.TestCase):
    def test_ppm(self):
        p = Picture.from_ppm(b"P6\n2 1\n255\n" + bytes([1, 2, 3, 10, 13, 32]))
        self.assertEqual((p.width, p.height, p.data), (2, 1, bytes([1, 2, 3, 10, 13, 32])))

    def test_ppm_whose_pixels_are_white_space(self):
        p = Picture.from_ppm(b"P6\n1 1\n255\n\n\n\n")
        self.assertEqual(p.data, b"\n\n\n")

    def test_bad_ppm(self):
        for raw in (b"", b"P5\n1 1\n255\n\0", b"P6\n2 2\n255\n\0\0\0", b"P6\n1 1\n65535\n" + bytes(6), b"P6\n"):
            with self.subTest(raw=raw), self.assertRaises(PictureError):
                Picture.from_ppm(raw)

    def test_png_there_and_back(self):
        p = draw(Picture.filled(30, 20, (9, 8, 7)), 3, 4, 25, 15, shades)
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "x.png")
            p.save_png(path)
            self.assertEqual(Picture.load(path).data, p.data)

    def test_png_filters(self):
        """Each filter, by a picture packed with it here: 2x2, one channel value differs by row."""
        first, second = bytes([10, 20, 30, 11, 22, 33]), bytes([12, 24, 36, 13, 26, 39])
        for kind in range(5):
            with self.subTest(kind=kind):
                rows = b"".join([bytes([kind]) + pack(kind, first, bytes(6)), bytes([kind]) + pack(kind, second, first)])
                self.assertEqual(picture._unfilter(rows, 6, 2, 3), [first, second])

    def test_damaged_png_names_the_file(self):
        with tempfile.NamedTemporaryFile(suffix=".png") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + picture._chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0])) +
                    picture._chunk(b"IDAT", zlib.compress(b"\0")))
            f.flush()
            with self.assertRaisesRegex(PictureError, f.name):
                Picture.load(f.name)


def pack(kind, row, before):
    """PNG's filters, written down from their definition, three bytes a pixel."""
    out = bytearray()
    for i, value in enumerate(row):
        left = row[i - 3] if i >= 3 else 0
        above = before[i]
        corner = before[i - 3] if i >= 3 else 0
        guess = [0, left, above, (left + above) // 2, picture._paeth(left, above, corner)][kind]
        out.append((value - guess) & 255)
    return bytes(out)


class Recognition(unittest.TestCase):
    def test_page_of_a_failure(self):
        page = bytearray(Picture.filled(1024, 768, (24, 28, 38)).data)
        for y in range(300, 460):
            page[(y * 1024 + 192) * 3:(y * 1024 + 196) * 3] = b"\xff\x6f\x61" * 4
        self.assertTrue(Picture(1024, 768, bytes(page)).tells_failure())
        for colour in ((0, 0, 0), (24, 28, 38), (246, 245, 244)):
            self.assertFalse(Picture.filled(1024, 768, colour).tells_failure())

    def test_kinds(self):
        black = Picture.filled(1024, 768)
        cases = {
            "black": [black, Picture.filled(1024, 768, (5, 6, 7))],
            "uniform": [Picture.filled(1024, 768, picture.GDM_BACKGROUND), Picture.filled(1024, 768, GDM_48_BACKGROUND),
                        Picture.filled(64, 64, (0, 0, 90))],
            "text": [draw(black, 0, 0, 8, 2, lambda x, y: (170, 170, 170)), Picture.filled(720, 400, (0, 0, 90))],
            "picture": [draw(black, 500, 500, 540, 540, shades),
                        draw(Picture.filled(640, 480, SPLASH_BACKGROUND), 300, 200, 340, 240, shades),
                        greeter_48(SPLASH_BACKGROUND), lightdm(panel=False), lightdm(dialog=False), sddm(panel=False), sddm(card=False),
                        draw(Picture.filled(1024, 768, picture.GDM_BACKGROUND), 465, 8, 560, 24, shades)],
            "greeter": [greeter(), greeter_48(), lightdm(), sddm()],
        }
        for kind, pictures in cases.items():
            for number, p in enumerate(pictures):
                with self.subTest(kind=kind, number=number):
                    self.assertEqual(p.kind(), kind)

    def test_greeters_as_they_are(self):
        """Pictures of the screen."""
        directory = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference")
        found = [name for name in sorted(os.listdir(directory)) if name.startswith("greeter-")]
        self.assertEqual(found, ["greeter-lightdm.png", "greeter-sddm.png"])
        for name in found:
            p = Picture.load(os.path.join(directory, name))
            with self.subTest(name=name):
                self.assertEqual(p.kind(), "greeter")
                self.assertFalse(p.asks_for_password())
                blank = draw(p, 300, 250, 724, 600, lambda x, y: (0, 0, 0))
                self.assertNotEqual(blank.kind(), "greeter")

    def test_login_in_text(self):
        """Read from the screen: only the word, and only where characters are."""
        real = Picture.load(os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference", "login-greetd.png"))
        rows = picture._console_rows(picture.LOGIN)

        def written(x0, y0):
            return draw(Picture.filled(1024, 768), x0, y0, x0 + 48, y0 + 16, lambda x, y: rows[y - y0][(x - x0) * 3:(x - x0 + 1) * 3])
        for p, expected in ((real, True), (written(88, 752), True), (written(85, 752), False), (written(88, 750), False),
                            (draw(written(88, 0), 90, 6, 92, 8, lambda x, y: (0, 0, 0)), False), (Picture.filled(1024, 768), False)):
            self.assertEqual(p.kind(), "black" if p.is_black() else "text")
            self.assertEqual(p.asks_for_login(), expected)

    def test_one_bright_pixel_is_not_black(self):
        self.assertFalse(draw(Picture.filled(640, 500), 639, 499, 640, 500, lambda x, y: (0, 0, 9)).is_black())

    def test_a_spot_between_the_samples_is_not_uniform(self):
        self.assertFalse(draw(Picture.filled(640, 500, (9, 9, 9)), 5, 33, 6, 34, lambda x, y: (90, 9, 9)).is_uniform())

    def test_stats(self):
        p = draw(Picture.filled(100, 100), 0, 0, 50, 100, lambda x, y: (200, 100, 0))
        stats = p.stats()
        self.assertEqual((stats.mean, stats.colours, stats.share), ((100.0, 50.0, 0.0), 2, 0.5))
        self.assertEqual(p.stats((0.5, 0, 1, 1)).commonest, (0, 0, 0))


    def test_password_entry(self):
        """It is one only while its border says that it takes keys."""
        def entry(base, x0, y0, x1, y1, inside, border):
            return draw(draw(base, x0, y0, x1, y1, lambda x, y: border), x0 + 2, y0 + 2, x1 - 2, y1 - 2, lambda x, y: inside)
        for base, box, (_, inside, accent) in ((greeter(), (425, 415, 640, 462), picture.GDM_ENTRY),
                                               (greeter_48(), (374, 455, 649, 492), picture.GDM_48_ENTRY)):
            for border, expected in ((accent, True), ((0x38, 0x38, 0x38), False)):
                with self.subTest(border=border):
                    self.assertEqual(entry(base, *box, inside, border).asks_for_password(), expected)
            self.assertFalse(base.asks_for_password())


class Comparison(unittest.TestCase):
    def test_equal_but_for_size(self):
        small, large = Picture.filled(320, 240, (50, 60, 70)), Picture.filled(1024, 768, (50, 60, 70))
        self.assertEqual(small.difference(large), (0, 1.0))

    def test_noise_is_forgiven_a_missing_part_is_not(self):
        p = greeter()
        cursor = draw(p, 600, 600, 604, 608, lambda x, y: (255, 255, 255))
        self.assertEqual(cursor.difference(p).alike, 1.0)
        without = draw(p, 320, 320, 512, 416, lambda x, y: picture.GDM_BACKGROUND)
        self.assertGreater(without.difference(p).worst, 20)
        self.assertLess(without.difference(p).alike, 1.0)


class Reference(unittest.TestCase):
    REFERENCE = {"size": [100, 50], "tolerance": 3,
                 "regions": {"left": {"box": [0, 0, 50, 20], "mean": [20.0, 30.0, 40.0]}},
                 "bar": {"box": [10, 40, 90, 44], "bar_empty": [40.0, 50.0, 60.0], "bar_full": [250.0, 180.0, 100.0]}}

    def drawn(self, left=(20, 30, 40), full=(250, 180, 100), done=0.25):
        p = draw(Picture.filled(100, 50), 0, 0, 50, 20, lambda x, y: left)
        p = draw(p, 10, 40, 90, 44, lambda x, y: (40, 50, 60))
        return draw(p, 10, 40, 10 + int(80 * done), 44, lambda x, y: full)

    def test_alike_whatever_the_bar_shows(self):
        for done in (0, 0.25, 1):
            with self.subTest(done=done):
                self.assertEqual(self.drawn(left=(22, 29, 41), done=done).mismatches(self.REFERENCE), [])

    def test_what_differs_is_named(self):
        for name, p in (("left", self.drawn(left=(20, 30, 60))), ("bar", self.drawn(full=(40, 180, 100), done=1)),
                        ("1x1", Picture.filled(1, 1))):
            with self.subTest(name=name):
                found = p.mismatches(self.REFERENCE)
                self.assertEqual(len(found), 1, found)
                self.assertIn(name, found[0])

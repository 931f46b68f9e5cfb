"""Pictures of the screen: read PPM and PNG, write PNG, and say what is to be seen.

A screen is never compared by hash or pixel by pixel: a blinking cursor, a clock or another version of cairo would
change it. What is asked is what a person would see: is it black, is it one colour, is it console text, does it look
like the greeter, does it look like that reference, seen from afar (a grid of mean colours).

Standard library only; slices and C loops of bytes keep a 1024x768 picture at some 20 ms.
"""

import os
import struct
import zlib
from collections import Counter, namedtuple

Stats = namedtuple("Stats", "mean colours commonest share")
Difference = namedtuple("Difference", "worst alike")

# The 16 colours of the kernel's text console; text has no other, a picture with antialiasing has.
CONSOLE_COLOURS = frozenset(
    bytes(c) for c in [
        (0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170),
        (170, 170, 170), (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85), (85, 85, 255),
        (255, 85, 255), (85, 255, 255), (255, 255, 255),
    ])

# gdm 43's greeter: its background (gdm 48's is 222226), and where, with both, its panel and its list of users are (fractions of the screen).
GDM_BACKGROUND = (0x23, 0x23, 0x23)
GDM_PANEL = (0.40, 0.0, 0.60, 0.045)
GDM_MIDDLE = (0.20, 0.25, 0.80, 0.75)
# Password entries of gdm 43 and gdm 48: where, the colour inside, and that of the border while it takes keys (until then, or while it is
# being checked, grey).
GDM_ENTRY = ((0.39, 0.534, 0.645, 0.612), (0x1b, 0x1b, 0x1b), bytes((0x35, 0x84, 0xe4)))
GDM_48_ENTRY = ((0.365, 0.59, 0.635, 0.645), (0x43, 0x45, 0x4d), bytes((0x77, 0x9f, 0xce)))

# lightdm's GTK greeter 2.0 with Adwaita: a dark panel with clock and power button at the right, a white dialog in the middle.
LIGHTDM_PANEL, LIGHTDM_PANEL_RIGHT = (0, 0, 1, 0.03), (0.8, 0, 1, 0.03)
LIGHTDM_PANEL_COLOUR = (0x2f, 0x2f, 0x2f)
LIGHTDM_DIALOG = (0.34, 0.40, 0.66, 0.60)

# sddm 0.19's greeter with Debian's theme, whatever is behind it: a white panel with fields at the left (its buttons come seconds later),
# and a white card with a user and a password entry.
SDDM_PANEL, SDDM_PANEL_LEFT = (0, 0, 1, 0.045), (0, 0, 0.46, 0.045)
SDDM_CARD = (0.555, 0.36, 0.694, 0.64)

# "login:" in the font of the kernel's console (8x16), a byte for each row of a character, and in its colours.
LOGIN = [bytes.fromhex(rows) for rows in (
    "00003818181818181818183c00000000", "00000000007cc6c6c6c6c67c00000000", "000000000076cccccccccc7c0ccc7800",
    "00001818003818181818183c00000000", "0000000000dc66666666666600000000", "00000000181800000018180000000000")]
CONSOLE_TEXT = {False: bytes((0, 0, 0)), True: bytes((170, 170, 170))}

FAILURE_BAR = b"\xff\x6f\x61"


class PictureError(Exception):
    """A file that is no picture, or none that is read here."""


class Picture:
    """RGB, eight bits each, rows from the top."""

    def __init__(self, width, height, data):
        if len(data) != width * height * 3:
            raise PictureError(f"{width}x{height} needs {width * height * 3} bytes, there are {len(data)}")
        self.width, self.height, self.data = width, height, data

    @classmethod
    def filled(cls, width, height, colour=(0, 0, 0)):
        return cls(width, height, bytes(colour) * (width * height))

    @classmethod
    def from_ppm(cls, raw):
        """Raw PPM as QEMU writes it: "P6", three numbers, one white space, the pixels."""
        parts = raw.split(maxsplit=3)
        if len(parts) < 3 or parts[0] != b"P6":
            raise PictureError("not a raw PPM (P6)")
        header = raw[:64].split(b"\n", 3)
        fields = b" ".join(header[:3]).split()
        if len(header) < 4 or len(fields) != 4 or fields[3] != b"255":
            raise PictureError(f"PPM header not understood: {raw[:24]!r}")
        width, height = int(fields[1]), int(fields[2])
        offset = sum(len(line) + 1 for line in header[:3])
        return cls(width, height, raw[offset:offset + width * height * 3])

    @classmethod
    def load(cls, path):
        with open(path, "rb") as f:
            raw = f.read()
        try:
            return cls.from_png(raw) if raw[:4] == b"\x89PNG" else cls.from_ppm(raw)
        except (PictureError, struct.error, zlib.error) as e:
            raise PictureError(f"{path}: {e}") from e

    @classmethod
    def from_png(cls, raw):
        """Eight-bit RGB or RGBA without interlace, which is what cairo and this file write."""
        offset, packed, header = 8, b"", None
        while offset < len(raw):
            length, kind = struct.unpack_from(">I4s", raw, offset)
            body = raw[offset + 8:offset + 8 + length]
            offset += length + 12
            if kind == b"IHDR":
                header = struct.unpack(">IIBBBBB", body)
            elif kind == b"IDAT":
                packed += body
        if header is None or header[2] != 8 or header[3] not in (2, 6) or header[6]:
            raise PictureError(f"PNG of a kind that is not read here: {header}")
        width, height = header[0], header[1]
        channels = 3 if header[3] == 2 else 4
        rows = _unfilter(zlib.decompress(packed), width * channels, height, channels)
        if channels == 4:
            rows = [_without_alpha(row) for row in rows]
        return cls(width, height, b"".join(rows))

    def save_png(self, path):
        stride = self.width * 3
        rows = b"".join(b"\0" + self.data[y * stride:(y + 1) * stride] for y in range(self.height))
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        # Renamed into place, so that nobody who waits for the picture reads half of it.
        with open(f"{path}.part", "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) +
                    _chunk(b"IDAT", zlib.compress(rows, 6)) + _chunk(b"IEND", b""))
        os.rename(f"{path}.part", path)

    def pixels(self, region=(0, 0, 1, 1)):
        """Region in fractions of the screen -> x0, y0, x1, y1 in pixels, never empty."""
        x0, y0 = int(region[0] * self.width), int(region[1] * self.height)
        x1, y1 = int(region[2] * self.width), int(region[3] * self.height)
        return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)

    def stats(self, region=(0, 0, 1, 1), step=1):
        """Mean colour, number of colours, commonest colour and its share; every step-th pixel and row."""
        x0, y0, x1, y1 = self.pixels(region)
        counts = Counter()
        for y in range(y0, y1, step):
            start, end = (y * self.width + x0) * 3, (y * self.width + x1) * 3
            row = self.data[start:end]
            counts.update(zip(row[0::3 * step], row[1::3 * step], row[2::3 * step]))
        total = sum(counts.values())
        mean = tuple(round(sum(colour[i] * n for colour, n in counts.items()) / total, 1) for i in range(3))
        commonest, n = counts.most_common(1)[0]
        return Stats(mean, len(counts), commonest, n / total)

    def is_black(self, limit=8):
        """Nothing brighter than `limit` anywhere: what a person calls a black screen."""
        return not self.data.translate(None, bytes(range(limit + 1)))

    def is_uniform(self, tolerance=3):
        """One colour, give or take dithering."""
        # A few samples first: they settle it for nearly every picture, and the rest is slow.
        for data in (self._sample(), self.data):
            if any(max(c) - min(c) > tolerance for c in (data[i::3] for i in range(3))):
                return False
        return True

    def _sample(self):
        stride = self.width * 3
        return b"".join(self.data[y * stride:(y + 1) * stride] for y in range(0, self.height, 32))

    def is_text(self):
        """A text console: text mode's own sizes, or only the console's 16 colours, mostly black."""
        if self.height == 400 and self.width in (640, 720):
            return True
        stride = self.width * 3
        rows = {self.data[y * stride:(y + 1) * stride] for y in range(self.height)}
        colours = set()
        for row in rows:
            colours.update({row[i:i + 3] for i in range(0, stride, 3)})
            if len(colours) > len(CONSOLE_COLOURS):
                return False
        return colours <= CONSOLE_COLOURS and b"\0\0\0" in colours

    def looks_like_greeter(self):
        """The greeter of one of the display managers that there are images of."""
        return self._looks_like_gdm() or self._looks_like_lightdm() or self._looks_like_sddm()

    def _looks_like_sddm(self):
        panel, card = self.stats(SDDM_PANEL, step=4), self.stats(SDDM_CARD, step=4)
        if any(not _near(part.commonest, (255, 255, 255), 4) or part.share < 0.4 for part in (panel, card)):
            return False
        return all(self._has_content(region, 0.05) for region in (SDDM_PANEL_LEFT, SDDM_CARD))

    def _looks_like_lightdm(self):
        panel, dialog = self.stats(LIGHTDM_PANEL, step=4), self.stats(LIGHTDM_DIALOG, step=4)
        if not _near(panel.commonest, LIGHTDM_PANEL_COLOUR, 10) or panel.share < 0.8:
            return False
        if not _near(dialog.commonest, (255, 255, 255), 12) or dialog.share < 0.5:
            return False
        return self._has_content(LIGHTDM_PANEL_RIGHT, 0.05) and self._has_content(LIGHTDM_DIALOG, 0.05)

    def _looks_like_gdm(self):
        """Its grey almost everywhere, a clock in the panel, users (or a password entry) in the middle."""
        whole = self.stats(step=8)
        if not _near(whole.commonest, GDM_BACKGROUND, 10) or whole.share < 0.6:
            return False
        return self._has_content(GDM_PANEL, 0.005) and self._has_content(GDM_MIDDLE, 0.002)

    def asks_for_password(self):
        """gdm's password entry is on the screen and takes keys."""
        return any(self._is_entry(*entry) for entry in (GDM_ENTRY, GDM_48_ENTRY))

    def _is_entry(self, region, inside, accent):
        if not _near(self.stats(region, step=2).commonest, inside, 6):
            return False
        x0, y0, x1, y1 = self.pixels(region)
        rows = (self.data[(y * self.width + x0) * 3:(y * self.width + x1) * 3] for y in range(y0, y1))
        return any(row.count(accent) > (x1 - x0) / 2 for row in rows)

    def asks_for_login(self):
        """A text console says "login:"."""
        word = _console_rows(LOGIN)
        for top in range(0, self.height - 15, 16):
            rows = [self.data[(top + y) * self.width * 3:(top + y + 1) * self.width * 3] for y in range(16)]
            x = rows[5].find(word[5])
            while x >= 0:
                if x % 24 == 0 and all(row[x:x + len(part)] == part for row, part in zip(rows, word)):
                    return True
                x = rows[5].find(word[5], x + 3)
        return False

    def tells_failure(self):
        """Early's page of what failed and what to do: it has a bar of a colour of its own at its left."""
        x0, y0, x1, y1 = self.pixels((0.1, 0.1, 0.3, 0.9))
        rows = (self.data[(y * self.width + x0) * 3:(y * self.width + x1) * 3] for y in range(y0, y1))
        return sum(any(row[i:i + 3] == FAILURE_BAR for i in range(0, len(row), 3)) for row in rows) > 100

    def looks_like_splash(self):
        """A picture, and neither text nor the greeter."""
        return self.kind() == "picture"

    def kind(self):
        """What a person would call it: black, text, greeter, uniform, or (some other) picture."""
        if self.is_black():
            return "black"
        if self.looks_like_greeter():
            return "greeter"
        if self.is_text():
            return "text"
        return "uniform" if self.is_uniform() else "picture"

    def _has_content(self, region, share):
        inside = self.stats(region, step=2)
        return inside.colours > 4 and 1 - inside.share > share

    def grid(self, columns=32, rows=24):
        """Mean colours of the cells, row by row: the picture seen from afar."""
        cells = []
        for row in range(rows):
            for column in range(columns):
                region = (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
                cells.append(self._mean(*self.pixels(region)))
        return cells

    def mismatches(self, reference):
        """Regions whose mean colour is not the reference's (reference/*.json says what it holds), as lines of text."""
        if [self.width, self.height] != reference["size"]:
            return [f"the picture is {self.width}x{self.height}, the reference {reference['size']}"]
        found = []
        for name, region in reference["regions"].items():
            mean = self._mean(*region["box"])
            if not _near(mean, region["mean"], reference["tolerance"]):
                found.append(f"{name}: {[round(m, 1) for m in mean]} instead of {region['mean']}")
        bar = reference["bar"]
        mean = self._mean(*bar["box"])
        spans = [full - empty for empty, full in zip(bar["bar_empty"], bar["bar_full"])]
        done = (mean[0] - bar["bar_empty"][0]) / spans[0]
        expected = [empty + span * done for empty, span in zip(bar["bar_empty"], spans)]
        if not -0.05 < done < 1.05 or not _near(mean, expected, reference["tolerance"] * 2):
            found.append(f"bar: {[round(m, 1) for m in mean]} is not between empty and full")
        return found

    def _mean(self, x0, y0, x1, y1):
        sums, width = [0, 0, 0], self.width
        for y in range(y0, y1):
            row = self.data[(y * width + x0) * 3:(y * width + x1) * 3]
            for i in range(3):
                sums[i] += sum(row[i::3])
        return tuple(s / ((x1 - x0) * (y1 - y0)) for s in sums)

    def difference(self, other, tolerance=12, columns=32, rows=24):
        """How far two pictures, of whatever size, differ: the worst cell, and the share of cells that are alike."""
        pairs = list(zip(self.grid(columns, rows), other.grid(columns, rows)))
        distances = [max(abs(a - b) for a, b in zip(one, two)) for one, two in pairs]
        return Difference(max(distances), sum(d <= tolerance for d in distances) / len(distances))


def _console_rows(glyphs):
    """The 16 rows of pixels of characters beside each other."""
    return [b"".join(CONSOLE_TEXT[bool(glyph[y] << x & 0x80)] for glyph in glyphs for x in range(8)) for y in range(16)]


def _near(one, two, tolerance):
    return all(abs(a - b) <= tolerance for a, b in zip(one, two))


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _without_alpha(row):
    out = bytearray(len(row) // 4 * 3)
    for i in range(3):
        out[i::3] = row[i::4]
    return bytes(out)


def _unfilter(packed, stride, height, pixel):
    rows, before = [], bytearray(stride)
    if len(packed) != (stride + 1) * height:
        raise PictureError("PNG data of the wrong length")
    for y in range(height):
        start = y * (stride + 1)
        kind, row = packed[start], bytearray(packed[start + 1:start + 1 + stride])
        if kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, before))
        elif kind:
            _unfilter_row(kind, row, before, pixel)
        rows.append(bytes(row))
        before = row
    return rows


def _unfilter_row(kind, row, before, pixel):
    for i in range(len(row)):
        left = row[i - pixel] if i >= pixel else 0
        corner = before[i - pixel] if i >= pixel else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + before[i]) // 2
        elif kind == 4:
            guess = _paeth(left, before[i], corner)
        else:
            raise PictureError(f"PNG filter {kind}")
        row[i] = (row[i] + guess) & 255


def _paeth(left, above, corner):
    p = left + above - corner
    distances = (abs(p - left), abs(p - above), abs(p - corner))
    return (left, above, corner)[distances.index(min(distances))]

# SPDX-License-Identifier: MIT
"""Pictures of a guest's screen, as lists of bytes."""

import struct
import zlib


def lit(pixels):
    """How many bytes of pixels are not those of black."""
    return len(pixels) - pixels.count(0)


class Picture:
    """What `screendump` wrote as PPM: `pixels` has three bytes for each, row by row."""

    def __init__(self, path):
        with open(path, "rb") as file:
            magic, size, depth, self.pixels = file.read().split(b"\n", 3)
        assert (magic, depth) == (b"P6", b"255")
        self.width, self.height = map(int, size.split())

    def words(self):
        """As a 32-bit framebuffer without alpha has them: blue, green, red, 0."""
        words = bytearray(self.width * self.height * 4)
        words[0::4], words[1::4], words[2::4] = (self.pixels[i::3] for i in (2, 1, 0))
        return bytes(words)

    def differing(self, other):
        """The places (x, y) where two pictures of one size differ."""
        assert (self.width, self.height) == (other.width, other.height)
        return [(i // 3 % self.width, i // 3 // self.width) for i in range(0, len(self.pixels), 3)
                if self.pixels[i:i + 3] != other.pixels[i:i + 3]]


def write_mask(path, size, black=(0, 0, 0, 0)):
    """A PNG that is white but for the rectangle black = (x, y, width, height)."""
    width, height = size
    x, y, black_width, black_height = black
    row = b"\0" + b"\xff" * width
    cut = b"\0" + b"\xff" * x + b"\0" * black_width + b"\xff" * (width - x - black_width)
    rows = [cut if y <= i < y + black_height else row for i in range(height)]

    def chunk(name, data):
        return (struct.pack(">I", len(data)) + name + data
                + struct.pack(">I", zlib.crc32(name + data)))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n"
                   + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b""))

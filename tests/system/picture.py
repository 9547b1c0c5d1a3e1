# SPDX-License-Identifier: MIT
"""Pictures of a guest's screen, as lists of bytes."""

import os
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

    def words(self, scale=1):
        """As a 32-bit framebuffer without alpha has them: blue, green, red, 0; each as a square of `scale`."""
        words = bytearray(self.width * self.height * 4)
        words[0::4], words[1::4], words[2::4] = (self.pixels[i::3] for i in (2, 1, 0))
        if scale == 1:
            return bytes(words)
        wide = b"".join(words[i:i + 4] * scale for i in range(0, len(words), 4))
        stride = 4 * scale * self.width
        return b"".join(wide[i:i + stride] * scale for i in range(0, len(wide), stride))

    def differing(self, other):
        """The places (x, y) where two pictures of one size differ."""
        assert (self.width, self.height) == (other.width, other.height)
        return [(i // 3 % self.width, i // 3 // self.width) for i in range(0, len(self.pixels), 3)
                if self.pixels[i:i + 3] != other.pixels[i:i + 3]]


PNG_END = 12  # bytes of a PNG's last part


def _part(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_comment(text):
    """A part for a PNG, to go before the last one."""
    return _part(b"tEXt", b"Comment\0" + text.encode("latin-1"))


def _png(size, colours, rows, level=-1):
    """`colours` as in the file's header; each row begins with a zero."""
    header = struct.pack(">IIBBBBB", *size, 8, colours, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _part(b"IHDR", header)
            + _part(b"IDAT", zlib.compress(b"".join(rows), level)) + _part(b"IEND", b""))


def white_png(size):
    width, height = size
    return _png(size, 0, [b"\0" + b"\xff" * width] * height)


def png_of_words(size, words):
    """Of what Picture.words() gives."""
    width, height = size
    rows = bytearray(3 * width * height)
    rows[0::3], rows[1::3], rows[2::3] = (words[i::4] for i in (2, 1, 0))
    return _png(size, 2, [b"\0" + rows[i:i + 3 * width] for i in range(0, len(rows), 3 * width)])


def noise_png(size):
    """A PNG of colours by chance, as long as its pixels are."""
    width, height = size
    return _png(size, 2, [b"\0" + os.urandom(3 * width) for _ in range(height)], 0)

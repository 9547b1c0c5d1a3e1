# SPDX-License-Identifier: MIT
"""The smallest VNC viewer: a client of RFC 6143 that takes raw pixels and says what it is told to."""

import socket
import struct
import time

from guest import BOOT_SECONDS

RAW, DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE, CURSOR = 0, -223, -308, -239  # encodings
SET_PIXEL_FORMAT, SET_ENCODINGS, REQUEST, KEY, POINTER = 0, 2, 3, 4, 5  # messages to the server
SET_DESKTOP_SIZE = 251
UPDATE, BELL, CUT_TEXT = 0, 2, 3  # and from it


class Rfb:
    """A connection; `pixels` has four bytes for each: blue, green, red, 0."""

    def __init__(self, path, seconds=BOOT_SECONDS):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds)
        self._socket.connect(path)
        self._file = self._socket.makefile("rb")
        assert self._file.read(12) == b"RFB 003.008\n"
        self._socket.sendall(b"RFB 003.008\n")
        assert 1 in self._file.read(self._take("B")[0])  # without a password
        self._socket.sendall(b"\1")
        assert self._take("I") == (0,)
        self._socket.sendall(b"\1")  # others may stay
        width, height, _, length = self._take("HH16sI")
        self.name = self._file.read(length).decode()
        self._resize(width, height)
        self._send("B3x" "BBBBHHHBBB3x", SET_PIXEL_FORMAT, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        self._send("BxH4i", SET_ENCODINGS, 4, RAW, DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE, CURSOR)

    def close(self):
        self._file.close()
        self._socket.close()

    # --- what is seen ---

    def update(self, incremental=True):
        """Waits for what changed, or takes the whole picture."""
        self._send("BBHHHH", REQUEST, incremental, 0, 0, self.width, self.height)
        while not self._take_message():
            pass

    def _take_message(self):
        """Whether it is the whole answer to a request: a new size comes before the pixels."""
        kind = self._take("B")[0]
        if kind == UPDATE:
            kinds = [self._take_rectangle(*self._take("HHHHi"))
                     for _ in range(self._take("xH")[0])]
            return DESKTOP_SIZE not in kinds and EXTENDED_DESKTOP_SIZE not in kinds
        if kind == CUT_TEXT:
            self._file.read(self._take("3xI")[0])
        else:
            assert kind == BELL, kind
        return False

    def _take_rectangle(self, x, y, width, height, encoding):
        if encoding == RAW:
            for row in range(y, y + height):
                at = 4 * (row * self.width + x)
                self.pixels[at:at + 4 * width] = self._file.read(4 * width)
        elif encoding == CURSOR:
            self._file.read(width * height * 4 + (width + 7) // 8 * height)
        elif encoding == EXTENDED_DESKTOP_SIZE:
            self._file.read(16 * self._take("B3x")[0])
            self._resize(width, height)
        else:
            assert encoding == DESKTOP_SIZE, encoding
            self._resize(width, height)
        return encoding

    def _resize(self, width, height):
        if (width, height) != getattr(self, "size", None):
            self.size = self.width, self.height = width, height
            self.pixels = bytearray(4 * width * height)

    # --- what is done ---

    def press(self, *keysyms):
        """Presses keys in this order, and lets them go."""
        for down, keys in (1, keysyms), (0, reversed(keysyms)):
            for key in keys:
                self._send("BBxxI", KEY, down, key)

    def type(self, text):
        """The keysym of a Latin-1 character is its code. Not faster than a guest's desktop reads: it
        loses what overruns it."""
        for character in text:
            self.press(0xff0d if character == "\n" else ord(character))
            time.sleep(0.05)

    def point(self, x, y, buttons=0):
        self._send("BBHH", POINTER, buttons, x, y)

    def wish(self, width, height):
        """Asks for another size of the screen."""
        self._send("BxHHBx" "IHHHHI", SET_DESKTOP_SIZE, width, height, 1, 0, 0, 0, width, height, 0)

    # --- bytes ---

    def _send(self, form, *values):
        self._socket.sendall(struct.pack(">" + form, *values))

    def _take(self, form):
        size = struct.calcsize(">" + form)
        data = self._file.read(size)
        if len(data) != size:
            raise ConnectionError("the VNC server closed the connection")
        return struct.unpack(">" + form, data)

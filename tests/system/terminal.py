# SPDX-License-Identifier: MIT
"""A terminal for a machine: the other side of a pty, as a person at the keyboard has it."""

import fcntl
import os
import pty
import select
import struct
import termios
import time


class Terminal:
    """`end` is what the machine gets as its standard input and output."""

    def __init__(self, rows=24, columns=80, echo=None):
        self._ours, self.end = pty.openpty()
        self._echo = echo  # a file that gets all that comes
        self.seen = ""
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self._ours, text.encode())

    def expect(self, text, seconds=60):
        """Reads until the text comes; what came up to it is returned and forgotten."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} on the terminal, but {self.seen[-500:]!r}")
            self.read()
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def read(self):
        """Takes what has come, or waits a little for it."""
        if select.select([self._ours], [], [], 0.2)[0]:
            text = os.read(self._ours, 65536).decode(errors="replace")
            self.seen += text
            if self._echo:
                self._echo.write(text)
                self._echo.flush()

    def close(self):
        os.close(self._ours)
        os.close(self.end)

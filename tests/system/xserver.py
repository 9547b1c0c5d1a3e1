# SPDX-License-Identifier: MIT
"""A host's X server without a monitor, and somebody before it with eyes, hands and a keyboard."""

import os
import struct
import subprocess
import tempfile

from guest import wait_for


class XServer:
    """Xvfb without a window manager; `display` is its name. Its windows lie at 0, 0."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self._folder = tempfile.TemporaryDirectory()
        ours, theirs = os.pipe()
        with os.fdopen(ours, "rb") as number:
            self.process = subprocess.Popen(
                ["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{width}x{height}x24",
                 "-fbdir", self._folder.name, "-nolisten", "tcp", "-noreset"],
                pass_fds=[theirs], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            os.close(theirs)
            self.display = f":{int(number.readline())}"
        self._environment = {**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8"}

    def close(self):
        self.process.kill()
        self.process.wait()
        self._folder.cleanup()

    def find(self, name):
        """Waits for a window of that class; then it has the keyboard and the corner."""
        found = lambda: self._do("search", "--onlyvisible", "--class", name).stdout.split()
        window = wait_for(found, 60, f"a window of {name}")[0]
        self.do("windowmove", window, "0", "0", "windowfocus", "--sync", window)
        return window

    def do(self, *words):
        """What a command of xdotool says."""
        done = self._do(*words)
        if done.returncode != 0:
            raise AssertionError(f"xdotool {words}: {done.stderr}")
        return done.stdout.strip()

    def type(self, text):
        """Lines, as fast as a slow host can follow."""
        for line in text.splitlines():
            self.do("type", "--delay", "50", line)
            self.do("key", "Return")

    def _do(self, *words):
        return subprocess.run(["xdotool", *words], env=self._environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)

    def see(self, width, height):
        """The screen's upper left part, as Picture.words gives it. The pointer is drawn into it."""
        with open(os.path.join(self._folder.name, "Xvfb_screen0"), "rb") as file:
            header = struct.unpack(">25I", file.read(100))
            file.seek(header[0] + 12 * header[19])  # 12 bytes for each colour of the map
            stride = header[12]
            data = file.read(stride * height)
        rows = bytearray(b"".join(data[y * stride:y * stride + 4 * width] for y in range(height)))
        rows[3::4] = bytes(width * height)
        return bytes(rows)

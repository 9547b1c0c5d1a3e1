# SPDX-License-Identifier: MIT
"""A host's X server without a monitor, and somebody before it with eyes, hands and a keyboard."""

import os
import struct
import subprocess
import tempfile

from guest import wait_for


class XServer:
    """Xvfb, at first without a window manager; `display` is its name. Its windows lie at 0, 0."""

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
        self._manager = None
        self.root = self.do("search", "--maxdepth", "0", "")

    def start_manager(self):
        """From now on windows can fill the screen."""
        self._manager = subprocess.Popen(["openbox", "--sm-disable"], env=self._environment,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        wait_for(lambda: self._do("get_desktop").returncode == 0, 60, "openbox")

    def close(self):
        self.process.kill()
        self.process.wait()
        if self._manager:
            self._manager.kill()  # if it has not ended with the server
            self._manager.wait()
        self._folder.cleanup()

    def find(self, name):
        """Waits for a window of that class; then it has the keyboard and the corner."""
        found = lambda: self._do("search", "--onlyvisible", "--class", name).stdout.split()
        window = wait_for(found, 60, f"a window of {name}")[0]
        self.do("windowmove", window, "0", "0")
        self.focus(window)
        return window

    def focus(self, window):
        """One that a manager takes over is away for a moment."""
        wait_for(lambda: self._do("windowfocus", "--sync", window).returncode == 0, 60,
                 f"focus of window {window}")

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

    def copy(self, form, content):
        """Somebody copies that; it lives until another does."""
        self._xclip(form, "-i", input=content, stdout=subprocess.DEVNULL, check=True)

    def paste(self, form):
        """What somebody gets, b"" where there is nothing of that form."""
        return self._xclip(form, "-o", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout

    def _xclip(self, form, way, check=False, **streams):
        return subprocess.run(["xclip", "-selection", "clipboard", "-t", form, way],
                              env=self._environment, stderr=subprocess.DEVNULL, timeout=60,
                              check=check, **streams)

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

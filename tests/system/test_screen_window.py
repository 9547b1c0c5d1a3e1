# SPDX-License-Identifier: MIT
"""A real desktop in a window of a real X server, from its boot on."""

import os
import shutil
import unittest
import unittest.mock

from desktop import SIZE, DesktopTest
from guest import BOOT_SECONDS, wait_for
from picture import lit
from xserver import XServer

HOST_SIZE = (1024, 768)
OTHER_SIZE = (800, 600)


@unittest.skipUnless(shutil.which("Xvfb") and shutil.which("xdotool"), "needs Xvfb and xdotool")
class Window(DesktopTest):
    options = ("--display=sdl",)

    @classmethod
    def setUpClass(cls):
        cls.host = XServer(*HOST_SIZE)
        cls.addClassCleanup(cls.host.close)
        cls.enterClassContext(unittest.mock.patch.dict(
            os.environ, DISPLAY=cls.host.display, SDL_VIDEODRIVER="x11"))
        super().setUpClass()
        cls.window = cls.host.find("thunderlake")
        cls.resize(SIZE)

    def test_kernel_is_seen(self):
        wait_for(lambda: lit(self.host.see(*SIZE)) > 5000, BOOT_SECONDS,
                 "text in the window")

    def test_desktop_is_seen(self):
        self.wait_for_desktop()
        self.await_same_picture()

    def test_title_names_the_guest(self):
        self.assertIn(self.guest.name, self.host.do("getwindowname", self.window))

    def test_typed_text_arrives(self):
        text = "".join(map(chr, range(32, 127))) + "\n"
        self.assert_typed_text_arrives(self.host.type, text)

    def test_clicks_hit_their_pixels(self):
        for x, y in (0, 0), (SIZE[0] - 1, SIZE[1] - 1), (333, 217):  # at last into the terminal
            self.host.do("mousemove", str(x), str(y), "click", "1")
            self.await_pointer(x, y)
            self.host.do("key", "Escape")  # a menu

    def test_guest_follows_the_size_and_stays_sharp(self):
        self.resize(OTHER_SIZE)
        self.await_size(OTHER_SIZE)
        self.assertIn("dimensions:    {}x{} ".format(*OTHER_SIZE), self.x("xdpyinfo"))
        self.await_same_picture()

    def test_guest_survives_the_display_server(self):
        self.host.close()
        wait_for(lambda: "lost the display server" in self.guest.read("stderr"), 30, "the line")
        self.assertEqual(self.x("echo here"), "here")
        self.type("touch /tmp/alone\n")
        self.await_file("/tmp/alone")
        self.assertEqual(self.size(), OTHER_SIZE)

    # --- steps ---

    @classmethod
    def resize(cls, size):
        cls.host.do("windowsize", "--sync", cls.window, *map(str, size))

    def await_same_picture(self):
        """Until the window has what the guest shows, pixel for pixel; the pointer is elsewhere."""
        self.host.do("mousemove", *map(str, HOST_SIZE))

        def same():
            picture = self.picture_if_any(**{"x-thunderlake-cursor": True})
            return picture and picture.words() == self.host.see(picture.width, picture.height)

        wait_for(same, 60, "the guest's picture in the window")

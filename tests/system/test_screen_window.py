# SPDX-License-Identifier: MIT
"""A real desktop in a window of a real X server, from its boot on."""

import hashlib
import os
import random
import re
import shutil
import unittest
import unittest.mock
from base64 import b64encode

from desktop import SIZE, DesktopTest
from guest import BOOT_SECONDS, wait_for
from picture import PNG_END, lit, noise_png, png_comment, png_of_words
from xserver import XServer

HOST_SIZE = (1280, 960)
OTHER_SIZE = (800, 600)
LAST_SIZE = (1000, 700)
PROGRAMS = "Xvfb", "xdotool", "xclip", "openbox"


@unittest.skipUnless(all(map(shutil.which, PROGRAMS)), f"needs {', '.join(PROGRAMS)}")
class WindowTest(DesktopTest):
    """A desktop in the only window of a host's X server."""

    host_size = HOST_SIZE
    scale = 1  # of the guest's pixels on the host

    @classmethod
    def setUpClass(cls):
        cls.host = XServer(*cls.host_size)
        cls.addClassCleanup(cls.host.close)
        cls.enterClassContext(unittest.mock.patch.dict(
            os.environ, DISPLAY=cls.host.display, SDL_VIDEODRIVER="x11"))
        super().setUpClass()
        cls.window = cls.host.find("thunderlake")
        cls.resize(SIZE)

    @classmethod
    def resize(cls, size):
        """Gives the window a size, in the guest's pixels."""
        cls.host.do("windowsize", "--sync", cls.window, *(str(side * cls.scale) for side in size))

    def assert_clicks_hit(self, *pixels):
        for x, y in pixels:
            self.host.do("mousemove", str(x * self.scale), str(y * self.scale), "click", "1")
            self.await_pointer(x, y)
            self.host.do("key", "Escape")  # a menu

    def await_same_picture(self):
        """Until the window has what the guest shows, pixel for pixel; the pointer, which the server blends in
        its own way, is elsewhere."""
        self.host.do("mousemove", *map(str, self.host_size))

        def same():
            picture = self.picture_if_any(**{"x-thunderlake-cursor": True})
            return picture and picture.words(self.scale) == self.host.see(
                picture.width * self.scale, picture.height * self.scale)

        try:
            wait_for(same, 60, "the guest's picture in the window")
        except TimeoutError:
            with open(self.guest.path("window.png"), "wb") as file:
                file.write(png_of_words(self.host_size, self.host.see(*self.host_size)))
            raise


class Window(WindowTest):
    options = ("--display=sdl",)
    noise = noise_png(SIZE)  # to be copied

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

    def test_clicks_hit_their_pixels_at_three_sizes(self):
        for width, height in LAST_SIZE, OTHER_SIZE, SIZE:
            self.follow((width, height))
            # At last into the terminal.
            self.assert_clicks_hit((0, 0), (width - 1, height - 1), (333, 217))

    def test_picture_of_the_host_is_pasted_in_the_guest(self):
        self.host.copy("image/png", self.noise)
        digest = hashlib.sha256(self.noise).hexdigest()
        wait_for(lambda: self.pasted("-t image/png") == digest, 60, "the picture")

    def test_picture_of_the_guest_is_pasted_on_the_host(self):
        # The same with a comment, so that it is another one.
        comment = png_comment("of the guest")
        self.x(f"""timeout 60 xclip -selection clipboard -t image/png -o >/tmp/pasted
            (head -c -{PNG_END} /tmp/pasted; echo {b64encode(comment).decode()} | base64 -d
             tail -c {PNG_END} /tmp/pasted) >/tmp/copied
            xclip -selection clipboard -t image/png -i /tmp/copied""")
        wanted = self.noise[:-PNG_END] + comment + self.noise[-PNG_END:]
        wait_for(lambda: self.host.paste("image/png") == wanted, 60, "the picture")

    def test_locks_are_the_hosts_again_with_the_focus(self):
        self.press("caps_lock")
        self.await_caps_lock("on")
        self.host.focus(self.host.root)
        self.await_holding(False)
        self.host.focus(self.window)
        self.await_caps_lock("off")

    def test_guest_bears_200_resizes(self):
        chance = random.Random(0)  # the same in each run
        words = []
        for _ in range(200):
            size = (chance.randint(160, HOST_SIZE[0]), chance.randint(100, HOST_SIZE[1]))
            # Some last long enough to be followed.
            words += ["windowsize", self.window, *map(str, size),
                      "sleep", "0.4" if chance.random() < 0.1 else "0.01"]
        self.host.do(*words)
        # Those that a slow guest follows late are not to be taken for this one.
        self.resize(LAST_SIZE)
        self.await_size(LAST_SIZE, seconds=120)
        self.await_same_picture()

    def test_guest_follows_the_size_and_stays_sharp(self):
        self.follow(OTHER_SIZE)
        self.assertIn("dimensions:    {}x{} ".format(*OTHER_SIZE), self.x("xdpyinfo"))
        self.await_same_picture()

    def test_full_screen_and_release_chord(self):
        self.host.start_manager()  # which makes windows large
        self.host.focus(self.window)
        self.await_holding(True)
        self.host.do("key", "ctrl+alt+f")
        self.await_size(HOST_SIZE)
        self.host.do("key", "ctrl+alt+g")
        self.await_holding(False)
        self.host.do("key", "ctrl+alt+f")
        self.await_size(OTHER_SIZE)

    def test_guest_survives_the_display_server(self):
        self.host.close()
        wait_for(lambda: "lost the display server" in self.guest.read("stderr"), 60, "the line")
        self.assertEqual(self.x("echo here"), "here")
        # The window manager, which starts anew for each size, takes the keyboard away meanwhile.
        self.await_size(OTHER_SIZE)
        self.wait_screen(stable_ms=3000)
        self.begin_line()
        self.type("touch /tmp/alone\n")
        self.await_file("/tmp/alone")

    # --- steps ---

    def follow(self, size):
        """Gives the window a size, and waits until the guest has it."""
        self.resize(size)
        self.await_size(size)

    def await_holding(self, wanted):
        """Until the window says whether it holds the keyboard."""
        wait_for(lambda: ("to release" in self.host.do("getwindowname", self.window)) == wanted,
                 10, f"holding the keyboard: {wanted}")

    def await_caps_lock(self, state):
        wait_for(lambda: re.search(rf"Caps Lock:\s+{state}\b", self.x("xset q")), 60,
                 f"Caps Lock to be {state}")


class WindowOfLargePixels(WindowTest):
    """As on a monitor of twice the density."""

    options = ("--display=sdl,scale=2",)
    host_size = (2 * SIZE[0] + 100, 2 * SIZE[1])
    scale = 2

    def test_desktop_is_seen(self):
        self.wait_for_desktop()
        self.await_same_picture()

    def test_clicks_hit_their_pixels(self):
        self.assert_clicks_hit((0, 0), (SIZE[0] - 1, SIZE[1] - 1), (333, 217))

# SPDX-License-Identifier: MIT
"""A machine with the debian-desktop image; what tests do with its screen, keys and pointer."""

import os
import subprocess
import unittest

from guest import THUNDERLAKE, Guest, GuestLost, wait_for
from picture import Picture
from qmp import Qmp, QmpError

SIZE = (640, 480)  # of the golden image
LARGE = (1280, 800)  # of the screen, as long as nobody wishes otherwise
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "desktop.png")
DESKTOP_SECONDS = 300  # seen: 40 in the lab; a busy host is no fault


class Desktop(Guest):
    """Its kernel speaks on the screen, and by virtio, which is quicker than a serial line."""

    image = os.environ.get("DESKTOP_IMAGE")  # made only where a test needs it
    kernel_console = "console=hvc0 systemd.mask=serial-getty@hvc0.service console=tty0"

    def __init__(self, *options):
        super().__init__("--memory=1G", "--cpus=2", "--net=none",
                         "--console=file:FOLDER/console.log", *options, console="none")

    def keep(self, name):
        """With a picture of the screen as it is."""
        try:
            qmp = Qmp(self.path("qmp"), seconds=5)
            qmp.command("screendump", filename=self.path("screen.png"), format="png")
            qmp.close()
        except (OSError, QmpError):
            pass  # what ended the test ended the machine, or the screen is off
        super().keep(name)


class DesktopTest(unittest.TestCase):
    """Tests that share one desktop, from its boot on, in the order they are written."""

    desktop = Desktop
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.guest = cls.desktop(*cls.options)
        cls.addClassCleanup(cls.guest.close)
        cls.guest.connect()
        # Waiting for a picture may take a while.
        cls.qmp = Qmp(cls.guest.wait_for_file("qmp"), seconds=DESKTOP_SECONDS + 30)
        cls.addClassCleanup(cls.qmp.close)
        cls.wish(SIZE)

    def tearDown(self):
        try:
            self.qmp.command("query-status")  # brings the events
        except OSError:
            raise GuestLost("the machine ended") from None
        if self.qmp.count("RESET"):
            raise GuestLost(f"the guest rebooted: {self.qmp.wait_event('RESET')['data']}")

    def wait_for_desktop(self):
        """Until the screen is as the golden image, and the guest runs commands."""
        try:
            self.wait_screen(file=GOLDEN, tolerance=24, tolerance_permille=2,
                             timeout_ms=DESKTOP_SECONDS * 1000,
                             difference=self.guest.path("difference.png"))
        except QmpError as error:
            self.wait_screen(stable_ms=3000)
            self.dump("golden.png", format="png")
            raise GuestLost(f"no desktop: {error}") from None
        self.guest.wait_ready()

    # --- the screen ---

    @classmethod
    def wish(cls, size, scanout=0):
        cls.qmp.command("x-thunderlake-display", scanout=scanout, width=size[0], height=size[1])

    def size(self, scanout=0):
        return tuple(self.qmp.command("x-thunderlake-query-screens")[scanout]["picture"].values())

    def await_size(self, size, scanout=0, seconds=60):
        wait_for(lambda: self.size(scanout) == size, seconds, f"a picture of {size}")

    def wait_screen(self, **arguments):
        arguments = {key.replace("_", "-"): value for key, value in arguments.items()}
        return self.qmp.command("x-thunderlake-wait-screen", **arguments)

    def dump(self, name, **options):
        path = self.guest.path(name)
        self.qmp.command("screendump", filename=path, **{"format": "ppm", **options})
        return path

    def picture(self, **options):
        return Picture(self.dump("picture.ppm", **options))

    def picture_if_any(self, **options):
        try:
            return self.picture(**options)
        except QmpError:
            return None  # before the first one, and while the size changes

    # --- keys and pointer ---

    def type(self, text):
        self.qmp.command("x-thunderlake-type", text=text)

    def press(self, *keys):
        self.qmp.command("send-key", keys=[{"type": "qcode", "data": key} for key in keys])

    def begin_line(self):
        """Of the shell in the terminal, which may have got an Esc that was for a menu, and which the window
        manager forgets when the screen's size has changed."""
        self.assertEqual(self.ctl("click", "333", "217"), 0)
        self.press("ctrl", "c")

    def move(self, x, y):
        """Moves the pointer to the middle of a pixel; not once only, as an X server that has just started may
        miss it."""
        self.point(x, y)
        try:
            self.await_pointer(x, y)
        except TimeoutError:
            self.point(0, 0)  # the guest's kernel tells no position twice
            self.point(x, y)
            self.await_pointer(x, y)

    def point(self, x, y):
        width, height = self.size()
        events = [{"type": "abs", "data": {"axis": axis, "value": (2 * at + 1) * 16384 // side}}
                  for axis, at, side in (("x", x, width), ("y", y, height))]
        self.qmp.command("input-send-event", events=events)

    def await_pointer(self, x, y):
        """Until the guest says that it is there."""
        where = lambda: self.x("xdotool getmouselocation")
        try:
            wait_for(lambda: where().startswith(f"x:{x} y:{y} "), 30, f"pointer at {x}, {y}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}, but at {where()}") from None

    # --- inside and outside ---

    def x(self, script):
        """Runs a script that is to see the desktop."""
        return self.guest.sh("export DISPLAY=:0\n" + script, 90)

    def pasted(self, options=""):
        """The digest of what an application of the guest gets."""
        return self.x(f"timeout 60 xclip -selection clipboard {options} -o | sha256sum").split()[0]

    def await_file(self, path):
        """Until the guest has it: the shell in the terminal has done what was typed."""
        wait_for(lambda: self.guest.run(f"test -e {path}").code == 0, 60, path)

    def assert_typed_text_arrives(self, type_text, text):
        """Types lines into a file of the guest by this function, once for a desktop."""
        type_text("cat >/tmp/typed\n")
        self.await_file("/tmp/typed")
        type_text(text)
        self.press("ctrl", "d")
        self.type("touch /tmp/over\n")
        self.await_file("/tmp/over")
        # The guest's answers lack the last newline.
        self.assertEqual(self.x("cat /tmp/typed; echo ."), text + ".")

    def ctl(self, *words):
        """Returns the exit code of `thunderlake ctl`."""
        return subprocess.run([THUNDERLAKE, "ctl", self.guest.name, *words], timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False).returncode

# SPDX-License-Identifier: MIT
"""A real desktop for a VNC viewer, from its boot on."""

from desktop import LARGE, SIZE, DesktopTest
from guest import wait_for
from picture import lit
from rfb import Rfb


class Vnc(DesktopTest):
    options = ("--display=vnc,listen=unix:FOLDER/vnc",)

    def setUp(self):
        self.viewer = Rfb(self.guest.path("vnc"))
        self.addCleanup(self.viewer.close)

    def test_viewer_sees_the_kernel(self):
        self.await_picture(lambda: lit(self.viewer.pixels) > 5000)

    def test_viewer_sees_the_desktop(self):
        self.wait_for_desktop()
        self.viewer.update(incremental=False)
        self.assertIn(self.guest.name, self.viewer.name)
        self.await_same_picture()

    def test_typed_text_arrives_and_is_seen(self):
        self.viewer.update(incremental=False)
        before = bytes(self.viewer.pixels)
        self.assert_typed_text_arrives(self.viewer.type, "Seen by VNC: 'Aa\"{|}~'\n")
        self.await_same_picture()
        self.assertNotEqual(before, self.viewer.pixels)

    def test_pointer_goes_to_its_pixel(self):
        for x, y in (0, 0), (321, 123), (SIZE[0] - 1, SIZE[1] - 1):
            self.viewer.point(x, y)
            self.await_pointer(x, y)

    def test_click_opens_the_menu(self):
        self.viewer.update(incremental=False)
        before = bytes(self.viewer.pixels)
        for buttons in 0, 1, 0:
            self.viewer.point(20, SIZE[1] - 16, buttons)  # the button of the menu
        self.await_picture(lambda: self.viewer.pixels != before)
        self.viewer.press(0xff1b)  # Esc

    def test_wished_size_is_followed(self):
        self.viewer.wish(*LARGE)
        self.await_picture(lambda: self.viewer.size == LARGE)
        self.assertEqual(self.size(), LARGE)
        self.await_same_picture()

    def test_guest_goes_on_without_its_viewer(self):
        self.viewer.close()
        self.assertEqual(self.guest.sh("echo here"), "here")
        self.assertEqual(self.size(), LARGE)

    # --- steps ---

    def await_picture(self, condition):
        """Looks at what changes until the condition holds."""
        self.viewer.update(incremental=False)
        while not condition():
            self.viewer.update()

    def await_same_picture(self):
        """Until the viewer has what the guest shows."""

        def same():
            self.viewer.update(incremental=False)
            picture = self.picture_if_any()
            return picture and picture.words() == bytes(self.viewer.pixels)

        wait_for(same, 60, "the guest's picture at the viewer")

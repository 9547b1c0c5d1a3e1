# SPDX-License-Identifier: MIT
"""The screen of a real desktop without a window: picture, keys, pointer, clipboard and modes.

desktop.png is what the screen shall look like. A new one, after a change of the recipe debian-desktop:
`make check-system T=screen` leaves golden.png in the folder of the failed test's files, where the desktop
has come; look at it, then copy it here.
"""

import hashlib
import json
import os
import re
import socket
import string
import struct
import time
from base64 import b64decode

from desktop import LARGE, SIZE, DesktopTest
from guest import BOOT_SECONDS, wait_for
from picture import Picture, lit, white_png
from qmp import QmpError

MIB = 1 << 20


class Screen(DesktopTest):
    """One desktop with two screens, the second unplugged at first."""

    options = ("--display=none", "--screens=2", "--guest-agent=unix:FOLDER/guest-agent",
               "--device=virtio-multitouch")

    # --- what it shows ---

    def test_kernel_is_seen_before_its_driver(self):
        picture = wait_for(self._lit_picture, BOOT_SECONDS, "text on the screen")
        self.assertEqual((picture.width, picture.height), LARGE)  # the driver would have SIZE

    def test_desktop_appears(self):
        self.wait_for_desktop()

    def test_wait_that_fails_leaves_what_differs(self):
        path = self.guest.path("difference.png")
        self.assertEqual(self.ctl("wait", f"--image={self.white()}", "--timeout=0.5",
                                  f"--difference={path}"), 4)
        self.assertTrue(os.path.exists(path))

    def test_wait_for_what_is_no_picture_is_refused(self):
        for path in __file__, "/nowhere.png":
            with self.assertRaisesRegex(QmpError, os.path.basename(path)):
                self.wait_screen(file=path)

    def test_screenshot_by_ctl(self):
        path = self.guest.path("shot.ppm")
        self.assertEqual(self.ctl("screenshot", path), 0)
        self.assertEqual(Picture(path).width, SIZE[0])

    def test_film_by_ctl(self):
        path = self.guest.path("film.y4m")
        width, height = SIZE
        head = b"YUV4MPEG2 W%d H%d F5000:1000 Ip A1:1 C444\n" % SIZE
        frame = len(b"FRAME\n") + 3 * width * height
        self.assertEqual(self.ctl("record", "--rate=5", path), 0)
        wait_for(lambda: os.path.getsize(path) >= len(head) + 5 * frame, 60, "five pictures")
        self.assertEqual(self.ctl("record", "stop"), 0)
        with open(path, "rb") as file:
            film = file.read()
        self.assertTrue(film.startswith(head + b"FRAME\n"))
        self.assertEqual((len(film) - len(head)) % frame, 0)
        # The first plane is the brightness, of which a desktop has several.
        self.assertGreater(len(set(film[len(head):len(head) + width * height])), 10)

    # --- keys and pointer ---

    def test_typed_text_arrives_exactly(self):
        printable = "".join(map(chr, range(32, 127)))
        text = "\n".join([printable] * 5 + [string.ascii_letters] * 2) + "\n"
        self.assertGreater(len(text), 500)
        self.assert_typed_text_arrives(self.type, text)

    def test_clicks_hit_their_pixels(self):
        # In the terminal and at the corners of the desktop.
        for x, y in [(100, 100), (333, 217), (600, 400), (0, 0), (639, 479), (639, 0)]:
            self.qmp.command("x-thunderlake-click", x=x, y=y)
            self.await_pointer(x, y)
            self.press("esc")  # a menu

    def test_fingers_and_media_keys_arrive(self):
        def touch(kind, slot, contact, axis="x", value=0):
            return {"type": "mtt", "data": {"type": kind, "slot": slot, "tracking-id": contact,
                                            "axis": axis, "value": value}}

        self.listen("Thunderlake touch screen", "touch")
        self.listen("Thunderlake keyboard", "keys")
        self.qmp.command("input-send-event", events=[
            touch("begin", 0, 5), touch("data", 0, 5, "x", 16384), touch("data", 0, 5, "y", 8192),
            touch("begin", 1, 6), touch("data", 1, 6, "x", 24576), touch("data", 1, 6, "y", 99)])
        self.qmp.command("input-send-event", events=[touch("end", 0, -1), touch("end", 1, -1)])
        self.press("audiomute")
        contacts = [(3, 0x39, 5), (3, 0x35, 16384), (3, 0x36, 8192),
                    (3, 0x2f, 1), (3, 0x39, 6), (3, 0x35, 24576), (3, 0x36, 99), (1, 0x14a, 1),
                    (3, 0x2f, 0), (3, 0x39, -1), (3, 0x2f, 1), (3, 0x39, -1), (1, 0x14a, 0)]
        wait_for(lambda: self.heard("touch") == contacts, 60, "the fingers")
        mute = [(1, 113, 1), (1, 113, 0)]
        wait_for(lambda: self.heard("keys") == mute, 60, "the key")
        self.press("esc")  # a menu

    def test_keys_arrive_without_their_driver(self):
        # By the i8042, as before the driver is loaded.
        driver = "/sys/bus/virtio/drivers/virtio_input"
        device = self.x("grep -A3 'Thunderlake keyboard' /proc/bus/input/devices |"
                        "grep -o 'virtio[0-9]*/' | head -1 | tr -d /")
        self.x(f"echo {device} >{driver}/unbind")
        self.begin_line()
        self.type("touch /tmp/without\n")
        self.await_file("/tmp/without")
        self.x(f"echo {device} >{driver}/bind;"
               "until xinput list | grep -q 'Thunderlake keyboard'; do sleep 0.1; done")
        self.type("touch /tmp/with\n")
        self.await_file("/tmp/with")

    def test_pointer_has_a_shape(self):
        shapes = []
        for x, y in (300, 300), (20, 465):  # in the terminal, on the panel
            self.move(x, y)
            places = self.picture(**{"x-thunderlake-cursor": True}).differing(self.picture())
            self.assertTrue(places)
            for px, py in places:
                self.assertLess(max(abs(px - x), abs(py - y)), 64)
            shapes.append({(px - x, py - y) for px, py in places})
        self.assertNotEqual(*shapes)

    # --- clipboard ---

    def test_text_is_pasted_in_the_guest(self):
        text = "from the host: ä€😀\n".encode()
        self.copy(text)
        # The agent may have come to life this very moment.
        wait_for(lambda: self.pasted() == hashlib.sha256(text).hexdigest(), 60, "the text")

    def test_text_of_the_guest_is_pasted_here(self):
        self.x("printf 'from the guest: ä€😀\\n' | xclip -selection clipboard -i")
        wanted = "from the guest: ä€😀\n"
        wait_for(lambda: self.clipboard().get("text") == wanted, 60, "the text")

    def test_mebibyte_goes_both_ways(self):
        text = b"".join(b"%07d\n" % i for i in range(MIB // 8))
        digest = hashlib.sha256(text).hexdigest()
        self.copy(text)
        self.assertEqual(self.pasted(), digest)
        self.x(f"seq -f %07g 0 {MIB // 8 - 1} >/tmp/m; xclip -selection clipboard -i /tmp/m")
        wait_for(lambda: self.clipboard_digest("from", "guest") == digest, 60, "the text")

    def test_ten_mebibytes_are_refused(self):
        with self.assertRaisesRegex(QmpError, "8 MiB"):
            self.copy(b"x" * (10 * MIB))
        self.x(f"head -c {10 * MIB} /dev/zero | tr '\\0' x >/tmp/big;"
               "xclip -selection clipboard -i /tmp/big")
        wait_for(lambda: "over 8 MiB" in self.guest.read("stderr"), 60, "the line about it")
        self.assertEqual(self.clipboard("file")["bytes"], MIB)  # what was there stays

    def test_images_go_both_ways(self):
        path = self.dump("copied.png", format="png")
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        self.qmp.command("x-thunderlake-clipboard-set", file=path)
        self.assertEqual(self.pasted("-t image/png"), digest)
        self.x("xclip -selection clipboard -t image/png -o >/tmp/i;"
               "xclip -selection clipboard -t image/png -i /tmp/i")
        wait_for(lambda: self.clipboard_digest("from", "guest") == digest, 60, "the image")
        self.assertEqual(self.clipboard("file")["format"], "png")

    # --- pixels and modes ---

    def test_screendump_is_the_framebuffer(self):
        self.x("setsid -f test-pattern >/dev/null 2>&1 </dev/null")
        width, height = SIZE
        last_row = {"x": 0, "y": height - 1, "width": width, "height": 1}
        self.wait_screen(file=self.white(), region=last_row)
        self.wait_screen(stable_ms=1000)
        # The fourth byte of each pixel means nothing.
        theirs = self.x(f"xwd -root -silent | tail -c {4 * width * height} |"
                        "perl -0777 -pe 's/(...)./$1\\0/gs' | sha256sum").split()[0]
        self.assertEqual(hashlib.sha256(self.picture().words()).hexdigest(), theirs)
        self.x("pkill xloadimage")
        self.wait_screen(stable_ms=1000)

    def test_wished_size_is_followed(self):
        self.assertEqual(self.ctl("display", "{}x{}".format(*LARGE)), 0)
        self.await_size(LARGE)
        self.assertIn("dimensions:    {}x{} ".format(*LARGE), self.x("xdpyinfo"))

    def test_wished_refresh_is_followed(self):
        self.qmp.command("x-thunderlake-display", **{"refresh-mhz": 75000})
        wait_for(lambda: re.search(r" 7[45]\.\d+\*", self.x("xrandr")), 60, "75 pictures a second")
        self.qmp.command("x-thunderlake-display", **{"refresh-mhz": 60000})
        wait_for(lambda: re.search(r" (59|60)\.\d+\*", self.x("xrandr")), 60, "60 of them")
        self.await_size(LARGE)

    def test_second_screen_comes_and_goes(self):
        self.wish((800, 600), scanout=1)
        self.await_size((800, 600), scanout=1)
        self.assertIn("Virtual-2 connected 800x600", self.x("xrandr"))
        self.assertGreater(lit(self.picture(scanout=1).pixels), 100000)
        self.qmp.command("x-thunderlake-display", scanout=1, connected=False)
        self.await_size((0, 0), scanout=1)

    def test_screen_goes_off_and_on(self):
        self.x("xset dpms force off")
        self.await_size((0, 0))
        with self.assertRaisesRegex(QmpError, "shows nothing"):
            self.picture()
        self.x("xset dpms force on")
        self.await_size(LARGE)

    def test_impossible_sizes_are_refused(self):
        for width, height in (0, 600), (1 << 40, 600), (16385, 600):
            with self.assertRaises(QmpError):
                self.wish((width, height))

    def test_guest_that_wants_a_huge_screen_lives_on(self):
        before = self.guest.memory()
        self.x("xrandr --fb 8192x1024")  # the card allows that width
        self.assertLess(self.guest.memory(), before + 100 * MIB)  # the guest's own, too
        self.assertNotEqual(self.guest.run("DISPLAY=:0 xrandr --fb 16384x16384").code, 0)
        self.x("xrandr --fb {}x{}".format(*LARGE))
        self.await_size(LARGE)
        self.assertGreater(lit(self.picture().pixels), 100000)

    # --- the rest ---

    def test_guest_agent_answers(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(self.guest.path("guest-agent"))
            lines = connection.makefile("rw")

            def ask(command, **arguments):
                lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
                lines.flush()
                return json.loads(lines.readline())["return"]

            self.assertEqual(ask("guest-sync", id=42), 42)
            self.assertEqual(ask("guest-get-osinfo")["id"], "debian")

    def test_statistics_count(self):
        first = self.qmp.command("x-thunderlake-stats", reset=True)[0]
        self.assertGreater(first["presents"], 100)
        self.assertGreater(first["flush-to-present-ms"]["p50"], 0)
        self.assertEqual(self.ctl("stats"), 0)
        self.assertEqual(self.qmp.command("x-thunderlake-stats", scanout=0)[0]["dropped"], 0)

    def test_nothing_strange_was_said(self):
        lines = [line for line in self.guest.read("stderr").splitlines()
                 if not re.search("KVM is software|over 8 MiB|^thunderlake: record: ", line)]
        self.assertEqual(lines, [])

    # --- steps ---

    def _lit_picture(self):
        picture = self.picture_if_any()
        return picture if picture and lit(picture.pixels) > 5000 else None

    def white(self):
        """The path of a picture of that colour, as large as the small screen."""
        path = self.guest.path("white.png")
        with open(path, "wb") as file:
            file.write(white_png(SIZE))
        return path

    def listen(self, device, name):
        """From now on what the guest's device tells is written down under that name."""
        self.x(f"""device=/dev/input/$(grep -A4 '{device}' /proc/bus/input/devices |
                grep -o 'event[0-9]*')
            setsid -f sh -c "exec <$device; touch /tmp/{name}; exec timeout 60 cat >/tmp/{name}" \
                >/dev/null 2>&1
            until [ -e /tmp/{name} ]; do sleep 0.1; done""")

    def heard(self, name):
        """Events as (type, code, value) without SYN_REPORT and the guest's repeats."""
        data = b64decode(self.x(f"base64 -w0 /tmp/{name}"))
        events = list(struct.iter_unpack("<16xHHi", data[:len(data) // 24 * 24]))
        return [event for event in events if event[0] != 0 and (event[0], event[2]) != (1, 2)]

    def copy(self, content):
        path = self.guest.path("content")
        with open(path, "wb") as file:
            file.write(content)
        self.qmp.command("x-thunderlake-clipboard-set", file=path)
        time.sleep(0.5)  # the agent makes itself the owner of the guest's clipboard

    def clipboard(self, file=None):
        arguments = {"file": self.guest.path(file)} if file else {}
        try:
            return self.qmp.command("x-thunderlake-clipboard-get", **arguments)
        except QmpError:
            return {}  # too long to be told without a file

    def clipboard_digest(self, key, value):
        """Of what was copied, where a member of its description is `value`."""
        if self.clipboard("content").get(key) != value:
            return None
        with open(self.guest.path("content"), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

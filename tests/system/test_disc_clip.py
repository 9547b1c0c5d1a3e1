# SPDX-License-Identifier: MIT
"""The reader of the test disc, with films made of the disc itself: what tests of players believe must be true."""

import os
import subprocess
import tempfile
import unittest

import disc_clip
from disc_clip import Shot

DISC = os.environ.get("TEST_DISC")  # disc.iso of the recipe dvd-test; made only where a test needs it
VOB = "/VIDEO_TS/VTS_01_1.VOB;1"
SECONDS = 3
PICTURES = SECONDS * disc_clip.RATE
# Scaled by no whole number, beside other things on a screen that is taken twice as often.
WIDTH, HEIGHT = 640, 480
SCREEN = "scale=500:410,pad=640:480:101:37:0x3d7a8c,fps=50"


class Reader(unittest.TestCase):
    """Films as a guest's screen would give them."""

    ON_HOST = True

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="thunderlake-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.vob = os.path.join(cls.folder, "title.vob")
        with open(cls.vob, "wb") as file:
            subprocess.run(["isoinfo", "-i", DISC, "-x", VOB], stdout=file, check=True)

    def film(self, pictures="null", sound="anull", track=0, seconds=SECONDS):
        """Plays the title with these faults, and reads that."""
        path = os.path.join(self.folder, "film.mkv")
        subprocess.run(
            ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-t", str(seconds), "-i", self.vob,
             "-filter_complex", f"[0:v]setpts=N/25/TB,{pictures},{SCREEN}[v];"
             f"[0:a:{track}]asetpts=N/SR/TB,{sound}[a]", "-map", "[v]", "-map", "[a]",
             "-c:v", "rawvideo", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", path], check=True)
        return disc_clip.film(path)

    def shots(self, graph, count):
        """The first pictures that the filters make of the title, with colours."""
        size = WIDTH * HEIGHT * 3
        data = subprocess.run(
            ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", self.vob, "-filter_complex", graph,
             "-frames:v", str(count), "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt",
             "rgb24", "-"], check=True, stdout=subprocess.PIPE).stdout
        for start in range(0, count * size, size):
            yield Shot(WIDTH, HEIGHT, *(data[start + i:start + size:3] for i in (1, 0, 2)))

    def test_each_picture_and_beep_is_read(self):
        film = self.film()
        self.assertEqual(film.numbers(), list(range(PICTURES)))
        self.assertEqual((film.unread, film.skipped(), film.backward()), (0, 0, 0))
        self.assertAlmostEqual(film.pace(), disc_clip.RATE, delta=0.01)
        self.assertAlmostEqual(film.longest(), 0.04, delta=0.001)
        self.assertEqual([hz for _, hz in film.beeps], [1500, 1000, 1000])
        # A sound coder's delay of 5 ms is in the stream.
        for offset in film.offsets():
            self.assertAlmostEqual(offset, 0, delta=0.01)

    def test_second_sound_is_told_apart(self):
        self.assertEqual(self.film(track=1).tracks(), {2})

    def test_lost_pictures_are_counted(self):
        film = self.film("select='not(between(n,20,22))'")
        self.assertEqual(film.skipped(), 3)
        self.assertAlmostEqual(film.longest(), 0.16, delta=0.001)

    def test_late_sound_is_measured(self):
        offsets = self.film(sound="adelay=200:all=1").offsets()
        self.assertEqual(len(offsets), SECONDS)
        for offset in offsets:
            self.assertAlmostEqual(offset, 0.2, delta=0.01)

    def test_torn_picture_is_not_read(self):
        first, second = self.shots(f"[0:v]{SCREEN},select='eq(n,20)+eq(n,22)'", 2)
        place = disc_clip.find(first)
        self.assertNotEqual(place.read(first), place.read(second))
        at = round(place.top + place.row_height) * WIDTH
        torn = Shot(WIDTH, HEIGHT, first.channels[0][:at] + second.channels[0][at:])
        self.assertIsNone(place.read(torn))

    def test_clip_is_found_where_it_is(self):
        shot, = self.shots(f"[0:v]{SCREEN}", 1)
        for is_value, want in zip(disc_clip.find(shot).rectangle(), (101, 37, 500, 410)):
            self.assertAlmostEqual(is_value, want, delta=want * 0.02 + 2)

    def test_flash_is_seen(self):
        flash, none = self.shots(f"[0:v]{SCREEN},select='eq(n,1)+eq(n,10)'", 2)
        place = disc_clip.find(flash)
        self.assertTrue(place.is_flash(flash))
        self.assertFalse(place.is_flash(none))

    def test_subtitles_are_seen(self):
        for graph, want in (("[0:v][0:s:0]overlay,", True), ("[0:v]", False)):
            *_, shot = self.shots(graph + SCREEN, 40)
            self.assertEqual(disc_clip.find(shot).has_subtitle(shot), want)

    def test_no_clip_no_number(self):
        shot, = self.shots(f"[0:v]{SCREEN},hflip", 1)
        self.assertIsNone(disc_clip.find(shot))

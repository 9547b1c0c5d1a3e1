# SPDX-License-Identifier: MIT
"""A DVD is played in a guest, by real players: its menu is used from outside, and what they show and play is
read from each picture of the test disc (disc_clip.py).

How well they keep time is a matter of the host, and of `make bench T=disc-play`.
"""

import struct
import time

import disc_clip
from dvd import FILM_SECONDS, ONE_X, PLAYER_SECONDS, SETTLED, TEST_DISC, DvdTest
from guest import wait_for

SHOWN_PACE = 10  # pictures a second; seen: 14 in the lab, 6 in a steady one
AFTER_CHAPTER_2 = range(disc_clip.CHAPTERS[1] + 4 * disc_clip.RATE, disc_clip.TITLE_1.stop)


class Dvd(DvdTest):
    def test_desktop_finds_the_disc(self):
        self.await_desktop_with_disc()

    def test_menu_is_shown(self):
        self.play("play-disc")
        self.await_number(disc_clip.MENU)

    def test_menu_obeys_the_keys(self):
        self.press("down")
        self.press("ret")
        self.await_number(disc_clip.TITLE_2)

    def test_menu_comes_back_after_the_title(self):
        self.await_number(disc_clip.MENU)

    def test_title_plays_in_order(self):
        """As many pictures as the slow processor can decode; none comes twice or turns back."""
        self.play_title()
        self.await_number(SETTLED)
        film = self.film("vlc")
        self.assertEqual(film.backward(), 0)
        self.assertGreaterEqual(len(film.shown), FILM_SECONDS)

    def test_disc_can_be_taken_from_a_player(self):
        """It ends or waits, and plays the next disc."""
        self.qmp.command("eject", id="cd0", force=True)
        time.sleep(3)
        self.qmp.command("blockdev-change-medium", id="cd0", filename=TEST_DISC)
        self.await_disc()
        self.play("play-disc")
        self.await_number(disc_clip.MENU)

    def test_another_player_skips_no_picture(self):
        """As fast as the slow processor decodes them, but all of them, as it is told not to drop any; and its
        sound is heard. On a slower one still, the guest's X server has no time to show each."""
        self.play("mpv --no-config --vo=x11 --ao=alsa --framedrop=no --dvd-device=/dev/sr0 dvd://")
        self.await_number(disc_clip.TITLE_1)
        film = self.film("mpv")
        self.assertEqual(film.backward(), 0)
        self.assertGreater(len(film.shown), FILM_SECONDS)
        self.assertTrue(film.beeps)
        if film.pace() < SHOWN_PACE:
            self.skipTest(f"{film.pace():.1f} pictures a second, {film.skipped()} not shown: a slow host")
        self.assertEqual(film.skipped(), 0)

    def test_speed_of_a_real_drive_is_enough(self):
        self.lay_in_again()
        self.model(bytes_per_second=ONE_X)
        self.play_title()
        self.await_number(SETTLED)

    def test_player_waits_for_slow_sectors(self):
        before = self.play_title_with_fault("stalls", kind="slow", **{"delay-ms": 1500})
        self.await_number(AFTER_CHAPTER_2)
        self.assertGreater(self.counters()["stalls"], before)

    def test_player_goes_on_after_a_sector_that_fails_once(self):
        before = self.play_title_with_fault("errors", kind="error", once=True)
        self.await_number(AFTER_CHAPTER_2)
        self.assertGreater(self.counters()["errors"], before)

    def test_player_ends_at_a_sector_that_stays_bad(self):
        """So does VLC, and leaves the disc to the next one."""
        before = self.play_title_with_fault("errors", kind="error")
        wait_for(lambda: self.counters()["errors"] > before, PLAYER_SECONDS, "an error")
        wait_for(lambda: self.guest.run("pgrep -x vlc").code != 0, PLAYER_SECONDS, "the player's end")
        self.assertIn("Unrecovered read error", self.guest.sh("dmesg"))
        self.model()
        self.play("play-disc")
        self.await_number(disc_clip.MENU)

    def play_title_with_fault(self, counter, **fault):
        """At the start of chapter 2. Returns what the drive's counter was before."""
        self.lay_in_again()
        self.model(faults=[{**self.sector_of_chapter_2(), **fault}])
        before = self.counters()[counter]
        self.play_title()
        return before

    @staticmethod
    def sector_of_chapter_2():
        """As `first` and `last`: the title has four of one length."""
        first, count = extent(TEST_DISC, "VTS_01_1.VOB")
        return {"first": first + count // 4, "last": first + count // 4}


def extent(disc, name):
    """The first sector of a file, by its record in a folder (ECMA-119 §9.1), and how many it has."""
    with open(disc, "rb") as file:
        data = file.read()
    first, size = struct.unpack_from("<I4xI", data, data.index(f"{name};1".encode()) - 33 + 2)
    return first, size // 2048

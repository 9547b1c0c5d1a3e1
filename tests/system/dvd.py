# SPDX-License-Identifier: MIT
"""A desktop with the test disc in its drive, and what tests do with the players of it."""

import os
import time

import disc_clip
from desktop import DESKTOP_SECONDS, SIZE, Desktop, DesktopTest
from guest import BOOT_SECONDS, wait_for

TEST_DISC = os.environ.get("TEST_DISC", "")  # made only where a test needs it
PLAYER_SECONDS = 120  # seen: 20 in the lab
FILM_SECONDS = 6
ONE_X = 1385000  # bytes a second of a DVD
SETTLED = range(5 * disc_clip.RATE, disc_clip.TITLE_1.stop)  # after the jerk with which a player starts


class DvdDesktop(Desktop):
    image = os.environ.get("DVD_IMAGE")  # made only where a test needs it


class DvdTest(DesktopTest):
    desktop = DvdDesktop
    options = [f"--disc={TEST_DISC}", "--sound=virtio", "--display=none"]

    # --- the drive ---

    def await_disc(self):
        wait_for(lambda: "DVD_TEST" in self.guest.sh("blkid -p /dev/sr0 || true"), 60, "the disc")

    def await_desktop_with_disc(self):
        self.guest.wait_ready(BOOT_SECONDS)
        wait_for(lambda: self.guest.run("DISPLAY=:0 xset q").code == 0, DESKTOP_SECONDS, "the desktop")
        self.await_disc()

    def model(self, **arguments):
        self.qmp.command("x-thunderlake-disc-model",
                         **{key.replace("_", "-"): value for key, value in arguments.items()})

    def counters(self):
        return self.qmp.command("x-thunderlake-query-drives")[0]["stats"]

    def lay_in_again(self):
        """The guest remembers nothing of a disc that was away."""
        self.x("pkill -x 'vlc|mpv' || true")
        self.qmp.command("blockdev-change-medium", id="cd0", filename=TEST_DISC, force=True)
        self.await_disc()

    # --- a player ---

    def play(self, player):
        """Starts a player as the desktop's user; the pointer, which would choose a button of a menu that opens
        below it, is away."""
        self.move(SIZE[0] - 1, 0)
        self.x("pkill -x 'vlc|mpv' || true; sleep 0.5; "
               f"setsid runuser -u user -- env HOME=/home/user {player} >/tmp/player.log 2>&1 &")

    def play_title(self):
        """Title 1, by the disc's menu."""
        self.play("play-disc")
        self.await_number(disc_clip.MENU)
        self.press("ret")
        self.await_number(disc_clip.TITLE_1)

    def number(self):
        """Of the picture that is shown, or None."""
        picture = self.picture_if_any()
        shot = picture and disc_clip.Shot.of_picture(picture)
        place = shot and disc_clip.find(shot)
        return place and place.read(shot)

    def await_number(self, numbers, seconds=PLAYER_SECONDS):
        try:
            wait_for(lambda: self.number() in numbers, seconds, f"a picture of {numbers}")
        except TimeoutError:
            print(self.guest.sh("tail -n 20 /tmp/player.log; dmesg | tail -n 5"))
            raise

    def film(self, name):
        """Records what is played for a while, and measures it."""
        path = self.guest.path(f"{name}.y4m")
        self.qmp.command("x-thunderlake-record", action="start", file=path, rate=2 * disc_clip.RATE)
        time.sleep(FILM_SECONDS)
        self.qmp.command("x-thunderlake-record", action="stop")
        film = disc_clip.film(path, self.guest.path(f"{name}.wav"))
        print(f"      {name}: {film}", flush=True)
        return film

# SPDX-License-Identifier: MIT
"""The demo of a disc without a person: tour_dvd.py FOLDER COMMAND... starts a desktop with the test disc in its drive.

FOLDER gets pictures, and a raw film of what it plays: measuring and packing that is left to a host that is not slow.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

import disc_clip
from picture import Picture
from tour import Screen

SIZE = "800x600"
MENU_SECONDS, TITLE_SECONDS, FILM_SECONDS = 240, 60, 6


class Player(Screen):
    """The desktop's player (mgmt/recipes/files/play-disc), seen and used from outside."""

    def look(self, file):
        """The number of the picture that it shows, or None."""
        if subprocess.run([*self.ctl, "screenshot", file], capture_output=True,
                          check=False).returncode != 0:
            return None  # no picture yet
        shot = disc_clip.Shot.of_picture(Picture(file))
        place = disc_clip.find(shot)
        return place and place.read(shot)

    def await_picture(self, numbers, seconds):
        """Looks at the screen until it shows one of these."""
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            while self.look(os.path.join(folder, "seen.ppm")) not in numbers:
                if time.monotonic() > start + seconds:
                    raise TimeoutError(f"the disc is not seen within {seconds} s")
                time.sleep(0.5)
        return time.monotonic() - start

    def await_machine(self):
        """Until it answers."""
        while subprocess.run([*self.ctl, "status"], capture_output=True, check=False).returncode != 0:
            time.sleep(0.5)

    def show(self):
        self.do("display", SIZE)
        seconds = self.await_picture(disc_clip.MENU, MENU_SECONDS)
        print(f"the disc's menu is there after {seconds:.0f} s")
        self.do("screenshot", f"{self.folder}/menu.png")
        self.do("key", "ret")
        seconds = self.await_picture(disc_clip.TITLE_1, TITLE_SECONDS)
        print(f"title 1 plays after {seconds:.0f} s")
        self.film()

    def film(self):
        """Raw, as packing would take the time of the guest; to memory or disk first, as FOLDER may be slow."""
        with tempfile.TemporaryDirectory() as folder:
            self.do("record", f"{folder}/dvd.y4m", f"--rate={2 * disc_clip.RATE}")
            time.sleep(FILM_SECONDS)
            self.do("screenshot", f"{self.folder}/dvd.png")
            self.do("record", "stop")
            for name in "dvd.y4m", "dvd.wav":
                shutil.move(f"{folder}/{name}", f"{self.folder}/{name}")


def main(folder, command):
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as machine:
        try:
            player = Player(command[0], "demo", folder)
            player.await_machine()
            player.show()
            player.do("powerdown")
            machine.wait(60)
        finally:
            if machine.poll() is None:
                machine.kill()
    print(f"the machine ended with exit code {machine.returncode}")
    return machine.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

# SPDX-License-Identifier: MIT
"""How well a DVD plays in the guest, from a drive as slow as a real one: reads that stalled, and what each
film of the player tells.
"""

import glob
import os
import sys
import tempfile

from machine import CACHE, THUNDERLAKE, Failed

ROWS = ("disc-play",)


def find_disc():
    """The image of dvd-test that was made last."""
    discs = sorted(glob.glob(f"{CACHE}/images/dvd-test-*/disc.iso"), key=os.path.getmtime)
    if not discs:
        raise Failed("no test disc; make it with: thunderlake image build dvd-test")
    return discs[-1]


def load_tests(image, kept):
    """The module of the tests' DVD desktop, which takes from the environment what it runs."""
    os.environ.update(THUNDERLAKE=THUNDERLAKE, IMAGE=image, DVD_IMAGE=image, TEST_DISC=find_disc(), KEPT=kept)
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
    import dvd  # pylint: disable=import-outside-toplevel
    return dvd


def play(desktop, tests, repeat):
    """Reads over half a second, and what is seen, of each film: title 1, from its start each time."""
    stalls, notes = [], []
    desktop.await_desktop_with_disc()
    desktop.model(bytes_per_second=tests.ONE_X)
    for turn in range(repeat):
        desktop.lay_in_again()
        before = desktop.counters()["stalls"]
        desktop.play_title()
        desktop.await_number(tests.SETTLED)
        notes.append(f"disc-play: {desktop.film(f'film-{turn}')}")
        stalls.append(desktop.counters()["stalls"] - before)
    return stalls, notes


def measure(image, rows, repeat):
    """What is to be called where the guests run: the samples by row, and what else is to be told."""
    with tempfile.TemporaryDirectory() as kept:
        tests = load_tests(image, kept)
        try:
            tests.DvdTest.setUpClass()
            stalls, notes = play(tests.DvdTest(), tests, repeat)
        finally:
            tests.DvdTest.doClassCleanups()
    return {row: {"thunderlake": stalls} for row in rows}, notes

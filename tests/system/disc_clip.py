# SPDX-License-Identifier: MIT
"""Reads what the test disc shows and plays: the numbers of its pictures, its flashes and beeps.

How they look and sound is told in mgmt/recipes/README.md. The clip may lie anywhere in a picture, at any size of 4
pixels a cell and more. `film()` measures a recording; as a program: disc_clip.py FILM [SOUND.wav].
"""

import array
import re
import subprocess
import sys

RATE = 25  # pictures a second
TITLE_1, TITLE_2, MENU = range(0, 1500), range(2048, 2548), range(4000, 4001)
CHAPTERS = (0, 375, 750, 1125)  # of title 1
HZ = {1000: 1, 1500: 1, 500: 2, 750: 2}  # of the beeps: their audio track
HZ_SLACK = 0.1  # a player that falls behind stretches its sound by as much
SOUND_HZ = 48000
CELLS = 22
HEADER = (0, 1, 1, 0, 1, 0)
DIVISOR = 13
CELL_MIN = 4
# Of the brightness 0 to 255, which a player and its scaling blur; between these it is no cell.
BLACK_MAX, WHITE_MIN = 100, 155
TO_BITS = bytes(value > 127 for value in range(256))
LOUD = 32768 // 10
QUIET_SECONDS = 0.3  # between two beeps


class Shot:
    """One picture: `channels` are planes of bytes, row by row; the first one is looked at for bars."""

    def __init__(self, width, height, *channels):
        self.width, self.height, self.channels = width, height, channels

    @classmethod
    def of_picture(cls, picture):
        """Of a picture.Picture."""
        return cls(picture.width, picture.height, *(picture.pixels[i::3] for i in (1, 0, 2)))

    def darkest(self, x, y):
        """Of the channels at a point, or 0 outside."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return 0
        return min(channel[int(y) * self.width + int(x)] for channel in self.channels)


class Place:
    """Where a clip is: `x` of its left edge, `top` of the bars' upper row, and a cell's size."""

    def __init__(self, x, top, cell_width, row_height):
        self.x, self.top, self.cell_width, self.row_height = x, top, cell_width, row_height

    def rectangle(self):
        """(x, y, width, height) of the whole clip."""
        return (round(self.x), round(self.top - self.row_height / 2),
                round(self.cell_width * CELLS), round(self.row_height * 9))

    def point(self, x, y):
        """Of the clip's 352 x 288 pixels, in the picture."""
        return self.x + x * self.cell_width / 16, self.top + (y - 16) * self.row_height / 32

    def read(self, shot):
        """The number, or None where there is no whole one: two pictures' halves do not fit together."""
        rows = [self._read_row(shot, line) for line in (32, 64)]
        if None in rows[0] or rows[1] != [1 - bit for bit in rows[0]]:
            return None
        if tuple(rows[0][:6]) != HEADER:
            return None
        number, rest = (int("".join(map(str, bits)), 2) for bits in (rows[0][6:18], rows[0][18:]))
        return number if number % DIVISOR == rest else None

    def _read_row(self, shot, line):
        values = (shot.darkest(*self.point(16 * i + 8, line)) for i in range(CELLS))
        return [0 if value <= BLACK_MAX else 1 if value >= WHITE_MIN else None for value in values]

    def is_flash(self, shot):
        return shot.darkest(*self.point(176, 256)) >= WHITE_MIN

    def has_subtitle(self, shot):
        """Whether the white bar is there; needs a shot with colours."""
        return all(shot.darkest(*self.point(x, 160)) >= 250 for x in range(104, 250, 12))


def find(shot):
    """Returns the Place of a clip, or None. Its number could be read there."""
    width = shot.width
    for y in range(0, shot.height, 4):
        row = shot.channels[0][y * width:(y + 1) * width].translate(TO_BITS)
        runs = [match.span() for match in re.finditer(b"\1+", row)]
        for (start, end), (next_start, next_end) in zip(runs, runs[1:]):
            cell = (next_end - start) / 4
            slack = cell / 3 + 1
            if (cell >= CELL_MIN and abs(end - start - 2 * cell) <= slack
                    and abs(next_start - end - cell) <= slack):
                place = _find_rows(shot, start, cell, y)
                if place and place.read(shot) is not None:
                    return place
    return None


def _find_rows(shot, start, cell, y):
    """From where the wide white cell of the header was seen: its upper and lower edge."""
    column = shot.channels[0][int(start + cell)::shot.width].translate(TO_BITS)
    top, bottom = column.rfind(0, 0, y) + 1, column.find(0, y)
    return Place(start - cell, top, cell, bottom - top) if top > 0 and bottom > top else None


# --- films

class Film:
    """What a film shows and plays.

    `shown`: (seconds, number) whenever another picture of the clip is seen; `unread`: how many of the
    film's pictures had no number after the first one; `beeps`: (seconds, Hz).
    """

    def __init__(self):
        self.shown, self.unread, self.beeps, self.place, self.seconds = [], 0, [], None, 0

    def numbers(self):
        return [number for _, number in self.shown]

    def skipped(self):
        """How many numbers are missing between the first and the last."""
        return sum(max(b - a - 1, 0) for a, b in zip(self.numbers(), self.numbers()[1:]))

    def backward(self):
        """How often a number is lower than the one before."""
        return sum(b < a for a, b in zip(self.numbers(), self.numbers()[1:]))

    def longest(self):
        """Seconds for which a picture stood, at most; the last one does not count."""
        return max((b - a for (a, _), (b, _) in zip(self.shown, self.shown[1:])), default=0)

    def pace(self):
        """Pictures of the clip in a second, from the first to the last, skipped ones included."""
        (first, low), (last, high) = self.shown[0], self.shown[-1]
        return (high - low) / (last - first) if last > first else 0

    def offsets(self):
        """Seconds by which the sound is late, for each flash that was seen and has a beep near."""
        flashes = [seconds for seconds, number in self.shown
                   if number % RATE == 0 and number not in MENU]
        return [min((beep - flash for beep, _ in self.beeps), key=abs)
                for flash in flashes if any(abs(beep - flash) < 0.5 for beep, _ in self.beeps)]

    def tracks(self):
        """The audio tracks whose beeps are heard; those that an underrun has torn are of none."""
        return {HZ[hz] for _, hz in self.beeps if hz in HZ}

    def __str__(self):
        if not self.shown:
            return "no picture of the clip"
        offsets = sorted(self.offsets())
        sync = (f"sound late by {offsets[0] * 1000:.0f} to {offsets[-1] * 1000:.0f} ms, in the middle "
                f"{offsets[len(offsets) // 2] * 1000:.0f}" if offsets else "no beep at a flash")
        return (f"pictures {self.shown[0][1]} to {self.shown[-1][1]}: {len(self.shown)} seen, "
                f"{self.skipped()} skipped, {self.backward()} backward, {self.unread} not read, "
                f"{self.pace():.2f}/s, one stood {self.longest() * 1000:.0f} ms; "
                f"{len(self.beeps)} beeps, {sync}")


def ffmpeg(*arguments):
    return subprocess.Popen(["ffmpeg", "-nostdin", "-loglevel", "error", *arguments, "-"],
                            stdout=subprocess.PIPE)


def probe(path):
    """(width, height, pictures a second) of a film."""
    text = subprocess.run(["ffprobe", "-loglevel", "error", "-select_streams", "v", "-of", "csv=p=0",
                           "-show_entries", "stream=width,height,r_frame_rate", path],
                          check=True, capture_output=True, text=True).stdout
    width, height, rate = text.strip().split(",")[:3]
    above, below = map(int, rate.split("/"))
    return int(width), int(height), above / below


def film(path, sound=None):
    """Measures a film; its sound is `sound`, or the film's own track."""
    found = Film()
    width, height, rate = probe(path)
    with ffmpeg("-i", path, "-an", "-f", "rawvideo", "-pix_fmt", "gray") as decoder:
        for i, data in enumerate(iter(lambda: decoder.stdout.read(width * height), b"")):
            see(found, Shot(width, height, data), i / rate)
    with ffmpeg("-i", sound or path, "-vn", "-f", "s16le", "-ac", "1", "-ar",
                str(SOUND_HZ)) as decoder:
        found.beeps = beeps(array.array("h", decoder.stdout.read()))
    return found


def see(found, shot, seconds):
    """Adds a picture of a film. While none of the clip was seen yet, some are not looked at."""
    number = found.place.read(shot) if found.place else None
    if number is None:
        place = find(shot)
        number = place.read(shot) if place else None
        found.place = place or found.place
    if number is None:
        found.unread += bool(found.shown)
    elif not found.shown or found.shown[-1][1] != number:
        found.shown.append((seconds, number))
    found.seconds = seconds


def beeps(samples, rate=SOUND_HZ):
    """Where beeps begin in one channel of sound: (seconds, Hz), Hz being one of those known if it is near."""
    step, result, last_loud = rate // 1000, [], -QUIET_SECONDS * rate
    for start in range(0, len(samples), step):
        block = samples[start:start + step]
        if max(max(block), -min(block)) < LOUD:
            continue
        if start - last_loud > QUIET_SECONDS * rate:
            first = start + next(i for i, sample in enumerate(block) if abs(sample) >= LOUD)
            result.append((first / rate, pitch(samples[first:first + rate // 20], rate)))
        last_loud = start
    return result


def pitch(samples, rate):
    """Of a beep, by how often it rises through zero; rounded to a beep of the disc where that is near."""
    rises = [i for i, (a, b) in enumerate(zip(samples, samples[1:])) if a < 0 <= b]
    if len(rises) < 2:
        return 0
    hz = (len(rises) - 1) * rate / (rises[-1] - rises[0])
    return next((known for known in HZ if abs(hz - known) <= known * HZ_SLACK), round(hz))


if __name__ == "__main__":
    print(film(*sys.argv[1:]))

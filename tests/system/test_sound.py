# SPDX-License-Identifier: MIT
"""Sound: what a guest plays arrives sample by sample."""

import hashlib
import os
import unittest

from guest import Guest

RATE = 48000
FRAME_BYTES = 4  # two channels of 16 bits
SECONDS = 2
LENGTH = SECONDS * RATE * FRAME_BYTES
# Noise, so that a sample lost or repeated anywhere shows; none of its frames is silence.
MAKE_NOISE = f"head -c {LENGTH * 2} /dev/urandom | tr -d '\\000' | head -c {LENGTH} >/tmp/noise"
PLAY = "aplay -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 /tmp/noise"
TONE = 440


def heard(data):
    """The frames that are not silence, one after the other: a slow host may have run dry."""
    frames = (data[i:i + FRAME_BYTES] for i in range(0, len(data) - FRAME_BYTES + 1, FRAME_BYTES))
    return b"".join(frame for frame in frames if any(frame))


class SoundGuest(Guest):
    """The desktop's kernel has drivers for sound; the desktop itself is left out."""

    image = os.environ.get("DESKTOP_IMAGE")  # made only where a test needs it


class SoundTest(unittest.TestCase):
    """A guest with drivers for sound; `options` say what plays it."""

    @classmethod
    def start(cls, *options):
        cls.guest = SoundGuest("--memory=512M", "--net=none", "--display=off", *options,
                               append="systemd.unit=multi-user.target")
        cls.addClassCleanup(cls.guest.close)
        cls.guest.wait_ready()
        cls.guest.sh("until [ -e /dev/snd/pcmC0D0p ]; do sleep 0.3; done; " + MAKE_NOISE, 120)
        cls.noise = cls.guest.sh("sha256sum </tmp/noise").split()[0]

    def assert_noise(self, data):
        self.assertEqual(len(data), LENGTH)
        self.assertEqual(hashlib.sha256(data).hexdigest(), self.noise)

    def hear_tone(self):
        """A tone that the guest plays is heard, on both channels."""
        self.guest.sh(f"speaker-test -D plughw:0,0 -t sine -f {TONE} -c 2 -r 48000 -F S16_LE -l 0 "
                      ">/dev/null 2>&1 & echo $! >/tmp/pid")
        for channel in 0, 1:
            found = self.guest.qmp.command("x-thunderlake-audio-expect", tone=TONE, channel=channel,
                                           **{"tolerance-hz": 5, "for-ms": 300,
                                              "timeout-ms": 25000})
            self.assertAlmostEqual(found["hz"], TONE, delta=5)
        self.guest.sh("kill $(cat /tmp/pid)")
        self.guest.qmp.command("x-thunderlake-audio-expect", silence=True, **{"for-ms": 200})


class FileTest(SoundTest):
    """Into a file, as it comes: not a sample more, fewer or other than the guest wrote."""

    def play_into_file(self):
        self.guest.sh(PLAY)
        with open(self.guest.path("out.wav"), "rb") as file:
            data = file.read()
        self.assertEqual(data[:4] + data[8:12], b"RIFFWAVE")
        # What fills the last period is silence.
        begin = data.index(b"data") + 8
        self.assert_noise(data[begin:begin + LENGTH])
        self.assertEqual(heard(data[begin + LENGTH:]), b"")


class VirtioSound(FileTest):
    @classmethod
    def setUpClass(cls):
        cls.start("--sound=virtio", "--audio=wav,file=FOLDER/out.wav")

    def test_each_sample_arrives(self):
        self.play_into_file()

    def test_tone_is_heard(self):
        self.hear_tone()

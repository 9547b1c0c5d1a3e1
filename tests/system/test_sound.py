# SPDX-License-Identifier: MIT
"""Sound: what a guest plays arrives sample by sample, in a file and at a sound server.

A loaded host may run dry, and a server then fills up with silence. So buffers are large here, and
what must come without a break has some tries; in each of them nothing may be lost or changed.
"""

import array
import base64
import gzip
import hashlib
import math
import os
import shutil
import subprocess
import time
import unittest

import sound_server
from guest import Guest, wait_for
from sound_server import Format, STEREO

RATE = 48000
FRAME_BYTES = 4  # two channels of 16 bits
SECONDS = 2
LENGTH = SECONDS * RATE * FRAME_BYTES
# Noise, so that a sample lost or repeated anywhere shows; none of its frames is silence.
MAKE_NOISE = f"head -c {LENGTH * 2} /dev/urandom | tr -d '\\000' | head -c {LENGTH} >/tmp/noise"
TONE = 440
PAUSE_SECONDS = 3  # several times what ALSA waits for a card

MIB = 1 << 20
LEFT_TONE, RIGHT_TONE = 480, 750  # whole periods in a second, and in a frame
TONE_SECONDS = int(os.environ.get("SOUND_SECONDS") or 15)
TRIES = 3
FORMATS = [
    Format("U8", "u8", 8000, 1, 1),
    Format("S16_LE", "s16le", 44100, 2, 2),
    Format("S24_3LE", "s24le", 48000, 2, 3),
    Format("FLOAT_LE", "float32le", 22050, 1, 4),
    Format("S32_LE", "s32le", 96000, 2, 4),
]
SURROUND = Format("S16_LE", "s16le", 48000, 6, 2)


def heard(data, frame_bytes=FRAME_BYTES, silence=b"\0"):
    """The frames that are not silence, one after the other: a slow host may have run dry."""
    silent = silence * frame_bytes
    frames = (data[i:i + frame_bytes] for i in range(0, len(data) - frame_bytes + 1, frame_bytes))
    return b"".join(frame for frame in frames if frame != silent)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def make_tones(left, right):
    """A second of a tone on each channel, 0 for none; no frame is silence if there is one."""
    def wave(hz, phase):
        turn = 2 * math.pi * hz / RATE
        return [round(20000 * math.sin(phase + turn * i)) if hz else 0 for i in range(RATE)]

    samples = array.array("h", bytes(RATE * FRAME_BYTES))
    samples[0::2] = array.array("h", wave(left, 0.3))
    samples[1::2] = array.array("h", wave(right, 0.5))
    return samples.tobytes()


def make_sounds():
    """As files that the guest gets."""
    noise = os.urandom(2 * MIB).translate(None, b"\0\x80")[:MIB]
    loud = array.array("h", noise[:MIB // 2])
    return {
        "noise": noise,
        "floats": array.array("f", (sample / 32768 for sample in loud)).tobytes(),
        "tones": make_tones(LEFT_TONE, RIGHT_TONE),
        "left": make_tones(LEFT_TONE, 0),
        "right": make_tones(0, RIGHT_TONE),
    }


def share_of(hz, samples):
    """How much of the power of samples is that of one tone: 1 for all (Goertzel's algorithm)."""
    turn = 2 * math.cos(2 * math.pi * hz / RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    power = last * last + before * before - turn * last * before
    return 2 * power / (len(samples) * sum(sample * sample for sample in samples))


class SoundGuest(Guest):
    """The desktop's kernel has drivers for sound; the desktop itself is left out."""

    image = os.environ.get("DESKTOP_IMAGE")  # made only where a test needs it


class SoundTest(unittest.TestCase):
    """A guest with drivers for sound; `options` say what plays it."""

    @classmethod
    def start(cls, *options, files=None):
        cls.guest = SoundGuest("--memory=512M", "--net=none", *options, files=files,
                               append="systemd.unit=multi-user.target")
        cls.addClassCleanup(cls.guest.close)
        cls.guest.wait_ready()
        cls.guest.sh("until [ -e /dev/snd/pcmC0D0p ]; do sleep 0.3; done", 120)

    def streams(self):
        return self.guest.qmp.command("x-thunderlake-audio-stats")

    def wait_played(self, frames, backend=None):
        """Waits until a stream has come that far, at this back end."""
        wait_for(lambda: [s for s in self.streams()
                          if s["played"] >= frames and backend in (None, s["backend"])],
                 60, f"{frames} frames of sound at {backend}")

    def pause(self):
        self.guest.qmp.command("stop")
        time.sleep(PAUSE_SECONDS)
        self.guest.qmp.command("cont")

    def hear_tone(self, card):
        """A tone that the guest plays is heard, on both channels."""
        self.guest.sh(f"speaker-test -D plughw:{card},0 -t sine -f {TONE} -c 2 -r 48000 -F S16_LE "
                      "-l 0 >/dev/null 2>&1 & echo $! >/tmp/pid")
        for channel in 0, 1:
            found = self.guest.qmp.command("x-thunderlake-audio-expect", tone=TONE, channel=channel,
                                           **{"tolerance-hz": 5, "for-ms": 300,
                                              "timeout-ms": 25000})
            self.assertAlmostEqual(found["hz"], TONE, delta=5)
        self.guest.sh("kill $(cat /tmp/pid)")
        self.guest.qmp.command("x-thunderlake-audio-expect", silence=True, **{"for-ms": 200})


class File(SoundTest):
    """Into files, as it comes: not a sample more, fewer or other than the guest wrote to a card."""

    @classmethod
    def setUpClass(cls):
        cls.start("--display=none", "--sound=virtio", "--device=intel-hda",
                  "--audio=wav,file=FOLDER/out.wav")
        cls.guest.sh("until [ -e /dev/snd/pcmC1D0p ]; do sleep 0.3; done; " + MAKE_NOISE, 120)
        driver = cls.guest.sh("readlink /sys/class/sound/card0/device/driver")
        cls.virtio, cls.hda = (0, 1) if "virtio" in driver else (1, 0)
        cls.noise = cls.guest.sh("sha256sum </tmp/noise").split()[0]

    def test_each_sample_arrives(self):
        self.assert_file(self.virtio)

    def test_pause_loses_nothing(self):
        self.assert_file(self.virtio, self.pause)

    def test_tone_is_heard(self):
        self.hear_tone(self.virtio)

    def test_hda_each_sample_arrives(self):
        self.assert_file(self.hda)

    def test_hda_tone_is_heard(self):
        self.hear_tone(self.hda)

    @unittest.skipUnless(shutil.which("ffmpeg"), "no ffmpeg here")
    def test_film_has_the_sound(self):
        film = self.guest.path("film.mkv")
        self.guest.qmp.command("x-thunderlake-record", action="start", file=film, rate=1)
        self.hear_tone(self.virtio)
        self.guest.qmp.command("x-thunderlake-record", action="stop")
        sound = subprocess.run(["ffmpeg", "-v", "error", "-i", film, "-map", "0:a", "-ac", "1",
                                "-ar", str(RATE), "-f", "s16le", "-"],
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                               check=True).stdout
        samples = array.array("h", sound)
        shares = [share_of(TONE, part) for part in
                  (samples[i:i + RATE // 10] for i in range(0, len(samples), RATE // 10))
                  if any(part)]
        self.assertGreater(max(shares, default=0), 0.9)

    def assert_file(self, card, meanwhile=None):
        before = self._files()
        self.guest.start(f"aplay -q -D hw:{card},0 -t raw -f S16_LE -c 2 -r 48000 /tmp/noise "
                         "--buffer-time=500000")
        if meanwhile:
            self.wait_played(1)
            meanwhile()
        reply = self.guest.finish()
        self.assertEqual((reply.code, reply.text), (0, ""))
        ((path, _),) = self._files() - before
        data = read(path)
        self.assertEqual(data[:4] + data[8:12], b"RIFFWAVE")
        begin = data.index(b"data") + 8
        self.assertEqual(hashlib.sha256(data[begin:begin + LENGTH]).hexdigest(), self.noise)
        if card == self.virtio:
            # What fills the last period is silence. HDA plays on in its ring until it is stopped.
            self.assertEqual(len(heard(data[begin + LENGTH:])), 0)

    def _files(self):
        """Each stream has one of its own; the first one's is there from the start."""
        paths = [self.guest.path(name) for name in os.listdir(self.guest.folder)
                 if name.startswith("out")]
        return {(path, os.path.getsize(path)) for path in paths}


@unittest.skipUnless(sound_server.is_here("pulseaudio", "pactl", "parec", "pacat"),
                     "no PulseAudio here")
class Server(SoundTest):
    """At a sound server, where parec, which knows nothing of us, is the witness."""

    @classmethod
    def setUpClass(cls):
        cls.server = sound_server.SoundServer()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.sounds = make_sounds()
        disk = b"".join(sound.ljust(2 * MIB, b"\0") for sound in cls.sounds.values())
        cls.start("--display=off", "--sound=virtio,capture=on",
                  f"--audio=pulse,server=unix:{cls.server.socket},latency=500,source=room.monitor",
                  "--disk=FOLDER/sounds,readonly=on", files={"sounds": disk})
        for place, (name, sound) in enumerate(cls.sounds.items()):
            cls.guest.sh(f"dd if=/dev/vdb bs=2M skip={place} count=1 status=none | "
                         f"head -c {len(sound)} >/tmp/{name}")

    def test_tone_pair(self):
        self.play_whole("tones", self.sounds["tones"] * TONE_SECONDS, times=TONE_SECONDS)

    def test_formats(self):
        for sound_format in FORMATS:
            with self.subTest(sound_format):
                self.play_format(sound_format)

    def test_six_channels(self):
        self.play_format(SURROUND)

    def test_two_streams_mix(self):
        path = self.server.listen()
        self.guest.start(f"{self.play('left', 6)} & {self.play('right', 6)} && wait $!")
        wait_for(lambda: len([s for s in self.streams() if s["played"] > RATE]) == 2, 60,
                 "two streams at once")
        self.assert_finished()
        samples = array.array("h", read(path))
        for channel, name in enumerate(("left", "right")):
            tone = array.array("h", self.sounds[name])[channel::2].tobytes()
            self.assertTrue(tone in samples[channel::2].tobytes(), name)
        together = sum(1 for i in range(0, len(samples) - 1, 2) if samples[i] and samples[i + 1])
        self.assertGreater(together, RATE)

    def test_capture(self):
        """A second of what was said is in what was heard, bit for bit."""
        path = os.path.join(self.server.folder, "said")
        with open(path, "wb") as file:
            file.write(self.sounds["tones"] * 120)
        self.server.speak("room", path)
        room = self.sounds["tones"] * 2
        for _ in range(TRIES):
            text = self.guest.sh(
                f"arecord -q -D hw:0,0 -t raw -f S16_LE -c 2 -r 48000 -d 3 "
                "--buffer-time=2000000 /tmp/heard; "
                f"dd if=/tmp/heard bs={RATE * FRAME_BYTES} skip=1 count=1 status=none | "
                "gzip -9 | base64 -w0")
            data = gzip.decompress(base64.b64decode(text))
            if len(data) == RATE * FRAME_BYTES and data in room:
                return
        self.fail(f"other sound, {len(heard(data))} of {len(data)} bytes not silent")

    def test_pause_loses_nothing(self):
        def play(command):
            self.guest.start(command)
            self.wait_played(RATE // 2)
            self.pause()

        # Silence is no break here, as the server goes on; but it is not the guest that ran dry.
        self.play_whole("tones", self.sounds["tones"] * 4, times=4, start=play, breaks=True)

    def test_server_is_killed_in_mid_play(self):
        self.start_endless()
        self.server.kill()
        self.wait_played(RATE, "none")
        self.server.start()
        path = self.server.listen()
        self.wait_played(RATE, "pulse")
        wait_for(lambda: self.sounds["tones"] in heard(read(path)), 60, "a second of tones")
        self.end_endless()

    def test_player_is_killed(self):
        self.start_endless()
        self.end_endless()
        self.play_noise()

    @unittest.skipUnless(sound_server.is_here("dbus-daemon", "pipewire", "wireplumber",
                                              "pipewire-pulse"), "no PipeWire here")
    def test_pipewire(self):
        self.server.kill()
        self.server.start_pipewire()
        path = self.server.listen()
        self.guest.start(self.play("tones", 6))
        self.wait_played(RATE, "pulse")
        self.assert_finished()
        record = heard(read(path))
        samples = array.array("h", record[len(record) // 2:][:RATE * FRAME_BYTES // 2])
        self.assertGreater(share_of(LEFT_TONE, samples[0::2]), 0.9)
        self.assertGreater(share_of(RIGHT_TONE, samples[1::2]), 0.9)

    # What the tests share

    def play(self, name, times=1, sound_format=STEREO, length=None):
        """The command that plays a sound some times over."""
        cat = f"head -c {length}" if length else "cat"
        return (f"for i in $(seq {times}); do {cat} /tmp/{name}; done | "
                f"aplay -q -D hw:0,0 -t raw -f {sound_format.alsa} -c {sound_format.channels} "
                f"-r {sound_format.rate} --buffer-time=1000000")

    def assert_finished(self):
        reply = self.guest.finish(TONE_SECONDS + 60)
        self.assertEqual((reply.code, reply.text), (0, ""))

    def start_endless(self):
        self.guest.sh(f"({self.play('tones', 600)}) >/tmp/log 2>&1 &")
        self.wait_played(RATE, "pulse")

    def end_endless(self):
        """It must be there still."""
        self.guest.sh("pkill -9 aplay || { cat /tmp/log; false; }")
        wait_for(lambda: not self.streams(), 60, "no stream")
        path = self.server.listen()  # the server still has some of it
        wait_for(lambda: len(read(path)) > LENGTH // 4 and not any(read(path)[-LENGTH // 4:]), 60,
                 "silence")

    def play_noise(self):
        length = 2 * RATE * FRAME_BYTES
        self.play_whole("noise", self.sounds["noise"][:length], length=length)

    def play_format(self, sound_format):
        """About a second, at a card of that format, so that the server changes nothing."""
        name = "floats" if sound_format.alsa == "FLOAT_LE" else "noise"
        length = sound_format.rate * sound_format.channels * sound_format.sample_bytes
        card = f"{sound_format.alsa}-{sound_format.channels}"
        self.server.add_card(card, sound_format)
        self.play_whole(name, self.sounds[name][:length], sound_format, length=length,
                        server_card=card)

    def play_whole(self, name, sound, sound_format=STEREO, server_card="card", start=None,
                   breaks=False, **play):
        """Plays until it came without a break (or with `breaks`), while nobody ran dry."""
        for _ in range(TRIES):
            path = self.server.listen(server_card, sound_format)
            (start or self.guest.start)(self.play(name, sound_format=sound_format, **play))
            dry = self.watch()
            self.assert_finished()
            whole = self.assert_heard(path, sound, sound_format)
            if (whole or breaks) and not dry:
                return
        self.fail(f"ran dry in each of {TRIES} tries")

    def watch(self):
        """Returns when the stream is gone, and whether it ran dry."""
        dry = False
        wait_for(self.streams, 60, "a stream")
        while streams := self.streams():
            dry = dry or any(stream["underruns"] or stream["gaps"] for stream in streams)
            time.sleep(0.2)
        return dry

    def assert_heard(self, path, sound, sound_format):
        """All of it and nothing else; returns whether without a break."""
        silence = b"\x80" if sound_format.alsa == "U8" else b"\0"
        size = sound_server.frame_bytes(sound_format)
        try:
            wait_for(lambda: len(read(path).strip(silence)) >= len(sound) - size, 60, "all of it")
            time.sleep(0.5)  # and more, if there is more
        except TimeoutError:
            pass
        record = read(path)
        begin = record.find(sound)
        if begin >= 0:
            others = record[:begin] + record[begin + len(sound):]
            self.assertEqual(len(others.strip(silence)), 0)
            return True
        rest = heard(record, size, silence)
        right = len(os.path.commonprefix([rest, sound]))
        self.assertTrue(rest == sound, f"{len(rest)} bytes, not {len(sound)}: {right} are right")
        return False

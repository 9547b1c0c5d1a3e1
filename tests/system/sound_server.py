# SPDX-License-Identifier: MIT
"""A host's sound server with cards that nobody hears, and somebody with an ear and a mouth."""

import collections
import os
import shutil
import subprocess
import tempfile

from waiting import wait_for

# Names of the samples in ALSA and in PulseAudio, frames a second, and bytes.
Format = collections.namedtuple("Format", "alsa pulse rate channels sample_bytes")
STEREO = Format("S16_LE", "s16le", 48000, 2, 2)

# Of three and more channels, in the order in which ALSA has them.
PLACES = "front-left,front-right,rear-left,rear-right,front-center,lfe"


def frame_bytes(sound_format):
    return sound_format.channels * sound_format.sample_bytes


def is_here(*programs):
    return all(shutil.which(program) for program in programs)


def _map(channels):
    return "mono" if channels == 1 else ",".join(PLACES.split(",")[:channels])


class SoundServer:
    """PulseAudio, or PipeWire in its place, at `socket`, where `environment` leads programs. It has
    the cards "room" and "card". Urgent: its threads go before others, as a desktop lets them.
    """

    def __init__(self, is_urgent=False):
        self._urgency = [f"--{name}={'yes' if is_urgent else 'no'}"
                         for name in ("realtime", "high-priority")]
        self._folder = tempfile.TemporaryDirectory(prefix="thunderlake-sound-")
        self.folder = self._folder.name
        self.socket = os.path.join(self.folder, "native")
        self.environment = dict(
            os.environ, HOME=self.folder, XDG_CONFIG_HOME=self.folder, XDG_RUNTIME_DIR=self.folder,
            PULSE_RUNTIME_PATH=self.folder, PULSE_SERVER=f"unix:{self.socket}",
            DBUS_SESSION_BUS_ADDRESS=f"unix:path={self.folder}/bus")
        self.environment.pop("DISPLAY", None)
        self._processes = []
        self._ear = None
        self._recordings = 0

    def close(self):
        self.kill()
        self._folder.cleanup()

    def start(self):
        self._run("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
                  *self._urgency, "-L",
                  f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}")
        self._wait_for("native")
        self._add_cards()

    def start_pipewire(self):
        # Its manager ends without systemd's logins, which only Bluetooth wants.
        scripts = os.path.join(self.folder, "wireplumber", "bluetooth.lua.d")
        os.makedirs(scripts, exist_ok=True)
        with open(os.path.join(scripts, "80-none.lua"), "w", encoding="ascii") as file:
            file.write("bluez_monitor.enabled = false\n")
        self._run("dbus-daemon", "--session", "--nofork", "--nopidfile",
                  f"--address=unix:path={self.folder}/bus")
        self._wait_for("bus")
        self._run("pipewire")
        self._wait_for("pipewire-0")
        self._run("wireplumber")
        self._run("pipewire-pulse")
        self._wait_for("native")
        self._add_cards()

    def kill(self):
        """As an accident would; it can be started again."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes = []
        for name in "native", "bus", "pipewire-0":
            if os.path.exists(os.path.join(self.folder, name)):
                os.unlink(os.path.join(self.folder, name))

    def add_card(self, name, sound_format):
        """It never takes back what it has taken."""
        self._pactl("load-module", "module-null-sink", f"sink_name={name}", "norewinds=1",
                    f"format={sound_format.pulse}", f"rate={sound_format.rate}",
                    f"channels={sound_format.channels}",
                    f"channel_map={_map(sound_format.channels)}")
        # PipeWire has it a moment later.
        wait_for(lambda: self._does("get-sink-volume", name), 60, f"the card {name}")

    def listen(self, card="card", sound_format=STEREO):
        """Others play on the card from now on; returns the path of a file that gets it all."""
        if self._ear:
            self._ear.kill()
        self._pactl("set-default-sink", card)
        path = os.path.join(self.folder, f"heard-{self._recordings}")
        self._recordings += 1
        with open(path, "wb") as file:
            self._ear = self.hear(file, card, sound_format)
        wait_for(lambda: os.path.getsize(path) > 0, 60, "something from parec")
        return path

    def hear(self, output, card="card", sound_format=STEREO, latency_ms=200):
        """A process that writes what the card plays, raw."""
        return self._run("parec", f"--device={card}.monitor", f"--latency-msec={latency_ms}",
                         *_arguments(sound_format), stdout=output)

    def speak(self, card, path):
        """Plays a file with stereo sound on the card."""
        with open(path, "rb") as file:
            self._run("pacat", "--playback", f"--device={card}", "--latency-msec=1000",
                      *_arguments(STEREO), stdin=file)

    def _add_cards(self):
        self.add_card("room", STEREO)
        self.add_card("card", STEREO)
        self._pactl("set-default-sink", "card")

    def _run(self, *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        process = subprocess.Popen(command, env=self.environment, stdin=stdin, stdout=stdout,
                                   stderr=subprocess.DEVNULL)
        self._processes.append(process)
        return process

    def _wait_for(self, name):
        wait_for(lambda: os.path.exists(os.path.join(self.folder, name)), 60, name)

    def _does(self, *words):
        return subprocess.run(["pactl", *words], env=self.environment, timeout=60, check=False,
                              capture_output=True).returncode == 0

    def _pactl(self, *words):
        wait_for(lambda: self._does(*words), 60, f"pactl {' '.join(words)}")


def _arguments(sound_format):
    return ["--raw", f"--format={sound_format.pulse}", f"--rate={sound_format.rate}",
            f"--channels={sound_format.channels}", f"--channel-map={_map(sound_format.channels)}"]

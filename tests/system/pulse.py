# SPDX-License-Identifier: MIT
"""A PulseAudio server with a sound card that nobody hears, and parec as its ears."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

START_SECONDS = 60  # seen: 1; a busy host is no fault


class Pulse:
    """A server of one's own; `environment` leads programs to it.

    Its card, the null sink "card", never takes back what it has taken: when it plays a moment anew
    since a frame came late, its monitor loses frames.
    """

    def __init__(self, rate=48000, channels=2, sample="s16le"):
        self.format = [f"--format={sample}", f"--rate={rate}", f"--channels={channels}"]
        self.folder = tempfile.mkdtemp(prefix="sound-")
        self.socket = f"{self.folder}/native"
        self.environment = {
            **os.environ, "HOME": self.folder, "XDG_RUNTIME_DIR": self.folder,
            "PULSE_RUNTIME_PATH": self.folder, "PULSE_SERVER": f"unix:{self.socket}"}
        for name in "DBUS_SESSION_BUS_ADDRESS", "DISPLAY":
            self.environment.pop(name, None)
        with open(f"{self.folder}/script.pa", "w", encoding="ascii") as script:
            script.write("load-module module-null-sink sink_name=card norewinds=1 "
                         f"format={sample} rate={rate} channels={channels}\n"
                         "load-module module-native-protocol-unix auth-anonymous=1 "
                         f"socket={self.socket}\n")
        self.process = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        """Begins it (anew)."""
        self.process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
             "--realtime=no", "--high-priority=no", "-F", f"{self.folder}/script.pa"],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        with socket.socket(socket.AF_UNIX) as client:
            while client.connect_ex(self.socket) != 0:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise OSError("PulseAudio does not start")
                time.sleep(0.05)

    def kill(self):
        """Ends it as an accident would; start() brings it back."""
        if self.process:
            self.process.kill()
            self.process.wait()
        # The next one is to be the one that answers.
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def listen(self, output, latency_ms=10):
        """A process that writes what the card plays, raw, to `output`."""
        return subprocess.Popen(["parec", "--device=card.monitor", "--raw",
                                 f"--latency-msec={latency_ms}", *self.format],
                                env=self.environment, stdin=subprocess.DEVNULL, stdout=output)

    def close(self):
        self.kill()
        shutil.rmtree(self.folder)

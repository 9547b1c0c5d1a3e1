# SPDX-License-Identifier: MIT
"""Machines for the tests: start `thunderlake run`, run commands in the guest, see the process end."""

import base64
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from qmp import Qmp
from waiting import wait_for

THUNDERLAKE = os.environ["THUNDERLAKE"]
IMAGE = os.environ["IMAGE"]  # the folder of the debian-test image
KEPT = os.environ["KEPT"]  # where the files of failed tests go

# No test looks at what these would do, and a slow host starts a guest in three quarters of the time.
FAST = " ".join(
    ["modprobe.blacklist=aesni_intel,ghash_clmulni_intel,crct10dif_pclmul,crc32_pclmul,"
     "sha1_ssse3,sha256_ssse3,sha512_ssse3,intel_rapl_msr"]
    + ["systemd.mask=" + unit for unit in (
        "dev-mqueue.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
        "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount")])
BOOT_SECONDS = 150  # seen: 15 in the lab; a busy host is no fault


class Machine:
    """A process of `thunderlake run` with a folder for its files: FOLDER in its options.

    `files` maps names of files to make there first to their bytes, or to the length of a hole.
    """

    living = []  # those not closed: what they said last is told when a test fails

    def __init__(self, *options, files=None, **popen):
        self.folder = tempfile.mkdtemp(prefix="thunderlake-test-")
        self.name = os.path.basename(self.folder)
        self._qmp = None
        for name, content in (files or {}).items():
            with open(self.path(name), "wb") as file:
                if isinstance(content, int):
                    file.truncate(content)
                else:
                    file.write(content)
        options = [option.replace("FOLDER", self.folder) for option in options]
        command = [THUNDERLAKE, "run", f"--name={self.name}", f"--qmp=unix:{self.path('qmp')}",
                   *options]
        with open(self.path("stderr"), "wb") as stderr:
            popen = {"stdin": subprocess.DEVNULL, "stdout": stderr, "stderr": stderr, **popen}
            self.process = subprocess.Popen(command, **popen)
        self.living.append(self)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        """One of its files as text."""
        with open(self.path(name), encoding="utf-8", errors="replace", newline="") as file:
            return file.read()

    def wait_for_file(self, name):
        """Returns the path, once the machine has made the file."""
        ended = lambda: self.process.poll() is not None
        wait_for(lambda: ended() or os.path.exists(self.path(name)), 60, name)
        if ended():
            raise AssertionError(f"ended with code {self.process.returncode}: "
                                 + self.read("stderr"))
        return self.path(name)

    @property
    def qmp(self):
        if not self._qmp:
            self._qmp = Qmp(self.wait_for_file("qmp"))
        return self._qmp

    def wait(self, seconds=60):
        """Waits for the end of the process and returns its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the machine still runs after {seconds} s") from None

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Bytes of this host's memory that the process holds."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))

    def last_words(self):
        """Lines that tell how it is and what it and its guest wrote last."""
        code = self.process.poll()
        yield f"{self.name}: " + (self._state() if code is None else f"ended with code {code}")
        for name in "stderr", "console.log":
            if os.path.exists(self.path(name)):
                lines = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]|\r", "", self.read(name)).splitlines()
                yield f"{self.name}: {name}, {len(lines)} lines:"
                yield from lines[-25:]

    def _state(self):
        try:
            qmp = Qmp(self.path("qmp"), seconds=5)
            status = qmp.command("query-status")["status"]
            qmp.close()
            return f"{status}; threads (state, ticks, sleeps in): {', '.join(self._threads())}"
        except (OSError, ValueError) as error:
            return f"runs, but does not answer: {error}"

    def _threads(self):
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/stat", encoding="ascii") as stat:
                name, fields = stat.read().split("(", 1)[1].rsplit(") ", 1)
            with open(f"/proc/{self.process.pid}/task/{task}/wchan", encoding="ascii") as wchan:
                place = wchan.read()
            fields = fields.split()
            yield f"{name} {fields[0]} {int(fields[11]) + int(fields[12])} {place}"

    def keep(self, name):
        """Copies what is small of its files to where they outlive it."""
        target = os.path.join(KEPT, name, self.name)
        os.makedirs(target, exist_ok=True)
        for file in os.listdir(self.folder):
            if os.path.isfile(self.path(file)) and not file.endswith(".img"):
                shutil.copy(self.path(file), target)

    def close(self):
        """Ends the process if it runs, and removes its folder."""
        if self._qmp:
            self._qmp.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.living.remove(self)
        shutil.rmtree(self.folder)


class Reply:
    """What a script gave in the guest: exit code, and standard output and error as text."""

    def __init__(self, code, text):
        self.code = code
        self.text = text


class GuestLost(AssertionError):
    """The guest rebooted, fell silent or never came, so no other test can use it."""


class Guest(Machine):
    """A machine with the debian-test image; changes to its disk stay in the guest's memory.

    ttyS0 is the kernel's console, in console.log unless `console` says otherwise; commands go to
    the image's test agent over ttyS1, so that virtio devices can be what is tested.
    """

    image = IMAGE
    kernel_console = "console=ttyS0 quiet"

    def __init__(self, *options, append="", console="file:FOLDER/console.log", **popen):
        super().__init__(
            f"--kernel={self.image}/vmlinuz", f"--initrd={self.image}/initrd.img",
            f"--disk={self.image}/disk.img,readonly=on",
            f"--append=root=/dev/vda overlay thunderlake.test=ttyS1 {self.kernel_console} {FAST} "
            f"{append}",
            f"--serial={console}", "--serial=unix:FOLDER/agent", *options, **popen)
        self._socket = socket.socket(socket.AF_UNIX)
        self._lines = None

    def connect(self):
        """To the agent: who is not there when it says that it is ready never hears of it."""
        if not self._lines:
            self._socket.connect(self.wait_for_file("agent"))
            self._lines = self._socket.makefile("rb")

    def wait_ready(self, seconds=BOOT_SECONDS):
        """Waits until the agent runs commands: at the first start and after each reboot."""
        self.connect()
        self._socket.settimeout(seconds)
        try:
            while not self._lines.readline().startswith(b"ready "):
                if self.process.poll() is not None:
                    raise AssertionError("the machine ended while its guest started")
        except TimeoutError:
            raise GuestLost(f"the guest was not ready after {seconds} s") from None

    def start(self, script):
        """Starts a bash script in the guest; finish() waits for it."""
        self._socket.sendall(b"run " + base64.b64encode(script.encode()) + b"\n")

    def finish(self, seconds=60):
        self._socket.settimeout(seconds)
        try:
            words = self._lines.readline().split()
            if len(words) != 3 or words[0] != b"exit":
                raise GuestLost(f"the guest ended or rebooted: {words}")
            return Reply(int(words[1]), self._lines.read(int(words[2])).decode(errors="replace"))
        except TimeoutError:
            raise GuestLost(f"no answer from the guest in {seconds} s") from None

    def run(self, script, seconds=60):
        """Runs a bash script in the guest and returns its Reply."""
        self.start(script)
        return self.finish(seconds)

    def sh(self, script, seconds=60):
        """Runs a bash script that must succeed; returns its output without the last newline."""
        reply = self.run("set -e\n" + script, seconds)
        if reply.code != 0:
            raise AssertionError(f"exit code {reply.code} of: {script}\n{reply.text}")
        return reply.text.rstrip("\n")

    def close(self):
        self._socket.close()
        super().close()


class GuestTest(unittest.TestCase):
    """Tests that share one guest, in the order they are written."""

    options = ()
    append = ""  # to the kernel's command line
    files = {}

    @classmethod
    def setUpClass(cls):
        cls.guest = Guest(*cls.options, append=cls.append, files=cls.files)
        cls.addClassCleanup(cls.guest.close)
        cls.guest.wait_ready()

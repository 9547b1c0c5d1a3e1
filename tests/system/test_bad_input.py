# SPDX-License-Identifier: MIT
"""What a user can get wrong: exit code 1 and a message that names the cause, soon and without a guest."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

from guest import IMAGE, THUNDERLAKE

MIB = 1 << 20
KERNEL = f"--kernel={IMAGE}/vmlinuz"


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def test_no_kernel(self):
        self._refuses([], "kernel")

    def test_kernel_is_missing(self):
        self._refuses(["--kernel=/nowhere/vmlinuz"], "/nowhere/vmlinuz", "No such file")

    def test_kernel_is_truncated(self):
        with open(f"{IMAGE}/vmlinuz", "rb") as kernel:
            head = kernel.read(2 * MIB)
        self._refuses([f"--kernel={self._file('vmlinuz', head)}"], "truncated")

    def test_kernel_is_for_another_machine(self):
        with open("/bin/true", "rb") as program:
            elf = bytearray(program.read())
        elf[18:20] = (183).to_bytes(2, "little")  # e_machine: AArch64
        self._refuses([f"--kernel={self._file('elf', elf)}"], "elf", "x86")

    def test_initrd_is_larger_than_memory(self):
        initrd = self._file("initrd", b"")
        os.truncate(initrd, 300 * MIB)
        self._refuses([KERNEL, f"--initrd={initrd}", "--memory=256M"], "initrd", "memory")

    def test_one_mebibyte_of_memory(self):
        self._refuses([KERNEL, "--memory=1M"], "memory")

    def test_4096_processors(self):
        self._refuses([KERNEL, "--cpus=4096"], "cpus", "4096")

    def test_unknown_option_names_the_nearest(self):
        self._refuses([KERNEL, "--memmory=1G"], "memmory", "memory")

    def test_unknown_key_names_the_nearest(self):
        ini = self._file("machine.ini", b"kernal = vmlinuz\n")
        self._refuses([f"--config={ini}"], "machine.ini", "kernal", "kernel")

    def test_disk_is_missing(self):
        self._refuses([KERNEL, "--disk=/nowhere/disk.img"], "/nowhere/disk.img", "No such file")

    def test_disk_is_a_directory(self):
        self._refuses([KERNEL, f"--disk={self.folder}"], self.folder, "directory")

    def test_disk_is_not_of_whole_sectors(self):
        self._refuses([KERNEL, f"--disk={self._file('odd.img', bytes(1000))}"], "odd.img", "512")

    def test_disk_is_locked(self):
        path = self._file("locked.img", bytes(MIB))
        first = subprocess.Popen([THUNDERLAKE, "run", KERNEL, f"--disk={path}", "--net=none",
                                  "--serial=none"], stdin=subprocess.DEVNULL)
        self.addCleanup(first.wait)
        self.addCleanup(first.kill)
        self._wait_until_locked(path)
        self._refuses([KERNEL, f"--disk={path}", "--net=none"], "locked.img", "use")

    def test_display_is_unknown(self):
        self._refuses([KERNEL, "--display=sdk"], "sdk", "sdl")

    def test_no_display_server(self):
        self._refuses([KERNEL, "--display=sdl"], "display server")

    def test_more_screens_than_a_card_has(self):
        self._refuses([KERNEL, "--screens=5"], "screens", "5")

    def test_clipboard_of_another_kind(self):
        self._refuses([KERNEL, "--clipboard=maybe"], "clipboard", "maybe")

    def test_guest_agent_of_another_kind(self):
        self._refuses([KERNEL, "--guest-agent=tcp:1"], "guest-agent", "unix:PATH")

    def test_sound_is_unknown(self):
        self._refuses([KERNEL, "--sound=virtoi"], "virtoi", "virtio")
        self._refuses([KERNEL, "--audio=wave"], "wave", "wav")
        self._refuses([KERNEL, "--audio=pulse,latency=9000"], "latency", "9000")

    def test_sound_goes_to_a_file_that_cannot_be_written(self):
        self._refuses([KERNEL, "--audio=wav,file=/nowhere/a.wav"], "/nowhere/a.wav", "No such file")

    def test_sound_comes_from_a_file_of_another_format(self):
        path = self._file("picture.png", b"\x89PNG\r\n")
        self._refuses([KERNEL, f"--audio=wav,file={self.folder}/out.wav,capture={path}"],
                      "picture.png", "WAV")

    def test_sound_has_an_impossible_latency(self):
        for latency in ("0", "2001", "soon"):
            self._refuses([KERNEL, f"--audio=pulse,latency={latency}"], "latency", latency)

    def test_kvm_without_permission(self):
        if os.stat("/dev/kvm").st_uid != 0 or os.getuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root, to take the permission away")
        mode = os.stat("/dev/kvm").st_mode
        self.addCleanup(os.chmod, "/dev/kvm", mode)
        os.chmod("/dev/kvm", 0o600)
        os.chmod(self.folder, 0o755)
        kernel = shutil.copy(f"{IMAGE}/vmlinuz", self.folder)
        self._refuses([f"--kernel={kernel}"], "/dev/kvm", "permission",
                      prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])

    def _refuses(self, options, *words, prefix=()):
        """The run ends with exit code 1 and a message that has the words."""
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        done = subprocess.run([*prefix, THUNDERLAKE, "run", *options], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
                              text=True, check=False, env=environment)
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in words:
            self.assertIn(word.lower(), done.stderr.lower())

    def _file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    @staticmethod
    def _wait_until_locked(path):
        """Reads /proc/locks, so that the lock itself is not disturbed."""
        inode = f":{os.stat(path).st_ino} "
        for _ in range(300):
            with open("/proc/locks", encoding="ascii") as locks:
                if inode in locks.read():
                    return
            time.sleep(0.1)
        raise AssertionError("the first machine did not lock its disk")

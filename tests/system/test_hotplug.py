# SPDX-License-Identifier: MIT
"""Devices that come and go while the guest runs."""

import hashlib
import os
import subprocess

from guest import GuestTest, THUNDERLAKE, wait_for
from qmp import QmpError

MIB = 1 << 20
SECONDS = 90  # a guest takes five to think about the button, and longer on a busy host


class Hotplug(GuestTest):
    files = {"more.img": os.urandom(4 * MIB)}
    options = ["--memory=512M", "--cpus=2", "--net=none", "--display=none", "--hotplug-ports=2"]

    def test_disk_comes_and_is_used(self):
        self.guest.qmp.command("blockdev-add", **{
            "driver": "raw", "node-name": "more",
            "file": {"driver": "file", "filename": self.guest.path("more.img")}})
        self.guest.qmp.command("device_add", driver="virtio-blk-pci", id="disk9", drive="more",
                               serial="MORE-0001")
        self.guest.sh("until [ -b /dev/vdb ]; do sleep 0.1; done", SECONDS)
        self.assertEqual(self.guest.sh("cat /sys/block/vdb/serial"), "MORE-0001")
        self.assertEqual(self.guest.sh("sha256sum </dev/vdb").split()[0], self._digest())
        self.guest.sh("dd if=/dev/urandom of=/dev/vdb bs=1M count=2 oflag=direct 2>&1")
        self.assertEqual(self.guest.sh("sha256sum </dev/vdb").split()[0], self._digest())

    def test_disk_in_use_keeps_its_name_and_file(self):
        with self.assertRaisesRegex(QmpError, "Duplicate device ID"):
            self.guest.qmp.command("device_add", driver="virtio-rng-pci", id="disk9")
        with self.assertRaisesRegex(QmpError, "in use"):
            self.guest.qmp.command("blockdev-del", **{"node-name": "more"})

    def test_keyboard_comes_by_ctl(self):
        self._ctl("add", "virtio-keyboard", "id=kbd9")
        self.guest.sh("until grep -q Uniq=kbd9 /proc/bus/input/devices; do sleep 0.1; done", SECONDS)
        self.assertIn("kbd9", self._ctl("list"))

    def test_slots_are_full(self):
        with self.assertRaisesRegex(QmpError, "no free slot"):
            self.guest.qmp.command("device_add", driver="virtio-rng-pci", id="rng9")

    def test_disk_goes(self):
        before = self.guest.descriptors()
        self.guest.qmp.command("device_del", id="disk9")
        with self.assertRaisesRegex(QmpError, "already in the process|busy"):
            self.guest.qmp.command("device_del", id="disk9")
        self._wait_deleted("disk9")
        self.assertEqual(self.guest.sh("ls /dev/vdb 2>/dev/null || echo gone"), "gone")
        self.assertLess(self.guest.descriptors(), before)
        self.guest.qmp.command("blockdev-del", **{"node-name": "more"})

    def test_keyboard_goes(self):
        self._ctl("del", "kbd9")
        self._wait_deleted("kbd9")
        self.assertNotIn("kbd9", self._ctl("list"))

    def test_slot_is_used_again_after_a_reset(self):
        def add():
            try:
                return self.guest.qmp.command("device_add", driver="virtio-rng-pci", id="rng9",
                                              bus="port1") == {}
            except QmpError:
                return False  # the guest has not yet put out the light of the slot
        wait_for(add, SECONDS, "a free slot")
        self.guest.qmp.command("system_reset")
        self.guest.wait_ready()
        self.assertEqual(self.guest.sh("ls -d /sys/bus/pci/devices/*:01:00.0/virtio* | wc -l"), "1")
        self.guest.qmp.command("device_del", id="rng9")
        self._wait_deleted("rng9")

    def _digest(self):
        with open(self.guest.path("more.img"), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def _ctl(self, *words):
        return subprocess.run([THUNDERLAKE, "ctl", self.guest.name, "device", *words], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def _wait_deleted(self, device):
        event = self.guest.qmp.wait_event("DEVICE_DELETED", SECONDS)
        self.assertEqual(event["data"], {"device": device,
                                         "path": f"/machine/peripheral/{device}"})

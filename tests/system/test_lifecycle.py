# SPDX-License-Identifier: MIT
"""How a machine pauses, reboots and ends."""

import os
import subprocess
import tempfile
import time
import unittest

from archive import add_to_initrd
from guest import IMAGE, THUNDERLAKE, GuestTest, Machine

MIB = 1 << 20


class PauseAndPowerButton(GuestTest):
    files = {"data.img": 64 * MIB}
    options = ["--memory=512M", "--cpus=2", "--net=none", "--disk=FOLDER/data.img"]

    def test_no_io_is_lost_by_pauses(self):
        self.guest.start("""fio --name=load --filename=/dev/vdb --direct=1 --ioengine=libaio \
            --rw=randrw --bs=16k --size=64m --iodepth=16 --time_based --runtime=15 --verify=crc32c \
            --verify_fatal=1 >/run/fio.log 2>&1 || { cat /run/fio.log; exit 1; }""")
        for _ in range(8):
            time.sleep(1)
            self.guest.qmp.command("stop")
            self.assertEqual(self.guest.qmp.command("query-status")["status"], "paused")
            time.sleep(0.3)
            self.guest.qmp.command("cont")
        reply = self.guest.finish(180)
        self.assertEqual(reply.code, 0, reply.text)

    def test_paused_guest_stands_still(self):
        self.guest.start("cat /proc/uptime; sleep 2; cat /proc/uptime")
        self.guest.qmp.command("stop")
        before = self._cpu_seconds()
        time.sleep(2)
        self.assertLess(self._cpu_seconds() - before, 0.3)
        self.guest.qmp.command("cont")
        self.assertEqual(self.guest.finish().code, 0)

    def test_power_button_powers_off(self):
        self.guest.sh("until systemctl -q is-active systemd-logind; do sleep 0.2; done")
        subprocess.run([THUNDERLAKE, "ctl", self.guest.name, "powerdown"], check=True)
        self.assertEqual(self.guest.wait(), 0)

    def _cpu_seconds(self):
        with open(f"/proc/{self.guest.process.pid}/stat", encoding="ascii") as stat:
            times = stat.read().rsplit(")", 1)[1].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


class Reboots(unittest.TestCase):
    COUNT = 20

    # Runs in place of the image's first process: counts on the disk, reboots in another way than
    # the last time, and powers off at the end.
    SCRIPT = """#!/bin/busybox sh
        b=/bin/busybox
        $b mount -t proc proc /proc
        $b mkdir /sys
        $b mount -t sysfs sysfs /sys
        $b mount -t devtmpfs dev /dev
        while read -r module; do insmod "/modules/$module"; done </modules/order
        read -r count </dev/vda
        echo $((count + 1)) | $b dd of=/dev/vda bs=512 conv=sync,fsync 2>/dev/null
        case $((count % 4)) in
        0) type=acpi ;; 1) type=kbd ;; 2) type=triple ;; 3) type=pci ;;
        esac
        echo $type >/sys/kernel/reboot/type
        echo "start $count: $type" >/dev/console
        [ "$count" -lt COUNT ] || $b poweroff -f
        $b reboot -f
        """

    def test_leave_nothing_behind(self):
        machine = self._start()
        sources = [self._source_of_reset(machine)]
        descriptors, memory = machine.descriptors(), machine.memory()
        for _ in range(self.COUNT - 1):
            sources.append(self._source_of_reset(machine))
        ways = ["reset-port", "i8042", "triple-fault", "reset-port"]
        self.assertEqual(sources, ways * (self.COUNT // len(ways)))
        self.assertEqual(machine.descriptors(), descriptors)
        self.assertLess(machine.memory(), memory + 16 * MIB)
        self.assertEqual(machine.wait(60), 0)
        self.assertIn(f"start {self.COUNT}", machine.read("console.log"))

    @staticmethod
    def _source_of_reset(machine):
        return machine.qmp.wait_event("RESET", 60)["data"]["x-thunderlake-source"]

    def _start(self):
        initrd = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "initrd")
        add_to_initrd(f"{IMAGE}/initrd.img", initrd, "again",
                      self.SCRIPT.replace("COUNT", str(self.COUNT)).encode())
        machine = Machine(
            f"--kernel={IMAGE}/vmlinuz", f"--initrd={initrd}", "--memory=256M", "--net=none",
            "--append=console=ttyS0 quiet rdinit=/again", "--disk=FOLDER/count.img",
            "--serial=file:FOLDER/console.log", files={"count.img": b"0\n".ljust(MIB, b"\0")})
        self.addCleanup(machine.close)
        return machine

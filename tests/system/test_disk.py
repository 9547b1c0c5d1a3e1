# SPDX-License-Identifier: MIT
"""Disks: data is what was written, through every queue, and stays so after a power-off."""

import hashlib
import os
import signal
import subprocess
import tempfile

from guest import GuestTest

MIB = 1 << 20


class Disk(GuestTest):
    files = {"data.img": 256 * MIB, "fixed.img": os.urandom(MIB)}
    options = ["--memory=1G", "--cpus=4", "--net=none",
               "--disk=FOLDER/data.img,queues=4,serial=DATA-0001",
               "--disk=FOLDER/fixed.img,readonly=on"]

    def test_serial_number_is_told(self):
        self.assertEqual(self.guest.sh("cat /sys/block/vdb/serial"), "DATA-0001")

    def test_fio_verifies_over_four_queues(self):
        self.assertEqual(self.guest.sh("ls /sys/block/vdb/mq | wc -l"), "4")
        self.guest.sh("""fio --name=verify --filename=/dev/vdb --direct=1 --ioengine=libaio \
            --rw=randwrite --bsrange=4k-128k --size=32m --offset_increment=32m --numjobs=4 \
            --cpus_allowed=0-3 --cpus_allowed_policy=split --iodepth=16 --verify=crc32c \
            --verify_fatal=1 --group_reporting >/run/fio.log 2>&1 || { cat /run/fio.log; exit 1; }
            """, 300)

    def test_discard_frees_blocks(self):
        self.guest.sh("dd if=/dev/urandom of=/dev/vdb bs=1M count=64 oflag=direct 2>&1")
        self.assertGreaterEqual(self._allocated(), 64 * MIB)
        self.guest.sh("blkdiscard /dev/vdb")
        self.assertLess(self._allocated(), MIB)

    def test_zeroes_are_written(self):
        self.guest.sh("""dd if=/dev/urandom of=/dev/vdb bs=1M count=4 oflag=direct 2>&1
            blkdiscard --zeroout --offset 1M --length 2M /dev/vdb
            cmp -n 2M -i 1M:0 /dev/vdb /dev/zero
            ! cmp -s -n 1M /dev/vdb /dev/zero""")

    def test_read_only_refuses_writes(self):
        before = self._digest("fixed.img")
        self.assertEqual(self.guest.sh("cat /sys/block/vdc/ro"), "1")
        self.assertNotEqual(self.guest.run("dd if=/dev/zero of=/dev/vdc count=1 oflag=direct").code, 0)
        self.assertEqual(self.guest.sh("sha256sum </dev/vdc").split()[0], before)
        self.assertEqual(self._digest("fixed.img"), before)

    def test_sigterm_asks_the_guest_to_power_off(self):
        self.guest.sh("""mkfs.ext4 -q /dev/vdb
            mount /dev/vdb /mnt
            cp -r /usr/bin /mnt/
            cd /mnt && find bin -type f -exec sha256sum {} + >sums
            until systemctl -q is-active systemd-logind; do sleep 0.2; done""", 300)
        self.guest.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.guest.wait(), 0)

    def test_file_system_is_clean_after_power_off(self):
        data = self.guest.path("data.img")
        check = subprocess.run(["/sbin/e2fsck", "-fn", data], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout)
        with tempfile.TemporaryDirectory() as copy:
            subprocess.run(["/sbin/debugfs", "-R", f"rdump /bin /sums {copy}", data],
                           stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
            subprocess.run(["sha256sum", "--check", "--quiet", "sums"], cwd=copy, check=True)

    def _allocated(self):
        return os.stat(self.guest.path("data.img")).st_blocks * 512

    def _digest(self, name):
        with open(self.guest.path(name), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

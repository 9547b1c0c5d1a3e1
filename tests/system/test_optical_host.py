# SPDX-License-Identifier: MIT
"""A drive of the host's, lent to a Debian guest. The host is the lab, whose drive is QEMU's: a real one for
the lab's kernel. Elsewhere the tests are skipped, as nobody's disc is to be thrown out."""

import grp
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import unittest

from guest import IMAGE, THUNDERLAKE, GuestTest
from lab_drive import CDS_DISC_OK, CDS_TRAY_OPEN, NODE, LabDrive
from qmp import QmpError
from waiting import wait_for

MIB = 1 << 20
BEGINNING = 64 * MIB
CDROM = grp.getgrnam("cdrom").gr_gid
SOMEBODY = 4711  # a user in no group


def need_drive():
    if not LabDrive.is_here():
        raise unittest.SkipTest("no lab with an optical drive")


class HostDriveTest(GuestTest):
    options = ["--memory=1G", "--cpus=2", "--net=none", f"--disc={NODE}"]

    @classmethod
    def setUpClass(cls):
        need_drive()
        cls.drive = LabDrive()
        cls.addClassCleanup(cls.drive.close)
        # As systems with udev have it: their kernel looks for discs by itself.
        with open("/sys/module/block/parameters/events_dfl_poll_msecs", "w", encoding="ascii") as file:
            file.write("2000")
        super().setUpClass()
        cls.guest.qmp.command("query-status")  # its events are heard from now on
        cls.guest.sh("modprobe sg; for i in $(seq 100); do [ ! -b /dev/sr0 ] || break; sleep 0.1; done; "
                     "udevadm settle")

    def query(self):
        """What QMP tells of the guest's drive."""
        return next(d for d in self.guest.qmp.command("query-block") if d["device"] == "cd0")

    def counters(self):
        return self.guest.qmp.command("x-thunderlake-query-drives")[0]["stats"]

    def wait_tray(self, is_open):
        wait_for(lambda: self.query()["tray_open"] == is_open, 60, f"tray_open={is_open} by QMP")

    def wait_disc(self, there):
        """Waits until the guest's drive says that a disc is there, or is not, and its udev, which locks discs
        away, has gone to rest; the tray is not locked then. To read would close it."""
        self.guest.sh(f"""for i in $(seq 60); do
                if sg_turs -v /dev/sr0 >/run/why 2>&1; then found=True; else found=False; fi
                if [ $found = {there} ]; then
                    udevadm settle
                    sg_prevent --allow /dev/sr0
                    exit 0
                fi
                sleep 0.5
            done; cat /run/why; exit 1""", 90)


class HostDrive(HostDriveTest):
    def test_guest_knows_the_drive_by_its_own_name(self):
        said = self.guest.sh("sg_inq /dev/sr0")
        with open("/sys/block/sr0/device/model", encoding="ascii") as file:
            self.assertIn(file.read().strip(), said)
        self.assertRegex(said, "PDT=5")

    def test_kernel_knows_what_the_drive_can(self):
        info = self.guest.sh("cat /proc/sys/dev/cdrom/info")
        for can in "Can close tray", "Can open tray", "Can lock tray", "Can read DVD":
            self.assertRegex(info, rf"{can}:\s+1")

    def test_cdrom_id_sees_a_dvd(self):
        said = self.guest.sh("/usr/lib/udev/cdrom_id /dev/sr0")
        for line in "ID_CDROM_DVD=1", "ID_CDROM_MEDIA=1", "ID_CDROM_MEDIA_DVD=1":
            self.assertIn(line, said)

    def test_sg3_utils_see_a_sane_drive(self):
        bytes_ = os.path.getsize(self.drive.disc)
        self.guest.sh("sg_turs /dev/sr0")
        self.assertIn(str(bytes_ // 2048), self.guest.sh("sg_readcap /dev/sr0"))
        self.assertIn("DVD-ROM", self.guest.sh("sg_get_config /dev/sr0"))
        self.guest.sh("sg_modes -p 0x2a /dev/sr0; sg_modes -6 -p 0x2a /dev/sr0")  # QEMU's drive has few others
        self.assertEqual(self.query()["inserted"]["image"]["virtual-size"], bytes_)

    def test_disc_is_the_file(self):
        """Its beginning, where all is that is not zero, and its end."""
        size = os.path.getsize(self.drive.disc)
        with open(self.drive.disc, "rb") as file:
            want = hashlib.sha256(file.read(BEGINNING))
            file.seek(size - 2 * MIB)
            want.update(file.read())
        before = self.counters()["sectors"]
        got = self.guest.sh(f"""(dd if=/dev/sr0 bs=1M iflag=direct count={BEGINNING // MIB} status=none
            dd if=/dev/sr0 bs=2048 iflag=direct skip={(size - 2 * MIB) // 2048} status=none) | sha256sum""", 400)
        self.assertEqual(got.split()[0], want.hexdigest())
        self.assertGreaterEqual(self.counters()["sectors"] - before, (BEGINNING + 2 * MIB) // 2048)

    def test_long_read_arrives(self):
        """One READ(12) of all that sg_raw can ask for."""
        with open(self.drive.disc, "rb") as file:
            want = hashlib.sha256(file.read(MIB)).hexdigest()
        got = self.guest.sh(f"""sg_raw -o /run/read -r {MIB} /dev/sr0 \
                a8 00 00 00 00 00 00 00 02 00 00 00 >/run/said 2>&1 || {{ cat /run/said; exit 1; }}
            sha256sum </run/read""")
        self.assertEqual(got.split()[0], want)

    def test_dvd_structure_and_region_are_the_drives(self):
        self.guest.sh("sg_raw -r 2052 /dev/sr0 ad 00 00 00 00 00 00 00 08 04 00 00 2>&1")
        # QEMU's drive has no region; what matters is that it is asked, and answers itself.
        refused = self.counters()["refused"]
        self.guest.run("sg_raw -r 8 /dev/sr0 a4 00 00 00 00 00 00 00 00 08 08 00 2>&1")
        self.assertEqual(self.counters()["refused"], refused)

    def test_what_is_not_for_guests_is_refused(self):
        operation, field = "Invalid command operation code", "Invalid field in cdb"
        for name, command, want in (
                ("WRITE BUFFER", "-s 16 -i /dev/zero /dev/sr0 3b 05 00 00 00 00 00 00 10 00", operation),
                ("READ BUFFER", "-r 16 /dev/sr0 3c 02 00 00 00 00 00 00 10 00", operation),
                ("vendor's", "-r 16 /dev/sr0 d8 00 00 00 00 00 00 00 00 01 00 00", operation),
                ("MODE SELECT", "-s 16 -i /dev/zero /dev/sr0 55 10 00 00 00 00 00 00 10 00", operation),
                ("WRITE", "-s 2048 -i /dev/zero /dev/sr0 2a 00 00 00 00 00 00 00 01 00", operation),
                ("SEND KEY, region", "-s 8 -i /dev/zero /dev/sr0 a3 00 00 00 00 00 00 00 00 08 06 00",
                 field)):
            with self.subTest(name):
                refused = self.counters()["refused"]
                reply = self.guest.run(f"sg_raw {command} 2>&1")
                self.assertNotEqual(reply.code, 0)
                self.assertIn("Illegal Request", reply.text)
                self.assertIn(want.lower(), reply.text.lower())
                self.assertEqual(self.counters()["refused"], refused + 1)
        self.assertIn("is not for guests", self.guest.read("stderr"))

    def test_nobody_else_can_have_it(self):
        done = subprocess.run([THUNDERLAKE, "run", f"--kernel={IMAGE}/vmlinuz", f"--disc={NODE}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"is in use by process {self.guest.process.pid} (thunderlake)", done.stderr)
        with tempfile.TemporaryDirectory() as place:
            self.assertNotEqual(subprocess.run(["mount", "-o", "ro", NODE, place], check=False,
                                               stderr=subprocess.DEVNULL).returncode, 0)


class HostTray(HostDriveTest):
    def test_guest_opens_it(self):
        self.guest.sh("eject /dev/sr0")
        wait_for(lambda: self.drive.status() == CDS_TRAY_OPEN, 60, "open tray of the host's drive")
        event = self.guest.qmp.wait_event("DEVICE_TRAY_MOVED")
        self.assertEqual((event["data"]["id"], event["data"]["tray-open"]), ("cd0", True))
        self.assertTrue(self.query()["tray_open"])
        self.wait_disc(False)

    def test_guest_closes_it(self):
        self.guest.sh("eject -t /dev/sr0")
        wait_for(lambda: self.drive.status() == CDS_DISC_OK, 60, "disc in the host's drive")
        self.assertFalse(self.guest.qmp.wait_event("DEVICE_TRAY_MOVED")["data"]["tray-open"])
        self.wait_disc(True)

    def test_hand_opens_it(self):
        self.assertTrue(self.drive.press_button())
        self.assertTrue(self.guest.qmp.wait_event("DEVICE_TRAY_MOVED")["data"]["tray-open"])
        self.wait_disc(False)
        self.assertNotIn("inserted", self.query())

    def test_hand_closes_it(self):
        self.drive.close_tray()
        self.assertFalse(self.guest.qmp.wait_event("DEVICE_TRAY_MOVED")["data"]["tray-open"])
        self.wait_disc(True)

    def test_host_command_opens_it(self):
        self.drive.eject_by_command()
        self.assertTrue(self.guest.qmp.wait_event("DEVICE_TRAY_MOVED")["data"]["tray-open"])
        self.wait_disc(False)

    def test_control_commands_move_it(self):
        self.guest.qmp.command("blockdev-close-tray", id="cd0")
        self.wait_tray(False)
        self.assertEqual(self.drive.status(), CDS_DISC_OK)
        self.guest.qmp.command("eject", id="cd0")
        self.wait_tray(True)
        self.assertEqual(self.drive.status(), CDS_TRAY_OPEN)
        self.guest.qmp.command("blockdev-close-tray", id="cd0")
        self.wait_tray(False)
        self.wait_disc(True)

    def test_disc_is_not_to_be_changed_from_here(self):
        with self.assertRaises(QmpError):
            self.guest.qmp.command("blockdev-change-medium", id="cd0", filename=self.drive.disc)

    def lock(self):
        """While the guest's udev, which would let the disc go, does nothing."""
        self.guest.sh("udevadm control --stop-exec-queue; sg_prevent --prevent=1 /dev/sr0")
        self.assertTrue(self.query()["locked"])

    def test_locked_disc_stays(self):
        self.lock()
        with self.assertRaises(QmpError):
            self.guest.qmp.command("eject", id="cd0")
        self.assertFalse(self.drive.press_button())
        time.sleep(3)
        self.assertEqual(self.drive.status(), CDS_DISC_OK)
        self.guest.qmp.events.clear()

    def test_guest_hears_of_the_button(self):
        """It was told that somebody wants the disc, and its udev unlocks and opens the drive."""
        self.guest.sh("udevadm control --start-exec-queue")
        self.assertTrue(self.guest.qmp.wait_event("DEVICE_TRAY_MOVED")["data"]["tray-open"])
        self.assertEqual(self.drive.status(), CDS_TRAY_OPEN)
        self.drive.close_tray()
        self.wait_tray(False)
        self.wait_disc(True)

    def test_force_opens_a_locked_tray(self):
        self.lock()
        self.guest.qmp.command("eject", id="cd0", force=True)
        self.wait_tray(True)
        self.guest.sh("udevadm control --start-exec-queue")
        self.guest.qmp.command("blockdev-close-tray", id="cd0")
        self.wait_disc(True)

    def test_end_of_the_machine_unlocks(self):
        self.lock()
        self.guest.qmp.command("quit")
        self.assertEqual(self.guest.wait(), 130)
        self.assertTrue(self.drive.press_button())
        self.drive.close_tray()


class HostDriveTexts(unittest.TestCase):
    """Why a drive cannot be had, and what to do."""

    @classmethod
    def setUpClass(cls):
        need_drive()

    def refused(self, node, *words, user=None, program=THUNDERLAKE, kernel=f"{IMAGE}/vmlinuz"):
        """The whole line that the user reads, which has these words."""
        done = subprocess.run(
            [program, "run", f"--kernel={kernel}", f"--device=scsi-host-cd,drive={node}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
            **({"user": user, "group": user, "extra_groups": []} if user else {}))
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_no_such_node(self):
        self.refused("/dev/sr9", "/dev/sr9: no such drive", "ls /dev/sr*")

    def test_directory(self):
        self.refused("/tmp", "/tmp: is a directory")

    def test_other_devices(self):
        self.refused("/dev/null", "/dev/null: is not an optical drive")

    def test_file(self):
        self.refused(os.environ["LAB_DISC"], "is a file")

    def test_mounted_disc(self):
        with tempfile.TemporaryDirectory(prefix="my disc ") as place:
            subprocess.run(["mount", "-o", "ro,noload", NODE, place], check=True)
            try:
                self.refused(NODE, f"{NODE}: the host has its disc mounted at {place}", "umount")
            finally:
                subprocess.run(["umount", place], check=True)

    def test_no_permission(self):
        os.chown(NODE, 0, CDROM)
        os.chmod(NODE, 0o660)
        os.chmod("/dev/kvm", 0o666)
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)  # The folders of the build and of the images may be root's alone.
            program, kernel = (shutil.copy(file, place) for file in (THUNDERLAKE, f"{IMAGE}/vmlinuz"))
            self.refused(NODE, f"{NODE}: no permission", "group cdrom", "usermod -aG cdrom",
                         user=SOMEBODY, program=program, kernel=kernel)

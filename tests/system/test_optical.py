# SPDX-License-Identifier: MIT
"""The emulated optical drive, as a Debian guest and its user meet it."""

import hashlib
import os
import subprocess
import tempfile
import time

from dvd import ONE_X
from guest import GuestTest, THUNDERLAKE, wait_for
from qmp import QmpError

MIB = 1 << 20
SECTOR = 2048
TEST_CD = os.environ.get("TEST_CD", "")  # made only where a test needs it


def make_iso(path, name, size):
    """An image with ISO 9660 and UDF whose file `noise` is random; returns the file's digest."""
    with tempfile.TemporaryDirectory() as folder:
        noise = os.urandom(size)
        with open(f"{folder}/noise", "wb") as file:
            file.write(noise)
        subprocess.run(["genisoimage", "-quiet", "-R", "-udf", "-V", name, "-o", path, folder],
                       check=True)
    return hashlib.sha256(noise).hexdigest()


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class OpticalTest(GuestTest):
    """A guest with an empty drive, and discs A and B to put into it."""

    options = ["--memory=512M", "--cpus=2", "--net=none", "--disc=none,serial=SN-4711"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.sh("udevadm settle; for i in $(seq 50); do [ ! -b /dev/sr0 ] || exit 0; "
                     "sleep 0.2; done; exit 1")
        cls.noise = {name: make_iso(cls.guest.path(f"{name}.iso"), name, 8 * MIB)
                     for name in ("A", "B")}

    def ctl(self, *words):
        """Runs `thunderlake ctl`, which must succeed, and returns what it printed."""
        done = self.try_ctl(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def try_ctl(self, *words):
        return subprocess.run([THUNDERLAKE, "ctl", self.guest.name, *words], text=True,
                              capture_output=True, check=False)

    def drive(self):
        return self.guest.qmp.command("x-thunderlake-query-drives")[0]

    def insert(self, name, **arguments):
        """Lays a disc in and waits until the guest has heard of it."""
        self.guest.qmp.command("blockdev-change-medium", id="cd0", force=True,
                               filename=self.guest.path(f"{name}.iso"), **arguments)
        self.wait_medium(name)

    def wait_medium(self, name):
        self.guest.sh(f"""for i in $(seq 100); do
                udevadm settle
                [ "$(udevadm info -q property -n /dev/sr0 | sed -n s/ID_FS_LABEL=//p)" != "{name}" ] || exit 0
                sleep 0.2
            done; udevadm info -q property -n /dev/sr0; exit 1""", 120)

    def moved(self):
        """What is told next of a tray: whose, and whether it is open."""
        data = self.guest.qmp.wait_event("DEVICE_TRAY_MOVED")["data"]
        return data["id"], data["tray-open"]

    def eject(self):
        self.guest.qmp.command("eject", id="cd0", force=True)


class Drive(OpticalTest):
    """What the guest sees of the drive and its discs."""

    def test_kernel_knows_the_drive(self):
        info = self.guest.sh("cat /proc/sys/dev/cdrom/info")
        for can in "Can close tray", "Can open tray", "Can lock tray", "Can read DVD":
            self.assertRegex(info, rf"{can}:\s+1")
        self.assertRegex(info, r"Can write DVD-R:\s+0")

    def test_inquiry_names_it(self):
        said = self.guest.sh("sg_inq /dev/sr0; sg_vpd -p sn /dev/sr0; sg_vpd -p di /dev/sr0")
        for word in "PDT=5", "RMB=1", "THUNDER", "LAKE DVD-ROM", "SN-4711":
            self.assertIn(word, said)

    def test_empty_drive_says_so(self):
        said = self.guest.run("sg_turs -v /dev/sr0").text
        self.assertIn("Medium not present", said)
        self.assertNotEqual(self.guest.run("dd if=/dev/sr0 of=/dev/null count=1 2>&1").code, 0)

    def test_disc_appears(self):
        self.insert("A")
        said = self.guest.sh("/usr/lib/udev/cdrom_id /dev/sr0; sg_get_config /dev/sr0; "
                             "sg_readcap /dev/sr0")
        self.assertIn("ID_CDROM_DVD=1", said)
        self.assertIn("ID_CDROM_MEDIA_DVD=1", said)
        self.assertIn("ID_CDROM_MEDIA_TRACK_COUNT_DATA=1", said)
        self.assertIn("DVD-ROM", said)
        sectors = os.path.getsize(self.guest.path("A.iso")) // SECTOR
        self.assertIn(f"Number of logical blocks={sectors}", said)

    def test_every_byte_is_the_files(self):
        said = self.guest.sh("sha256sum </dev/sr0; dd if=/dev/sr0 bs=64k iflag=direct status=none "
                             "| sha256sum")
        self.assertEqual([line.split()[0] for line in said.splitlines()],
                         2 * [digest(self.guest.path("A.iso"))])

    def test_both_file_systems_are_mounted(self):
        for kind in "iso9660", "udf":
            said = self.guest.sh(f"mount -r -t {kind} /dev/sr0 /mnt; sha256sum </mnt/noise; "
                                 "umount /mnt", 120)
            self.assertEqual(said.split()[0], self.noise["A"])

    def test_structures_of_a_dvd_are_answered(self):
        said = self.guest.sh("""sg_raw -r 2052 /dev/sr0 ad 00 00 00 00 00 00 00 08 04 00 00 2>&1
            sg_raw -r 8 /dev/sr0 a4 00 00 00 00 00 00 00 00 08 08 00 2>&1""")
        self.assertEqual(said.count("SCSI Status: Good"), 2)

    def test_disc_is_read_only(self):
        self.assertEqual(self.guest.sh("cat /sys/block/sr0/ro || true"), "1")
        said = self.guest.run("sg_raw -s 2048 -i /dev/zero /dev/sr0 2a 00 00 00 00 00 00 00 01 00")
        self.assertNotEqual(said.code, 0)
        self.assertIn("Illegal Request", said.text)

    def test_kind_of_the_disc_is_the_users_choice(self):
        self.insert("B", **{"x-thunderlake-kind": "dvd-r"})
        self.assertIn("ID_CDROM_MEDIA_DVD_R=1", self.guest.sh("/usr/lib/udev/cdrom_id /dev/sr0"))
        self.insert("B", **{"x-thunderlake-kind": "cd-rom"})
        self.assertIn("ID_CDROM_MEDIA_CD=1", self.guest.sh("/usr/lib/udev/cdrom_id /dev/sr0"))

    def test_nothing_troubled_the_kernel(self):
        said = self.guest.sh("dmesg | grep -E 'sr0|sr [0-9]|cdrom|virtio_scsi|scsi host' || true")
        self.assertNotRegex(said, "(?i)abort|resetting|timeout|timing out|hostbyte=DID_(?!OK)")


class Tray(OpticalTest):
    """Discs come and go, from inside and outside."""

    def test_guest_ejects(self):
        self.insert("A")
        self.assertEqual(self.moved(), ("cd0", True))
        self.assertEqual(self.moved(), ("cd0", False))
        self.guest.sh("eject /dev/sr0")
        self.assertEqual(self.moved(), ("cd0", True))
        self.assertTrue(self.drive()["tray-open"])
        self.assertIn("disc", self.drive())

    def test_guest_closes_the_tray(self):
        self.guest.sh("eject -t /dev/sr0")
        self.assertEqual(self.moved(), ("cd0", False))
        self.wait_medium("A")

    def test_user_ejects_and_the_guest_lets_go(self):
        """The guest's udev locks the tray; asked for the disc, it unlocks and opens."""
        self.ctl("disc", "eject")
        self.assertTrue(self.drive()["tray-open"])
        self.assertNotIn("disc", self.drive())
        self.wait_medium("")
        self.assertIn("Medium not present", self.guest.run("sg_turs -v /dev/sr0").text)

    def test_user_lays_another_in(self):
        self.ctl("disc", "insert", self.guest.path("B.iso"))
        self.wait_medium("B")
        self.assertIn("B.iso", self.ctl("disc"))
        said = self.guest.sh("mount -r /dev/sr0 /mnt; sha256sum </mnt/noise; umount /mnt")
        self.assertEqual(said.split()[0], self.noise["B"])

    def test_nobodys_disc_is_taken_unasked(self):
        done = self.try_ctl("disc", "insert", self.guest.path("A.iso"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("disc swap", done.stderr)

    def test_locked_tray_needs_force(self):
        """A guest whose udev is asleep keeps the lock."""
        self.guest.sh("udevadm control --stop-exec-queue; sg_prevent --prevent=1 /dev/sr0")
        try:
            with self.assertRaisesRegex(QmpError, "is locked and force was not specified"):
                self.guest.qmp.command("eject", id="cd0")
            self.guest.qmp.command("blockdev-open-tray", id="cd0")  # asks the guest
            self.assertIn("--force", self.try_ctl("disc", "open").stderr)
            self.assertTrue(self.drive()["locked"])
            self.assertFalse(self.drive()["tray-open"])
            self.assertNotEqual(self.guest.run("sg_start --eject /dev/sr0").code, 0)
            self.guest.qmp.command("blockdev-open-tray", id="cd0", force=True)
            self.assertTrue(self.drive()["tray-open"])
        finally:
            # It then hears that somebody wanted the disc, and opens the tray, too.
            self.guest.sh("sg_prevent --allow /dev/sr0; udevadm control --start-exec-queue; "
                          "sleep 3; udevadm settle")
        self.guest.qmp.command("blockdev-close-tray", id="cd0")
        self.wait_medium("B")

    def test_swap_amid_a_read(self):
        """The reader gets an error, the next one the other disc."""
        self.guest.qmp.command("x-thunderlake-disc-model", **{"bytes-per-second": ONE_X})
        self.guest.start("dd if=/dev/sr0 of=/dev/null bs=64k iflag=direct 2>&1")
        wait_for(lambda: self.drive()["stats"]["reads"] > 0, 60, "the guest reads")
        time.sleep(1)
        self.guest.qmp.command("blockdev-change-medium", id="cd0", force=True,
                               filename=self.guest.path("A.iso"))
        self.guest.qmp.command("x-thunderlake-disc-model")
        self.assertNotEqual(self.guest.finish(120).code, 0)
        self.wait_medium("A")
        self.assertEqual(self.guest.sh("sha256sum </dev/sr0").split()[0],
                         digest(self.guest.path("A.iso")))

    def test_unreadable_file_leaves_the_disc(self):
        with self.assertRaisesRegex(QmpError, "no such file"):
            self.guest.qmp.command("blockdev-change-medium", id="cd0", filename="/nowhere.iso")
        self.assertIn("A.iso", self.drive()["disc"]["file"])
        self.guest.sh("dd if=/dev/sr0 of=/dev/null bs=2k count=1 iflag=direct")

    def test_paused_guest_finds_the_other_disc(self):
        self.guest.qmp.command("stop")
        self.guest.qmp.command("blockdev-change-medium", id="cd0", force=True,
                               filename=self.guest.path("B.iso"))
        self.guest.qmp.command("cont")
        self.wait_medium("B")

    def test_drive_survives_a_reset(self):
        self.guest.qmp.command("system_reset")
        self.guest.wait_ready()
        self.wait_medium("B")


class Faults(OpticalTest):
    """A drive that is slow and bad on purpose, and what the guest makes of it."""

    def model(self, **arguments):
        self.guest.qmp.command("x-thunderlake-disc-model",
                               **{k.replace("_", "-"): v for k, v in arguments.items()})

    def read(self, sector, count=1):
        return self.guest.run(f"dd if=/dev/sr0 of=/dev/null bs={SECTOR} skip={sector} "
                              f"count={count} iflag=direct 2>&1")

    def test_bad_sector_is_told_as_one(self):
        self.insert("A")
        self.model(faults=[{"first": 1000, "kind": "error"}])
        self.assertEqual(self.read(999).code, 0)
        self.guest.sh("dmesg -C")
        failed = self.read(1000)
        self.assertNotEqual(failed.code, 0)
        self.assertRegex(failed.text, "Input/output error|No data available")
        said = self.guest.sh("dmesg")
        self.assertIn("Medium Error", said)
        self.assertIn("Unrecovered read error", said)
        self.assertEqual(self.read(1001).code, 0)
        self.assertGreater(self.drive()["stats"]["errors"], 0)

    def test_sector_that_fails_once_is_read_by_the_next_try(self):
        self.model(faults=[{"first": 1100, "kind": "error", "once": True}])
        self.assertNotEqual(self.read(1100).code, 0)
        self.assertEqual(self.read(1100).code, 0)

    def test_slow_sector_takes_its_time(self):
        self.model(faults=[{"first": 1200, "last": 1203, "kind": "slow", "delay-ms": 1500}])
        before = self.drive()["stats"]["stalls"]
        start = time.monotonic()
        self.assertEqual(self.read(1201).code, 0)
        self.assertGreaterEqual(time.monotonic() - start, 1.5)
        self.assertEqual(self.drive()["stats"]["stalls"], before + 1)

    def test_disc_is_as_fast_as_a_dvd_player(self):
        self.model(bytes_per_second=ONE_X)
        megabytes = 4
        start = time.monotonic()
        self.assertEqual(self.read(0, megabytes * MIB // SECTOR).code, 0)
        seconds = time.monotonic() - start
        self.assertGreaterEqual(seconds, megabytes * MIB / ONE_X - 0.1)

    def test_disc_spins_up(self):
        self.model(spin_up_ms=3000)
        self.guest.qmp.command("blockdev-change-medium", id="cd0", force=True,
                               filename=self.guest.path("B.iso"))
        said = self.guest.run("sg_turs -v /dev/sr0; sg_turs -v /dev/sr0").text
        self.assertRegex(said, "(?i)becoming ready")
        self.wait_medium("B")
        self.assertEqual(self.read(0).code, 0)

    def test_stuck_tray_does_not_open(self):
        self.model(stuck=True)
        failed = self.guest.run("sg_prevent --allow /dev/sr0; sg_start -v --eject /dev/sr0")
        self.assertNotEqual(failed.code, 0, failed.text)
        self.assertIn("Hardware Error", failed.text)
        self.assertFalse(self.drive()["tray-open"])
        with self.assertRaisesRegex(QmpError, "stuck"):
            self.guest.qmp.command("eject", id="cd0", force=True)
        self.model()
        self.guest.sh("sg_start --eject /dev/sr0")
        self.assertTrue(self.drive()["tray-open"])

    def test_image_that_shrinks_has_bad_sectors(self):
        self.insert("A")
        size = os.path.getsize(self.guest.path("A.iso"))
        os.truncate(self.guest.path("A.iso"), size // 2 // SECTOR * SECTOR)
        self.assertEqual(self.read(100).code, 0)
        self.assertNotEqual(self.read(size // SECTOR - 10).code, 0)
        self.assertIn("Medium Error", self.guest.sh("dmesg"))
        self.assertEqual(self.read(101).code, 0)


class AudioCd(OpticalTest):
    """A CD of a data track and two audio tracks, from a cue sheet."""

    SECOND = 75 * 2352  # bytes of audio

    def test_tracks_are_told(self):
        self.guest.qmp.command("blockdev-change-medium", id="cd0", force=True, filename=TEST_CD)
        self.wait_medium("CD_TEST")
        said = self.guest.sh("cdparanoia -Q 2>&1; /usr/lib/udev/cdrom_id /dev/sr0")
        self.assertIn("ID_CDROM_MEDIA_TRACK_COUNT_AUDIO=2", said)
        self.assertIn("ID_CDROM_MEDIA_TRACK_COUNT_DATA=1", said)

    def test_data_track_is_read(self):
        path = os.path.join(os.path.dirname(TEST_CD), "data.iso")
        sectors = os.path.getsize(path) // SECTOR
        said = self.guest.sh(f"dd if=/dev/sr0 bs={SECTOR} count={sectors} iflag=direct status=none "
                             "| sha256sum")
        self.assertEqual(said.split()[0], digest(path))

    def test_audio_is_ripped_bit_by_bit(self):
        """A track reaches to the next one's index 1: the second of silence is track 2's."""
        with open(os.path.join(os.path.dirname(TEST_CD), "audio.bin"), "rb") as file:
            audio = file.read()
        for track, start, end in ((2, 0, 13), (3, 13, 21)):
            want = hashlib.sha256(audio[start * self.SECOND:end * self.SECOND]).hexdigest()
            said = self.guest.sh(f"cdparanoia -q -r {track} - 2>/dev/null | sha256sum", 300)
            self.assertEqual(said.split()[0], want, f"track {track}")

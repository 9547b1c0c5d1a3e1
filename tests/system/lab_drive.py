# SPDX-License-Identifier: MIT
"""The optical drive of the lab as the host's user has it: its node, and what a hand does to it."""

import ctypes
import fcntl
import glob
import json
import os
import struct

NODE = "/dev/sr0"
# <linux/cdrom.h>
CDROM_DRIVE_STATUS, CDSL_CURRENT = 0x5326, 0x7FFFFFFF
CDS_TRAY_OPEN, CDS_DISC_OK = 2, 4
# <scsi/sg.h>; struct sg_io_hdr up to usr_ptr, and what the kernel writes
SG_IO, SG_DXFER_NONE = 0x2285, -1
SG_HEADER = "iiBBHIPPPIIiPBBBBHHiII4x"
START_STOP_UNIT, EJECT = 0x1B, 0x02


class LabDrive:
    """By the monitor of the lab's QEMU: the drive's button, and the discs in it. `disc` is the file of the
    disc that the lab was started with."""

    def __init__(self):
        self.disc = os.environ.get("LAB_DISC")
        self._port = open(self._find_port(), "r+b", buffering=0)
        self._rest = b""
        # The monitor is one for all who open the port, and greets the first of them alone.
        try:
            self.command("qmp_capabilities")
        except OSError:
            pass  # it was done

    @staticmethod
    def is_here():
        return bool(os.environ.get("LAB_DISC")) and LabDrive._find_port() is not None

    @staticmethod
    def _find_port():
        for name in glob.glob("/sys/class/virtio-ports/*/name"):
            with open(name, encoding="ascii") as file:
                if file.read().strip() == "qmp":
                    return "/dev/" + os.path.basename(os.path.dirname(name))
        return None

    def close(self):
        self._port.close()

    @staticmethod
    def _lost():
        raise ConnectionError("the lab's QEMU has closed its monitor")

    def _read(self):
        while b"\n" not in self._rest:
            self._rest += self._port.read(4096) or self._lost()
        line, self._rest = self._rest.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, **arguments):
        self._port.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self._read()
            if "error" in message:
                raise OSError(message["error"]["desc"])
            if "return" in message:
                return message["return"]

    def press_button(self):
        """Whether the tray opens; a locked one tells the drive's user that somebody wants the disc."""
        self.command("blockdev-open-tray", id="disc")
        return next(drive["tray_open"] for drive in self.command("query-block")
                    if drive.get("qdev") == "disc")

    def close_tray(self):
        self.command("blockdev-close-tray", id="disc")

    def take_out(self):
        """The disc, out of the open tray."""
        self.command("blockdev-remove-medium", id="disc")

    @staticmethod
    def eject_by_command():
        """As `eject -s` does: the kernel's own way is refused for a drive in use."""
        cdb = ctypes.create_string_buffer(bytes([START_STOP_UNIT, 0, 0, 0, EJECT, 0]), 6)
        header = bytearray(struct.pack(
            SG_HEADER, ord("S"), SG_DXFER_NONE, 6, 0, 0, 0, 0, ctypes.addressof(cdb), 0, 10000, 0, 0, 0,
            *[0] * 9))
        node = os.open(NODE, os.O_RDONLY | os.O_NONBLOCK)
        try:
            fcntl.ioctl(node, SG_IO, header)
        finally:
            os.close(node)
        status = struct.unpack(SG_HEADER, header)[13]
        if status:
            raise OSError(f"START STOP UNIT ended with status {status:#x}")

    @staticmethod
    def status():
        """What the host's kernel says: CDS_*."""
        node = os.open(NODE, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return fcntl.ioctl(node, CDROM_DRIVE_STATUS, CDSL_CURRENT)
        finally:
            os.close(node)

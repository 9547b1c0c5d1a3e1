# SPDX-License-Identifier: MIT
"""What an optical drive costs and how fast it reads: Thunderlake and QEMU with the same guest and disc,
the drive on virtio-scsi under both. Beside them the same disc as a virtio disk of Thunderlake's.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time

from machine import BUILD, Failed, Machine, QEMU, THUNDERLAKE, WORDS, take_turns

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from qmp import Qmp  # the tests' own

DISC = f"{BUILD}/tests/bench-disc.iso"
INSERTS = 5
NODE = "/dev/sr0"
SET_UP = f"modprobe -a sr_mod isofs; until [ -b {NODE} ]; do sleep 0.2; done; mkdir -p /run/disc"
FORGET = "sync; echo 3 >/proc/sys/vm/drop_caches"
READ = "LC_ALL=C dd if=NODE of=/dev/null bs=1M"
FILE = "bench-disk.img"  # on the disc
# News of the disc may still come after the first mount, which is worth nothing then.
MOUNT = f"""
until mount -o ro {NODE} /run/disc 2>/dev/null && [ -e /run/disc/{FILE} ]; do
	umount /run/disc 2>/dev/null
done"""
PEER, PEER_NODE = "virtio-blk", "/dev/vdb"  # the disk beside the drive, as the samples call it


# --- the contenders -------------------------------------------------------------------------------


def thunderlake(image, folder):
    return [THUNDERLAKE, "run", "-q", f"--name=bench-{os.getpid()}",
            f"--kernel={image}/vmlinuz", f"--initrd={image}/initrd.img", f"--append={WORDS}",
            "--memory=512M", "--cpus=2", f"--disk={image}/disk.img,readonly=on",
            f"--disk={DISC},readonly=on", f"--disc={DISC},id=drive", "--net=none", "--display=off",
            f"--serial=file:{folder}/console", f"--serial=unix:{folder}/agent",
            f"--qmp=unix:{folder}/qmp"]


def q35(image, folder):
    return [QEMU, "-name", "bench,debug-threads=on", "-M", "q35", "-accel", "kvm", "-cpu", "host",
            "-smp", "2", "-m", "512M", "-nodefaults", "-no-user-config",
            "-kernel", f"{image}/vmlinuz", "-initrd", f"{image}/initrd.img", "-append", WORDS,
            "-drive", f"file={image}/disk.img,format=raw,readonly=on,if=none,id=disk",
            "-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci",
            "-object", "iothread,id=io", "-device", "virtio-scsi-pci,iothread=io",
            "-drive", f"file={DISC},format=raw,media=cdrom,if=none,id=disc",
            "-device", "scsi-cd,drive=disc,id=drive", "-display", "none",
            "-serial", f"file:{folder}/console", "-serial", f"unix:{folder}/agent,server,nowait",
            "-qmp", f"unix:{folder}/qmp,server,nowait"]


CONTENDERS = {"thunderlake": thunderlake, "q35": q35}


def prepare(content):
    """Makes the disc, with a large file in it."""
    if os.path.exists(DISC):
        return
    if not shutil.which("genisoimage"):
        raise Failed("no genisoimage")
    subprocess.run(["genisoimage", "-quiet", "-r", "-o", f"{DISC}.new", content], check=True)
    os.rename(f"{DISC}.new", DISC)


class Reader(Machine):
    """A machine with the disc in its drive."""

    def __init__(self, contender, image):
        super().__init__(lambda folder: CONTENDERS[contender](image, folder), os.environ)
        self.qmp = None

    def close(self):
        if self.qmp:
            self.qmp.close()
        super().close()

    def wait_ready(self):
        super().wait_ready()
        self.run(SET_UP)
        self.qmp = Qmp(f"{self.folder}/qmp")


# --- the rows -------------------------------------------------------------------------------------


def read_all(machine, node, flags):
    """Bytes, seconds as the guest counts them, and processor time as we do."""
    machine.run(FORGET)
    before = machine.cpu_ns()
    said = machine.run(READ.replace("NODE", node) + flags)
    after = machine.cpu_ns()
    found = re.search(r"^(\d+) bytes .* copied, ([\d.]+) s", said, re.MULTILINE)
    if not found or int(found[1]) != os.path.getsize(DISC):
        raise Failed(f"{node} was not read to its end: {said[-200:]!r}")
    return int(found[1]) / (1 << 20), float(found[2]), {name: after[name] - before[name]
                                                       for name in after}


def read_in_turn(name, machine, row, samples, flags):
    """The drive, and in a machine of Thunderlake's the disk beside it, now the one first and now the other; not
    counted is a read before, as memory that was at rest for a while is slow. Returns what the drive's cost."""
    nodes = {NODE: name, PEER_NODE: PEER} if name == "thunderlake" else {NODE: name}
    order = list(nodes)[::-1 if len(samples[row][name]) % 2 else 1]
    read_all(machine, order[0], flags)
    for node in order:
        mib, seconds, cpu_ns = read_all(machine, node, flags)
        samples[row][nodes[node]].append(seconds / mib)
        if node == NODE:
            costs = {part: spent / mib for part, spent in cpu_ns.items()}
    return costs


def measure_direct(name, machine, samples):
    costs = read_in_turn(name, machine, "disc-direct", samples, " iflag=direct")
    samples["disc-cost"][name].append(costs["own"])
    samples["disc-cost-guest"][name].append(costs["all"])


def measure_cached(name, machine, samples):
    read_in_turn(name, machine, "disc-cached", samples, "")


def measure_insert(name, machine, samples):
    """The guest tries to mount without a rest."""
    seconds = []
    for _ in range(INSERTS):
        machine.qmp.command("eject", id="drive", force=True)
        machine.start(MOUNT)
        time.sleep(0.5)
        start = time.monotonic()
        machine.qmp.command("blockdev-change-medium", id="drive", filename=DISC)
        machine.finish()
        seconds.append(time.monotonic() - start)
        said = machine.run("ls /run/disc 2>&1 && umount /run/disc 2>&1")
        if said.strip() != FILE:
            raise Failed(f"what was mounted is not the disc: {said[-200:]!r}")
    samples["disc-insert"][name].append(statistics.median(seconds))


MEASURES = {"disc-direct": measure_direct, "disc-cached": measure_cached,
            "disc-cost": measure_direct, "disc-cost-guest": measure_direct,
            "disc-insert": measure_insert}


def measure(image, rows, repeat):
    """What is to be called where the guests run: the samples of all contenders by row, and what else
    is to be told."""
    samples = {row: {name: [] for name in [*CONTENDERS, PEER]} for row in MEASURES}
    with open(DISC, "r+b") as disc:  # for writing: in the lab it is a file of the lab's memory then
        while disc.read(1 << 20):
            pass

    missed = []

    def measure_turn(name, machine):
        for part in dict.fromkeys(MEASURES[row] for row in rows):
            try:
                part(name, machine, samples)
            except Failed as reason:
                missed.append(f"{name}: a figure left out: {reason}")

    notes = missed + take_turns(lambda name: Reader(name, image), CONTENDERS, measure_turn, repeat)
    for row in rows:
        if samples[row][PEER]:
            rate = 1 / statistics.median(samples[row][PEER])
            notes.append(f"{row}: {rate:.0f} MiB/s as a virtio disk of Thunderlake's")
    return {row: samples[row] for row in rows}, notes

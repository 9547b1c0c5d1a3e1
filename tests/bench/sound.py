# SPDX-License-Identifier: MIT
"""What sound costs and how late and how whole it comes: Thunderlake and QEMU with the same guest, which
plays to the same PulseAudio server: Debian by a program (player.c), or a payload that drives the card itself
(tests/guest/payload_sound.c). The witness (witness.c) listens at the server.
"""

import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from machine import BUILD, CACHE, Failed, Machine, QEMU, THUNDERLAKE, WORDS, take_turns

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from qmp import Qmp, QmpError  # the tests' own
from sound_server import SoundServer

PROGRAMS = f"{BUILD}/obj/tests/bench"
LATENCY_MS = 20  # of the sound server, asked for by both
EAR_LATENCY_MS = 10
PERIOD, PERIODS = 480, 4  # frames; the guest's buffer is 40 ms, the payload's always
RATE = 48000
CLICKS = 16
PLAY_LIMIT_S = 90  # seen: 10
PLAIN_S, WARM_S, COUNTED_S = 7, 2, 4
STRESSED_S = 6
REPORT_LIMIT_S = 60  # until all is heard; seen: 2
CARDS = {"sound": "virtio_snd", "hda": "snd_hda_intel"}  # the guest's drivers, by the rows' names
PAYLOAD_CARD = "card"  # so are rows named whose guest is the payload
PAYLOAD = f"{BUILD}/tests/guest/payload_sound.elf"
PAYLOAD_DISK = f"{BUILD}/tests/bench-disk.img"  # made by `run`
FIND_CARD = """
for card in /sys/class/sound/card[0-9]*; do
	[ "$(basename "$(readlink -f $card/device/driver)")" != DRIVER ] || echo ${card##*card}
done"""
SET_UP = f"""
modprobe -q virtio_snd; modprobe -q snd_hda_intel; udevadm settle
dd if=/dev/vdb of=/run/player bs=1M status=none && chmod 755 /run/player
for card in $({FIND_CARD.replace("DRIVER", "snd_hda_intel")}); do
	amixer -c $card scontrols | sed "s/.*'\\(.*\\)'.*/\\1/" | while read -r name; do
		amixer -q -c $card sset "$name" 100% unmute
	done
done"""
# Disk and page cache: all that a guest's disk can do to its sound.
STRESS = """
(while :; do dd if=/dev/vda of=/dev/null bs=1M iflag=direct; done) >/dev/null 2>&1 & load=$!
PLAY
kill $load"""


# --- the contenders -------------------------------------------------------------------------------


def find_qemu():
    """One that knows virtio-snd and PulseAudio: this system's, or else the lab's."""
    labs = sorted(glob.glob(f"{CACHE}/lab/*/qemu"), key=os.path.getmtime, reverse=True)
    for path in [shutil.which(QEMU), *labs]:
        if path and knows_sound(path):
            return path
    raise FileNotFoundError(f"no {QEMU} knows virtio-sound-pci and PulseAudio")


def knows_sound(qemu):
    card, drivers = (subprocess.run([qemu, *words], capture_output=True, check=False).stdout
                     for words in (["-device", "virtio-sound-pci,help"], ["-audiodev", "help"]))
    return b"audiodev=" in card and b"\npa\n" in drivers


def thunderlake(image, folder, server):
    return [THUNDERLAKE, "run", "-q", f"--name=bench-{os.getpid()}",
            f"--kernel={image}/vmlinuz", f"--initrd={image}/initrd.img",
            f"--append={WORDS} systemd.unit=multi-user.target", "--memory=512M", "--cpus=2",
            f"--disk={image}/disk.img,readonly=on", f"--disk={folder}/player,readonly=on",
            "--net=none", "--display=off", f"--serial=file:{folder}/console",
            f"--serial=unix:{folder}/agent", f"--serial=unix:{folder}/marks",
            f"--qmp=unix:{folder}/qmp", "--sound=virtio", "--device=intel-hda",
            f"--audio=pulse,server={server},latency={LATENCY_MS}"]


def q35_audio(server):
    return (f"pa,id=sound,server={server},out.name=card,out.latency={LATENCY_MS * 1000},"
            f"out.frequency={RATE},out.channels=2,out.format=s16")


def q35(image, folder, server):
    return [find_qemu(), "-name", "bench,debug-threads=on", "-M", "q35", "-accel", "kvm",
            "-cpu", "host", "-smp", "2", "-m", "512M", "-nodefaults", "-no-user-config",
            "-kernel", f"{image}/vmlinuz", "-initrd", f"{image}/initrd.img",
            "-append", f"{WORDS} systemd.unit=multi-user.target",
            "-drive", f"file={image}/disk.img,format=raw,readonly=on,if=none,id=disk",
            "-device", "virtio-blk-pci,drive=disk",
            "-drive", f"file={folder}/player,format=raw,readonly=on,if=none,id=player",
            "-device", "virtio-blk-pci,drive=player", "-device", "virtio-rng-pci",
            "-display", "none", "-serial", f"file:{folder}/console",
            "-serial", f"unix:{folder}/agent,server,nowait",
            "-serial", f"unix:{folder}/marks,server,nowait",
            "-qmp", f"unix:{folder}/qmp,server,nowait",
            "-audiodev", q35_audio(server), "-device", "virtio-sound-pci,audiodev=sound,streams=1",
            "-device", "intel-hda", "-device", "hda-output,audiodev=sound"]


def thunderlake_payload(folder, server, disk):
    return [THUNDERLAKE, "run", "-q", f"--name=bench-{os.getpid()}", f"--kernel={PAYLOAD}",
            *(["--append=disk", f"--disk={disk},readonly=on"] if disk else []), "--memory=256M",
            "--net=none", "--rng=off", "--balloon=off", "--display=off",
            f"--serial=unix:{folder}/agent", "--serial=none", f"--serial=unix:{folder}/marks",
            f"--qmp=unix:{folder}/qmp", "--sound=virtio",
            f"--audio=pulse,server={server},latency={LATENCY_MS}"]


def q35_payload(folder, server, disk):
    disk_words = ["-append", "disk", "-object", "iothread,id=io",
                  "-drive", f"file={disk},format=raw,readonly=on,if=none,id=disk",
                  "-device", "virtio-blk-pci,drive=disk,iothread=io,disable-legacy=on"]
    return [find_qemu(), "-name", "bench,debug-threads=on", "-M", "q35", "-accel", "kvm",
            "-cpu", "host", "-m", "256M", "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", PAYLOAD, *(disk_words if disk else []),
            "-serial", f"unix:{folder}/agent,server", "-serial", "null",
            "-serial", f"unix:{folder}/marks,server,nowait",
            "-qmp", f"unix:{folder}/qmp,server,nowait", "-audiodev", q35_audio(server),
            "-device", "virtio-sound-pci,audiodev=sound,streams=1"]


CONTENDERS = {"thunderlake": thunderlake, "q35": q35}
PAYLOAD_CONTENDERS = {"thunderlake": thunderlake_payload, "q35": q35_payload}


class SoundMachine(Machine):
    """A machine that plays when it is told to, while somebody else has its ears."""

    def hold(self):
        """The guest's clocks stand still, too: else its cards would be long overdue. Whoever plays for it goes on
        talking with the sound server."""
        self._command("stop")

    def release(self):
        self._command("cont")
        time.sleep(1)

    def _command(self, name):
        try:
            qmp = Qmp(f"{self.folder}/qmp")
            qmp.command(name)
            qmp.close()
        except QmpError as error:
            raise Failed(f"{name}: {error}") from error


class Player(SoundMachine):
    """Debian with both sound cards and the player."""

    def __init__(self, contender, image, server):
        def make_command(folder):
            shutil.copy(f"{PROGRAMS}/player", f"{folder}/player")
            os.truncate(f"{folder}/player", 1 << 20)  # whole blocks
            return CONTENDERS[contender](image, folder, f"unix:{server.socket}")

        super().__init__(make_command, server.environment)
        self.cards = {}

    def wait_ready(self):
        super().wait_ready()
        said = self.run(SET_UP)
        for card, driver in CARDS.items():
            self.cards[card] = self.run(FIND_CARD.replace("DRIVER", driver)).strip()
            if not self.cards[card]:
                raise Failed(f"no {driver} in the guest: {said[-200:]!r}")

    def command(self, card, limit_s, what, count):
        """A script that plays; take_result reads what it says."""
        return (f"timeout -s KILL {limit_s} /run/player /dev/snd/pcmC{self.cards[card]}D0p "
                f"{PERIOD} {PERIODS} {what} {count}")

    @staticmethod
    def stressed(command):
        """The same, while the guest's disk is read as fast as it goes."""
        return STRESS.replace("PLAY", command)

    def take_result(self):
        return parse_result(self.finish())


class PayloadPlayer(SoundMachine):
    """The payload with a virtio sound card, and a disk if it has a file for one."""

    def __init__(self, contender, server, disk=None):
        super().__init__(
            lambda folder: PAYLOAD_CONTENDERS[contender](folder, f"unix:{server.socket}", disk),
            server.environment)

    def wait_ready(self):
        self.start("")
        line = self.lines.readline()
        self.check(line == b"ready\n")

    def start(self, script):
        self.agent.sendall(script.encode() + b"\n")

    def command(self, _card, _limit_s, what, count):
        """An order; take_result reads what it says."""
        return f"{what} {count}"

    @staticmethod
    def stressed(command):
        return f"{command} disk"

    def take_result(self):
        try:
            line = self.lines.readline().decode(errors="replace")
        except OSError as error:
            raise Failed(f"the payload was silent: {error}") from error
        return parse_result(line.removeprefix("played "))


def parse_result(text):
    """Frames written, and how often the guest was late."""
    said = text.split()
    if len(said) != 2 or not said[0].isdigit():
        raise Failed(f"the player said {' '.join(said)!r}")
    return int(said[0]), int(said[1])


class Witness:
    """Listens from its start to report()."""

    def __init__(self, server, marks=()):
        reader, writer = os.pipe()
        self.process = subprocess.Popen([f"{PROGRAMS}/witness", *marks], stdin=reader,
                                        stdout=subprocess.PIPE)
        self.ears = server.hear(writer, latency_ms=EAR_LATENCY_MS)
        os.close(reader)
        os.close(writer)
        time.sleep(0.5)  # until it listens

    def report(self):
        """The player is done; what it played may take its time."""
        self.process.terminate()
        try:
            return json.loads(self.process.communicate(timeout=REPORT_LIMIT_S)[0])
        except subprocess.TimeoutExpired as late:
            raise Failed("the sound server stands still") from late

    def close(self):
        for process in self.ears, self.process:
            process.kill()
            process.wait()


# --- the rows -------------------------------------------------------------------------------------


class Turn:
    """What one machine gives in one turn, for one card."""

    def __init__(self, server, machine, card):
        self.server, self.machine, self.card = server, machine, card

    def hear(self, script, *marks, during=lambda: None):
        """What the witness and the player tell of a script that plays."""
        witness = Witness(self.server, marks)
        try:
            self.machine.start(script)
            during()
            written, late = self.machine.take_result()
            return witness.report(), written, late
        finally:
            witness.close()

    def numbers(self, seconds):
        return self.machine.command(self.card, PLAY_LIMIT_S, "numbers",
                                    seconds * RATE // PERIOD)

    def latency(self):
        script = self.machine.command(self.card, PLAY_LIMIT_S, "clicks", CLICKS)
        heard, _, _ = self.hear(script, f"{self.machine.folder}/marks")
        if len(heard["latencies"]) < CLICKS / 2:
            raise Failed(f"of {CLICKS} clicks: {heard}")
        return {"latency": statistics.median(heard["latencies"])}, ""

    def plain(self):
        loads = []

        def measure_load():
            time.sleep(WARM_S)
            loads.append(self.machine.load(COUNTED_S)["own"])

        heard, written, late = self.hear(self.numbers(PLAIN_S), during=measure_load)
        wrong = {"lost": heard["lost"], "again": heard["again"], "altered": heard["altered"],
                 "missing at the end": written - heard["next"]}
        told = "".join(f", {name}: {count}" for name, count in wrong.items() if count)
        return ({"cost": loads[0], "length": sum(map(abs, wrong.values()))},
                f"guest late {late} times; {heard['gaps']} gaps of "
                f"{heard['silent'] * 1000 / RATE:.0f} ms in all{told}")

    def gaps(self):
        heard, _, late = self.hear(self.machine.stressed(self.numbers(STRESSED_S)))
        return {"gaps": heard["gaps"]}, (f"guest late {late} times; {heard['gaps']} gaps of "
                                         f"{heard['silent'] * 1000 / RATE:.0f} ms in all")


MEASURES = {"latency": Turn.latency, "cost": Turn.plain, "length": Turn.plain, "gaps": Turn.gaps}


def stream_cost(server, who):
    """Of the same sound without a guest (stream.c), while somebody listens, and in how many gaps it came: `who`
    is product, or bare, a client that knows no more than when the server wants how much."""
    words = [f"{PROGRAMS}/stream", who, *map(str, (PERIOD, PERIODS, LATENCY_MS, COUNTED_S))]
    witness = Witness(server)
    try:
        run = subprocess.run(words, env=server.environment, stdout=subprocess.PIPE, check=False)
        gaps = witness.report()["gaps"]
    except FileNotFoundError as missing:
        raise Failed("built without PulseAudio") from missing
    finally:
        witness.close()
    result = run.stdout.split()
    if run.returncode != 0 or result[:1] != [b"result"]:
        raise Failed(f"{words} could not play")
    return int(result[1], 16) / int(result[2], 16), gaps


def measure_floor(server, samples, repeat, notes):
    rows = [row for row in samples if row.endswith(("-cost", "-gaps"))]
    for _ in range(repeat if rows else 0):
        try:
            cost, gaps = stream_cost(server, "bare")
        except Failed as reason:
            notes.append(f"floor: left out: {reason}")
            continue
        for row in rows:
            samples[row]["floor"].append(cost if row.endswith("-cost") else gaps)


def measure(image, rows, repeat):
    """What is to be called where the guests run: the samples of all contenders by row, and what else
    is to be told. Rows: a card and a figure, "hda-cost"; without an image, those of the payload's card."""
    samples = {row: {name: [] for name in ("floor", *CONTENDERS)} for row in rows}
    notes = []

    def measure_turn(name, machine):
        for card in dict.fromkeys(row.split("-")[0] for row in rows):
            figures = [row.split("-")[1] for row in rows if row.startswith(card)]
            for part in dict.fromkeys(MEASURES[figure] for figure in figures):
                try:
                    values, note = part(Turn(server, machine, card))
                except Failed as reason:
                    notes.append(f"{card}, {name}: left out: {reason}")
                    continue
                for figure in values.keys() & figures:
                    samples[f"{card}-{figure}"][name].append(values[figure])
                if note:
                    notes.append(f"{card}, {' and '.join(values)}, {name}: {note}")

    def start_machine(name):
        return Player(name, image, server) if image else PayloadPlayer(name, server, PAYLOAD_DISK)

    # As a desktop's: else its own delays are what is measured.
    server = SoundServer(is_urgent=True)
    try:
        server.start()
        measure_floor(server, samples, repeat, notes)
        notes += take_turns(start_machine, CONTENDERS, measure_turn, repeat)
    except (Failed, OSError, TimeoutError) as reason:
        notes.append(f"no sound: {reason}")
    finally:
        server.close()
    return samples, notes

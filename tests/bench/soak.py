# SPDX-License-Identifier: MIT
"""Plays for long in a guest, prints how it is each minute, and fails if a frame is lost.

    soak.py IMAGE MINUTES CARD

Without an image (empty) the guest is the payload of sound.py.
"""

import os
import select
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from machine import Failed
from qmp import Qmp
from sound import PERIOD, RATE, PayloadPlayer, Player, Witness
from sound_server import SoundServer

PRINT_S = 60
COLUMNS = {"written": 12, "played": 12, "underruns": 10, "gaps": 6, "drift-ppm": 10}


def cell(value, width):
    return f"{value:{width}.1f}" if isinstance(value, float) else f"{value!s:>{width}}"


def print_line(start, stream):
    values = "".join(cell(stream.get(name, "-"), width) for name, width in COLUMNS.items())
    latency = stream.get("latency-ms", {}).get("p95", 0)
    print(f"{time.monotonic() - start:8.0f}{values}{latency:9.1f}  {os.getloadavg()[0]:.1f}",
          flush=True)


def watch(machine, seconds):
    """Until the player is almost done, or has ended before."""
    qmp = Qmp(f"{machine.folder}/qmp")
    start = time.monotonic()
    print(" seconds" + "".join(f"{name:>{width}}" for name, width in COLUMNS.items())
          + "  p95, ms  load")
    while (left := start + seconds - 1 - time.monotonic()) > 0:
        if select.select([machine.agent], [], [], min(PRINT_S, left))[0]:
            break
        for stream in qmp.command("x-thunderlake-audio-stats"):
            print_line(start, stream)
    qmp.close()


def play(machine, server, card, minutes):
    """What the witness and the player tell."""
    witness = Witness(server)
    try:
        machine.agent.settimeout(minutes * 60 + 300)
        machine.start(machine.command(card, minutes * 60 + 240, "numbers",
                                      minutes * 60 * RATE // PERIOD))
        watch(machine, minutes * 60)
        written, late = machine.take_result()
        return witness.report(), written, late
    finally:
        witness.close()


def soak(image, minutes, card):
    """Whether each frame arrived."""
    server = SoundServer(is_urgent=True)
    try:
        server.start()
        machine = Player("thunderlake", image, server) if image else PayloadPlayer("thunderlake", server)
        try:
            machine.connect()
            machine.wait_ready()
            heard, written, late = play(machine, server, card, minutes)
        finally:
            machine.close()
    finally:
        server.close()
    wrong = {name: heard[name] for name in ("lost", "again", "altered")}
    wrong["missing at the end"] = written - heard["next"]
    print(f"the guest wrote {written} frames and was late {late} times")
    print(f"the witness heard {heard['next'] - heard['lost']} of them, with {heard['gaps']} gaps of "
          f"{heard['silent'] * 1000 / RATE:.0f} ms in all; "
          + ", ".join(f"{name}: {value}" for name, value in wrong.items()))
    return not any(wrong.values())


def main():
    try:
        whole = soak(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    except (Failed, OSError) as reason:
        print(f"soak: failed: {reason}", file=sys.stderr)
        return 1
    print("soak: no frame was lost" if whole else "soak: frames were lost")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())

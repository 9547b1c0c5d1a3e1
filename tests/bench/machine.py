# SPDX-License-Identifier: MIT
"""A machine under Thunderlake or QEMU that runs Debian from an image of ours: its agent, and the
processor time of its program.
"""

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BUILD = os.environ.get("BUILD_DIR", ".")
THUNDERLAKE = f"{BUILD}/thunderlake"
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "thunderlake")
QEMU = "qemu-system-x86_64"
WORDS = "root=/dev/vda overlay quiet console=ttyS0 thunderlake.test=ttyS1"
READY_S = 300  # a busy host is no fault


class Failed(Exception):
    """The guest or the witness did not do what a measurement needs."""


def is_vcpu(thread):
    return thread.startswith("vcpu/") or thread.endswith("/KVM")


class Machine:
    """`make_command(folder)` gives the command; the guest's agent speaks at the socket `agent` in the
    folder."""

    def __init__(self, make_command, environment):
        self.folder = tempfile.mkdtemp(prefix="bench-")
        with open(f"{self.folder}/output", "wb") as output:
            self.process = subprocess.Popen(make_command(self.folder), env=environment,
                                            stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output)
        self.agent = socket.socket(socket.AF_UNIX)
        self.agent.settimeout(READY_S)

    def close(self):
        self.agent.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

    def check(self, is_good=True):
        if self.process.poll() is not None or not is_good:
            with open(f"{self.folder}/output", encoding="utf-8", errors="replace") as output:
                raise Failed(f"no guest: {output.read()[-300:]!r}")

    def connect(self):
        """Before the agent speaks: QEMU keeps nothing for who comes later."""
        end = time.monotonic() + READY_S
        while self.agent.connect_ex(f"{self.folder}/agent") != 0:
            self.check(time.monotonic() < end)
            time.sleep(0.1)
        self.lines = self.agent.makefile("rb")

    def wait_ready(self):
        try:
            while not self.lines.readline().startswith(b"ready "):
                self.check()
        except ConnectionResetError:
            self.process.wait()
            self.check()

    def hold(self):
        """From now on it costs nothing. Its guest's clocks go on."""
        self.process.send_signal(signal.SIGSTOP)

    def release(self):
        self.process.send_signal(signal.SIGCONT)
        time.sleep(1)  # the guest's timers that are late

    def start(self, script):
        self.agent.sendall(b"run " + base64.b64encode(script.encode()) + b"\n")

    def finish(self):
        words = self.lines.readline().split()
        if len(words) != 3:
            raise Failed("the guest's agent ended")
        return self.lines.read(int(words[2])).decode(errors="replace")

    def run(self, script):
        self.start(script)
        return self.finish()

    def cpu_ns(self):
        """Processor time of the program, and with its virtual processors."""
        total = {"own": 0, "all": 0}
        folder = f"/proc/{self.process.pid}/task"
        for task in os.listdir(folder):
            with open(f"{folder}/{task}/comm", encoding="ascii") as comm:
                name = comm.read().strip()
            with open(f"{folder}/{task}/schedstat", encoding="ascii") as stat:
                spent = int(stat.read().split()[0])
            total["all"] += spent
            total["own"] += 0 if is_vcpu(name) else spent
        return total

    def load(self, seconds):
        """Processors that it uses."""
        before, start = self.cpu_ns(), time.monotonic_ns()
        time.sleep(seconds)
        passed, after = time.monotonic_ns() - start, self.cpu_ns()
        return {name: (after[name] - before[name]) / passed for name in after}


def take_turns(start, names, measure_turn, repeat):
    """Measures machines by turns, while the others stand still. `start(name)` makes one: they boot
    side by side, which takes less time; `measure_turn(name, machine)` is called `repeat` times for
    each; one that fails is started anew for its next turn. Returns why turns are missing."""
    failures, machines = [], {}

    def attempt(name, step, *arguments):
        try:
            step(*arguments)
        except (Failed, OSError) as reason:
            failures.append(f"{name}: left out: {reason}")
            if name in machines:
                machines.pop(name).close()

    def add(name):
        machines[name] = start(name)

    def start_anew(name):
        add(name)
        machines[name].connect()
        machines[name].wait_ready()
        machines[name].hold()

    def take_turn(name):
        if name not in machines:
            start_anew(name)
        machines[name].release()
        measure_turn(name, machines[name])
        machines[name].hold()

    try:
        for name in names:
            attempt(name, add, name)
        for name in list(machines):
            attempt(name, machines[name].connect)
        for name in list(machines):
            attempt(name, machines[name].wait_ready)
        for name in list(machines):
            attempt(name, machines[name].hold)
        for turn in range(repeat):
            order = list(names)
            for name in order[turn % 2:] + order[:turn % 2]:
                attempt(name, take_turn, name)
    finally:
        for machine in machines.values():
            machine.close()
    return failures

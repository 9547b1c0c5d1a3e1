# SPDX-License-Identifier: MIT
"""What a desktop costs and how fast it answers: Thunderlake and QEMU with the same guest, each in an SDL
window alone on an X server of its own. The witness is the same for both, a client of that X server: it
presses keys and notes when something is drawn.
"""

import ctypes
import os
import random
import select
import shutil
import subprocess
import tempfile
import threading
import time

from machine import Failed, Machine, QEMU, THUNDERLAKE, WORDS, take_turns

REST_LOAD = 0.3  # processors that a desktop may use when its start is over
REST_LIMIT_S = 40
IDLE_S = 6
KEYS = 30
KEY_LIMIT_S = 5
STILL_S = 0.15  # so long nothing changes after what a key changed
SCROLL_S = 5
SCROLL_COUNTED = (1, 4.5)  # of the seconds since its first frame
STROKES_S = 0.01  # what is drawn within this time is one frame
WIDTH, HEIGHT = 1280, 800


# --- the contenders -------------------------------------------------------------------------------


def thunderlake(image, folder):
    return [THUNDERLAKE, "run", "-q", f"--name=bench-{os.getpid()}",
            f"--kernel={image}/vmlinuz", f"--initrd={image}/initrd.img", f"--append={WORDS}",
            "--memory=1G", "--cpus=2", f"--disk={image}/disk.img,readonly=on", "--net=user",
            f"--serial=file:{folder}/console", f"--serial=unix:{folder}/agent", "--display=sdl"]


def q35(image, folder):
    return [QEMU, "-name", "bench,debug-threads=on", "-M", "q35", "-accel", "kvm", "-cpu", "host",
            "-smp", "2", "-m", "1G", "-nodefaults", "-no-user-config",
            "-kernel", f"{image}/vmlinuz", "-initrd", f"{image}/initrd.img", "-append", WORDS,
            "-drive", f"file={image}/disk.img,format=raw,readonly=on,if=none,id=disk",
            "-device", "virtio-blk-pci,drive=disk", "-netdev", "user,id=net",
            "-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci",
            "-device", f"virtio-gpu-pci,xres={WIDTH},yres={HEIGHT}",
            "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
            "-serial", f"file:{folder}/console", "-serial", f"unix:{folder}/agent,server,nowait",
            "-display", "sdl,gl=off"]


CONTENDERS = {"thunderlake": thunderlake, "q35": q35}


class Desktop(Machine):
    """A machine that shows the debian-desktop image."""

    def __init__(self, contender, image, server):
        # Without a graphics card, OpenGL by the processor would be all that is measured.
        environment = {**os.environ, **server.environment, "SDL_RENDER_DRIVER": "software",
                       "SDL_FRAMEBUFFER_ACCELERATION": "0"}
        super().__init__(lambda folder: CONTENDERS[contender](image, folder), environment)
        self.witness = None
        self.server = server

    def close(self):
        if self.witness:
            self.witness.close()
        super().close()
        self.server.close()

    def wait_ready(self):
        """Until the desktop is there and what starts it has come to rest."""
        super().wait_ready()
        self.run("until [ -c /dev/pts/0 ]; do sleep 0.5; done")
        end = time.monotonic() + REST_LIMIT_S
        while self.load(2)["all"] > REST_LOAD and time.monotonic() < end:
            pass
        self.witness = Witness(self.server.environment["DISPLAY"])


# --- the witness ----------------------------------------------------------------------------------


class XServer:
    """One that nobody sees, and a folder for what runs on it: `environment`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bench-x-")
        reader, writer = os.pipe()
        command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1920x1080x24", "-noreset",
                   "-nolisten", "tcp"]
        try:
            self.process = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            os.rmdir(self.folder)
            raise
        finally:
            os.close(writer)
        with os.fdopen(reader, encoding="ascii") as number:
            self.environment = {"DISPLAY": f":{number.readline().strip()}",
                                "XDG_RUNTIME_DIR": self.folder}

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


class Connection:
    """To an X server, by Xlib."""

    def __init__(self, display):
        self.x11 = ctypes.CDLL("libX11.so.6")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self.handle = ctypes.c_void_p(self.x11.XOpenDisplay(display.encode()))
        if not self.handle:
            raise Failed(f"no X server {display}")
        self.root = ctypes.c_ulong(self.x11.XDefaultRootWindow(self.handle))

    def close(self):
        self.x11.XCloseDisplay(self.handle)


class Strokes(threading.Thread):
    """Notes when something was drawn: with a machine's window alone on the server, frames."""

    NON_EMPTY = 3  # XDamageReportNonEmpty

    def __init__(self, display):
        super().__init__(daemon=True)
        self.times = []
        self.news = threading.Event()
        self.is_ending = False
        self.connection = Connection(display)
        self.extension = ctypes.CDLL("libXdamage.so.1")
        self.extension.XDamageCreate.restype = ctypes.c_ulong
        handle, unused = self.connection.handle, ctypes.c_int()
        self.extension.XDamageQueryExtension(handle, ctypes.byref(unused), ctypes.byref(unused))
        self.damage = ctypes.c_ulong(
            self.extension.XDamageCreate(handle, self.connection.root, self.NON_EMPTY))
        self.start()

    def run(self):
        event = ctypes.create_string_buffer(192)
        x11, handle = self.connection.x11, self.connection.handle
        while not self.is_ending:
            if not x11.XPending(handle):
                select.select([x11.XConnectionNumber(handle)], [], [], 0.2)
                continue
            x11.XNextEvent(handle, event)
            self.times.append(time.monotonic())
            self.news.set()
            self.extension.XDamageSubtract(handle, self.damage, ctypes.c_ulong(0),
                                           ctypes.c_ulong(0))

    def close(self):
        """Xlib ends the whole process when its server goes."""
        self.is_ending = True
        self.join()
        self.connection.close()

    def wait(self, seconds):
        """For the next one: whether it came."""
        came = self.news.wait(seconds)
        self.news.clear()
        return came


class Witness:
    """Presses keys in the one window of an X server and sees what is drawn."""

    REVERT_TO_PARENT = 2

    def __init__(self, display):
        self.strokes = Strokes(display)
        self.connection = Connection(display)
        self.test = ctypes.CDLL("libXtst.so.6")
        x11, handle = self.connection.x11, self.connection.handle
        self.code = x11.XKeysymToKeycode(handle, ctypes.c_ulong(ord("x")))
        windows, count, unused = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint(), ctypes.c_ulong()
        x11.XQueryTree(handle, self.connection.root, ctypes.byref(unused), ctypes.byref(unused),
                       ctypes.byref(windows), ctypes.byref(count))
        # No window manager gives the focus to the window.
        for window in windows[:count.value]:
            if self.is_shown(window):
                x11.XSetInputFocus(handle, ctypes.c_ulong(window), self.REVERT_TO_PARENT,
                                   ctypes.c_ulong(0))
        x11.XSync(handle, 0)

    def close(self):
        self.strokes.close()
        self.connection.close()

    def is_shown(self, window):
        width, height, unused = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_ulong()
        rest = ctypes.byref(unused)
        self.connection.x11.XGetGeometry(self.connection.handle, ctypes.c_ulong(window), rest, rest,
                                         rest, ctypes.byref(width), ctypes.byref(height), rest, rest)
        return (width.value, height.value) == (WIDTH, HEIGHT)

    def rest(self):
        end = time.monotonic() + REST_LIMIT_S
        while self.strokes.wait(STILL_S):
            if time.monotonic() > end:
                raise Failed("the desktop never rests")

    def key_s(self):
        """Seconds from a key to what it draws. Who looks from time to time only must not be met at
        the same moment of his period always."""
        self.rest()
        time.sleep(random.random() * 0.1)
        start = time.monotonic()
        seen = len(self.strokes.times)
        for down in 1, 0:
            self.test.XTestFakeKeyEvent(self.connection.handle, self.code, down, ctypes.c_ulong(0))
        self.connection.x11.XFlush(self.connection.handle)
        self.strokes.news.clear()
        while len(self.strokes.times) == seen:
            if not self.strokes.wait(0.5) and time.monotonic() > start + KEY_LIMIT_S:
                raise Failed("a key changed nothing")
        return self.strokes.times[seen] - start

    def frames_per_s(self, since):
        moments = [moment for moment in self.strokes.times if moment >= since]
        if not moments:
            raise Failed("nothing scrolled")
        first, last = (moments[0] + seconds for seconds in SCROLL_COUNTED)
        frames = []
        for moment in moments:
            if first <= moment < last and (not frames or moment - frames[-1] > STROKES_S):
                frames.append(moment)
        if not frames:
            raise Failed("it scrolled not long enough")
        return len(frames) / (last - first)


# --- the rows -------------------------------------------------------------------------------------


def measure_idle(desktop, samples):
    desktop.witness.rest()
    load = desktop.load(IDLE_S)
    samples["idle"].append(load["own"])
    samples["idle-guest"].append(load["all"])


def measure_keys(desktop, samples):
    latencies = sorted(desktop.witness.key_s() for _ in range(KEYS))
    samples["key"].append(latencies[int(KEYS * 0.95)])


def measure_scroll(desktop, samples):
    """Lines as fast as the terminal takes them; a cost is the time of a frame."""
    start = time.monotonic()
    desktop.run(f"timeout {SCROLL_S} seq 1 99999999 >/dev/pts/0")
    samples["scroll"].append(1 / desktop.witness.frames_per_s(start))


MEASURES = {"idle": measure_idle, "idle-guest": measure_idle, "key": measure_keys,
            "scroll": measure_scroll}


def measure(image, rows, repeat):
    """What is to be called where the guests run: the samples of all contenders by row, and why some
    are missing."""
    samples = {name: {row: [] for row in MEASURES} for name in CONTENDERS}

    def measure_turn(name, desktop):
        for part in dict.fromkeys(MEASURES[row] for row in rows):
            part(desktop, samples[name])

    def start(name):
        server = XServer()
        try:
            return Desktop(name, image, server)
        except OSError:
            server.close()
            raise

    failures = take_turns(start, CONTENDERS, measure_turn, repeat)
    return {row: {name: samples[name][row] for name in CONTENDERS} for row in rows}, failures

# SPDX-License-Identifier: MIT
"""The demo without a person: tour.py FOLDER COMMAND... starts a machine on a terminal and shows it.

FOLDER, if not empty, gets pictures of its desktop.
"""

import http.server
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

from terminal import Terminal

ANSWER_TRIES = 10  # of two seconds and more, in which a slow guest may not have begun to answer


class Greeting(http.server.BaseHTTPRequestHandler):
    """Says hello to whoever asks."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from the host, through the NAT\n")

    def log_message(self, *_):
        pass


class PlainText:
    """Standard output without the escape sequences that are meant for a terminal."""

    def write(self, text):
        sys.stdout.write(re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]|\r", "", text))

    def flush(self):
        sys.stdout.flush()


class Screen:
    """The screen of the desktop, by `thunderlake ctl`. It is that of the image: see mgmt/recipes."""

    SIZE = (1280, 800)
    PANEL = bytes((0x16, 0x20, 0x2a))  # right of the windows' buttons
    PANEL_REGION = "400x16+500+776"

    def __init__(self, program, name, folder):
        self.ctl = [program, "ctl", name]
        self.folder = folder

    def do(self, *words):
        print("$", " ".join([os.path.basename(self.ctl[0]), *self.ctl[1:], *words]), flush=True)
        subprocess.run([*self.ctl, *words], check=True)

    def wait_for_desktop(self):
        """Until there is a panel and nothing changes any more."""
        width, height = self.SIZE
        rows = (b"\0" + self.PANEL * width) * height
        chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
                  (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        with tempfile.NamedTemporaryFile(suffix=".png") as panel:
            panel.write(b"\x89PNG\r\n\x1a\n")
            for kind, data in chunks:
                panel.write(struct.pack(">I", len(data)) + kind + data)
                panel.write(struct.pack(">I", zlib.crc32(kind + data)))
            panel.flush()
            self.do("wait", f"--image={panel.name}", f"--region={self.PANEL_REGION}",
                    "--timeout=90")
        self.wait_until_still()

    def wait_until_still(self):
        self.do("wait", "--stable=2")

    def show(self):
        self.wait_for_desktop()
        empty = self.take_picture()
        self.do("type", "--enter", "lspci")
        for _ in range(ANSWER_TRIES):
            self.wait_until_still()
            if self.take_picture() != empty:
                break

    def take_picture(self):
        """Returns its file's bytes, which are the same for the same picture."""
        path = f"{self.folder}/desktop.png"
        self.do("screenshot", "--cursor", path)
        with open(path, "rb") as file:
            return file.read()


def main(folder, command):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    terminal = Terminal(echo=PlainText())
    with subprocess.Popen(command, stdin=terminal.end, stdout=terminal.end) as machine:
        terminal.expect("login: ", 120)
        terminal.type("root\r")
        # 10.0.2.2 is the host as a guest of user-mode networking sees it.
        for line in ("uname -a", "nproc", "lspci", "lsblk", "ip -br address",
                     f"curl -sS --retry 20 --retry-all-errors --retry-delay 1 "
                     f"http://10.0.2.2:{server.server_port}/"):
            terminal.expect(":~# ")
            terminal.type(line + "\r")
        terminal.expect(":~# ")
        if folder:
            print()
            Screen(command[0], "demo", folder).show()
        terminal.type("poweroff\r")
        while machine.poll() is None:
            terminal.read()
        terminal.read()
        print(f"\nthe machine ended with exit code {machine.returncode}")
        return machine.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

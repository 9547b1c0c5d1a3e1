# SPDX-License-Identifier: MIT
"""The demo without a person: tour.py COMMAND... starts a machine on a terminal and shows it."""

import http.server
import re
import subprocess
import sys
import threading

from terminal import Terminal


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


def main(command):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    terminal = Terminal(echo=PlainText())
    with subprocess.Popen(command, stdin=terminal.end, stdout=terminal.end) as machine:
        terminal.expect("login: ", 120)
        terminal.type("root\r")
        # 10.0.2.2 is the host as a guest of user-mode networking sees it.
        for line in ("uname -a", "nproc", "lspci", "lsblk", "ip -br address",
                     f"curl -sS --retry 20 --retry-all-errors --retry-delay 1 "
                     f"http://10.0.2.2:{server.server_port}/", "poweroff"):
            terminal.expect(":~# ")
            terminal.type(line + "\r")
        while machine.poll() is None:
            terminal.read()
        terminal.read()
        print(f"\nthe machine ended with exit code {machine.returncode}")
        return machine.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

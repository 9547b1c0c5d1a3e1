# SPDX-License-Identifier: MIT
"""Consoles: virtio with the size of the terminal, several ports, and the serial line."""

import signal
import unittest

from guest import BOOT_SECONDS, Guest, wait_for
from terminal import Terminal


class TerminalTest(unittest.TestCase):
    """Tests that share a guest whose console is a terminal."""

    @classmethod
    def start(cls, *options, **settings):
        cls.terminal = Terminal(rows=30, columns=90)
        cls.addClassCleanup(cls.terminal.close)
        cls.guest = Guest("--memory=512M", "--net=none", *options, **settings,
                          stdin=cls.terminal.end, stdout=cls.terminal.end)
        cls.addClassCleanup(cls.guest.close)

    def log_in(self):
        self.terminal.expect("login: ", BOOT_SECONDS)
        self.terminal.type("root\r")
        self.terminal.expect("# ")


class VirtioConsole(TerminalTest):
    @classmethod
    def setUpClass(cls):
        cls.start("--console=stdio", "--console=unix:FOLDER/second")
        cls.guest.wait_ready()

    def test_login(self):
        self.log_in()
        self.terminal.type("tty\r")
        self.terminal.expect("/dev/hvc0")

    def test_guest_knows_the_size(self):
        self.assertEqual(self._size(), "30 90")

    def test_guest_follows_the_size(self):
        self.terminal.resize(50, 132)
        self.guest.process.send_signal(signal.SIGWINCH)
        wait_for(lambda: self._size() == "50 132", 60, "size 50 132")

    def test_second_port_is_a_console(self):
        self.assertEqual(self.guest.sh("cat /sys/class/tty/hvc1/dev"), "229:1")

    def test_much_output_arrives_whole(self):
        self.terminal.type("clear; seq 1 5000; echo end\r")
        lines = self.terminal.expect("\nend", 120).replace("\r", "").split("\n")
        self.assertIn("\n".join(str(n) for n in range(1, 5001)), "\n".join(lines))

    def _size(self):
        return self.guest.sh("stty size </dev/hvc0")


class SerialLine(TerminalTest):
    @classmethod
    def setUpClass(cls):
        cls.start(console="stdio")

    def test_login(self):
        self.log_in()
        self.terminal.type("tty\r")
        self.terminal.expect("/dev/ttyS0")

    def test_escape_ends_the_machine(self):
        self.terminal.type("\x01x")
        self.assertEqual(self.guest.wait(), 130)

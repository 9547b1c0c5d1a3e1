# SPDX-License-Identifier: MIT
"""The network: user mode with all its services, and a tap with iperf3.

The suite runs in a network and mount namespace of its own, so that it may serve any port, bring its
own name server and make taps, and nothing of the host is needed.
"""

import hashlib
import http.server
import json
import os
import random
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

from guest import GuestTest, wait_for

MIB = 1 << 20


class Files(http.server.BaseHTTPRequestHandler):
    """Serves the same 64 MiB at any path."""

    content = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_):
        pass


class NameServer(threading.Thread):
    """Answers every question for an IPv4 address with 10.0.2.2: the host as a user-mode guest sees it."""

    def __init__(self):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))

    def run(self):
        while True:
            query, sender = self._socket.recvfrom(512)
            question_end = query.index(b"\0", 12) + 5
            is_ipv4 = query[question_end - 4:question_end - 2] == b"\0\x01"
            answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\x02\x02" if is_ipv4 else b""
            self._socket.sendto(query[:2] + b"\x81\x80\0\x01\0" + bytes([is_ipv4]) + b"\0\0\0\0"
                                + query[12:question_end] + answer, sender)


class Network(GuestTest):
    options = ["--memory=1G", "--cpus=2",
               "--net=user,mac=52:54:00:00:00:01,hostfwd=tcp:127.0.0.1:2222-:8000",
               "--net=tap,ifname=tap-test,mac=52:54:00:00:00:02,mtu=1400"]

    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile("w") as conf:
            conf.write("nameserver 127.0.0.1\n")
            conf.flush()
            subprocess.run(["mount", "--bind", conf.name, "/etc/resolv.conf"], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", "/etc/resolv.conf"], check=True)
        Files.content = random.Random(1).randbytes(64 * MIB)
        NameServer().start()
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Files)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.shutdown)
        super().setUpClass()
        cls.guest.sh("udevadm settle")  # the cards get their last names
        cls.user, cls.tap = (cls.guest.sh(f"cd /sys/class/net; grep -l :0{n}$ */address | cut -d/ -f1")
                             for n in (1, 2))

    def test_dhcp_gives_an_address(self):
        address = f"ip -4 -o addr show dev {self.user}"
        wait_for(lambda: "10.0.2.15/24" in self.guest.sh(address), 60, "address by DHCP")
        self.assertIn(f"via 10.0.2.2 dev {self.user}", self.guest.sh("ip route show default"))

    def test_dns_resolves(self):
        self.assertIn("10.0.2.2", self.guest.sh("getent ahostsv4 thunderlake.test"))

    def test_http_brings_64_mib_unharmed(self):
        digest = self.guest.sh("curl -s http://thunderlake.test:8080/ | sha256sum", 300)
        self.assertEqual(digest.split()[0], hashlib.sha256(Files.content).hexdigest())

    def test_forwarded_port_leads_in(self):
        self.guest.sh("mkdir /run/www && echo from the guest >/run/www/index.html && "
                      "busybox httpd -p 8000 -h /run/www")
        with urllib.request.urlopen("http://127.0.0.1:2222/", timeout=60) as reply:
            self.assertEqual(reply.read(), b"from the guest\n")

    def test_link_can_be_cut(self):
        carrier = f"cat /sys/class/net/{self.user}/carrier"
        for up in (False, True):
            self.guest.qmp.command("set_link", name="net0", up=up)
            wait_for(lambda: self.guest.sh(carrier) == str(int(up)), 60, f"carrier {up}")

    def test_mtu_is_told(self):
        self.assertEqual(self.guest.sh(f"cat /sys/class/net/{self.tap}/mtu"), "1400")

    def test_tap_has_offloads(self):
        features = self.guest.sh(f"ethtool -k {self.tap}")
        for feature in "tx-checksumming", "tcp-segmentation-offload":
            self.assertIn(f"{feature}: on", features)

    def test_iperf3_over_tap_both_ways(self):
        for command in ("ip addr add 10.9.9.1/24 dev tap-test", "ip link set tap-test up"):
            subprocess.run(command.split(), check=True)
        self.guest.sh(f"systemctl stop dhcp@{self.tap}; ip addr flush dev {self.tap}; "
                      f"ip addr add 10.9.9.2/24 dev {self.tap}; ip link set {self.tap} up")
        for way in "", "--reverse":
            # Its words are noise: at the end it may complain of the socket that it closed itself.
            # What counts is the client's report.
            with self.subTest(way=way), subprocess.Popen(
                    ["iperf3", "--server", "--one-off"], stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL) as server:
                time.sleep(0.5)
                report = json.loads(self.guest.sh(
                    f"iperf3 --client 10.9.9.1 --time 3 --json {way}", 60))
                server.wait(20)
                self.assertGreater(report["end"]["sum_received"]["bytes"], MIB)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives a control socket with the QMP clients of QEMU's source tree.

Usage: qmp_clients.py QEMU_SOURCE SOCKET. The machine behind the socket has a network card net0.
Exit code 0: all went as with QEMU; 77: the clients are not there.
"""
import asyncio
import os
import subprocess
import sys

SOURCE, SOCKET = sys.argv[1:3]
LIBRARY = os.path.join(SOURCE, "python")
SHELL = os.path.join(SOURCE, "scripts", "qmp", "qmp-shell")

sys.path.insert(0, LIBRARY)
try:
    from qemu.qmp import ExecuteError, QMPClient
    from qemu.qmp.legacy import QEMUMonitorProtocol
except ImportError as error:
    print(f"{LIBRARY}: {error}")
    sys.exit(77)


async def use_library():
    client = QMPClient("test")
    await client.connect(SOCKET)
    assert (await client.execute("query-status"))["status"] == "running"
    assert (await client.execute("query-name"))["name"]
    assert await client.execute("set_link", {"name": "net0", "up": True}) == {}
    try:
        await client.execute("set_link", {"name": "nope", "up": True})
        raise AssertionError("a device that is not there was found")
    except ExecuteError as error:
        assert error.error_class == "DeviceNotFound"
    await client.execute("stop")
    assert (await client.execute("query-status"))["status"] == "paused"
    await client.execute("cont")
    await client.disconnect()


def use_legacy_library():
    monitor = QEMUMonitorProtocol(SOCKET)
    monitor.connect()
    assert monitor.cmd("query-version")["return"]["package"].startswith("Thunderlake")
    assert monitor.cmd("no-such-command")["error"]["class"] == "CommandNotFound"
    monitor.close()


def use_shell():
    lines = "query-cpus-fast\nset_link name=net0 up=false\nset_link name=net0 up=true\n"
    run = subprocess.run([sys.executable, SHELL, SOCKET], input=lines, text=True, check=True,
                         capture_output=True, timeout=60,
                         env={**os.environ, "HOME": os.path.dirname(SOCKET)})
    assert "Connected to QEMU" in run.stdout, run.stdout
    assert run.stdout.count('{"return": {}}') == 2, run.stdout
    assert '"cpu-index": 0' in run.stdout, run.stdout


asyncio.set_event_loop(asyncio.new_event_loop())  # the legacy library expects one
use_legacy_library()
asyncio.run(use_library())
use_shell()

# SPDX-License-Identifier: MIT
"""A client of a machine's control socket: QMP, one command at a time."""

import json
import socket
import time


class QmpError(Exception):
    """An error reply; `kind` is its class."""

    def __init__(self, error):
        super().__init__(error["desc"])
        self.kind = error["class"]


class Qmp:
    """A connection after capabilities negotiation; `events` holds all that came so far."""

    def __init__(self, path, seconds=60):
        self.events = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds)
        self._socket.connect(path)
        self._file = self._socket.makefile("rw")
        self.greeting = self._read()["QMP"]
        self.command("qmp_capabilities")

    def close(self):
        try:
            self._file.close()
        except BrokenPipeError:
            pass  # the last command met the end of the machine
        self._socket.close()

    def command(self, name, /, **arguments):
        """Returns what the command returns; raises QmpError."""
        self._file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            message = self._read()
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise QmpError(message["error"])
            self.events.append(message)

    def count(self, event):
        return sum(1 for e in self.events if e["event"] == event)

    def wait_event(self, event, seconds=60):
        """Returns the first event of that name, old or new, and forgets those up to it."""
        end = time.monotonic() + seconds
        while True:
            for i, message in enumerate(self.events):
                if message["event"] == event:
                    del self.events[: i + 1]
                    return message
            self._socket.settimeout(max(0.1, end - time.monotonic()))
            self.events.append(self._read())

    def _read(self):
        line = self._file.readline()
        if not line:
            raise ConnectionError("the control socket was closed")
        return json.loads(line)

# SPDX-License-Identifier: MIT
"""Waits for what comes about by itself."""

import time


def wait_for(condition, seconds, what):
    """Polls until condition() is true; returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)

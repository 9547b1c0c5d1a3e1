# SPDX-License-Identifier: MIT
"""Adds a file to an initrd: the kernel unpacks several cpio archives one after the other."""

import shutil


def _entry(name, mode, content):
    fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    header = ("070701" + "".join(f"{field:08x}" for field in fields) + name + "\0").encode()
    return _padded(header) + _padded(content)


def _padded(data):
    return data + bytes(-len(data) % 4)


def add_to_initrd(source, target, name, content):
    """Writes to target the initrd source with an executable file of this name and content."""
    with open(source, "rb") as base, open(target, "wb") as out:
        shutil.copyfileobj(base, out)
        out.write(bytes(-out.tell() % 4))
        out.write(_entry(name, 0o100755, content) + _entry("TRAILER!!!", 0, b""))

"""The program itself: what it has found out is remembered for one state of it alone."""

from __future__ import annotations

import os
import sys
from binascii import crc32

import batuta_hooks


def program() -> str:
    """Names the program's own files and the Python that runs them: others may judge by other rules; no spaces in it."""
    try:
        found = sorted(one for place in batuta_hooks.__path__ for one in _sources(place))
    except OSError:
        found = []  # in an archive, say
    if not found:
        from importlib.metadata import version

        return version("batuta-hooks")
    return f"{crc32(repr((sys.version, found)).encode('utf-8', 'surrogatepass')):08x}"


def _sources(package: str) -> list[tuple[str, int, int]]:
    """The files of the package's rooms, each with its time of change and its size."""
    found = []
    for room in os.listdir(package):
        if os.path.isdir(f"{package}/{room}"):
            with os.scandir(f"{package}/{room}") as files:
                stats = [(file.path, file.stat()) for file in files if file.name.endswith(".py")]
            found += [(path, status.st_mtime_ns, status.st_size) for path, status in stats]
    return found

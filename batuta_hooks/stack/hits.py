"""How often answers came from where: counted by batuta-stack beside the cache; guards write nothing and count nothing.

A small file of lines, a name and a number each.  It is worth no error: what cannot be read or written is left.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import examine

REGISTRY, CACHE, CARGO_HOME, NOWHERE = "registry", "cache", "cargo-home", "unknown"
SOURCES = (REGISTRY, CACHE, CARGO_HOME, NOWHERE)
"""Where answers come from: the registry that was just asked, the cache, cargo's own copy of the index, nowhere."""

_SINCE = "since"
_MAX_BYTES = 1024
_MAX_DIGITS = 15


class Hits(NamedTuple):
    """How many answers came from each of `SOURCES`, since when; seconds since 1970, 0 where nothing was counted."""

    since: int
    counts: Mapping[str, int]


def read_hits(folder: str) -> Hits:
    """What was counted; `folder` is the cache's."""
    try:
        with open(_path(folder), "rb") as file:
            return _parse(file.read(_MAX_BYTES))
    except OSError:
        return _parse(b"")


def add_hits(folder: str | Miss, counts: Mapping[str, int]) -> None:
    """Add to what was counted, where there is a cache."""
    if isinstance(folder, Miss) or not any(counts.values()):
        return
    place = examine(folder)
    if not place.exists or place.fault:
        return
    with suppress(OSError):
        fd = os.open(_path(folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "r+b") as file:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            before = _parse(file.read(_MAX_BYTES))
            lines = [f"{_SINCE} {before.since or int(time.time())}\n"]
            lines += [f"{name} {before.counts[name] + counts.get(name, 0)}\n" for name in SOURCES]
            file.seek(0)
            file.truncate()
            file.write("".join(lines).encode())


def forget_hits(folder: str) -> None:
    """Begin to count anew."""
    with suppress(OSError):
        os.unlink(_path(folder))


def _path(folder: str) -> str:
    return f"{folder}.hits"


def _parse(data: bytes) -> Hits:
    found = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        name, _, number = line.partition(" ")
        if number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS:
            found[name] = int(number)
    return Hits(found.get(_SINCE, 0), {name: found.get(name, 0) for name in SOURCES})

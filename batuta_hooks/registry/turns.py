"""Turns among processes that refresh one cache: of those that want one answer, one asks and the others wait for it.

A file beside the cache has a byte for each question, which the asking process locks.  The system releases the locks of
a process that ends, however it ends.  Where no file can be locked everybody asks.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from hashlib import sha256
from typing import Self

from batuta_hooks.registry.entry import Key, Miss


class Turns:
    """The turns of this process; to be used by one thread, and once at a time in a process.

    Args:
        folder: the cache's folder; the file is beside it.
    """

    def __init__(self, folder: str | Miss) -> None:
        self._fd = -1 if isinstance(folder, Miss) else _open(f"{folder}.lock")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def take(self, key: Key) -> bool:
        """Whether it is now this process that asks; False where another one does."""
        if self._fd < 0:
            return True
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(key))
        except (BlockingIOError, PermissionError):  # POSIX leaves open which of the two says "taken"
            return False
        except OSError:
            return True
        return True

    def give_back(self, key: Key) -> None:
        """Let others have the turn."""
        if self._fd >= 0:
            with suppress(OSError):
                fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, _place(key))


def _open(path: str) -> int:
    """The file, made where it is missing; -1 where it cannot be had, or where it is somebody else's."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except (OSError, ValueError):
        return -1
    if os.fstat(fd).st_uid != os.geteuid():
        os.close(fd)
        return -1
    return fd


def _place(key: Key) -> int:
    return int.from_bytes(sha256(key.meta_row.encode()).digest()[:7], "big")

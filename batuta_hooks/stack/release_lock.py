"""One release of a stack at a time: a lock that lasts as long as the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType
from typing import Self

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.own_folder import make_own_folder

_NAME = "release.lock"


class ReleaseLock:
    """Holds the lock within its context.

    Args:
        own: the stack's own folder, which this makes.

    Raises:
        BatutaError: on entering: another release of the stack runs, or the folder cannot be written.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._fd = -1

    def __enter__(self) -> Self:
        path = os.path.join(self._own, _NAME)
        try:
            make_own_folder(self._own)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BatutaError(f"the release cannot be locked: {error.strerror}", where=path) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            who = f" (process {holder})" if holder.isdecimal() else ""
            mend = "wait for its end; the same command then goes on with what is left"
            raise BatutaError(f"another release of this stack is under way{who}", where=path, mend=mend) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

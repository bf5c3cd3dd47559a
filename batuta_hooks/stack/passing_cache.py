"""A cache for one run, where the real one cannot be written: what is learnt counts, though nobody keeps it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from tempfile import TemporaryDirectory

from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import DATABASE, cache_folder

_MEMORY = "/dev/shm"  # noqa: S108  a folder of its own is made there


class PassingCache:
    """A folder in memory, where there is such a place, that goes when it is closed.

    Args:
        environment: the variables that say where the real cache is; what can be read there is taken along.

    Attributes:
        environment: the same variables, but for the cache's place.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        self._folder = TemporaryDirectory(prefix="batuta-cache-", dir=memory, ignore_cleanup_errors=True)
        self.environment = {**environment, "BATUTA_CACHE_DIR": self._folder.name}
        before, now = cache_folder(environment), cache_folder(self.environment)
        assert not isinstance(now, Miss)
        if not isinstance(before, Miss):
            os.mkdir(now, 0o700)
            for suffix in ("", "-wal"):
                with suppress(OSError):
                    shutil.copyfile(f"{before}/{DATABASE}{suffix}", f"{now}/{DATABASE}{suffix}")

    def close(self) -> None:
        """Remove it."""
        self._folder.cleanup()

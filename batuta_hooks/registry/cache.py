"""The cache on disk: diskcache, restricted to keys of text and values of bytes.

Written by the refresher and by `batuta-stack`; guards read the same rows through `batuta_hooks.registry.glance`.
Three things of diskcache are changed.  It pickles what it cannot store otherwise and unpickles such rows, which runs
whatever a poisoned row says: here no row is ever pickled or unpickled.  It puts large values into files beside the
database, which a killed process leaves behind uncounted: here a body is compressed and stands in its row, so that meta
row and body row change in one transaction.  It evicts row by row: here an answer goes as a whole, the one that was
checked longest ago first.

Whatever is wrong with the folder, the disk or the database, the caller goes on: questions are misses, writes do
nothing, and `Cache.warnings` says once why.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Self

import diskcache  # type: ignore[import-untyped]

from batuta_hooks.registry.database import clean, first_cause, inode_of, is_damage, make_folder, set_aside
from batuta_hooks.registry.entry import FOUND, NO_BODY, NOT_CACHED, Entry, Key, Miss
from batuta_hooks.registry.rows import decode_body, decode_meta, encode_body, encode_meta, read_meta_row

SIZE_LIMIT_BYTES = 256 * 1024 * 1024
TIMEOUT_S = 5.0
# Of the limit, what eviction leaves: it runs once in a while and not at each write.
_KEPT = 0.75

_SETTINGS: dict[str, int | str] = {
    **diskcache.DEFAULT_SETTINGS,
    "cull_limit": 0,  # diskcache's own eviction would take a body and leave its meta row
    "eviction_policy": "none",
    "sqlite_mmap_size": 0,  # a mapped file that somebody truncates ends the process with SIGBUS
}
_MODE_RAW = 1  # diskcache's mark for a value that stands in its row as it is
_TROUBLE = (sqlite3.Error, OSError, ValueError, diskcache.Timeout)


class _Refused(Exception):
    """A row that holds something else than bytes, or a file's name."""


class _Closed(Exception):
    """There is no open database."""


class _BytesDisk(diskcache.Disk):  # type: ignore[misc]
    """Keys are text, values are bytes in their rows; nothing is pickled, unpickled, or kept in a file of its own."""

    def put(self, key: object) -> tuple[str, bool]:
        """The database's form of a key."""
        if type(key) is not str:
            raise TypeError(f"a key is text, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str | None:
        """A key from its database form; ``None`` for one that is not text."""
        return key if raw == 1 and isinstance(key, str) else None

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, bytes]:  # noqa: ARG002
        """The columns size, mode, filename and value."""
        if type(value) is not bytes or read:
            raise TypeError(f"a value is bytes, not {type(value).__name__}")
        return 0, _MODE_RAW, None, value

    def fetch(self, mode: object, filename: object, value: object, read: bool) -> bytes:  # noqa: ARG002
        """A value from its columns."""
        if mode != _MODE_RAW or filename is not None or not isinstance(value, bytes):
            raise _Refused
        return value

    def remove(self, file_path: object) -> None:
        """Do nothing: a row that names a file is not ours, and that file may be anybody's."""


class _Store(diskcache.Cache):  # type: ignore[misc]
    """A diskcache that leaves no connection open where opening it fails."""

    def __init__(self, folder: str, timeout_s: float) -> None:
        try:
            super().__init__(folder, timeout=timeout_s, disk=_BytesDisk, **_SETTINGS)
        except BaseException:
            self.close()
            raise


class _Tolerance:
    """Ends a block of statements at the first trouble with the database, which closes the cache."""

    def __init__(self, fail: Callable[[BaseException], None]) -> None:
        self._fail = fail

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if isinstance(error, _TROUBLE):
            self._fail(error)
            return True
        return isinstance(error, _Closed)


class Cache:
    """The cache, open for reading and writing; to be used by one thread.

    Args:
        folder: what `batuta_hooks.registry.glance.cache_folder` gives; made where it is not there.
        size_limit_bytes: the database's size from which on answers are evicted.
        timeout_s: how long to wait for another process's write.
    """

    def __init__(
        self, folder: str | Miss, *, size_limit_bytes: int = SIZE_LIMIT_BYTES, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._folder = ""
        self._inode = 0
        self._size_limit_bytes = size_limit_bytes
        self._timeout_s = timeout_s
        self._store: _Store | None = None
        self._tolerance = _Tolerance(self._fail)
        self._warnings: list[str] = []
        self._why = "the cache is closed"
        if isinstance(folder, Miss):
            self._give_up(folder.why)
            return
        self._folder = folder
        with self._tolerance:
            self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should hear, each once: why there is no cache, what was found in it and thrown away."""
        return tuple(self._warnings)

    @property
    def is_usable(self) -> bool:
        """Whether the database is open, so that what is stored is kept."""
        return self._store is not None

    def entry(self, key: Key) -> Entry | Miss:
        """What is known of a question."""
        with self._tolerance:
            return self._entry(key)
        return Miss(self._why)

    def body(self, key: Key, entry: Entry) -> bytes | Miss:
        """The bytes that an entry speaks of."""
        if entry.status != FOUND:
            return NO_BODY
        with self._tolerance:
            data = self._row(key.body_row(entry.sha256))
            return data if isinstance(data, Miss) else decode_body(entry, data)
        return Miss(self._why)

    def has_body(self, key: Key, entry: Entry) -> bool:
        """Whether the bytes are there too: only then may a conditional request be made."""
        with self._tolerance:
            return key.body_row(entry.sha256) in self._opened()
        return False

    def entries(self) -> Iterator[tuple[Key, Entry]]:
        """Every sound entry."""
        with self._tolerance:
            for row in self._rows():
                key = read_meta_row(row)
                entry = self._entry(key) if key else NOT_CACHED
                if key and isinstance(entry, Entry):
                    yield key, entry

    def volume_bytes(self) -> int:
        """The size of the database."""
        with self._tolerance:
            return int(self._opened().volume())
        return 0

    def store(self, key: Key, entry: Entry, payload: bytes = b"") -> None:
        """Replace what is known of a question: both rows or, where writing fails, neither.

        Args:
            payload: the bytes that ``entry`` was made of by `batuta_hooks.registry.entry.found`.
        """
        with self._tolerance:
            store = self._opened()
            body = encode_body(payload)
            with store.transact():
                self._drop_body(key, but=entry.sha256)
                if entry.status == FOUND:
                    store.set(key.body_row(entry.sha256), body)
                store.set(key.meta_row, encode_meta(key, entry))
            if store.volume() > self._size_limit_bytes:
                self._evict()

    def confirm(self, key: Key, entry: Entry) -> None:
        """Write the meta row alone: the source says that the answer of this digest still holds (HTTP's 304).

        Does nothing where another process has stored a different answer meanwhile.
        """
        with self._tolerance:
            store = self._opened()
            with store.transact():
                known = self._entry(key)
                if isinstance(known, Entry) and known.sha256 == entry.sha256:
                    store.set(key.meta_row, encode_meta(key, entry))

    def forget(self, key: Key) -> None:
        """Remove what is known of a question."""
        with self._tolerance:
            store = self._opened()
            with store.transact():
                self._drop_body(key)
                store.delete(key.meta_row)

    def clear(self) -> None:
        """Remove everything."""
        with self._tolerance:
            self._opened().clear()

    def close(self) -> None:
        """Close the database; afterwards every question is a miss."""
        store, self._store = self._store, None
        if store is not None:
            with suppress(*_TROUBLE):
                store.close()

    def _fail(self, error: BaseException) -> None:
        cause = first_cause(error)
        self._give_up(str(cause) or type(cause).__name__)
        if is_damage(cause):
            # Whoever opens it next starts anew.
            with suppress(OSError):
                set_aside(self._folder, self._inode)

    def _give_up(self, why: str) -> None:
        self.close()
        self._why = f"the cache is not used: {why}"
        self._warn(self._why)

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)

    def _opened(self) -> _Store:
        if self._store is None:
            raise _Closed
        return self._store

    def _open(self) -> None:
        make_folder(self._folder)
        self._inode = inode_of(self._folder)
        try:
            self._connect()
        except (sqlite3.Error, ValueError) as error:
            if not is_damage(error):
                raise
            set_aside(self._folder, self._inode)
            self._warn(f"the cache was damaged ({error}) and has been started anew")
            make_folder(self._folder)
            self._connect()
        self._inode = inode_of(self._folder)

    def _connect(self) -> None:
        for text in clean(self._folder, _SETTINGS, self._timeout_s):
            self._warn(text)
        self._store = _Store(self._folder, self._timeout_s)

    def _row(self, row: str) -> bytes | Miss:
        try:
            value = self._opened().get(row)
        except _Refused:
            self._warn("the cache holds a row of a kind that is never written; it is not read")
            value = None
        return value if isinstance(value, bytes) else NOT_CACHED

    def _rows(self) -> list[str]:
        return [row for row in self._opened().iterkeys() if row is not None]

    def _entry(self, key: Key) -> Entry | Miss:
        data = self._row(key.meta_row)
        return data if isinstance(data, Miss) else decode_meta(key, data)

    def _drop_body(self, key: Key, but: str = "") -> None:
        known = self._entry(key)
        if isinstance(known, Entry) and known.status == FOUND and known.sha256 != but:
            self._opened().delete(key.body_row(known.sha256))

    def _evict(self) -> None:
        """Remove answers, the one checked longest ago first, and before them every row that no answer is made of."""
        rows = self._rows()
        entries = list(self.entries())
        used = {row for key, entry in entries for row in (key.meta_row, key.body_row(entry.sha256))}
        for row in rows:
            if row not in used:
                self._opened().delete(row)
        for key, _ in sorted(entries, key=lambda pair: pair[1].checked_at):
            if self._opened().volume() <= self._size_limit_bytes * _KEPT:
                break
            self.forget(key)

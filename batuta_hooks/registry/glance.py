"""The cache as guards see it: where it lies, and a reader of its database that writes nothing, not even a lock file.

diskcache keeps one SQLite database in write-ahead mode; importing and opening diskcache costs several times what a
guard may.  Here the same rows are read through `sqlite3`, whose import waits for the first question.
"""

from __future__ import annotations

import os

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.entry import FOUND, NO_BODY, NOT_CACHED, SCHEMA, Entry, Key, Miss
from batuta_hooks.registry.rows import decode_body, decode_meta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection

DATABASE = "cache.db"
_TIMEOUT_S = 0.25
_WRITABLE_BY_OTHERS = 0o022
_KIND, _FOLDER, _REGULAR, _LINK = 0o170000, 0o040000, 0o100000, 0o120000
# diskcache's mode 1: the value stands in its row as it is; every other one means a pickle or a file.
_SELECT = "SELECT value FROM Cache WHERE key = ? AND raw = 1 AND mode = 1 AND filename IS NULL"


def cache_folder(environment: Mapping[str, str]) -> str | Miss:
    """The folder of the cache's database: ``BATUTA_CACHE_DIR``, else ``batuta-hooks`` in the XDG cache folder.

    A relative ``XDG_CACHE_HOME`` is passed over, as the XDG specification wants.  The last part of the path names the
    schema, so that versions of the tool that store other rows do not meet.
    """
    base = environment.get("BATUTA_CACHE_DIR", "")
    if base:
        base = os.path.abspath(os.path.expanduser(base))
    else:
        caches = environment.get("XDG_CACHE_HOME", "")
        home = environment.get("HOME") or os.path.expanduser("~")
        if not caches.startswith("/"):
            if not home.startswith("/"):
                return Miss("there is no home folder to keep a cache in; BATUTA_CACHE_DIR can name another")
            caches = f"{home}/.cache"
        base = f"{caches}/batuta-hooks"
    return f"{base}/registry-v{SCHEMA}"


class Place(NamedTuple):
    """What stands at the cache's path: whether there is a database, and why it must not be used, if so."""

    exists: bool
    fault: str = ""


def examine(folder: str) -> Place:
    """Whether the folder and the database may be trusted: real ones of this user that nobody else can write."""
    for path, kind, what in ((folder, _FOLDER, "a folder"), (f"{folder}/{DATABASE}", _REGULAR, "a file")):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return Place(False)
        except (OSError, ValueError) as error:
            return Place(False, f"{path}: {error}")
        found = status.st_mode & _KIND
        if found != kind:
            return Place(True, f"{path} is {'a symbolic link' if found == _LINK else f'not {what}'}")
        if status.st_uid != os.geteuid():
            return Place(True, f"{path} belongs to another user")
        if kind == _FOLDER and status.st_mode & _WRITABLE_BY_OTHERS:
            return Place(True, f"{path} can be written by others")
    return Place(True)


class Glance:
    """Looks answers up in the cache's database, read-only; whatever goes wrong is a `Miss` with its reason.

    Args:
        folder: what `cache_folder` gives.
    """

    def __init__(self, folder: str | Miss) -> None:
        self._folder = folder
        self._connection: Connection | None = None
        # Of the file that is read as immutable; None while a connection sees other processes' writes by itself.
        self._read: _State | None = None

    def entry(self, key: Key) -> Entry | Miss:
        """What is known of a question."""
        data = self._row(key.meta_row)
        return data if isinstance(data, Miss) else decode_meta(key, data)

    def body(self, key: Key, entry: Entry) -> bytes | Miss:
        """The bytes that an entry speaks of."""
        if entry.status != FOUND:
            return NO_BODY
        data = self._row(key.body_row(entry.sha256))
        return data if isinstance(data, Miss) else decode_body(entry, data)

    def close(self) -> None:
        """Close the database; a later question opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _row(self, row: str) -> bytes | Miss:
        if isinstance(self._folder, Miss):
            return self._folder
        answer = self._ask(self._folder, row)
        if isinstance(answer, str):
            # A log that came or went just now is no fault: the second attempt sees the files as they are then.
            answer = self._ask(self._folder, row)
        return Miss(f"the cache cannot be read: {answer}") if isinstance(answer, str) else answer

    def _ask(self, folder: str, row: str) -> bytes | Miss | str:
        if self._read is not None and self._read != _state(folder):
            self.close()
        if self._connection is None and (refused := self._open(folder)) is not None:
            return refused
        from sqlite3 import Error

        assert self._connection is not None
        try:
            rows = self._connection.execute(_SELECT, (row,)).fetchall()
        except Error as error:
            self.close()
            return str(error)
        if not rows:
            return NOT_CACHED
        value = rows[0][0]
        return value if isinstance(value, bytes) else NOT_CACHED

    def _open(self, folder: str) -> Miss | str | None:
        """Connect read-only, so that no file is made.

        In write-ahead mode SQLite's ``mode=ro`` makes missing ``-wal`` and ``-shm`` files and leaves them there.
        While there is nothing in a ``-wal`` file the database file is all there is, and it is read as ``immutable``.
        A writer may begin at that moment, but it changes the file no sooner than its first checkpoint, and what a torn
        read might give meets the rows' checksums; `_row` looks at the files' state before each question.
        """
        place = examine(folder)
        if place.fault:
            return Miss(f"the cache is not used: {place.fault}")
        if not place.exists:
            return Miss("there is no cache yet")
        from sqlite3 import Error, connect

        state = _state(folder)
        self._read = None if state.log_size else state
        way = "readonly_shm=1" if state.log_size else "immutable=1"
        path = f"{folder}/{DATABASE}".replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        try:
            self._connection = connect(f"file:{path}?mode=ro&{way}", uri=True, timeout=_TIMEOUT_S)
        except Error as error:
            return str(error)
        return None


class _State(NamedTuple):
    """What changes when somebody writes to the database: the file, and the size of its write-ahead log."""

    inode: int
    modified_ns: int
    size: int
    log_size: int


def _state(folder: str) -> _State:
    try:
        status = os.stat(f"{folder}/{DATABASE}")
    except OSError:
        return _State(0, 0, 0, 0)
    try:
        log_size = os.stat(f"{folder}/{DATABASE}-wal").st_size
    except OSError:
        log_size = 0
    return _State(status.st_ino, status.st_mtime_ns, status.st_size, log_size)

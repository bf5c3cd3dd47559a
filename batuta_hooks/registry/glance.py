"""The cache as guards see it: where it lies, and a reader of its database that writes nothing, not even a lock file.

diskcache keeps one SQLite database in write-ahead mode; importing and opening diskcache costs several times what a
guard may.  Here the same rows are read through the compiled half of `sqlite3`, whose import waits for the first
question; the other half would bring adapters for dates, and with them three modules, for nothing.
"""

from __future__ import annotations

import os
import time

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.entry import FOUND, NO_BODY, NOT_CACHED, SCHEMA, Entry, Key, Miss
from batuta_hooks.registry.rows import decode_body, decode_meta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection
    from typing import Self, TypeVar

    _Found = TypeVar("_Found")

DATABASE = "cache.db"
_TIMEOUT_S = 0.25
_CORRUPT, _NOT_A_DATABASE = 11, 26  # SQLite's result codes
_TICK_NS = 1_000_000_000
_LOG_HEADER_BYTES = 32
_LOG_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
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
        except OSError as error:
            return Place(False, f"{path}: {error.strerror}")
        found = status.st_mode & _KIND
        if found != kind:
            return Place(True, f"{path} is {'a symbolic link' if found == _LINK else f'not {what}'}")
        if status.st_uid != os.geteuid():
            return Place(True, f"{path} belongs to another user")
        if kind == _FOLDER and status.st_mode & _WRITABLE_BY_OTHERS:
            return Place(True, f"{path} can be written by others")
    return Place(True)


class _State(NamedTuple):
    """What changes when somebody writes to the database: the file, and the size of its write-ahead log."""

    inode: int
    modified_ns: int
    size: int
    log_size: int

    def still_holds(self, now: _State) -> bool:
        """Whether a connection made in this state reads right; one that reads the log sees later writes by itself."""
        return self.inode == now.inode if self.log_size else self == now


_UNSETTLED = _State(-1, 0, 0, 0)


class Glance:
    """Looks answers up in the cache's database, read-only; whatever goes wrong is a `Miss` with its reason.

    Any thread may use it, one at a time.

    Args:
        folder: what `cache_folder` gives.

    Attributes:
        fault: what was wrong with the cache itself when it was asked first, a clause; empty for nothing.
    """

    def __init__(self, folder: str | Miss) -> None:
        self.fault = ""
        self._folder = folder
        self._connection: Connection | None = None
        self._read = _UNSETTLED

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()

    def entry(self, key: Key) -> Entry | Miss:
        """What is known of a question."""
        data = self._row(key.meta_row)
        return data if isinstance(data, Miss) else self._sound(decode_meta(key, data))

    def body(self, key: Key, entry: Entry) -> bytes | Miss:
        """The bytes that an entry speaks of."""
        if entry.status != FOUND:
            return NO_BODY
        data = self._row(key.body_row(entry.sha256))
        return data if isinstance(data, Miss) else self._sound(decode_body(entry, data))

    def state(self) -> str:
        """Names what the database holds, as long as nobody writes to it; empty where that cannot be told."""
        if isinstance(self._folder, Miss):
            return ""
        place, state = examine(self._folder), _state(self._folder)
        if place.fault or state.log_size or time.time_ns() - state.modified_ns <= _TICK_NS:
            return ""
        return repr((self._folder, place, state))

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

    def _sound(self, found: _Found) -> _Found:
        if isinstance(found, Miss):
            self.fault = self.fault or found.why.replace("its ", "an ", 1)  # of whichever crate
        return found

    def _ask(self, folder: str, row: str) -> bytes | Miss | str:
        if self._connection is not None and not self._read.still_holds(_state(folder)):
            self.close()
        if self._connection is None:
            place = examine(folder)
            if place.fault:
                return self._sound(Miss(f"the cache is not used: {place.fault}"))
            if not place.exists:
                return Miss("there is no cache yet")
        from _sqlite3 import Error

        try:
            rows = (self._connection or self._connect(folder)).execute(_SELECT, (row,)).fetchall()
        except (Error, UnicodeError) as error:  # a damaged schema may hold names that are no text
            self.close()
            if getattr(error, "sqlite_errorcode", _CORRUPT) & 0xFF in (_CORRUPT, _NOT_A_DATABASE):
                self.fault = self.fault or f"the cache is damaged ({error})"
            return str(error)
        return rows[0][0] if rows and isinstance(rows[0][0], bytes) else NOT_CACHED

    def _connect(self, folder: str) -> Connection:
        """Open the database read-only, so that no file is made.

        In write-ahead mode SQLite's ``mode=ro`` makes missing ``-wal`` and ``-shm`` files and leaves them there.
        While there is nothing in a ``-wal`` file the database file is all there is, and it is read as ``immutable``.
        A writer may begin at that moment, but it changes the file no sooner than its first checkpoint, and what a torn
        read might give meets the rows' checksums; `_ask` looks at the files' state before each question.
        """
        from _sqlite3 import connect

        state = _state(folder)
        way = "readonly_shm=1" if state.log_size and _is_log(folder) else "immutable=1"
        path = f"{folder}/{DATABASE}".replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        uri = f"file:{path}?mode=ro&{way}"
        self._connection = connect(uri, uri=True, timeout=_TIMEOUT_S, check_same_thread=False)
        # A write in the same tick of the file system's clock as the last one would show in nothing.
        is_settled = state.log_size > 0 or time.time_ns() - state.modified_ns > _TICK_NS
        self._read = state if is_settled else _UNSETTLED
        return self._connection


def _state(folder: str) -> _State:
    try:
        status = os.stat(f"{folder}/{DATABASE}")
    except OSError:
        return _State(0, 0, 0, 0)
    try:
        log_size = os.stat(f"{folder}/{DATABASE}-wal").st_size
    except OSError:
        log_size = 0
    # A writer that is killed just after it began leaves a log with nothing in it.  For ten seconds a question, SQLite
    # waits for somebody to come and recover that, which no reader may.
    return _State(status.st_ino, status.st_mtime_ns, status.st_size, log_size if log_size > _LOG_HEADER_BYTES else 0)


def _is_log(folder: str) -> bool:
    """Whether the log begins as one; what a machine that lost its power leaves may not, and is waited for likewise."""
    try:
        log = os.open(f"{folder}/{DATABASE}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(log, 4) in _LOG_MAGIC
    finally:
        os.close(log)

"""The cache's database before diskcache opens it: a folder that can be trusted, rows that diskcache may see.

diskcache trusts what it finds: it runs each ``sqlite_…`` row of its Settings table as a pragma, makes every setting an
attribute of its own, and unpickles rows marked so.  What is not as this program writes it is therefore removed first.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress

from batuta_hooks.registry.glance import DATABASE, examine

# diskcache's own counters, kept in its Settings table.
COUNTERS = ("count", "size", "hits", "misses")

_ERROR, _CORRUPT, _NOT_A_DATABASE = 1, 11, 26  # SQLite's result codes
_PRIMARY_CODE = 0xFF
_READABLE_BY_OTHERS = 0o077
# diskcache's mode 1: the value stands in its row as it is; every other one means a pickle or a file.
_FOREIGN = """
    DELETE FROM Cache WHERE raw IS NOT 1 OR typeof(key) <> 'text' OR mode IS NOT 1 OR typeof(value) <> 'blob'
    OR filename IS NOT NULL
"""


class OtherTables(sqlite3.DatabaseError):
    """The database is sound, but its tables are not diskcache's."""


def make_folder(folder: str) -> None:
    """Make the cache's folder for this user alone, with what is missing above it.

    Raises:
        OSError: it cannot be made, or what stands there must not be used.
    """
    os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        os.mkdir(folder, mode=0o700)
    if fault := examine(folder).fault:
        raise OSError(fault)
    if os.stat(folder).st_mode & _READABLE_BY_OTHERS:
        os.chmod(folder, 0o700)


def clean(folder: str, settings: Mapping[str, int | str], timeout_s: float) -> list[str]:
    """Remove every row that this program would not have written, and say so.

    It begins with a write lock, so that a database that is locked or cannot be written shows here, within `timeout_s`.

    Args:
        settings: the settings that diskcache may find, with values of the types that it may find.

    Raises:
        OtherTables: the tables are not diskcache's.
        sqlite3.Error: the database cannot be opened, locked, read or written.
    """
    types: dict[object, type] = dict.fromkeys(COUNTERS, int)
    types.update((name, type(value)) for name, value in settings.items())
    with closing(sqlite3.connect(f"{folder}/{DATABASE}", timeout=timeout_s, isolation_level=None)) as connection:
        # Of a new database, which the next statement begins to write; without it what is removed frees no space.
        connection.execute("PRAGMA auto_vacuum = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            strange, foreign = _remove_strange(connection, types)
        except sqlite3.Error as error:
            raise (OtherTables(str(error)) if _code(error) == _ERROR else error) from None
        connection.execute("COMMIT")
    said = []
    if strange:
        said.append(f"the cache held settings that are none; {strange} removed")
    if foreign:
        said.append(f"the cache held rows of a kind that is never written, such as pickles; {foreign} removed")
    return said


def _remove_strange(connection: sqlite3.Connection, types: Mapping[object, type]) -> tuple[int, int]:
    strange, foreign = [], 0
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "Settings" in tables:
        rows = connection.execute("SELECT rowid, key, value FROM Settings").fetchall()
        strange = [(rowid,) for rowid, key, value in rows if types.get(key) is not type(value)]
        connection.executemany("DELETE FROM Settings WHERE rowid = ?", strange)
    if "Cache" in tables:
        foreign = connection.execute(_FOREIGN).rowcount
    return len(strange), foreign


def inode_of(folder: str) -> int:
    """The number of the database's file; 0 where there is none."""
    try:
        return os.stat(f"{folder}/{DATABASE}").st_ino
    except OSError:
        return 0


def set_aside(folder: str, inode: int) -> None:
    """Take a damaged database out of the way, unless another process has done so.

    The folder is renamed as a whole: to remove the database and its log one by one could hit a process that makes
    them anew at the same moment, whereas whoever still has the old files open goes on with them, undisturbed.

    Args:
        inode: what `inode_of` said of the damaged database.

    Raises:
        OSError: it cannot be renamed.
    """
    if inode_of(folder) != inode:
        return
    aside = tempfile.mkdtemp(prefix=f"{os.path.basename(folder)}.damaged-", dir=os.path.dirname(folder))
    os.rename(folder, aside)
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            os.unlink(f"{aside}/{DATABASE}{suffix}")
    with suppress(OSError):  # it holds something that is not the cache's
        os.rmdir(aside)


def first_cause(error: BaseException) -> BaseException:
    """The error that SQLite or the system reported first; diskcache raises others over it."""
    found = error
    while error.__context__ is not None:
        error = error.__context__
        if isinstance(error, sqlite3.Error | OSError):
            found = error
    return found


def is_damage(error: BaseException) -> bool:
    """Whether the database itself is at fault, not its surroundings."""
    # ValueError: Python cannot decode SQLite's complaint about a damaged schema, diskcache misses one of its settings.
    return isinstance(error, OtherTables | ValueError) or _code(error) in (_CORRUPT, _NOT_A_DATABASE)


def _code(error: BaseException) -> int:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE if isinstance(code, int) else 0

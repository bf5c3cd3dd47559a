"""The cache on disk keeps what it is given, runs nothing that it finds, and never stands in the way."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import diskcache  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.database import first_cause, inode_of, set_aside
from batuta_hooks.registry.entry import Entry, Key, Miss, absent, index_key
from batuta_hooks.registry.glance import DATABASE, Glance
from tests.registry.samples import IDENTITY, NOW, archive_entry, index_entry, index_file
from tests.support.process import run

SERDE = index_file("serde", ["1.0.0", "1.0.1"], ["0.9.0"])
KEY, ENTRY = index_entry("serde", SERDE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the cache will be."""
    return tmp_path / "caches" / "registry-v1"


@pytest.fixture
def filled(folder: Path) -> Path:
    """A closed cache that knows serde."""
    with Cache(str(folder)) as cache:
        cache.store(KEY, ENTRY, SERDE)
        assert cache.warnings == ()
    return folder


@contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database itself, to look into or to spoil."""
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        yield connection


def rows(folder: Path) -> list[str]:
    """The kinds and crates of all rows, digests left out."""
    with database(folder) as connection:
        return sorted(" ".join(key.split(" ")[:4]) for (key,) in connection.execute("SELECT key FROM Cache"))


def test_what_was_stored_is_there_for_the_next_process(filled: Path) -> None:
    """Entry and bytes, and no complaint."""
    with Cache(str(filled)) as cache:
        assert cache.entry(KEY) == ENTRY
        assert cache.body(KEY, ENTRY) == SERDE
        assert cache.has_body(KEY, ENTRY)
        assert list(cache.entries()) == [(KEY, ENTRY)]
        assert cache.volume_bytes() > 0
        assert cache.warnings == ()
    assert rows(filled) == [f"body index {IDENTITY} serde", f"meta index {IDENTITY} serde"]


def test_what_was_not_stored_is_a_miss(filled: Path) -> None:
    """Another crate, another body, an absence's bytes."""
    other, gone = index_key(IDENTITY, "serde_json"), absent(NOW, "u", 404)
    with Cache(str(filled)) as cache:
        cache.store(other, gone)
        assert cache.entry(other) == gone
        assert isinstance(cache.body(other, gone), Miss)
        assert not cache.has_body(other, gone)
        assert isinstance(cache.body(KEY, ENTRY._replace(sha256="0" * 64)), Miss)
        assert cache.entry(index_key(IDENTITY, "rand")) == Miss("it is not in the cache")


def test_a_new_answer_takes_the_place_of_the_old_one(filled: Path) -> None:
    """Also of its bytes: one row of each remains, and none of a crate that went away."""
    newer = index_file("serde", ["1.0.0", "1.0.1", "1.0.2"], ["0.9.0"])
    key, entry = index_entry("serde", newer, NOW + 5)
    with Cache(str(filled)) as cache:
        cache.store(key, entry, newer)
        assert (cache.entry(KEY), cache.body(KEY, entry)) == (entry, newer)
        assert isinstance(cache.body(KEY, ENTRY), Miss)
        assert len(rows(filled)) == 2
        cache.store(key, absent(NOW + 9, "u", 410))
        assert rows(filled) == [f"meta index {IDENTITY} serde"]


def test_not_modified_rewrites_the_entry_alone(filled: Path) -> None:
    """The bytes' row is not touched; a digest that is no longer stored changes nothing."""
    query = "SELECT rowid, store_time, value FROM Cache WHERE key LIKE 'body %'"
    with Cache(str(filled)) as cache, database(filled) as connection:
        before = connection.execute(query).fetchall()
        checked = ENTRY._replace(checked_at=NOW + 600, etag='"new"')
        cache.confirm(KEY, checked)
        assert cache.entry(KEY) == checked
        assert connection.execute(query).fetchall() == before
        cache.confirm(KEY, checked._replace(sha256="0" * 64, checked_at=NOW + 700))
        cache.confirm(index_key(IDENTITY, "rand"), checked)
        assert cache.entry(KEY) == checked
        assert list(cache.entries()) == [(KEY, checked)]


def test_forgotten_and_cleared_answers_are_gone(filled: Path) -> None:
    """With their bytes."""
    key, entry = archive_entry("serde", "1.0.0", b"facts")
    with Cache(str(filled)) as cache:
        cache.store(key, entry, b"facts")
        cache.forget(KEY)
        assert [found for found, _ in cache.entries()] == [key]
        assert len(rows(filled)) == 2
        cache.clear()
        assert rows(filled) == []
        assert cache.warnings == ()


def test_entry_and_bytes_change_together(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second row cannot be written the first is not either: the old answer stays whole."""
    newer = index_file("serde", ["2.0.0"])
    key, entry = index_entry("serde", newer, NOW + 5)
    with database(filled) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON Cache WHEN OLD.key LIKE 'meta %'"
            " BEGIN SELECT RAISE(ABORT, 'no more writing'); END"
        )
    with Cache(str(filled)) as cache:
        cache.store(key, entry, newer)
        assert cache.warnings == ("the cache is not used: no more writing",)
    with Cache(str(filled)) as cache:
        assert (cache.entry(KEY), cache.body(KEY, ENTRY)) == (ENTRY, SERDE)
        assert len(rows(filled)) == 2


def test_the_oldest_answers_go_first_and_whole(folder: Path) -> None:
    """Beyond the size limit those checked longest ago are evicted, entry and bytes together."""
    known: dict[Key, int] = {}
    with Cache(str(folder), size_limit_bytes=1_000_000) as cache:
        for number in range(40):
            payload = index_file(f"crate{number}", ["1.0.0"]) + b"\n" + os.urandom(60_000)
            key, entry = index_entry(f"crate{number}", payload, NOW + (number * 7) % 40)
            cache.store(key, entry, payload)
            assert cache.volume_bytes() <= 1_000_000
            left = {key: entry.checked_at for key, entry in cache.entries()}
            gone = [checked_at for key, checked_at in {**known, key: entry.checked_at}.items() if key not in left]
            assert not gone or max(gone) < min(left.values())
            known = left
        assert 5 < len(known) < 17
        assert all(cache.has_body(key, entry) for key, entry in cache.entries())
        assert cache.warnings == ()
    assert len(rows(folder)) == 2 * len(known)


def test_rows_without_an_answer_are_evicted_first(folder: Path) -> None:
    """Bytes whose entry was lost do not push an answer out."""
    noise = os.urandom(400_000)
    with Cache(str(folder), size_limit_bytes=600_000) as cache:
        for number in (1, 2):
            key, entry = archive_entry("lost", f"{number}.0.0", noise[number:], NOW + 10)
            cache.store(key, entry, noise[number:])
            with database(folder) as connection:
                connection.execute("DELETE FROM Cache WHERE key LIKE 'meta % lost@_.0.0'")
            if number == 1:
                cache.store(KEY, ENTRY, SERDE)
        assert list(cache.entries()) == [(KEY, ENTRY)]
        assert cache.has_body(KEY, ENTRY)
    assert not any("lost@1" in row for row in rows(folder))


def test_an_answer_larger_than_the_limit_is_not_kept(folder: Path) -> None:
    """It goes as it came; the cache stays usable."""
    noise = os.urandom(300_000)
    key, entry = archive_entry("big", "1.0.0", noise)
    with Cache(str(folder), size_limit_bytes=100_000) as cache:
        cache.store(key, entry, noise)
        assert list(cache.entries()) == []
        assert (cache.volume_bytes() < 100_000, cache.warnings) == (True, ())


def test_the_folder_is_the_users_alone(folder: Path) -> None:
    """Made with mode 0700, whatever the umask; one that others could read is closed to them."""
    before = os.umask(0)
    try:
        with Cache(str(folder)) as cache:
            cache.store(KEY, ENTRY, SERDE)
        assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    folder.chmod(0o755)
    with Cache(str(folder)) as cache:
        assert cache.entry(KEY) == ENTRY
        assert cache.warnings == ()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


class Poison:
    """Its pickle makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self.path), "x"))


def plant(folder: Path, marker: Path) -> None:
    """Put pickles wherever diskcache unpickles or could: keys, values, a value's file, settings."""
    poison = pickle.dumps(Poison(marker))
    (folder / "aa" / "bb").mkdir(parents=True)
    (folder / "aa" / "bb" / "poison.val").write_bytes(poison)
    insert = "INSERT INTO Cache (key, raw, store_time, access_time, mode, filename, value) VALUES (?, ?, 0, 0, ?, ?, ?)"
    with database(folder) as connection:
        connection.execute("DELETE FROM Cache")
        connection.execute(insert, (poison, 0, 1, None, b"value"))
        connection.execute(insert, (KEY.meta_row, 1, 4, None, poison))
        connection.execute(insert, (KEY.body_row(ENTRY.sha256), 1, 4, "aa/bb/poison.val", None))
        connection.execute(insert, (index_key(IDENTITY, "text").meta_row, 1, 1, None, "a text"))
        connection.execute(insert, (7, 1, 1, None, b"a number"))
        connection.execute("INSERT OR REPLACE INTO Settings VALUES ('size_limit', ?)", (poison,))
        connection.execute("INSERT INTO Settings VALUES ('disk_poison', ?)", (poison,))
        connection.execute("INSERT INTO Settings VALUES ('close', 'no method any more')")
        connection.execute("INSERT INTO Settings VALUES (?, 1)", (poison,))


READ_ALL = """
import sys, diskcache
cache = diskcache.Cache(sys.argv[1], eviction_policy="none")
for key in list(cache.iterkeys()):
    cache.get(key)
"""


def test_planted_pickles_would_run_in_a_plain_diskcache(filled: Path, tmp_path: Path) -> None:
    """What the next tests plant is no dud."""
    marker = tmp_path / "ran"
    plant(filled, marker)
    with database(filled) as connection:
        connection.execute(
            "DELETE FROM Settings WHERE key IN ('size_limit', 'disk_poison', 'close') OR key LIKE '%ran%'"
        )
        connection.execute("DELETE FROM Settings WHERE typeof(key) = 'blob'")
    run([sys.executable, "-c", READ_ALL, filled], code=None)
    assert marker.exists()


def test_planted_pickles_are_removed_reported_and_replaced(filled: Path, tmp_path: Path) -> None:
    """Nothing that was planted runs; the cache says what it found, is empty, and works."""
    marker = tmp_path / "ran"
    plant(filled, marker)
    with Glance(str(filled)) as glance:
        assert isinstance(glance.entry(KEY), Miss)
        assert isinstance(glance.body(KEY, ENTRY), Miss)
    with Cache(str(filled)) as cache:
        assert cache.warnings == (
            "the cache held settings that are none; 4 removed",
            "the cache held rows of a kind that is never written, such as pickles; 5 removed",
        )
        assert list(cache.entries()) == []
        cache.store(KEY, ENTRY, SERDE)
        assert (cache.entry(KEY), cache.body(KEY, ENTRY)) == (ENTRY, SERDE)
    with Cache(str(filled)) as cache:
        assert cache.warnings == ()
        assert cache.entry(KEY) == ENTRY
    assert not marker.exists()
    assert (filled / "aa" / "bb" / "poison.val").exists()  # no row of another's making removes a file


def test_pickles_planted_under_an_open_cache_are_refused(filled: Path, tmp_path: Path) -> None:
    """The rows are misses, said once, and the next answer takes their place."""
    marker = tmp_path / "ran"
    with Cache(str(filled)) as cache:
        plant(filled, marker)
        assert isinstance(cache.entry(KEY), Miss)
        assert isinstance(cache.body(KEY, ENTRY), Miss)
        assert list(cache.entries()) == []
        assert cache.warnings == ("the cache holds a row of a kind that is never written; it is not read",)
        cache.store(KEY, ENTRY, SERDE)
        assert (cache.entry(KEY), cache.body(KEY, ENTRY)) == (ENTRY, SERDE)
    assert not marker.exists()
    assert (filled / "aa" / "bb" / "poison.val").exists()


def test_nothing_but_text_and_bytes_goes_in(filled: Path) -> None:
    """A mistake in this program cannot write a pickle either."""
    with Cache(str(filled)) as cache:
        store = cache._store
        assert store is not None
        for key, value in (((1, 2), b""), (b"key", b""), ("key", "text"), ("key", 1), ("key", {}), ("key", None)):
            with pytest.raises(TypeError):
                store.set(key, value)
    assert len(rows(filled)) == 2


def test_settings_of_another_version_are_no_fault(filled: Path) -> None:
    """diskcache's own defaults, as another version of the tool may prefer them, are not complained of."""
    diskcache.Cache(filled).close()
    with Cache(str(filled)) as cache:
        assert (cache.entry(KEY), cache.warnings) == (ENTRY, ())
    with database(filled) as connection:
        settings = dict(connection.execute("SELECT key, value FROM Settings"))
    assert (settings["eviction_policy"], settings["sqlite_mmap_size"]) == ("none", 0)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"no database at all, but long enough to be looked at" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:4096]),
        lambda path: path.write_bytes(path.read_bytes()[:100] + bytes(4000) + path.read_bytes()[4100:]),
    ],
    ids=["no database", "cut short", "schema zeroed"],
)
def test_a_corrupt_database_is_started_anew(filled: Path, spoil: object) -> None:
    """Said once; what the folder held besides stays."""
    (filled / "other").write_text("not the cache's", encoding="utf-8")
    assert callable(spoil)
    spoil(filled / DATABASE)
    with Cache(str(filled)) as cache:
        (warning,) = cache.warnings
        assert warning.startswith("the cache was damaged (")
        cache.store(KEY, ENTRY, SERDE)
        assert cache.body(KEY, ENTRY) == SERDE
    with Cache(str(filled)) as cache:
        assert (cache.entry(KEY), cache.warnings) == (ENTRY, ())
    (aside,) = filled.parent.glob("registry-v1.damaged-*")
    assert [path.name for path in aside.iterdir()] == ["other"]


def test_tables_of_another_program_are_started_anew(filled: Path) -> None:
    """A sound database that is not diskcache's does not stop anything."""
    for statement in ("CREATE TABLE Cache (a)", "CREATE VIEW Cache AS SELECT 1 AS a", "CREATE TABLE Settings (a)"):
        shutil.rmtree(filled)
        filled.mkdir(mode=0o700)
        with database(filled) as connection:
            connection.execute(statement)
        with Cache(str(filled)) as cache:
            (warning,) = cache.warnings
            assert warning.startswith("the cache was damaged (")
            cache.store(KEY, ENTRY, SERDE)
            assert cache.entry(KEY) == ENTRY


def test_damage_that_shows_later_is_put_aside_for_the_next_run(filled: Path) -> None:
    """This run goes on without the cache and says so once, the next one has a sound one."""
    with Cache(str(filled)) as cache:
        for number in range(50):
            key, entry = archive_entry("big", f"{number}.0.0", os.urandom(5000))
            cache.store(key, entry, b"not its bytes")
        cache.volume_bytes()
    size = (filled / DATABASE).stat().st_size
    with Cache(str(filled)) as cache:
        with (filled / DATABASE).open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
        assert isinstance(cache.entry(index_key(IDENTITY, "rand")), Miss)
        (warning,) = cache.warnings
        assert warning.startswith("the cache is not used: ")
        assert cache.entry(KEY) == Miss(warning)
        cache.store(KEY, ENTRY, SERDE)
        assert cache.warnings == (warning,)
    with Cache(str(filled)) as cache:
        assert cache.warnings == ()
        assert isinstance(cache.entry(KEY), Miss)


def everything(cache: Cache) -> None:
    """Ask and change whatever there is; without a cache all of it is a miss or nothing."""
    assert isinstance(cache.entry(KEY), Miss)
    assert isinstance(cache.body(KEY, ENTRY), Miss)
    assert not cache.has_body(KEY, ENTRY)
    assert list(cache.entries()) == []
    assert cache.volume_bytes() == 0
    cache.store(KEY, ENTRY, SERDE)
    cache.confirm(KEY, ENTRY)
    cache.forget(KEY)
    cache.clear()


def test_a_locked_database_is_gone_without(filled: Path) -> None:
    """After the time-out, said once, whether it was locked at the start or later; reading goes on in between."""
    with database(filled) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with Cache(str(filled), timeout_s=0.1) as cache:
            everything(cache)
            assert cache.warnings == ("the cache is not used: database is locked",)
        connection.execute("ROLLBACK")
        with Cache(str(filled), timeout_s=0.1) as cache:
            connection.execute("BEGIN IMMEDIATE")
            assert cache.entry(KEY) == ENTRY
            cache.store(KEY, ENTRY._replace(checked_at=NOW + 1), SERDE)
            everything(cache)
            assert cache.warnings == ("the cache is not used: database is locked",)
            connection.execute("ROLLBACK")
    with Cache(str(filled)) as cache:
        assert cache.entry(KEY) == ENTRY


def a_link(folder: Path) -> str:
    """A symbolic link in the folder's place."""
    (folder.parent / "real").mkdir(mode=0o700, parents=True)
    folder.symlink_to(folder.parent / "real")
    return f"{folder} is a symbolic link"


def a_linked_database(folder: Path) -> str:
    """A symbolic link in the database's place."""
    folder.mkdir(mode=0o700, parents=True)
    (folder / DATABASE).symlink_to(folder / "elsewhere")
    return f"{folder / DATABASE} is a symbolic link"


def a_pipe(folder: Path) -> str:
    """A pipe in the database's place, which would be waited for."""
    folder.mkdir(mode=0o700, parents=True)
    os.mkfifo(folder / DATABASE)
    return f"{folder / DATABASE} is not a file"


def a_file(folder: Path) -> str:
    """A file in the folder's place."""
    folder.parent.mkdir(parents=True)
    folder.touch()
    return f"{folder} is not a folder"


def a_file_above(folder: Path) -> str:
    """A file where a folder above should be."""
    folder.parent.touch()
    return f"[Errno 17] File exists: '{folder.parent}'"


def open_to_all(folder: Path) -> str:
    """A folder that everybody may write to."""
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    return f"{folder} can be written by others"


def anothers(folder: Path) -> str:
    """Another user's folder."""
    folder.mkdir(mode=0o700, parents=True)
    try:
        os.chown(folder, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a folder away")
    return f"{folder} belongs to another user"


@pytest.mark.parametrize(
    "make",
    [a_link, a_linked_database, a_pipe, a_file, a_file_above, open_to_all, anothers],
    ids=lambda make: make.__name__,
)
def test_what_cannot_be_trusted_is_gone_without(folder: Path, make: object) -> None:
    """Both readers say why, once, and nothing is made or changed."""
    assert callable(make)
    why = make(folder)
    before = sorted(folder.parent.parent.rglob("*"))
    with Cache(str(folder)) as cache:
        everything(cache)
        assert cache.warnings == (f"the cache is not used: {why}",)
        assert cache.entry(KEY) == Miss(cache.warnings[0])
    assert isinstance(Glance(str(folder)).entry(KEY), Miss)
    assert sorted(folder.parent.parent.rglob("*")) == before


def test_without_a_home_there_is_no_cache() -> None:
    """The reason is passed on."""
    with Cache(Miss("there is no home folder")) as cache:
        everything(cache)
        assert cache.warnings == ("the cache is not used: there is no home folder",)


# Root may write anywhere, so the child becomes another user; what it needs is imported before.
AS_ANOTHER = """
import hashlib, os, sys, zlib
import batuta_hooks.registry.index_lines
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.glance import Glance
from tests.registry.test_cache import ENTRY, KEY, SERDE
folder = sys.argv[1]
if os.geteuid() == 0:
    os.setgid(12345)
    os.setuid(12345)
with Glance(folder) as glance:
    assert glance.entry(KEY) == ENTRY, glance.entry(KEY)
    assert glance.body(KEY, ENTRY) == SERDE
with Cache(folder) as cache:
    cache.entry(KEY)
    cache.store(KEY, ENTRY, SERDE)
    cache.store(KEY, ENTRY, SERDE)
    print(*cache.warnings, sep="\\n")
"""


def test_a_read_only_folder_is_read_and_not_written() -> None:
    """A guard still has its answers; who wants to write goes without, and says so once."""
    top = Path(tempfile.mkdtemp())
    folder = top / "registry-v1"
    try:
        top.chmod(0o755)
        with Cache(str(folder)) as cache:
            cache.store(KEY, ENTRY, SERDE)
        (folder / DATABASE).chmod(0o400)
        if os.geteuid() == 0:
            for path in (folder, folder / DATABASE):
                os.chown(path, 12345, 12345)
        folder.chmod(0o500)
        before = sorted(folder.iterdir())
        done = run([sys.executable, "-c", AS_ANOTHER, folder], cwd=Path(__file__).parents[2])
        assert done.stdout.splitlines() == ["the cache is not used: attempt to write a readonly database"]
        assert sorted(folder.iterdir()) == before
    finally:
        folder.chmod(0o700)
        shutil.rmtree(top)


DISK_FULL = """
import os, resource, sys
from batuta_hooks.registry.cache import Cache
from tests.registry.samples import archive_entry
from tests.registry.test_cache import ENTRY, KEY
with Cache(sys.argv[1]) as cache:
    assert cache.entry(KEY) == ENTRY
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    for number in range(20):
        noise = os.urandom(50_000)
        cache.store(*archive_entry("big", f"{number}.0.0", noise), noise)
    print(*cache.warnings, sep="\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def test_a_full_disk_is_gone_without(filled: Path) -> None:
    """Writing stops, said once; what was there stays readable."""
    done = run([sys.executable, "-c", DISK_FULL, filled], cwd=Path(__file__).parents[2])
    assert done.stdout.splitlines() in (
        ["the cache is not used: disk I/O error"],
        ["the cache is not used: database or disk is full"],
    )
    with Cache(str(filled)) as cache:
        assert (cache.entry(KEY), cache.body(KEY, ENTRY), cache.warnings) == (ENTRY, SERDE, ())


DISK_FULL_AT_THE_START = """
import resource, sys
from batuta_hooks.registry.cache import Cache
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
with Cache(sys.argv[1]) as cache:
    print(*cache.warnings, sep="\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize("limit", ["20000", "40000"], ids=["no room to lock", "no room to write"])
def test_a_disk_that_was_full_before_is_gone_without(filled: Path, limit: str) -> None:
    """The cache cannot even be opened for writing; that is said once, and no connection is left open."""
    command: list[str | Path] = [sys.executable, "-W", "error", "-c", DISK_FULL_AT_THE_START, filled, limit]
    done = run(command, cwd=Path(__file__).parents[2])
    (said,) = done.stdout.splitlines()
    assert said.startswith("the cache is not used: d")
    assert done.stderr == ""


def test_only_the_damaged_database_is_set_aside(filled: Path) -> None:
    """Where another process has put a new one in its place, that one stays."""
    set_aside(str(filled), inode_of(str(filled)) + 1)
    with Cache(str(filled)) as cache:
        assert cache.entry(KEY) == ENTRY
    set_aside(str(filled), inode_of(str(filled)))
    assert inode_of(str(filled)) == 0
    assert list(filled.parent.iterdir()) == []


def test_the_first_cause_is_told() -> None:
    """Not the errors that were raised while it was handled."""
    first, between, last = sqlite3.OperationalError("disk is full"), KeyError("rolling back"), diskcache.Timeout()
    last.__context__, between.__context__ = between, first
    assert first_cause(last) is first
    assert first_cause(first) is first


def spoilt(sound: bytes, data: st.DataObject) -> bytes:
    """A file of which some bytes were overwritten, and which may end too early."""
    content = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=200))
        content[place : place + len(piece)] = piece
    return bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])


@pytest.fixture(scope="module")
def sound() -> bytes:
    """A closed database that knows serde, and a crate that does not exist."""
    with tempfile.TemporaryDirectory() as name:
        with Cache(f"{name}/registry-v1") as cache:
            cache.store(KEY, ENTRY, SERDE)
            cache.store(index_key(IDENTITY, "gone"), absent(NOW, "u", 404))
        return Path(name, "registry-v1", DATABASE).read_bytes()


@given(data=st.data())
def test_no_damage_stops_the_program(data: st.DataObject, sound: bytes) -> None:
    """Bytes overwritten anywhere, or the file cut short anywhere: what is read is right or a miss, and work goes on."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "registry-v1")
        folder.mkdir(mode=0o700)
        (folder / DATABASE).write_bytes(spoilt(sound, data))
        with Cache(str(folder)) as cache:
            assert cache.entry(KEY) == ENTRY or isinstance(cache.entry(KEY), Miss)
            assert cache.body(KEY, ENTRY) == SERDE or isinstance(cache.body(KEY, ENTRY), Miss)
            assert all(entry == cache.entry(key) for key, entry in cache.entries())
            cache.confirm(KEY, ENTRY)
            cache.forget(index_key(IDENTITY, "gone"))
            cache.store(KEY, ENTRY, SERDE)
            assert (cache.entry(KEY), cache.body(KEY, ENTRY)) == (ENTRY, SERDE) or cache.warnings
            assert len(set(cache.warnings)) == len(cache.warnings)


@given(data=st.data())
def test_no_damage_is_read_as_another_answer(data: st.DataObject, sound: bytes) -> None:
    """A guard sees the right answer or a miss, and the file stays as it is."""
    with tempfile.TemporaryDirectory() as name:
        database = Path(name, DATABASE)
        content = spoilt(sound, data)
        database.write_bytes(content)
        with Glance(name) as reader:
            assert reader.entry(KEY) == ENTRY or isinstance(reader.entry(KEY), Miss)
            assert reader.body(KEY, ENTRY) == SERDE or isinstance(reader.body(KEY, ENTRY), Miss)
        assert database.read_bytes() == content
        assert os.listdir(name) == [DATABASE]


WRITER = """
import os, sys
from batuta_hooks.registry.cache import Cache
from tests.registry.test_cache import written
name, count = sys.argv[2], int(sys.argv[3])
with Cache(sys.argv[1]) as cache:
    print("open", flush=True)
    for number in range(count):
        key, entry, payload = written(name, number)
        cache.store(key, entry, payload)
        print(number, flush=True)
    print(*cache.warnings, sep="\\n")
"""


def written(name: str, number: int) -> tuple[Key, Entry, bytes]:
    """The answer that a process writes as its n-th: ten crates of its own, and one that all share."""
    crate = "shared" if number % 5 == 0 else f"{name}{number % 10}"
    payload = index_file(crate, [f"1.{minor}.0" for minor in range(200 + number)])
    return *index_entry(crate, payload, NOW + number), payload


def start_writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that stores so many answers."""
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_eight_processes_share_one_cold_cache(folder: Path) -> None:
    """They make it at the same moment; nothing is lost, nothing is said, a reader sees whole answers all the while."""
    writers = [start_writer(folder, f"crate{letter}", 30) for letter in "abcdefgh"]
    glance = Glance(str(folder))
    seen: list[Entry | Miss] = []
    while any(writer.poll() is None for writer in writers):
        entry = glance.entry(index_key(IDENTITY, "shared"))
        if not seen or entry != seen[-1]:
            seen.append(entry)
    glance.close()
    for writer in writers:
        said, _ = writer.communicate()
        assert (said.split(), writer.returncode) == (["open", *map(str, range(30))], 0)
    answers = [entry for entry in seen if isinstance(entry, Entry)]
    assert answers
    assert answers == seen[-len(answers) :], "an answer was there, and then it was not"
    with Cache(str(folder)) as cache:
        assert cache.warnings == ()
        assert len(list(cache.entries())) == 8 * 8 + 1
        assert all(isinstance(cache.body(key, entry), bytes) for key, entry in cache.entries())
    assert len(rows(folder)) == 2 * 65


def whole_answers(folder: Path) -> int:
    """Both readers find every answer whole, nobody complains, and no row is left over; how many answers there are."""
    with Glance(str(folder)) as glance, Cache(str(folder)) as cache:
        entries = list(cache.entries())
        for key, entry in entries:
            assert glance.entry(key) == cache.entry(key) == entry
            assert glance.body(key, entry) == cache.body(key, entry) == written("crate", entry.checked_at - NOW)[2]
        assert cache.warnings == ()
    assert len(rows(folder)) == 2 * len(entries)
    return len(entries)


@pytest.mark.slow
def test_a_killed_writer_harms_nothing(folder: Path) -> None:
    """Killed at random moments of its 200 writes, it leaves whole answers; the next process reads and goes on."""
    chance = random.Random()
    for _ in range(30):
        writer = start_writer(folder, "crate", 200)
        assert writer.stdout is not None
        for _ in range(chance.randrange(1, 200)):
            assert writer.stdout.readline()
        time.sleep(chance.random() * 0.004)
        writer.kill()
        writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        assert whole_answers(folder)


@pytest.mark.slow
def test_a_cache_whose_making_was_killed_is_made_by_the_next(folder: Path) -> None:
    """Killed while it opens a cold cache, it leaves nothing that the next process could not use."""
    chance = random.Random()
    for _ in range(30):
        shutil.rmtree(folder, ignore_errors=True)
        writer = start_writer(folder, "crate", 200)
        while not (folder / DATABASE).exists():
            assert writer.poll() is None
        time.sleep(chance.random() * 0.03)
        writer.kill()
        writer.communicate()
        before = whole_answers(folder)
        with Cache(str(folder)) as cache:
            cache.store(KEY, ENTRY, SERDE)
            assert (cache.body(KEY, ENTRY), cache.warnings) == (SERDE, ())
            assert len(list(cache.entries())) == before + 1

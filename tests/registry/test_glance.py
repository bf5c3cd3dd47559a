"""A guard's reader of the cache sees what the writer wrote, leaves no trace, and believes nothing that is damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import Entry, Key, Miss, absent, index_key
from batuta_hooks.registry.glance import DATABASE, Glance, cache_folder
from tests.registry.samples import IDENTITY, NOW, archive_entry, files_in, index_entry, index_file, unpacked
from tests.support.process import run, unmeasured

SERDE = index_file("serde", ["1.0.0", "1.0.1"], ["0.9.0"])
KEY, ENTRY = index_entry("serde", SERDE)
NEWER = ENTRY._replace(checked_at=NOW + 600)

Stored = dict[Key, tuple[Entry, bytes]]


def samples() -> Stored:
    """Answers of every kind: small, megabytes large, incompressible, empty, absent."""
    large = index_file("large", [f"{major}.{minor}.0" for major in range(90) for minor in range(200)])
    assert len(large) > 2_000_000
    stored: Stored = {KEY: (ENTRY, SERDE)}
    gone = index_key(IDENTITY, "gone")
    stored[gone] = (absent(NOW, "https://index.crates.io/go/ne/gone", 404), b"")
    key, entry = index_entry("large", large)
    stored[key] = (entry, large)
    for number, payload in enumerate((b"", b"\0", os.urandom(40_000), os.urandom(3_000_000))):
        key, entry = archive_entry("serde", f"{number}.0.0", payload)
        stored[key] = (entry, payload)
    return stored


def fill(folder: Path, stored: Stored) -> Cache:
    """An open cache that holds these answers."""
    cache = Cache(str(folder))
    for key, (entry, payload) in stored.items():
        cache.store(key, entry, payload)
    assert cache.warnings == ()
    return cache


def agree(folder: Path, cache: Cache, stored: Stored) -> None:
    """Both readers give what was stored, and miss what was not."""
    unknown, lost = index_key(IDENTITY, "unknown"), ENTRY._replace(sha256="0" * 64)
    with Glance(str(folder)) as reader:
        for key, (entry, payload) in stored.items():
            assert reader.entry(key) == cache.entry(key) == entry
            body, other_body = reader.body(key, entry), cache.body(key, entry)
            assert body == other_body
            assert body == payload or (isinstance(body, Miss) and entry.status == "absent")
        assert reader.entry(unknown) == cache.entry(unknown) == Miss("it is not in the cache")
        assert reader.body(KEY, lost) == cache.body(KEY, lost) == Miss("it is not in the cache")


def look(folder: Path) -> Entry | Miss:
    """What a reader of its own says of serde."""
    with Glance(str(folder)) as reader:
        return reader.entry(KEY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the cache will be."""
    return tmp_path / "caches" / "registry-v1"


@pytest.fixture
def filled(folder: Path) -> Path:
    """A closed cache that knows serde."""
    fill(folder, {KEY: (ENTRY, SERDE)}).close()
    return folder


@pytest.fixture
def glance(filled: Path) -> Iterator[Glance]:
    """A reader of that cache."""
    with Glance(str(filled)) as reader:
        yield reader


def test_both_readers_agree_on_every_entry(folder: Path) -> None:
    """While the writer has the database open, after it has closed it, and of a copy."""
    stored = samples()
    with fill(folder, stored) as cache:
        agree(folder, cache, stored)
    with Cache(str(folder)) as cache:
        agree(folder, cache, stored)
    copied = folder.with_name("copied")
    shutil.copytree(folder, copied)
    with Cache(str(folder)) as cache:
        agree(copied, cache, stored)


def test_both_readers_agree_on_the_real_index(tmp_path: Path) -> None:
    """Every crate of the real stack and its dependencies, and every name that the registry does not have."""
    index = unpacked("index/index.tar.xz", tmp_path / "index")
    stored: Stored = {}
    for path in sorted(path for path in index.rglob("*") if path.is_file() and path.suffix != ".json"):
        payload = path.read_bytes()
        key, entry = index_entry(path.name, payload)
        stored[key] = (entry, payload)
        assert (entry.spelled.lower(), entry.size) == (path.name, len(payload))
    assert len(stored) > 160
    with fill(tmp_path / "registry-v1", stored) as cache:
        agree(tmp_path / "registry-v1", cache, stored)


def test_it_sees_what_is_written_later(filled: Path, glance: Glance) -> None:
    """Opened before a writer comes, while it writes, and when it is gone: each answer is the one of that moment."""
    assert glance.entry(KEY) == ENTRY
    with Cache(str(filled)) as cache:
        cache.confirm(KEY, NEWER)
        assert glance.entry(KEY) == NEWER
        cache.confirm(KEY, ENTRY)
        assert glance.entry(KEY) == ENTRY
    assert glance.entry(KEY) == ENTRY
    with Cache(str(filled)) as cache:
        cache.confirm(KEY, NEWER)
    assert glance.entry(KEY) == NEWER
    shutil.rmtree(filled)
    assert glance.entry(KEY) == Miss("there is no cache yet")


def test_a_whole_write_between_two_questions_is_seen(filled: Path, glance: Glance) -> None:
    """Another process opened, wrote and closed the database in between, also where that shows in no file's time."""
    database = filled / DATABASE
    for number in range(6):
        checked = ENTRY._replace(checked_at=NOW + number)
        before = database.stat()
        with Cache(str(filled)) as cache:
            cache.confirm(KEY, checked)
        if number % 2:
            assert before.st_size == database.stat().st_size
            os.utime(database, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert glance.entry(KEY) == checked


def test_a_settled_database_is_kept_open(filled: Path, glance: Glance) -> None:
    """Once it was not written for a while, the next questions need no new connection."""
    os.utime(filled / DATABASE, (NOW, NOW))
    assert glance.entry(KEY) == ENTRY
    connection = glance._connection
    assert glance.body(KEY, ENTRY) == SERDE
    assert glance._connection is connection
    os.utime(filled / DATABASE, (NOW + 1, NOW + 1))
    assert glance.entry(KEY) == ENTRY
    assert glance._connection is not connection


def test_it_makes_no_file(folder: Path) -> None:
    """Where there is no cache, in a closed one, in an open one, and in each half of what a killed writer leaves."""
    assert look(folder) == Miss("there is no cache yet")
    assert not folder.parent.exists()
    states = [folder]
    with fill(folder, {KEY: (ENTRY, SERDE)}) as cache:
        for name, suffixes in {"killed": ("", "-wal", "-shm"), "without": ("", "-wal"), "alone": ("",)}.items():
            state = folder.with_name(name)
            state.mkdir(mode=0o700)
            for suffix in suffixes:
                shutil.copy(folder / f"{DATABASE}{suffix}", state)
            states.append(state)
        before = files_in(folder.parent)
        assert "registry-v1/cache.db-wal" in before
        for state in states:
            found = look(state)
            assert found == ENTRY or (state.name in ("without", "alone") and isinstance(found, Miss))
        assert files_in(folder.parent) == before
        cache.clear()
    (folder / f"{DATABASE}-wal").touch()
    before = files_in(folder.parent)
    assert look(folder) == Miss("it is not in the cache")
    assert files_in(folder.parent) == before


def test_a_killed_writers_last_answer_is_read(folder: Path) -> None:
    """It stands in the log alone, which only a writer may carry over."""
    with fill(folder, {KEY: (ENTRY, SERDE)}):
        killed = folder.with_name("killed")
        shutil.copytree(folder, killed)
    assert (killed / f"{DATABASE}-wal").stat().st_size
    with Glance(str(killed)) as reader:
        assert (reader.entry(KEY), reader.body(KEY, ENTRY)) == (ENTRY, SERDE)


@pytest.mark.parametrize("rest", [b"", b"\0" * 4152], ids=["header", "zeros"])
def test_a_log_that_says_nothing_is_not_waited_for(folder: Path, rest: bytes) -> None:
    """A writer was killed before its first page, or the machine lost its power: SQLite would wait for a recovery."""
    with fill(folder, {KEY: (ENTRY, SERDE)}) as cache:
        cache.close()
        with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as writer:
            writer.execute("PRAGMA wal_autocheckpoint = 0")
            writer.execute("CREATE TABLE more (x)")
            log = (folder / f"{DATABASE}-wal").read_bytes()
            shared = (folder / f"{DATABASE}-shm").read_bytes()
    killed = folder.with_name("killed")
    killed.mkdir(mode=0o700)
    shutil.copy(folder / DATABASE, killed)
    (killed / f"{DATABASE}-wal").write_bytes(rest or log[:32])
    (killed / f"{DATABASE}-shm").write_bytes(b"\0" * len(shared))
    with Glance(str(killed)) as reader:
        assert (reader.entry(KEY), reader.body(KEY, ENTRY)) == (ENTRY, SERDE)


def test_what_sqlite_says_is_the_reason(filled: Path) -> None:
    """The user can tell a damaged cache from an empty one."""
    (filled / DATABASE).write_bytes(b"no database" * 1000)
    assert look(filled) == Miss("the cache cannot be read: file is not a database")
    (filled / DATABASE).write_bytes(b"")
    assert look(filled) == Miss("the cache cannot be read: no such table: Cache")


def test_a_locked_database_is_read_or_missed(filled: Path, glance: Glance) -> None:
    """A writer in the middle of its transaction does not stop a reader, nor does one that locks everything."""
    with closing(sqlite3.connect(filled / DATABASE, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM Cache")
        assert glance.entry(KEY) == ENTRY
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(filled / DATABASE, isolation_level=None)) as writer:
        writer.execute("PRAGMA locking_mode = EXCLUSIVE")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM Cache WHERE key = 'nothing'")
        found = glance.entry(KEY)
        assert found == ENTRY or isinstance(found, Miss)


def test_a_fault_that_ends_is_forgotten(filled: Path) -> None:
    """The same reader finds the answer once the folder is right again."""
    filled.chmod(0o777)
    with Glance(str(filled)) as reader:
        assert reader.entry(KEY) == Miss(f"the cache is not used: {filled} can be written by others")
        filled.chmod(0o700)
        assert reader.entry(KEY) == ENTRY
        reader.close()
        assert reader.entry(KEY) == ENTRY


@pytest.mark.parametrize("name", ["a b", "per%cent", "quest?ion=1&x", "ha#sh", "é", "\udcff", "'quote\"", "new\nline"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    """Also one that means something in a URL, or is no text."""
    folder = tmp_path / name / "registry-v1"
    try:
        folder.parent.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this file system does not have such names")
    stored: Stored = {KEY: (ENTRY, SERDE)}
    with fill(folder, stored) as cache:
        agree(folder, cache, stored)
    assert look(folder) == ENTRY


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOME": "/h"}, "/h/.cache/batuta-hooks/registry-v1"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/batuta-hooks/registry-v1"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "relative"}, "/h/.cache/batuta-hooks/registry-v1"),
        ({"HOME": "/h", "XDG_CACHE_HOME": ""}, "/h/.cache/batuta-hooks/registry-v1"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x", "BATUTA_CACHE_DIR": "/b"}, "/b/registry-v1"),
        ({"HOME": "/h", "BATUTA_CACHE_DIR": ""}, "/h/.cache/batuta-hooks/registry-v1"),
        ({"BATUTA_CACHE_DIR": "/b/../c/"}, "/c/registry-v1"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/batuta-hooks/registry-v1"),
    ],
)
def test_where_the_cache_is(environment: dict[str, str], folder: str) -> None:
    """The variable of its own first, then the XDG folder, then the home folder; the schema's number at the end."""
    assert cache_folder(environment) == folder


def test_a_relative_or_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BATUTA_CACHE_DIR may be relative to the current folder, or begin with a tilde as in a YAML file."""
    monkeypatch.chdir(tmp_path)
    assert cache_folder({"BATUTA_CACHE_DIR": "here"}) == f"{tmp_path}/here/registry-v1"
    monkeypatch.setenv("HOME", "/h")
    assert cache_folder({"BATUTA_CACHE_DIR": "~/c"}) == "/h/c/registry-v1"
    assert cache_folder({}) == "/h/.cache/batuta-hooks/registry-v1"


def test_no_home_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative HOME is none; every question is a miss that says so."""
    monkeypatch.setenv("HOME", "relative")
    folder = cache_folder({"HOME": "relative"})
    assert isinstance(folder, Miss)
    assert "BATUTA_CACHE_DIR" in folder.why
    assert Glance(folder).entry(KEY) == folder


def test_sqlite_is_imported_with_the_first_question(filled: Path) -> None:
    """A guard that asks nothing does not pay for it, and none pays where there is no cache."""
    code = (
        "import sys\n"
        "from batuta_hooks.registry.entry import index_key\n"
        "from batuta_hooks.registry.glance import Glance\n"
        f"reader, key = Glance(sys.argv[1]), index_key({IDENTITY!r}, 'serde')\n"
        "print('_sqlite3' in sys.modules)\n"
        "print(type(reader.entry(key)).__name__, '_sqlite3' in sys.modules)\n"
    )
    for folder, said in ((filled, "Entry True"), (filled / "none", "Miss False")):
        done = run([sys.executable, "-I", "-c", code, folder], env=unmeasured())
        assert done.stdout.split("\n")[:2] == ["False", said]

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
from hypothesis import given
from hypothesis import strategies as st

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


def agree(reader: Glance, cache: Cache, stored: Stored) -> None:
    """Both readers give what was stored, and miss what was not."""
    for key, (entry, payload) in stored.items():
        assert reader.entry(key) == cache.entry(key) == entry
        body, other_body = reader.body(key, entry), cache.body(key, entry)
        assert body == other_body
        assert body == payload or (isinstance(body, Miss) and entry.status == "absent")
    unknown = index_key(IDENTITY, "unknown")
    assert reader.entry(unknown) == cache.entry(unknown) == Miss("it is not in the cache")
    lost = ENTRY._replace(sha256="0" * 64)
    assert reader.body(KEY, lost) == cache.body(KEY, lost) == Miss("it is not in the cache")


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
    reader = Glance(str(filled))
    yield reader
    reader.close()


def test_both_readers_agree_on_every_entry(folder: Path) -> None:
    """While the writer has the database open, after it has closed it, and of a copy."""
    stored = samples()
    with fill(folder, stored) as cache:
        reader = Glance(str(folder))
        agree(reader, cache, stored)
        reader.close()
    with Cache(str(folder)) as cache:
        agree(Glance(str(folder)), cache, stored)
    copied = folder.with_name("copied")
    shutil.copytree(folder, copied)
    with Cache(str(folder)) as cache:
        agree(Glance(str(copied)), cache, stored)


@pytest.mark.slow
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
        agree(Glance(str(tmp_path / "registry-v1")), cache, stored)


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
    assert Glance(str(filled)).entry(KEY) == Miss("there is no cache yet")


def test_a_whole_write_between_two_questions_is_seen(filled: Path, glance: Glance) -> None:
    """Another process opened, wrote and closed the database in between."""
    for checked_at in range(NOW, NOW + 5):
        with Cache(str(filled)) as cache:
            cache.confirm(KEY, ENTRY._replace(checked_at=checked_at))
        entry = glance.entry(KEY)
        assert isinstance(entry, Entry)
        assert entry.checked_at == checked_at


def test_it_makes_no_file(folder: Path) -> None:
    """Where there is no cache, in a closed one, in an open one, and in each half of what a killed writer leaves."""
    reader = Glance(str(folder))
    assert reader.entry(KEY) == Miss("there is no cache yet")
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
            reader = Glance(str(state))
            found = reader.entry(KEY)
            assert found == ENTRY or (state.name in ("without", "alone") and isinstance(found, Miss))
            reader.close()
        assert files_in(folder.parent) == before
        cache.clear()
    (folder / f"{DATABASE}-wal").touch()
    before = files_in(folder.parent)
    assert Glance(str(folder)).entry(KEY) == Miss("it is not in the cache")
    assert files_in(folder.parent) == before


def test_a_killed_writers_last_answer_is_read(folder: Path) -> None:
    """It stands in the log alone, which only a writer may carry over."""
    with fill(folder, {KEY: (ENTRY, SERDE)}):
        killed = folder.with_name("killed")
        shutil.copytree(folder, killed)
    assert (killed / f"{DATABASE}-wal").stat().st_size
    reader = Glance(str(killed))
    assert (reader.entry(KEY), reader.body(KEY, ENTRY)) == (ENTRY, SERDE)
    reader.close()


SOUND: list[bytes] = []


@given(st.data())
def test_damage_is_a_miss_and_never_another_answer(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bytes overwritten anywhere, or the file cut short anywhere: the right answer or a miss, no traceback."""
    folder = tmp_path_factory.getbasetemp() / "damage" / "registry-v1"
    if not SOUND:
        fill(folder, {KEY: (ENTRY, SERDE), **dict(list(samples().items())[:2])}).close()
        SOUND.append((folder / DATABASE).read_bytes())
    sound = SOUND[0]
    spoilt = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(sound) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=200))
        spoilt[place : place + len(piece)] = piece
    (folder / DATABASE).write_bytes(spoilt[: data.draw(st.just(len(sound)) | st.integers(0, len(sound)))])
    reader = Glance(str(folder))
    assert reader.entry(KEY) == ENTRY or isinstance(reader.entry(KEY), Miss)
    assert reader.body(KEY, ENTRY) == SERDE or isinstance(reader.body(KEY, ENTRY), Miss)
    reader.close()


def test_what_sqlite_says_is_the_reason(filled: Path) -> None:
    """The user can tell a damaged cache from an empty one."""
    (filled / DATABASE).write_bytes(b"no database" * 1000)
    assert Glance(str(filled)).entry(KEY) == Miss("the cache cannot be read: file is not a database")
    (filled / DATABASE).write_bytes(b"")
    assert Glance(str(filled)).entry(KEY) == Miss("the cache cannot be read: no such table: Cache")


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
    reader = Glance(str(filled))
    assert reader.entry(KEY) == Miss(f"the cache is not used: {filled} can be written by others")
    filled.chmod(0o700)
    assert reader.entry(KEY) == ENTRY
    reader.close()
    assert reader.entry(KEY) == ENTRY
    reader.close()


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
        reader = Glance(str(folder))
        agree(reader, cache, stored)
        reader.close()
    reader = Glance(str(folder))
    assert reader.entry(KEY) == ENTRY
    reader.close()


def test_a_path_that_cannot_exist_is_a_miss() -> None:
    """No traceback for a NUL in a variable."""
    assert isinstance(Glance("/a\0b").entry(KEY), Miss)
    with Cache("/a\0b") as cache:
        assert isinstance(cache.entry(KEY), Miss)
        assert len(cache.warnings) == 1
    assert Glance(Miss("no home")).entry(KEY) == Miss("no home")


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
    """A relative HOME is none."""
    monkeypatch.setenv("HOME", "relative")
    folder = cache_folder({"HOME": "relative"})
    assert isinstance(folder, Miss)
    assert "BATUTA_CACHE_DIR" in folder.why


def test_sqlite_is_imported_with_the_first_question(filled: Path) -> None:
    """A guard that asks nothing does not pay for it, and none pays where there is no cache."""
    code = (
        "import sys; from batuta_hooks.registry.glance import Glance; from batuta_hooks.registry.entry import index_key;"
        f"reader = Glance(sys.argv[1]); key = index_key({IDENTITY!r}, 'serde'); print('sqlite3' in sys.modules);"
        "print(type(reader.entry(key)).__name__, 'sqlite3' in sys.modules)"
    )
    for folder, said in ((filled, "Entry True"), (filled / "none", "Miss False")):
        done = run([sys.executable, "-I", "-c", code, folder], env=unmeasured())
        assert done.stdout.split("\n")[:2] == ["False", said]

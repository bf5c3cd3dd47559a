"""cargo's own index cache: found where cargo puts it, read as cargo wrote it, refused where it is anything else."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batuta_hooks.registry.cargo_home import (
    CachedIndex,
    CacheFault,
    cached_indexes,
    parse_cached_index,
    read_cached_index,
    state_of_indexes,
)
from batuta_hooks.registry.config_places import CRATES_IO_GIT_INDEX, CRATES_IO_INDEX, cargo_home
from batuta_hooks.registry.files import read_file
from batuta_hooks.registry.index import MAX_BYTES, list_releases, list_versions, release, versions
from batuta_hooks.registry.index_folder import CRATES_IO_FOLDERS, index_folders
from batuta_hooks.registry.names import InvalidCrateName, sparse_path
from batuta_hooks.registry.urls import InvalidUrl
from tests.registry.loopback import Registry, cargo_environment, index_line, lock, registry, write_package
from tests.registry.real_data import CARGO_HOME, INDEX, cargo_home_files, index_files, needs

PREAMBLE = b"\x03\x02\x00\x00\x00"
LINES = [index_line("probe", f"1.0.{number}", yanked=number == 1) for number in range(3)]


def cache_file(lines: list[str], validator: str = "Unknown", preamble: bytes = PREAMBLE) -> bytes:
    """A file as cargo writes it for lines whose version is 1.0 and their number."""
    entries = [f"1.0.{number}\0{line}\0" for number, line in enumerate(lines)]
    return preamble + f"{validator}\0{''.join(entries)}".encode()


def place(home: Path, folder: str, name: str, data: bytes) -> Path:
    """Put a cache file where cargo would."""
    path = home / "registry" / "index" / folder / ".cache" / sparse_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_what_names_all_of_it(tmp_path: Path) -> None:
    """Equal as long as no file is written, made or removed; a link may lead to what changes unseen."""
    folder = CRATES_IO_FOLDERS[0]
    assert state_of_indexes(str(tmp_path), CRATES_IO_INDEX) == state_of_indexes(str(tmp_path), CRATES_IO_INDEX)
    seen = []
    for change in (
        lambda: place(tmp_path, folder, "probe", cache_file(LINES[:1])),
        lambda: place(tmp_path, folder, "probe", cache_file(LINES)),
        lambda: place(tmp_path, folder, "other", cache_file([])),
        lambda: shutil.rmtree(tmp_path / "registry/index" / folder / ".cache/pr"),
    ):
        seen.append(state_of_indexes(str(tmp_path), CRATES_IO_INDEX))
        change()
    seen.append(state_of_indexes(str(tmp_path), CRATES_IO_INDEX))
    assert len(set(seen)) == len(seen)
    cache = tmp_path / "registry/index" / folder / ".cache"
    (cache / "ot").rename(tmp_path / "ot")
    (cache / "ot").symlink_to(tmp_path / "ot")
    assert cached_indexes(str(tmp_path), CRATES_IO_INDEX, "other")
    assert state_of_indexes(str(tmp_path), CRATES_IO_INDEX) == ""


@pytest.fixture(scope="module")
def served() -> Iterator[Registry]:
    """A registry on loopback."""
    with registry() as running:
        yield running


def fill(home: Path, folder: Path, served: Registry, headers: dict[str, str], index_url: str) -> None:
    """Let the real cargo ask a registry for the crate `probe`, so that its home holds a copy."""
    path = f"{index_url.removeprefix('sparse+').removeprefix(served.url)}pr/ob/probe"
    served.answer = {path: "".join(f"{line}\n" for line in LINES).encode()}.get
    served.headers = headers
    write_package(folder, 'probe = { version = "1", registry = "here" }')
    done = lock(folder, cargo_environment(home, served, {"CARGO_REGISTRIES_HERE_INDEX": index_url}))
    assert done.returncode == 0, done.stderr


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("headers", "etag", "last_modified"),
    [
        ({}, "", ""),
        ({"ETag": '"a:b"'}, '"a:b"', ""),
        ({"ETag": 'W/"x"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, 'W/"x"', ""),
        ({"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, "", "Wed, 21 Oct 2015 07:28:00 GMT"),
    ],
)
def test_what_cargo_wrote_is_found_and_read(
    served: Registry, tmp_path: Path, headers: dict[str, str], etag: str, last_modified: str
) -> None:
    """What the real cargo keeps of a registry is found by the registry's URL, with all lines and the validator."""
    home, url = tmp_path / "home", f"sparse+{served.url}/index/"
    before = read_time(tmp_path)
    fill(home, tmp_path / "asker", served, headers, url)
    (cached,) = cached_indexes(str(home), url, "Probe")
    assert (cached.etag, cached.last_modified) == (etag, last_modified)
    assert cached.validator == (
        f"etag: {etag}" if etag else f"last-modified: {last_modified}" if headers else "Unknown"
    )
    assert before <= cached.written_s <= read_time(tmp_path)
    assert cached.path.endswith("/.cache/pr/ob/probe")
    data = "".join(f"{line}\n" for line in LINES).encode()
    assert list_releases(cached.data, "probe", cached.lines) == list_releases(data, "probe")
    assert versions(cached.data, "probe", cached.lines) == [("1.0.0", False), ("1.0.1", True), ("1.0.2", False)]
    assert cached_indexes(str(home), url, "absent") == []
    assert cached_indexes(str(home), f"sparse+{served.url}/other/", "probe") == []


def read_time(folder: Path) -> float:
    """The time of the file system's clock, which may tick more coarsely than others."""
    (folder / "clock").touch()
    return (folder / "clock").stat().st_mtime


@pytest.mark.cargo
@pytest.mark.parametrize("path", ["/", "/a/", "/a.git/", "/A/B/", "/a/?key=1/"])
def test_folders_have_the_names_that_cargo_gives(served: Registry, tmp_path: Path, path: str) -> None:
    """cargo's hash of a registry is computed: whatever its URL, the folder is the one that cargo makes."""
    url = f"sparse+{served.url}{path}"
    fill(tmp_path / "home", tmp_path / "asker", served, {}, url)
    (folder,) = (tmp_path / "home" / "registry" / "index").iterdir()
    assert index_folders(url)[0] == folder.name


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        (CRATES_IO_GIT_INDEX, "github.com-25cdd57fae9f0462"),
        ("git://github.com/Rust-Lang/crates.io-index.git", "github.com-25cdd57fae9f0462"),
        ("HTTP://GitHub.com:80/rust-lang/crates.io-index/", "github.com-25cdd57fae9f0462"),
    ],
)
def test_folders_whose_names_are_known(url: str, folder: str) -> None:
    """The hashes that cargo's own tests pin; URLs that cargo takes for one share a folder."""
    assert index_folders(url)[0] == folder


def test_both_folders_of_crates_io() -> None:
    """The constants are what would be computed, so other registries' older folders are named rightly too."""
    assert index_folders(CRATES_IO_INDEX) == CRATES_IO_FOLDERS
    assert index_folders("SPARSE+https://index.crates.io/") == CRATES_IO_FOLDERS
    assert index_folders(CRATES_IO_GIT_INDEX)[1] == "github.com-1ecc6299db9ec823"


def test_copies_of_two_cargos(tmp_path: Path) -> None:
    """Where an older and a newer cargo left copies, the one written last comes first."""
    for folder, number in zip(CRATES_IO_FOLDERS, (1, 2), strict=True):
        path = place(tmp_path, folder, "probe", cache_file(LINES[:number]))
        os.utime(path, (number, number))
    found = cached_indexes(str(tmp_path), CRATES_IO_INDEX, "probe")
    assert [(cached.written_s, len(cached.lines)) for cached in found] == [(2.0, 2), (1.0, 1)]
    os.utime(found[1].path, (3, 3))
    assert [cached.written_s for cached in cached_indexes(str(tmp_path), CRATES_IO_INDEX, "probe")] == [3.0, 2.0]


@needs(CARGO_HOME)
@needs(INDEX)
@pytest.mark.slow
def test_real_cargo_home_equals_the_index() -> None:
    """Where cargo's cache and the index both have a crate, every answer is the same from either."""
    compared = 0
    for path, data in cargo_home_files().items():
        folder, _, crate = path.partition("/.cache/")
        if not crate or "index.crates.io" not in folder:
            continue
        cached, name = parse_cached_index(data), crate.rpartition("/")[2]
        assert cached.validator == "Unknown"
        full = list_releases(cached.data, name, cached.lines)
        assert len(full.listed) == len(cached.lines)
        if index := index_files().get(crate):
            compared += 1
            assert full == list_releases(index, name)
            assert list_versions(cached.data, name, cached.lines) == list_versions(index, name)
            newest = full.listed[-1].version
            assert release(cached.data, newest, name, cached.lines) == full.listed[-1]
    assert compared > 50


@needs(CARGO_HOME)
def test_real_validators() -> None:
    """Files that cargo wrote for answers with an ETag or a Last-Modified say so."""
    kinds = {
        path.partition("/")[2].partition("/")[0]: data
        for path, data in cargo_home_files().items()
        if "validators" in path
    }
    etag, modified = parse_cached_index(kinds["etag"]), parse_cached_index(kinds["last-modified"])
    assert etag.etag.startswith('"')
    assert etag.last_modified == modified.etag == ""
    assert modified.last_modified.endswith("GMT")


REFUSED = {
    "empty": b"",
    "another version": b"\x04" + cache_file(LINES)[1:],
    "an older version": b"\x01" + cache_file(LINES)[1:],
    "another schema": cache_file(LINES, preamble=b"\x03\x03\x00\x00\x00"),
    "big-endian": cache_file(LINES, preamble=b"\x03\x00\x00\x00\x02"),
    "an index file": "\n".join(LINES).encode(),
    "nothing after the preamble": PREAMBLE,
    "no end of the validator": PREAMBLE + b"Unknown",
    "an endless validator": cache_file(LINES, validator="x" * 5000),
    "a validator with a line break": cache_file(LINES, validator='etag: "a"\r\nx-evil: 1'),
    "a version alone": cache_file(LINES) + b"1.0.3",
    "a version without line": cache_file(LINES) + b"1.0.3\0",
    "no end of the last line": cache_file(LINES)[:-1],
    "cut in the middle": cache_file(LINES)[:-40],
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_no_cache_is_refused(tmp_path: Path, data: bytes) -> None:
    """Another format, and a file that is being written: no answer is better than half of one."""
    with pytest.raises(CacheFault):
        parse_cached_index(data)
    place(tmp_path, CRATES_IO_FOLDERS[0], "probe", data)
    assert cached_indexes(str(tmp_path), CRATES_IO_INDEX, "probe") == []


def test_a_cache_without_versions() -> None:
    """A crate whose lines were all unreadable for cargo has an empty file, which is a sound one."""
    assert parse_cached_index(cache_file([])) == CachedIndex(cache_file([]), [], "Unknown")


@given(
    st.binary(max_size=40)
    | st.integers(0, 600).map(lambda end: cache_file(LINES)[:end])
    | st.binary().map(PREAMBLE.__add__)
)
@example(cache_file(LINES, validator="\ud7ff"))
def test_any_bytes_are_a_cache_or_a_fault(data: bytes) -> None:
    """Nothing else is raised, and lines lie inside of the data, each with a NUL behind it."""
    try:
        cached = parse_cached_index(data)
    except CacheFault:
        return
    assert all(start <= end and data[end] == 0 for start, end in cached.lines)
    versions(cached.data, "probe", cached.lines)


def test_lines_are_read_whatever_version_stands_before_them(tmp_path: Path) -> None:
    """The line itself says which version it is; a line of another crate is refused here too."""
    data = PREAMBLE + f"Unknown\x009.9.9\0{LINES[0]}\x001.0.1\0{index_line('evil', '1.0.1')}\0".encode()
    cached = read_cached_index(str(place(tmp_path, "x", "probe", data)))
    found = list_versions(cached.data, "probe", cached.lines)
    assert [one.version for one in found.listed] == ["1.0.0"]
    assert found.skipped.foreign == 1


def test_files_that_are_none(tmp_path: Path) -> None:
    """A pipe is not waited for, a folder, a loop and a dangling link are no copy, a link to a copy is one."""
    path = place(tmp_path, CRATES_IO_FOLDERS[0], "probe", cache_file(LINES))
    other = path.with_name("other")
    shutil.move(path, other)
    makers: list[Callable[[], object]] = [lambda: os.mkfifo(path), path.mkdir]
    makers += [partial(path.symlink_to, target) for target in (path, "nowhere", "/dev/zero")]
    for make in makers:
        make()
        assert cached_indexes(str(tmp_path), CRATES_IO_INDEX, "probe") == []
        path.rmdir() if path.is_dir() else path.unlink()
    path.symlink_to(other)
    assert len(cached_indexes(str(tmp_path), CRATES_IO_INDEX, "probe")) == 1


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """The bound holds for the file as for the data."""
    path = place(tmp_path, CRATES_IO_FOLDERS[0], "probe", b"")
    os.truncate(path, MAX_BYTES + 1)
    assert cached_indexes(str(tmp_path), CRATES_IO_INDEX, "probe") == []
    with pytest.raises(OSError, match="larger than 64 MiB"):
        read_cached_index(str(path))


def test_a_path_that_cannot_be_is_an_os_error() -> None:
    """A NUL in a path is told like any other path that is not there."""
    with pytest.raises(OSError, match="cannot exist"):
        read_file("a\0b", 10)


def test_questions_that_cannot_be_asked(tmp_path: Path) -> None:
    """A name that no crate has and a URL that is none are errors, before any path is made of them."""
    with pytest.raises(InvalidCrateName):
        cached_indexes(str(tmp_path), CRATES_IO_INDEX, "../../x")
    with pytest.raises(InvalidUrl):
        cached_indexes(str(tmp_path), "crates.io", "probe")


def test_where_cargo_is_at_home() -> None:
    """`CARGO_HOME` goes first, from the working folder if it is relative; then the user's home, then the database's."""
    assert cargo_home({"CARGO_HOME": "/c", "HOME": "/h"}, "/w") == "/c"
    assert cargo_home({"CARGO_HOME": "c", "HOME": "/h"}, "/w") == "/w/c"
    assert cargo_home({"CARGO_HOME": "", "HOME": "/h"}, "/w") == "/h/.cargo"
    assert cargo_home({"HOME": "/h"}, "/w") == "/h/.cargo"


def test_where_cargo_is_at_home_without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without HOME has the home that the user database knows."""
    monkeypatch.delenv("HOME")
    assert cargo_home({}, "/w") == os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".cargo")

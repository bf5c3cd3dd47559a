"""Moving the cache: what comes out is what went in, and nothing else goes in."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.registry.archive import ArchiveFacts, encode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import Entry, Key, absent, index_key
from batuta_hooks.stack import transfer
from batuta_hooks.stack.transfer import FORM, Moved, export_cache, import_cache
from tests.registry.samples import IDENTITY, NOW, archive_entry, index_entry, index_file

SERDE = index_file("serde", ["1.0.0", "1.1.0"], ["1.0.5"])
OLD_SERDE = index_file("serde", ["1.0.0"])
FACTS = encode_facts(ArchiveFacts("0" * 64, "a" * 40, False, "", (), "[package]", True, ""))
GHOST = index_key(IDENTITY, "ghost")


class Machine:
    """A machine with a cache."""

    def __init__(self, folder: Path) -> None:
        self.environment = {"BATUTA_CACHE_DIR": str(folder / "cache")}
        self.folder = str(folder / "cache/registry-v1")

    def know(self, *, now: int = NOW) -> None:
        """Store some of everything."""
        with Cache(self.folder) as cache:
            cache.store(*index_entry("serde", SERDE, now), SERDE)
            cache.store(*archive_entry("serde", "1.0.0", FACTS, now), FACTS)
            cache.store(GHOST, absent(now, "https://index.crates.io/gh/os/ghost", 404))
            assert not cache.warnings

    @property
    def known(self) -> dict[Key, tuple[Entry, object]]:
        """All that it knows."""
        with Cache(self.folder) as cache:
            return {key: (entry, cache.body(key, entry)) for key, entry in cache.entries()}


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    """A machine that knows something."""
    machine = Machine(tmp_path / "here")
    machine.know()
    return machine


@pytest.fixture
def there(tmp_path: Path) -> Machine:
    """A machine that knows nothing."""
    return Machine(tmp_path / "there")


def exported(machine: Machine, folder: Path) -> dict[str, bytes]:
    """What is in a file that a machine exports."""
    export_cache(str(folder / "file"), machine.environment)
    with tarfile.open(folder / "file") as tar:
        files = {}
        for member in tar:
            content = tar.extractfile(member)
            assert content
            files[member.name] = content.read()
        return files


def packed(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar archive of files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def summed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with checksums that are right."""
    rest = {name: content for name, content in files.items() if not name.endswith("SHA256SUMS")}
    lines = [f"{sha256(content).hexdigest()}  {name.removeprefix('batuta-cache/')}\n" for name, content in rest.items()]
    return {"batuta-cache/SHA256SUMS": "".join(lines).encode(), **rest}


def test_round_trip(here: Machine, there: Machine, tmp_path: Path) -> None:
    """Every answer arrives with its bytes, its age, its validators, and absence as absence."""
    file = str(tmp_path / "file")
    assert export_cache(file, here.environment) == Moved(3)
    assert import_cache(file, NOW, there.environment) == Moved(3, 0)
    assert there.known == here.known
    assert len(here.known) == 3


def test_same_cache_same_file(here: Machine, there: Machine, tmp_path: Path) -> None:
    """What is known decides each byte of the file, and an old file is replaced as a whole."""
    (tmp_path / "a").write_bytes(b"old")
    export_cache(str(tmp_path / "a"), here.environment)
    import_cache(str(tmp_path / "a"), NOW, there.environment)
    export_cache(str(tmp_path / "b"), there.environment)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "here", "there"]


def test_newer_answers_stay(here: Machine, there: Machine, tmp_path: Path) -> None:
    """What is known as new already is kept; what is older is replaced."""
    file = str(tmp_path / "file")
    export_cache(file, here.environment)
    there.know(now=NOW)
    with Cache(there.folder) as cache:
        cache.store(*index_entry("serde", OLD_SERDE, NOW - 1), OLD_SERDE)
    assert import_cache(file, NOW, there.environment) == Moved(1, 2)
    assert there.known == here.known


def test_empty_cache(there: Machine, tmp_path: Path) -> None:
    """A cache without answers can be moved too."""
    assert export_cache(str(tmp_path / "file"), there.environment) == Moved(0)
    assert import_cache(str(tmp_path / "file"), NOW, there.environment) == Moved(0)


def test_nowhere_to_write(here: Machine, tmp_path: Path) -> None:
    """A file that cannot be written is named with the reason and the mend, and nothing is left behind."""
    with pytest.raises(
        BatutaError, match=r"gone/file: this file cannot be written: No such file.*\n    make its folder"
    ):
        export_cache(str(tmp_path / "gone" / "file"), here.environment)
    (tmp_path / "folder").mkdir()
    with pytest.raises(BatutaError, match="folder: this file cannot be written: Is a directory"):
        export_cache(str(tmp_path / "folder"), here.environment)
    assert sorted(os.listdir(tmp_path)) == ["folder", "here"]


def changed(files: Mapping[str, bytes], **fields: object) -> dict[str, bytes]:
    """An export whose first entry has other fields, `...` for none, and checksums that are right."""
    contents = json.loads(files["batuta-cache/contents.json"])
    entry: dict[str, Any] = contents["entries"][0]
    entry.update(fields)
    contents["entries"][0] = {name: value for name, value in entry.items() if value is not ...}
    return summed({**files, "batuta-cache/contents.json": json.dumps(contents).encode()})


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "pickle"},
        {"kind": 1},
        {"kind": ...},
        {"registry": "https://index.crates.io"},
        {"registry": "sparse+https://user:secret@index.crates.io"},
        {"registry": "../../etc"},
        {"registry": "sparse+https://index.crates.io meta index x"},
        {"crate": "../../../etc/passwd"},
        {"crate": "log"},
        {"version": "1.0.0 x"},
        {"version": ["1.0.0"]},
        {"status": "maybe"},
        {"status": "absent"},
        {"checked_at": NOW + 3600},
        {"checked_at": -1},
        {"checked_at": True},
        {"checked_at": "1"},
        {"checked_at": 1e9},
        {"sha256": "0" * 64},
        {"sha256": ""},
        {"sha256": "../x"},
        {"source": None},
        {"http_status": -404},
        {"size": ...},
    ],
    ids=str,
)
def test_entries_that_are_none(here: Machine, there: Machine, tmp_path: Path, fields: dict[str, object]) -> None:
    """One entry with a wrong field, though all checksums are right, and nothing of the file is taken."""
    files = changed(exported(here, tmp_path), **fields)
    if fields == {"crate": "log"}:  # the archive's facts do not name it, the index file does
        files = changed(exported(here, tmp_path), kind="index", version="", crate="log")
    (tmp_path / "file").write_bytes(packed(files))
    with pytest.raises(BatutaError, match="this is no export of a cache"):
        import_cache(str(tmp_path / "file"), NOW, there.environment)
    assert there.known == {}


def test_an_absent_archive_is_none(here: Machine, there: Machine, tmp_path: Path) -> None:
    """Only a crate can be absent, only by a status that says so."""
    for status in (200, 403, 500):
        with Cache(here.folder) as cache:
            cache.clear()
            cache.store(GHOST, absent(NOW, "https://example.com", 410))
        (tmp_path / "file").write_bytes(packed(changed(exported(here, tmp_path), http_status=status)))
        with pytest.raises(BatutaError, match="does not mean that there is no such crate"):
            import_cache(str(tmp_path / "file"), NOW, there.environment)


SUMS, CONTENTS = "batuta-cache/SHA256SUMS", "batuta-cache/contents.json"
Files = dict[str, bytes]


def body(files: Files) -> str:
    """The name of an answer's file."""
    return next(name for name in files if name not in (SUMS, CONTENTS))


def without(files: Files, name: str) -> Files:
    """The files but one."""
    return {other: content for other, content in files.items() if other != name}


DAMAGES: dict[str, Callable[[Files], bytes]] = {
    "cut short": lambda files: packed(files)[:-200],
    "no gzip": lambda files: gzip.decompress(packed(files)),
    "more behind it": lambda files: packed({**files, "batuta-cache/more": b"x"}),
    "a file outside": lambda files: packed({**files, "../../outside": b"x"}),
    "an absolute file": lambda files: packed({"/etc/passwd": b"x", **files}),
    "no sums": lambda files: packed(without(files, SUMS)),
    "no contents": lambda files: packed(summed(without(files, CONTENTS))),
    "a body lacks": lambda files: packed(without(files, body(files))),
    "a body is changed": lambda files: packed({**files, body(files): files[body(files)][:-1] + b" "}),
    "a body is changed and summed": lambda files: packed(summed({**files, body(files): b" "})),
    "contents are changed": lambda files: packed({**files, CONTENTS: files[CONTENTS] + b" "}),
    "contents of another form": lambda files: packed(
        summed({**files, CONTENTS: files[CONTENTS].replace(FORM.encode(), b"batuta.cache-export/9")})
    ),
    "contents that are none": lambda files: packed(summed({**files, CONTENTS: b"[" * 100_000})),
    "contents without entries": lambda files: packed(
        summed({**files, CONTENTS: json.dumps({"form": FORM, "entries": [1]}).encode()})
    ),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_files(here: Machine, there: Machine, tmp_path: Path, how: str) -> None:
    """A file with any defect is refused as a whole, and nothing is written anywhere else."""
    (tmp_path / "file").write_bytes(DAMAGES[how](exported(here, tmp_path)))
    with pytest.raises(BatutaError, match="this is no export of a cache") as caught:
        import_cache(str(tmp_path / "file"), NOW, there.environment)
    assert caught.value.where == str(tmp_path / "file")
    assert there.known == {}
    assert sorted(os.listdir(tmp_path)) == ["file", "here", "there"]


def test_links_and_bombs(there: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links are refused; what unpacks to more than an export may is not unpacked to its end."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("batuta-cache/SHA256SUMS")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    (tmp_path / "link").write_bytes(out.getvalue())
    monkeypatch.setattr(transfer, "_MAX_CONTENTS_BYTES", 1 << 20)
    (tmp_path / "bomb").write_bytes(packed({"batuta-cache/SHA256SUMS": bytes(2 << 20)}))
    for name, why in (("link", "it holds a link"), ("bomb", "is too large")):
        with pytest.raises(BatutaError, match=why):
            import_cache(str(tmp_path / name), NOW, there.environment)


def test_cache_that_cannot_be_used(here: Machine, there: Machine, tmp_path: Path) -> None:
    """A cache of somebody else is an error for both ways."""
    export_cache(str(tmp_path / "file"), here.environment)
    there.know()
    os.chmod(there.folder, 0o777)
    with pytest.raises(BatutaError, match="can be written by others"):
        import_cache(str(tmp_path / "file"), NOW, there.environment)
    with pytest.raises(BatutaError, match="can be written by others"):
        export_cache(str(tmp_path / "file"), there.environment)
    with pytest.raises(BatutaError, match="home folder"):
        export_cache(str(tmp_path / "file"), {"HOME": "relative"})

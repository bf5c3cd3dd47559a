"""Index files and entries for the tests of the cache."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from batuta_hooks.registry.entry import Entry, Key, archive_key, found, index_key, registry_identity

CRATES_IO = "sparse+https://index.crates.io/"
IDENTITY = registry_identity(CRATES_IO)
NOW = 1_763_900_000
"""When the samples' questions are asked: seconds since 1970."""


def index_file(crate: str, versions: Sequence[str], yanked: Sequence[str] = (), *, schema: int | None = None) -> bytes:
    """A sparse index file as crates.io spells it, unyanked versions first."""
    lines = []
    for version in [*versions, *yanked]:
        line: dict[str, object] = {"name": crate, "vers": version, "deps": [], "cksum": "0" * 64, "features": {}}
        line |= {"yanked": version in yanked, **({"v": schema} if schema else {})}
        lines.append(json.dumps(line, separators=(",", ":")) + "\n")
    return "".join(lines).encode()


def index_entry(crate: str, payload: bytes, checked_at: int = NOW) -> tuple[Key, Entry]:
    """Key and entry of an index file that crates.io sent."""
    key = index_key(IDENTITY, crate)
    source = f"https://index.crates.io/{crate.lower()}"
    return key, found(key, payload, checked_at, source, http_status=200, etag=f'"{crate}"')


def archive_entry(crate: str, version: str, payload: bytes, checked_at: int = NOW) -> tuple[Key, Entry]:
    """Key and entry of what an archive holds."""
    key = archive_key(IDENTITY, crate, version)
    return key, found(key, payload, checked_at, f"https://static.crates.io/{crate}-{version}.crate", http_status=200)


def files_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Each path below a folder, with its mode and size."""
    return {str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_size) for path in folder.rglob("*")}


def cargo_cache(home: Path, crate: str, payload: bytes, written_s: int) -> Path:
    """Write an index file into a cargo home as cargo 1.95 keeps it; the crate's name has four letters or more."""
    name = crate.lower()
    path = home / "registry/index/index.crates.io-1949cf8c6b5b557f/.cache" / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"\x03\x02\x00\x00\x00Unknown\0"
    for line in payload.splitlines():
        data += json.loads(line)["vers"].encode() + b"\0" + line + b"\0"
    path.write_bytes(data)
    os.utime(path, (written_s, written_s))
    return path


def unpacked(archive: str, folder: Path) -> Path:
    """Unpack an archive of the real data, or skip the test where that is absent."""
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("BATUTA_REAL_DATA") or shared) / archive
    if not path.is_file():
        pytest.skip(f"the real data are not here: {archive}")
    with tarfile.open(path) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
        else:  # Python before 3.11.4
            tar.extractall(folder)
    return folder

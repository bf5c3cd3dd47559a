"""The folder of real data beside the repository, where there is one."""

from __future__ import annotations

import os
import tarfile
from functools import cache
from pathlib import Path

import pytest

REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")


def needs(name: str) -> pytest.MarkDecorator:
    """Skips a test, by name, where a file of the real data is absent."""
    return pytest.mark.skipif(not (REAL_DATA / name).is_file(), reason=f"no real data: {name} is absent")


INDEX, CARGO_HOME = "index/index.tar.xz", "cargo_home/cargo_home.tar.xz"


@cache
def _members(name: str) -> dict[str, bytes]:
    with tarfile.open(REAL_DATA / name, "r:xz") as archive:
        files = {member.name.removeprefix("./"): archive.extractfile(member) for member in archive if member.isfile()}
        return {path: file.read() for path, file in files.items() if file is not None}


def index_files() -> dict[str, bytes]:
    """Each file of the real index, by its path in the sparse layout: `pm/at/pmat`."""
    return _members(INDEX)


def cargo_home_files() -> dict[str, bytes]:
    """Each file of a real cargo home, by its path below it."""
    return _members(CARGO_HOME)

"""Counting where answers came from: a small file that nobody depends on."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import Miss
from batuta_hooks.stack.hits import SOURCES, add_hits, forget_hits, read_hits

NOTHING = (0, dict.fromkeys(SOURCES, 0))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The folder of a cache."""
    path = str(tmp_path / "registry-v1")
    Cache(path).close()
    return path


def test_counting(folder: str) -> None:
    """Numbers add up since the first one, and begin anew when they are forgotten."""
    assert read_hits(folder) == NOTHING
    add_hits(folder, {"cache": 2, "registry": 1})
    first = read_hits(folder)
    add_hits(folder, {"cache": 3, "unknown": 0})
    hits = read_hits(folder)
    assert hits.since == first.since > 0
    assert hits.counts == {"registry": 1, "cache": 5, "cargo-home": 0, "unknown": 0}
    assert os.stat(f"{folder}.hits").st_mode & 0o777 == 0o600
    forget_hits(folder)
    forget_hits(folder)
    assert read_hits(folder) == NOTHING


def test_nothing_is_made_for_nothing(folder: str, tmp_path: Path) -> None:
    """Without a cache, or without an answer, there is no file."""
    add_hits(folder, {"cache": 0})
    add_hits(str(tmp_path / "none"), {"cache": 1})
    add_hits(Miss("no home"), {"cache": 1})
    assert sorted(os.listdir(tmp_path)) == ["registry-v1"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"cache -1\nsince x\n", b"cache " + b"9" * 999, b"what 1\n" * 99]
)
def test_damaged_file(folder: str, content: bytes) -> None:
    """What is no number counts nothing; the next count makes the file good again."""
    Path(f"{folder}.hits").write_bytes(content)
    assert read_hits(folder) == NOTHING
    add_hits(folder, {"cache": 1})
    assert read_hits(folder).counts["cache"] == 1


def test_a_link_is_not_followed(folder: str, tmp_path: Path) -> None:
    """Somebody's file at the end of a link stays as it is."""
    (tmp_path / "mine").write_text("precious")
    os.symlink(tmp_path / "mine", f"{folder}.hits")
    add_hits(folder, {"cache": 1})
    assert (tmp_path / "mine").read_text() == "precious"


def test_many_at_once(folder: str) -> None:
    """Those who find the file taken go on without counting; what is there stays whole."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: add_hits(folder, {"cache": 1}), range(100)))
    assert 1 <= read_hits(folder).counts["cache"] <= 100

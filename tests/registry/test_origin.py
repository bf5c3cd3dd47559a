"""From which commit a version was published, as the cache tells guards."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.domain.facts import Origin
from batuta_hooks.registry.archive import ArchiveFacts, encode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import Glance
from batuta_hooks.registry.origin import read_origin
from tests.registry.samples import CRATES_IO, archive_entry

COMMIT = "c" * 40


def facts(commit: str = COMMIT, *, is_dirty: bool = False, repository: str = "") -> bytes:
    """What the cache keeps of an archive."""
    return encode_facts(ArchiveFacts("0" * 64, commit, is_dirty, "", (), "", has_original=True, repository=repository))


def kept(folder: Path, payload: bytes, *, tells: bool = True) -> Origin | Miss:
    """What is read of facts that a cache was given, by a version that did not tell of them in the entry, too."""
    key, entry = archive_entry("a", "1.0.0", payload)
    with Cache(str(folder)) as cache:
        cache.store(key, entry if tells else entry._replace(origin=""), payload)
    with Glance(str(folder)) as glance:
        return read_origin(glance, CRATES_IO, "A", "1.0.0")


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize(
    "origin",
    [
        Origin(COMMIT, False, "https://example.com/a b"),
        Origin(COMMIT, True, ""),
        Origin("", False, "https://example.com/\u00e4"),
        Origin("", False, ""),
    ],
)
def test_what_was_kept_is_told(tmp_path: Path, origin: Origin, tells: bool) -> None:
    """From the entry, or from the facts themselves."""
    payload = facts(origin.commit, is_dirty=origin.is_dirty, repository=origin.repository)
    assert kept(tmp_path / "cache", payload, tells=tells) == origin


OTHERS = {
    "nothing": b"",
    "no-table": b"[]",
    "empty": b"{}",
    "no-text": b"\xff",
    "form-alone": b'{"form": "batuta.archive/1"}',
    "another-form": facts().replace(b"archive/1", b"archive/9"),
    "two-lines": facts("x\ny"),
    "a-number": facts().replace(b'"' + COMMIT.encode() + b'"', b"7"),
}


@pytest.mark.parametrize("payload", OTHERS.values(), ids=OTHERS)
def test_what_is_of_another_form(tmp_path: Path, payload: bytes) -> None:
    """It tells nothing, which is no origin without a commit."""
    found = kept(tmp_path / "cache", payload)
    assert isinstance(found, Miss)
    assert "form" in found.why


def test_what_is_not_there(tmp_path: Path) -> None:
    """No cache, no entry, no crate, no version: each has its reason."""
    with Glance(str(tmp_path / "none")) as glance:
        for crate, version in (("a", "1.0.0"), ("a b", "1.0.0"), ("a", "")):
            found = read_origin(glance, CRATES_IO, crate, version)
            assert isinstance(found, Miss)
            assert found.why

"""The real crates.io, asked through whatever proxy, mirror and certificates this machine has."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from batuta_hooks.registry.archive import ArchiveFacts, decode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import read_cargo_config
from batuta_hooks.registry.config_places import CRATES_IO_INDEX
from batuta_hooks.registry.entry import Entry, archive_key, registry_identity
from batuta_hooks.registry.index import versions
from batuta_hooks.registry.outcomes import ABSENT, FRESH, REFRESHED, UNKNOWN, Outcome
from batuta_hooks.registry.refresh import Refresher
from tests.registry.real_data import INDEX, REAL_DATA, index_files

pytestmark = pytest.mark.live

NOBODY = "batuta-hooks-asks-for-what-nobody-has"


def reached(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes; skips the test, and says so, where none of the questions reached crates.io."""
    if all(outcome.state == UNKNOWN for outcome in outcomes):
        pytest.skip(f"CRATES.IO CANNOT BE REACHED, so nothing is proved here: {outcomes[0].why}")
    return outcomes


def known_versions() -> dict[str, set[str]]:
    """Crates and some of their versions: the real data's where they are here, else a few that will stay."""
    if not (REAL_DATA / INDEX).is_file():
        return {"serde": {"1.0.0"}, "anyhow": {"1.0.0"}, "syn": {"2.0.0"}}
    files = {path.rpartition("/")[2]: data for path, data in index_files().items()}
    return {crate: {version for version, _ in versions(data, crate)} for crate, data in files.items()}


def test_a_stack_is_warmed_from_the_real_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every crate is found with at least the versions that it once had; asked again, nothing is asked."""
    known, path = known_versions(), str(tmp_path / "cache")
    with Cache(path) as cache, Refresher(read_cargo_config(str(tmp_path)), cache, path) as refresher:
        outcomes, totals = refresher.indexes([*known, NOBODY])
        reached(outcomes)
        again, nothing = refresher.indexes(known)
        assert cache.warnings == ()
    with capsys.disabled():
        sys.stdout.write(f"\n{len(known)} crates from crates.io: {totals}\n")
    found = {outcome.crate: outcome for outcome in outcomes}
    assert found.pop(NOBODY).state == ABSENT
    assert {crate: outcome.why for crate, outcome in found.items() if outcome.state != REFRESHED} == {}
    for crate, outcome in found.items():
        assert isinstance(outcome.entry, Entry)
        assert known[crate] <= {*outcome.entry.versions, *outcome.entry.yanked}, crate
    assert {outcome.state for outcome in again} == {FRESH}
    assert nothing.requests == 0


def test_archives_of_the_real_registry(tmp_path: Path) -> None:
    """They say which commit they were made from; a version that there is not is absent."""
    path = str(tmp_path / "cache")
    wanted = {("itoa", "1.0.0"): ("e6a8f6f2f193aa852a3d2d84f2721e75d4517bff", False)}
    published = REAL_DATA / "published.json"
    if published.is_file():
        small = [one for one in json.loads(published.read_bytes()) if one["crate"] == "alimentar"]
        wanted |= {(one["crate"], one["version"]): (one["vcs_sha1"], one["dirty"]) for one in small}
    with Cache(path) as cache, Refresher(read_cargo_config(str(tmp_path)), cache, path) as refresher:
        outcomes = reached(refresher.archives([*wanted, ("itoa", "77.0.0")]).outcomes)
        assert [outcome.state for outcome in outcomes] == [REFRESHED] * len(wanted) + [ABSENT]
        for (crate, version), (commit, is_dirty) in wanted.items():
            key = archive_key(registry_identity(CRATES_IO_INDEX), crate, version)
            entry = cache.entry(key)
            assert isinstance(entry, Entry)
            payload = cache.body(key, entry)
            facts = decode_facts(payload) if isinstance(payload, bytes) else None
            assert isinstance(facts, ArchiveFacts)
            assert (facts.commit, facts.is_dirty) == (commit, is_dirty)
            assert facts.manifest

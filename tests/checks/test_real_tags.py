"""All tags of the real stack, and 60 published versions beside their tags."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batuta_hooks.checks.tag_collision import find
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.tag_crates import TagCrates
from batuta_hooks.domain.tag_facts import TagFacts
from batuta_hooks.domain.tags import VersionTag, read_tag
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.registry import Place, Registry
from batuta_hooks.registry.archive import ArchiveFacts, encode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.glance import cache_folder
from tests.registry.real_data import needs
from tests.registry.samples import CRATES_IO, NOW, archive_entry, index_entry, index_file
from tests.support.agreement import REAL_DATA, needs_data
from tests.support.cargo import read
from tests.support.repos import package
from tests.support.trees import FolderTree, facts_about


class Read(NamedTuple):
    """A real tag, and what is read of it."""

    repository: str
    name: str
    tag: VersionTag | None
    here: TagCrates


@pytest.fixture(scope="module")
def tags() -> list[Read]:
    """Every tag of every repository, read by the crates that its head has."""
    found = []
    for file in sorted((REAL_DATA / "paiml").glob("*/tags.json")):
        here = TagCrates(Manifests(FolderTree(file.parent)))
        names = [one["tag"] for one in json.loads(file.read_text(encoding="utf-8"))]
        found += [Read(file.parent.name, name, read_tag(name, here), here) for name in names]
    return found


@needs_data("paiml")
def test_every_form_is_read(tags: list[Read]) -> None:
    """Of 638 tags all but the 18 nightly ones and one that is dated speak of a version, in four forms."""
    forms = Counter(one.tag.template for one in tags if one.tag is not None)
    assert forms == {"v{version}": 562, "{crate}-v{version}": 31, "{version}": 16, "{crate}-{version}": 10}
    left = Counter(one.name for one in tags if one.tag is None)
    assert left == {"nightly": 18, "pre-archive-2026-05": 1}


@needs_data("paiml")
def test_no_tag_is_read_as_a_crate_that_it_does_not_mean(tags: list[Read]) -> None:
    """What stands before the version is the crate's whole name, letter by letter; other names are of no crate here."""
    strange = Counter[str]()
    for one in tags:
        for crate in one.tag.crates if one.tag is not None else ():
            assert one.tag is not None
            assert one.name.removesuffix(one.tag.version) in (f"{crate}-v", f"{crate}-")
            if crate not in one.here:
                strange[one.repository] += 1
                continue
            manifest = REAL_DATA / "paiml" / one.repository / one.here.path_of(crate)
            assert read(manifest)["package"]["name"] == crate
    # of other languages, of tests of a release tool, and of two crates that are no more
    assert strange == {"batuta": 5, "bashrs": 1, "depyler": 7, "rust-mcp-sdk": 5}


@needs_data("paiml")
def test_what_a_bare_version_means(tags: list[Read]) -> None:
    """The root package, or all members that share a version; in one repository the members share none."""
    bare = {one.repository: one.here.bare() for one in tags if one.tag is not None and not one.tag.crates}
    unclear = {repository for repository, found in bare.items() if found.root}
    assert unclear == {"probar"}
    for repository, found in bare.items():
        for path in found.paths:
            table = read(REAL_DATA / "paiml" / repository / path)
            inherits = isinstance(table["package"]["version"], dict)
            assert path == "Cargo.toml" or inherits or len(found.paths) == 1


class Case(NamedTuple):
    """A published and tagged version, and what is said of its tag."""

    row: dict[str, Any]
    findings: list[Finding]


@pytest.fixture
def cases(tmp_path: Path) -> list[Case]:
    """Each tagged version, judged by facts that the cache has of its archive."""
    rows = json.loads((REAL_DATA / "published.json").read_text(encoding="utf-8"))
    environment = {"BATUTA_CACHE_DIR": str(tmp_path)}
    with Cache(cache_folder(environment)) as cache:
        for crate in {row["crate"] for row in rows}:
            listed = index_file(crate, [row["version"] for row in rows if row["crate"] == crate])
            cache.store(*index_entry(crate, listed), listed)
        for row in rows:
            known = (row["cksum"], row["vcs_sha1"] or "", bool(row["dirty"]), row["path_in_vcs"] or "")
            facts = encode_facts(ArchiveFacts(*known, (), "", has_original=True, repository=""))
            cache.store(*archive_entry(row["crate"], row["version"], facts), facts)
    place = Place(CRATES_IO, "", "", "")
    with Registry(place, environment, now=NOW) as registry:
        return [Case(row, judge(row, registry)) for row in rows if row["tag"]]


def judge(row: dict[str, Any], registry: Registry) -> list[Finding]:
    """What is said of a version's tag, its manifest being as it should be."""
    facts = facts_about({"Cargo.toml": package(row["crate"], version=row["version"])})
    tag = TagFacts(row["tag"], row["tag_commit"], "commit", row["tag_commit"])
    said = list(find(facts._replace(tag=tag, published=registry.published, origin=registry.origin)))
    assert all(isinstance(one, Finding) for one in said), "nothing stays undecided"
    return [one for one in said if isinstance(one, Finding)]


@needs("published.json")
def test_published_versions_beside_their_tags(cases: list[Case]) -> None:
    """Of 50 tags 13 name another commit than the published one, 4 more a commit that was changed before; 33 are right.

    Each verdict is the one that the rows themselves give.
    """
    counted = Counter(tuple((one.code, one.severity) for one in case.findings) for case in cases)
    assert counted == {(("TC006", "error"),): 13, (("TC006", "warning"),): 4, (): 33}
    for case in cases:
        expected = [] if case.row["same_commit"] and not case.row["dirty"] else ["TC006"]
        assert [one.code for one in case.findings] == expected
        if not case.row["same_commit"]:
            assert case.row["vcs_sha1"] in case.findings[0].fix

"""The incident replayed: what check says of main's two commits, and of the versions that were published around them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from batuta_hooks.checks.compatible_steps import moved, version_before
from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import Version
from batuta_hooks.registry.index import releases
from batuta_hooks.stack.check import check
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from tests.registry.real_data import INDEX, index_files, needs
from tests.support.incident import (
    REAL,
    facts,
    fill_cache,
    index_of_facts,
    repository_of_facts,
    repository_of_files,
)
from tests.support.repos import make_repo, package

CRATES = (
    "alimentar",
    "aprender",
    "arrow",
    "renacer",
    "trueno",
    "trueno-db",
    "trueno-graph",
    "trueno-rag",
    "trueno-viz",
)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
BROKEN_ON, AFTERWARDS = "2025-11-30T23:59:59Z", "2025-12-02T23:59:59Z"

real = [pytest.mark.skipif(not REAL.is_dir(), reason="no real data: incident is absent"), needs(INDEX)]


class Said(NamedTuple):
    """A finding in short."""

    code: str
    severity: str
    dependency: str
    message: str
    fix: str


def said(stack: Path, environment: dict[str, str], as_of: str) -> list[Said]:
    """What check says of a stack, with the registry as it was."""
    asking = Asking(NOW, offline=True, as_of=as_of, environment=environment)
    report = check(find_workspace(str(stack)), now=NOW, asking=asking)
    findings = [placed.finding for placed in report.findings]
    return [Said(one.code, one.severity, one.dependency, one.message, one.fix) for one in findings]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a cache that holds the real index."""
    return fill_cache(tmp_path_factory.mktemp("cache"), real_index())


def real_index() -> dict[str, bytes]:
    """The real index files of the crates in question."""
    return {name: data for path, data in index_files().items() if (name := path.rpartition("/")[2]) in CRATES}


@pytest.fixture(params=["facts", pytest.param("files", marks=real)])
def replayed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with a stack for each commit, and the variables of a cache with the index."""
    if request.param == "facts":
        kept = facts()
        for name, commit in kept["commits"].items():
            repository_of_facts(commit, tmp_path / name / "entrenar")
        return tmp_path, fill_cache(tmp_path / "cache", index_of_facts(kept["index"]))
    for name in ("131cf2d2", "85ce7979"):
        repository_of_files(REAL / f"entrenar-main-{name}", tmp_path / name / "entrenar")
    environment: dict[str, str] = request.getfixturevalue("snapshot")
    return tmp_path, environment


def arrows(found: list[Said]) -> Said:
    """The finding about both arrows."""
    (one,) = [one for one in found if one.code == "VA009" and one.dependency == "arrow"]
    return one


def test_main_of_november_30(replayed: tuple[Path, dict[str, str]]) -> None:
    """Three siblings by path, which cargo refuses and a clone lacks, and both sides of the arrow split."""
    folder, environment = replayed
    found = said(folder / "131cf2d2", environment, BROKEN_ON)
    for code in ("PD001", "PD003"):
        named = [one.dependency for one in found if one.code == code and one.severity == "error"]
        assert named == ["alimentar", "trueno-db", "trueno-rag"]
    split = arrows(found)
    assert split.severity == "warning"
    assert "holds `arrow` 53.4.0 and 54.3.1, which are not compatible: " in split.message
    first, second = split.message.partition(": ")[2].split(" beside ")
    assert first == "entrenar 0.2.2 -> renacer 0.6.6 -> trueno-db 0.3.3 -> arrow 53.4.0"
    assert (second.split()[0], second.split()[-2:]) == ("entrenar", ["arrow", "54.3.1"])
    assert "trueno-db" in split.fix
    assert "trueno-graph" in split.fix


def test_nothing_newer_was_published_yet(replayed: tuple[Path, dict[str, str]]) -> None:
    """In the morning of that day those who need the older arrow have to be released; in the evening an update does."""
    folder, environment = replayed
    before = arrows(said(folder / "131cf2d2", environment, "2025-11-30T00:00:00Z"))
    assert before.fix.endswith("require a `arrow` that admits 54.3.1, and release it")
    after = arrows(said(folder / "131cf2d2", environment, AFTERWARDS))
    assert after.fix == (
        "run `cargo update -p trueno-db@0.3.3`, which takes 0.3.4 and `cargo update -p trueno-graph@0.1.1`, which "
        "takes 0.1.2"
    )


def test_main_of_december_2(replayed: tuple[Path, dict[str, str]]) -> None:
    """The paths are gone, the lock file still holds both arrows, and one command ends it."""
    folder, environment = replayed
    found = said(folder / "85ce7979", environment, AFTERWARDS)
    assert {one.code for one in found} == {"VA009"}
    split = arrows(found)
    assert (
        "entrenar 0.2.3 -> renacer 0.6.6 -> trueno-graph 0.1.1 -> arrow 53.4.0 beside entrenar 0.2.3" in split.message
    )
    assert split.fix == "run `cargo update -p trueno-graph@0.1.1`, which takes 0.1.2"


@pytest.mark.slow
@pytest.mark.parametrize("manifest", ["Cargo.toml", "Cargo.toml.orig"])
@needs(INDEX)
@pytest.mark.skipif(not REAL.is_dir(), reason="no real data: incident is absent")
def test_published_versions_are_quiet(tmp_path: Path, snapshot: dict[str, str], manifest: str) -> None:
    """Of each of the 13 versions nothing is said, neither as it was published nor as its author wrote it."""
    versions = [
        folder for folder in sorted(REAL.iterdir()) if (folder / manifest).is_file() and "main" not in folder.name
    ]
    assert len(versions) == 13
    for folder in versions:
        text = (folder / manifest).read_text(encoding="utf-8")
        alone = re.sub(r"members = \[[^]]*\]", "members = []", text)  # the other members are not in the data
        make_repo(tmp_path / folder.name, {"Cargo.toml": alone})
        assert [
            one for one in said(tmp_path / folder.name, snapshot, "2025-12-20T00:00:00Z") if one.severity != "note"
        ] == []


STEPS = {"alimentar": "0.2.2", "trueno-db": "0.3.4", "trueno-graph": "0.1.2"}


@pytest.mark.parametrize("source", ["facts", pytest.param("files", marks=real)])
def test_the_cause_is_seen_before_it_is_released(source: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The day before, the three patch releases that moved arrow are named, with those who would get both; and only
    arrow's crates are, which all moved.
    """
    kept = facts()["index"]
    for name, version in STEPS.items():
        needed = next(needs for found, _, needs in kept[name] if found == version)
        entries = "\n".join(f'{package_} = "{text}"' for package_, text, kind in needed if kind == "normal")
        manifest = package(name, f"[dependencies]\n{entries}", version=version)
        make_repo(tmp_path / "stack" / name, {"Cargo.toml": manifest})
    if source == "facts":
        environment = fill_cache(tmp_path / "cache", index_of_facts(kept))
    else:
        environment = request.getfixturevalue("snapshot")
    found = [one for one in said(tmp_path / "stack", environment, "2025-11-29T23:59:59Z") if one.code == "VA011"]
    assert [one.severity for one in found if one.dependency == "arrow"] == ["warning"] * 3
    assert sorted(re.findall(r"in the published (\S+)", " ".join(one.message for one in found))) == sorted(STEPS)
    (db,) = [one for one in found if "published trueno-db" in one.message]
    assert db.fix == 'release it as 0.4.0, or keep `arrow` at "^53" until then'


@pytest.mark.slow
@needs(INDEX)
def test_every_published_step() -> None:
    """Over all versions of the stack's crates in the snapshot, each beside the one that its users come from: said are
    exactly the packages whose requirements, read by their first numbers alone, name no bucket in common.
    """
    steps, said_, expected = 0, set(), set()
    for path, data in index_files().items():
        name = path.rpartition("/")[2]
        listed = releases(data, name)
        assert not isinstance(listed, Unknown)
        known: list[Release] = []
        for release in sorted(listed, key=lambda one: one.published_at or ""):
            before = version_before(Published(tuple(one.version for one in known)), Version.parse(release.version))
            if before is not None:
                steps += 1
                base = next(one for one in known if one.version == before)
                new = [(one.package, one.requirement) for one in release.dependencies if one.kind != "dev"]
                found = moved(base, new)
                old, now = plain_buckets(base), plain_buckets(release)
                for package_ in old.keys() & now.keys():
                    if None not in old[package_] | now[package_]:
                        said_ |= {(name, release.version, package_)} if package_ in found else set()
                        is_apart = old[package_].isdisjoint(now[package_])
                        expected |= {(name, release.version, package_)} if is_apart else set()
            known.append(release)
    assert said_ == expected
    assert steps > 5000
    assert len(expected) > 400


def plain_buckets(release: Release) -> dict[str, set[str | None]]:
    """The bucket of each requirement, by package; ``None`` for one that is no caret."""
    found: dict[str, set[str | None]] = {}
    for one in release.dependencies:
        if one.kind != "dev":
            match = re.fullmatch(r"\^?(0\.0\.\d+|0\.[1-9]\d*|[1-9]\d*)(?:\.\S+)?", one.requirement)
            found.setdefault(one.package, set()).add(match[1] if match else None)
    return found

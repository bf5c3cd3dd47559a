"""What happened since the last release: days by the registry's times, commits by the tag of that very version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry, index_file, index_line
from tests.support.repos import make_repo, package

#: 2025-12-05T10:30:00Z
NOW = "1764930600"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyRegistry]:
    """A registry that stands for crates.io in the stack's folder, at a fixed time."""
    with FaultyRegistry() as running:
        go_online(monkeypatch, tmp_path / "stack", running)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", NOW)
        yield running


def publish(registry: FaultyRegistry, crate: str, **versions: str) -> None:
    """Publish versions, spelled with underscores, at times."""
    lines = [index_line(crate, version[1:].replace("_", "."), pubtime=time) for version, time in versions.items()]
    registry.files[index_file(crate)] = b"".join(lines)


def crates(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The crates of `status`, by name."""
    main(["status", "--format", "json", *arguments])
    return {crate["name"]: crate for crate in json.loads(capsys.readouterr().out)["crates"]}


def test_days_and_commits(tmp_path: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole days since the newest version was published, and commits since its tag; a later backport is not newer."""
    publish(registry, "a", v0_1_0="2025-11-01T00:00:00Z", v0_2_0="2025-12-02T10:30:01Z", v0_1_1="2025-12-05T00:00:00Z")
    repo = make_repo(tmp_path / "stack" / "a", {"Cargo.toml": package("a", version="0.3.0")})
    repo.git("tag", "v0.1.0")
    repo.commit("two")
    repo.git("tag", "v0.2.0")
    repo.commit("three")
    repo.commit("four")
    repo.git("tag", "v0.3.0")
    crate = crates(capsys)["a"]
    assert (crate["days_since_release"], crate["commits_since_release"]) == (2, 2)
    assert crate["last_release"] == {
        "version": "0.2.0",
        "published_at": "2025-12-02T10:30:01Z",
        "days": 2,
        "tag": "v0.2.0",
        "commits": 2,
    }


def test_rewritten_history(tmp_path: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the tag is no ancestor of HEAD any more, no figure stands for the commits since."""
    publish(registry, "a", v0_1_0="2025-12-05T00:00:00Z")
    repo = make_repo(tmp_path / "stack" / "a", {"Cargo.toml": package("a")})
    repo.git("tag", "a-v0.1.0")
    repo.git("commit", "--quiet", "--amend", "--message", "rewritten")
    crate = crates(capsys)["a"]
    assert (crate["last_release"]["tag"], crate["days_since_release"]) == ("a-v0.1.0", 0)
    assert crate["commits_since_release"] is None


def test_without_the_registry(tmp_path: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Offline, with nothing known, the newest tagged version stands for the last release, and no day is made up."""
    repo = make_repo(tmp_path / "stack" / "a", {"Cargo.toml": package("a", version="0.10.0")})
    repo.git("tag", "v0.9.0")
    repo.commit("two")
    repo.git("tag", "v0.10.0")
    crate = crates(capsys, "--offline")["a"]
    assert (crate["last_release"]["version"], crate["commits_since_release"]) == ("0.10.0", 0)
    assert crate["days_since_release"] is None


def test_members_that_share_a_version(
    tmp_path: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bare tag speaks of the members that share the workspace's version, and of nobody else; a name of its crate."""
    publish(registry, "a", v0_1_0="2025-12-01T00:00:00Z")
    publish(registry, "b", v0_1_0="2025-12-01T00:00:00Z")
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b", "c"]\n[workspace.package]\nversion = "0.1.0"\n',
        "a/Cargo.toml": package("a", version=None, keys="version.workspace = true"),
        "b/Cargo.toml": package("b"),
        "c/Cargo.toml": package("c", version=None, keys="version.workspace = true\npublish = false"),
    }
    repo = make_repo(tmp_path / "stack" / "all", files)
    repo.git("tag", "v0.1.0")
    repo.commit("two")
    repo.git("tag", "b-v0.1.0")
    found = crates(capsys)
    assert [found[name]["commits_since_release"] for name in "abc"] == [1, 0, None]


def test_as_of(tmp_path: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """As of a time, later releases are not there yet."""
    publish(registry, "a", v0_1_0="2025-11-05T00:00:00Z", v0_2_0="2025-12-01T00:00:00Z")
    make_repo(tmp_path / "stack" / "a", {"Cargo.toml": package("a")})
    assert crates(capsys, "--as-of", "2025-11-30")["a"]["days_since_release"] == 30


def test_table(tmp_path: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has both, where it is wide enough."""
    publish(registry, "a", v0_1_0="2025-11-05T00:00:00Z")
    repo = make_repo(tmp_path / "stack" / "a", {"Cargo.toml": package("a")})
    repo.git("tag", "v0.1.0")
    repo.commit("two")
    main(["status", "--simple"])
    out = capsys.readouterr().out
    assert " 30d +1 " in out

"""`check --verify-published`: what is wrong with the published versions, held against archives and checkouts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry, crate_archive, index_file, index_line, status
from tests.support.repos import Repo, make_repo, package

NEEDS = '[dependencies]\nlog = "0.4"'


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that has `log`."""
    with FaultyRegistry() as running:
        running.add("log", "0.4.20")
        yield running


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Repo:
    """The only repository of the stack in the current folder, with one crate that needs `log`."""
    go_online(monkeypatch, tmp_path / "stack", registry)
    return make_repo(tmp_path / "stack" / "a", {"Cargo.toml": package("a", NEEDS)})


def needs(name: str, requirement: str, kind: str = "normal") -> dict[str, Any]:
    """A dependency as a line of the index has it."""
    plain = {"features": [], "optional": False, "default_features": True, "target": None, "registry": None}
    return {"name": name, "req": requirement, "kind": kind, "package": None, **plain}


def publish(
    registry: FaultyRegistry,
    repo: Repo,
    version: str = "0.1.0",
    *,
    commit: str = "",
    dirty: bool = False,
    deps: list[dict[str, Any]] | None = None,
    manifest: str = "",
    original: str = "",
    **more: Any,
) -> None:
    """Publish the crate as cargo would from the repository as it stands, but for what the options say otherwise."""
    written = (repo.path / "Cargo.toml").read_text()
    vcs = {"git": {"sha1": commit or repo.git("rev-parse", "HEAD"), **({"dirty": True} if dirty else {})}}
    files = {
        ".cargo_vcs_info.json": json.dumps({**vcs, "path_in_vcs": ""}),
        "Cargo.toml": manifest or written,
        "Cargo.toml.orig": original or written,
    }
    archive = crate_archive("a", version, {path: text.encode() for path, text in files.items()})
    registry.files[f"a-{version}.crate"] = archive
    listed = [needs("log", "^0.4")] if deps is None else deps
    cksum = hashlib.sha256(archive).hexdigest()
    line = index_line("a", version, cksum=cksum, deps=listed, pubtime="2025-12-05T10:30:00Z", **more)
    registry.files[index_file("a")] = registry.files.get(index_file("a"), b"") + line


def verified(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The crate's `published`; nothing is said on standard error."""
    assert main(["check", "--quiet", "--verify-published", "--format", "json", *arguments]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    found: dict[str, Any] = json.loads(out)["crates"][0]["published"]
    return found


def text(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines of the report for people."""
    assert main(["check", "--verify-published", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_all_is_well(repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Index, archive and commit agree, and all that it needs can be had."""
    publish(registry, repo)
    assert verified(capsys) == {
        "version": "0.1.0",
        "is_local": True,
        "yanked": False,
        "published_at": "2025-12-05T10:30:00Z",
        "commit": repo.git("rev-parse", "HEAD"),
        "dirty": False,
        "commit_is_here": True,
        "manifest_is_committed": True,
        "dependencies_match": True,
        "disagreements": [],
        "satisfiable": True,
        "unsatisfied": [],
        "unknown": [],
    }
    assert "1 published version has no fault" in text(capsys)
    lines = text(capsys, "--verbose")
    (told,) = [line for line in lines if line.startswith("a 0.1.0: published on 2025-12-05, from commit ")]
    assert told.endswith(", clean, its manifest and its index line agree, all that it needs can be had")


def test_index_and_archive_disagree(repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that lacks a dependency of the manifest is told by its key."""
    publish(registry, repo, deps=[])
    found = verified(capsys)
    assert (found["dependencies_match"], found["disagreements"]) == (False, ["dependencies.log"])
    assert "published a 0.1.0: its index line and its manifest disagree on dependencies.log" in text(capsys)


@pytest.mark.parametrize(
    ("requirement", "why"),
    [("^0.5", "no published version satisfies it"), ("^0.3", "only yanked versions satisfy it")],
)
def test_what_cannot_be_had(
    repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str], requirement: str, why: str
) -> None:
    """A requirement that nobody can satisfy today is told; what only tests need does not count."""
    registry.files[index_file("log")] += index_line("log", "0.3.9", yanked=True)
    manifest = package("a", f'[dependencies]\nlog = "{requirement}"\n[dev-dependencies]\nlog = "9"')
    publish(registry, repo, deps=[needs("log", requirement), needs("log", "^9", "dev")], manifest=manifest)
    found = verified(capsys)
    assert found["satisfiable"] is False
    assert found["unsatisfied"] == [{"dependency": "log", "requirement": requirement, "why": why}]
    assert found["dependencies_match"] is True
    assert f"published a 0.1.0: `log` {requirement}: {why}" in text(capsys)


def test_yanked_and_dirty(repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """A yanked version, and one from files that were not committed, are told to be so."""
    publish(registry, repo, dirty=True, yanked=True)
    found = verified(capsys)
    assert (found["yanked"], found["dirty"]) == (True, True)
    lines = text(capsys)
    assert "published a 0.1.0: it is yanked" in lines
    assert "published a 0.1.0: it was made from files that were not committed" in lines


def test_another_manifest_than_the_commit_has(
    repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was published although git's manifest is another one is told; of a commit that is not here nothing is."""
    publish(registry, repo, original="# edited by a script\n")
    assert verified(capsys)["manifest_is_committed"] is False
    assert "published a 0.1.0: its manifest is not the one of the commit that it names" in text(capsys)
    registry.files[index_file("a")] = b""
    repo.commit("next", {"Cargo.toml": package("a", NEEDS, version="0.2.0")})
    publish(registry, repo, "0.2.0", commit="0" * 40)
    found = verified(capsys)
    assert (found["commit_is_here"], found["manifest_is_committed"]) == (False, None)


def test_the_newest_where_the_local_one_is_not_published(
    repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A version that is only here is not looked at; the newest that is published is."""
    publish(registry, repo, "0.0.9")
    found = verified(capsys)
    assert (found["version"], found["is_local"], found["unknown"]) == ("0.0.9", False, [])


@pytest.mark.usefixtures("repo")
def test_never_published(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a crate that is not there nothing is told."""
    found = verified(capsys)
    assert (found["version"], found["satisfiable"], found["unknown"]) == (None, None, [])
    assert "no published version to be verified" in text(capsys)


def test_without_the_archive(repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the archive cannot be had, that is said, and what the index tells is told all the same."""
    publish(registry, repo)
    for path in list(registry.files):
        if path.endswith(".crate"):
            del registry.files[path]
    assert main(["check", "--verify-published", "--format", "json"]) == 0
    out, error = capsys.readouterr()
    assert "batuta-stack: not verified with the registry: `a`: " in error
    found = json.loads(out)["crates"][0]["published"]
    assert (found["satisfiable"], found["dependencies_match"], found["commit"]) == (True, None, None)
    assert len(found["unknown"]) == 1


def test_a_registry_that_is_away(repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be asked is not known, never wrong."""
    publish(registry, repo)
    registry.faults[f"/{index_file('a')}"] = [status(403)]
    assert main(["check", "--verify-published", "--format", "json"]) == 0
    out, error = capsys.readouterr()
    assert "not verified with the registry" in error
    found = json.loads(out)["crates"][0]["published"]
    assert (found["version"], found["satisfiable"], len(found["unknown"])) == (None, None, 1)


def test_asked_now(repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that a check would still take from the cache is asked for again."""
    publish(registry, repo)
    assert verified(capsys)["yanked"] is False
    registry.files[index_file("a")] = registry.files[index_file("a")].replace(b'"yanked":false', b'"yanked":true')
    before = len(registry.asked_for("log"))
    assert verified(capsys)["yanked"] is True
    assert len(registry.asked_for("log")) > before
    assert main(["check", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["crates"][0]["published"] is None


def test_offline(repo: Repo, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Offline the registry is not asked, and what the cache has of it counts."""
    publish(registry, repo)
    verified(capsys)
    registry.log.clear()
    assert main(["check", "--verify-published", "--offline", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["crates"][0]["published"]["satisfiable"] is True
    assert registry.log == []

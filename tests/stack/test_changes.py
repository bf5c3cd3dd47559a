"""What changed since a release, where it is hard to know: other object ids, no archive, files that cargo refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.stack.changes import CHANGED, UNCHANGED, UNKNOWN, Change
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.release_gather import gather_release
from tests.support.registry import FaultyRegistry
from tests.support.releases import LICENSED, NOW, ReleaseStack
from tests.support.repos import Repo, package


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """An empty stack beside an empty registry."""
    with FaultyRegistry() as registry:
        yield ReleaseStack(tmp_path / "stack", registry, monkeypatch)


def change(stack: ReleaseStack, crate: str = "a") -> Change:
    """What changed in a crate."""
    asking = Asking(NOW, max_age_s=0)
    return gather_release(find_workspace(str(stack.folder)), asking, jobs=1).facts.crates[crate].change


def test_sha256_repository(stack: ReleaseStack) -> None:
    """Archives are compared by content also where git's own ids are others."""
    repo = Repo(stack.folder / "a")
    repo.path.mkdir()
    repo.git("init", "--quiet", "--object-format=sha256", "--initial-branch", "main")
    repo.commit("first", {"Cargo.toml": package("a", keys=LICENSED), "src/lib.rs": "// 1", "x": "1"})
    (repo.path / "link").symlink_to("x")
    repo.commit("link")
    stack.publish(repo)
    assert change(stack) == Change(UNCHANGED, "0.1.0", "archive")
    repo.commit("second", {"x": "2"})
    found = change(stack)
    assert (found.state, found.files) == (CHANGED, ("link", "x"))


def test_not_packaged(stack: ReleaseStack) -> None:
    """Where cargo would refuse to package HEAD, or the tag, it is not known what changed, and why."""
    repo = stack.crate("a")
    del stack.registry.files["a-0.1.0.crate"]
    text = (repo.path / "Cargo.toml").read_text()
    repo.commit("readme", {"Cargo.toml": text.replace(LICENSED, f'{LICENSED}\nreadme = "gone.md"')})
    found = change(stack)
    assert (found.state, found.since) == (UNKNOWN, "0.1.0")
    assert found.why == "cargo would not package it: readme `gone.md` does not appear to exist"
    repo.git("tag", "--force", "v0.1.0")
    repo.commit("again", {"Cargo.toml": text})
    found = change(stack)
    assert found.state == UNKNOWN
    assert found.why == (
        "a 0.1.0: at its tag v0.1.0 cargo would not package it: readme `gone.md` does not appear to exist"
    )


def test_moved_crate(stack: ReleaseStack) -> None:
    """At its tag a crate is found by its name, wherever it was then; a tag without it says nothing."""
    repo = stack.crate("a")
    del stack.registry.files["a-0.1.0.crate"]
    text = (repo.path / "Cargo.toml").read_text()
    repo.git("rm", "--quiet", "-r", "Cargo.toml", "src")
    repo.commit("moved", {"inner/Cargo.toml": text, "inner/src/lib.rs": ""})
    repo.git("tag", "a-v0.1.0", "v0.1.0")
    assert change(stack).state == UNCHANGED
    repo.commit("changed", {"inner/src/lib.rs": "// 1"})
    found = change(stack)
    assert (found.state, found.against) == (CHANGED, "tag")
    assert found.commits is not None
    assert [commit.subject for commit in found.commits] == ["changed", "moved"]

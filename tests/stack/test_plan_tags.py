"""Plans in which crates of one repository get one tag: they are published from one commit, or the plan says why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.stack.plan_edits import edits_in
from tests.support.registry import FaultyRegistry
from tests.support.releases import LICENSED, ReleaseStack, versions
from tests.support.repos import Repo, make_repo, package


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """An empty stack whose tags name no crate, beside an empty registry."""
    with FaultyRegistry() as registry:
        found = ReleaseStack(tmp_path / "stack", registry, monkeypatch)
        found.configure('[tags]\ntemplate = "v{version}"\n')
        yield found


def _workspace(stack: ReleaseStack, needs: str, *, last: str = "0.1.0") -> Repo:
    """A repository with `first`, and `last` with these dependencies, both on the registry and changed since."""
    manifests = {"first": package("first", keys=LICENSED)}
    manifests["last"] = package("last", f"[dependencies]\n{needs}\n", version=last, keys=LICENSED)
    files = {f"{name}/Cargo.toml": text for name, text in manifests.items()}
    sources = {f"{name}/src/lib.rs": "" for name in manifests}
    root = '[workspace]\nmembers = ["first", "last"]\n'
    repo = make_repo(stack.folder / "ws", {"Cargo.toml": root, **files, **sources})
    for name in manifests:
        stack.publish(repo, f"{name}/Cargo.toml")
    repo.commit("change", dict.fromkeys(sources, "// changed\n"))
    return repo


def test_together(stack: ReleaseStack) -> None:
    """Crates of two waves that get one tag are written with the first of them, changelogs too."""
    repo = _workspace(stack, 'first = { path = "../first", version = "0.1.0" }')
    repo.commit("log", dict.fromkeys(("first/CHANGELOG.md", "last/CHANGELOG.md"), "# Changelog\n"))
    plan = stack.plan()
    assert (plan.waves, plan.blocked) == ((("first",), ("last",)), ())
    assert [(edit.wave, edit.path, edit.after) for edit in edits_in(plan, "ws")] == [
        (1, "first/Cargo.toml", "0.1.1"),
        (1, "last/Cargo.toml", "0.1.1"),
        (1, "last/Cargo.toml", "0.1.1"),
    ]
    assert {one.wave for one in plan.repositories[0].sections} == {1}
    assert plan.repositories[0].tags == ("v0.1.1",)


def test_other_versions(stack: ReleaseStack) -> None:
    """Crates that get tags of their own are written with their own waves, but for what has a path."""
    _workspace(stack, 'first = { path = "../first", version = "0.1.0" }', last="0.5.0")
    plan = stack.plan()
    found = [(edit.wave, edit.path, edit.after) for edit in edits_in(plan, "ws") if edit.is_version]
    assert found == [(1, "first/Cargo.toml", "0.1.1"), (2, "last/Cargo.toml", "0.5.1")]


def test_apart(stack: ReleaseStack) -> None:
    """A crate that has to be edited once another repository's is out cannot have the tag of an earlier commit."""
    _workspace(stack, 'mid = "0.1.0"')
    stack.crate("mid", 'first = "0.1.0"').commit("change", {"src/lib.rs": "// changed\n"})
    plan = stack.plan()
    assert plan.waves == (("first",), ("mid",), ("last",))
    assert versions(plan) == {"first": "0.1.1", "mid": "0.1.1", "last": "0.1.1!"}
    assert [(one.crate, one.by) for one in plan.blocked] == [("last", ("TC001",))]
    assert "first gets the tag v0.1.1 too" in plan.blocked[0].why
    assert versions(stack.plan(bumps={"last": "minor"})) == {"first": "0.1.1", "mid": "0.1.1", "last": "0.2.0"}

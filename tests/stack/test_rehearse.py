"""Rehearsals with the real cargo: what it would refuse is found, and nothing outside of them changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.stack.rehearse import Manner, Rehearsal, rehearse
from tests.support.registry import FaultyRegistry
from tests.support.releases import ReleaseStack
from tests.support.repos import make_repo, package

pytestmark = pytest.mark.cargo


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """An empty stack beside an empty registry, with a folder of its own for temporary files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    with FaultyRegistry() as registry:
        yield ReleaseStack(tmp_path / "stack", registry, monkeypatch)


def rehearsed(stack: ReleaseStack, *crates: str, verifies_build: bool = False, **wish: Any) -> Rehearsal:
    """What came of the rehearsal of a plan in which nothing is blocked."""
    prepared = stack.prepared(*crates, **wish)
    assert prepared.plan.blocked == ()
    return rehearse(prepared.plan, prepared.gathered, Manner(verifies_build=verifies_build))


def failures(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    """Crate and step of each failure."""
    return [(step.crate, step.name) for step in rehearsal.failed]


def snapshot(folder: Path) -> dict[str, str]:
    """A digest of each file below a folder."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            found[str(path)] = hashlib.sha256(content).hexdigest()
    return found


@pytest.mark.slow
def test_chain(stack: ReleaseStack, tmp_path: Path) -> None:
    """A chain over repositories goes out wave by wave, builds for strangers, and leaves everything as it was."""
    stack.crate("a").commit("x", {"src/lib.rs": "pub fn a() -> u8 { 1 }\n"})
    stack.crate("b", 'a = "0.1.0"').commit("x", {"src/lib.rs": "pub fn b() -> u8 { a::a() }\n"})
    stack.crate("c", 'other = { package = "b", version = "0.1" }', published=False)
    prepared = stack.prepared(bumps={"a": "minor"})
    before = {name: snapshot(tmp_path / name) for name in ("stack", "scratch")}
    found = rehearse(prepared.plan, prepared.gathered, Manner(builds_consumers=True))
    assert [(step.crate, step.name) for step in found.steps if not step.passed] == []
    assert [step.crate for step in found.steps if step.name == "publish"] == ["a", "b", "c"]
    assert [step.crate for step in found.steps if step.name == "build"] == ["a", "b", "c"]
    assert {name: snapshot(tmp_path / name) for name in ("stack", "scratch")} == before


@pytest.mark.slow
def test_workspace_with_lock_and_inheritance(stack: ReleaseStack) -> None:
    """A workspace with a tracked lock file and requirements by path keeps loading while its members go out."""
    root = (
        '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n[workspace.package]\nversion = "0.1.0"\n'
        'license = "MIT"\ndescription = "d"\n[workspace.dependencies]\na = { path = "a", version = "0.1.0" }\n'
    )
    member = (
        '[package]\nname = "{}"\nversion.workspace = true\nlicense.workspace = true\ndescription.workspace = true\n'
    )
    files = {"Cargo.toml": root, "a/Cargo.toml": member.format("a"), "a/src/lib.rs": ""}
    files |= {"b/Cargo.toml": member.format("b") + "[dependencies]\na.workspace = true\n", "b/src/lib.rs": ""}
    lock = 'version = 4\n\n[[package]]\nname = "a"\nversion = "0.1.0"\n\n[[package]]\nname = "b"\nversion = "0.1.0"\n'
    repo = make_repo(stack.folder / "ws", {**files, "Cargo.lock": lock + 'dependencies = [\n "a",\n]\n'})
    assert failures(rehearsed(stack)) == []
    found = rehearsed(stack, bumps={"a": "0.3.0"})
    assert failures(found) == []
    assert (repo.path / "Cargo.toml").read_text() == root


def test_excluded_file(stack: ReleaseStack) -> None:
    """A build that fails only from the package, for a file is excluded, fails at its publish, in cargo's words."""
    keys = 'exclude = ["data"]'
    source = {"src/lib.rs": 'pub const D: &str = include_str!("../data/d.txt");\n', "data/d.txt": "d"}
    stack.crate("a", keys=keys, files=source, published=False)
    stack.crate("b", 'a = "0.1"', published=False)
    found = rehearsed(stack, verifies_build=True)
    assert (failures(found), found.waiting) == ([("a", "publish")], ("b",))
    assert "data/d.txt" in found.failed[0].said


def test_missing_feature(stack: ReleaseStack) -> None:
    """A feature that a dependency does not have is cargo's to refuse."""
    stack.crate("a", published=False)
    stack.crate("b", 'a = { version = "0.1", features = ["gone"] }', published=False)
    prepared = stack.prepared()
    if not prepared.plan.blocked:
        found = rehearse(prepared.plan, prepared.gathered, Manner(verifies_build=False))
        assert failures(found) == [("b", "publish")]
        assert "gone" in found.failed[0].said


def test_patch_in_a_configuration_above(stack: ReleaseStack) -> None:
    """A patch above the checkouts hides nothing: the rehearsal is outside of it."""
    stack.crate("a", published=False)
    stack.crate("b", 'a = "0.1"\noutside = "1"', published=False)
    other = make_repo(stack.folder.parent / "outside", {"Cargo.toml": package("outside", version="1.0.0")})
    config = stack.folder / ".cargo" / "config.toml"
    config.write_text(config.read_text() + f'\n[patch.crates-io]\noutside = {{ path = "{other.path}" }}\n')
    prepared = stack.prepared()
    if prepared.plan.blocked:
        assert [one.crate for one in prepared.plan.blocked] == ["b"]
        return
    found = rehearse(prepared.plan, prepared.gathered, Manner(verifies_build=False))
    assert failures(found) == [("b", "publish")]
    assert "outside" in found.failed[0].said


@pytest.mark.slow
@pytest.mark.parametrize("is_default", [False, True])
def test_another_registry(stack: ReleaseStack, is_default: bool) -> None:
    """Crates that go to another registry are rehearsed as going there, with what they need of it."""
    with FaultyRegistry() as other:
        config = stack.folder / ".cargo" / "config.toml"
        more = f'[registries.own]\nindex = "{other.index_url}"\n' + (
            '[registry]\ndefault = "own"\n' if is_default else ""
        )
        config.write_text(config.read_text() + more)
        keys = "" if is_default else 'publish = ["own"]'
        stack.crate("a", keys=keys, published=False)
        stack.crate("b", 'a = { version = "0.1", registry = "own" }', keys=keys, published=False)
        prepared = stack.prepared()
        assert prepared.plan.blocked == ()
        assert {one.registry for one in prepared.plan.releases} == {"own"}
        found = rehearse(prepared.plan, prepared.gathered, Manner(verifies_build=False))
        assert [(step.name, step.said) for step in found.failed] == []


def test_registry_that_stands_for_crates_io(stack: ReleaseStack) -> None:
    """Where one registry is both the default and what crates.io is replaced with, plain dependencies lead to it."""
    lines = f'[registry]\ndefault = "own"\n[registries.own]\nindex = "{stack.registry.index_url}"\n'
    config = stack.folder / ".cargo" / "config.toml"
    config.write_text(f'{lines}[source.crates-io]\nreplace-with = "own"\n', encoding="utf-8")
    stack.crate("a", published=False)
    stack.crate("b", 'a = "0.1"', published=False)
    found = rehearsed(stack)
    assert [(step.name, step.said) for step in found.failed] == []
    assert [step.crate for step in found.steps if step.name == "publish"] == ["a", "b"]

"""Checkouts beside a repository: read as files, and remembered until one of those files changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batuta_hooks.domain.config import Config
from batuta_hooks.domain.stack import Named, StackCrate
from batuta_hooks.domain.tree import ReadFault
from batuta_hooks.gather.folder_tree import FolderTree
from batuta_hooks.gather.neighbours import neighbours, remote_owner
from batuta_hooks.gather.remembered import Memory, Row, stamp
from tests.support.repos import make_repo, package

ENTRIES = """\
[dependencies]
arrow = "54"
other = { path = "../other" }
far = { git = "https://example.com/far", version = "1" }
[dev-dependencies]
ours = { version = "1", registry = "ours" }
[build-dependencies]
cc = "1"
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a workspace beside the repository ``app``, and a cache folder of its own."""
    monkeypatch.setenv("BATUTA_CACHE_DIR", str(tmp_path / "cache"))
    make_repo(tmp_path / "stack/app", {"Cargo.toml": package("app")})
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n[workspace.package]\nversion = "0.3.0"\n',
        "crates/a/Cargo.toml": package("a", ENTRIES, version=None, keys="version.workspace = true"),
        "crates/b/Cargo.toml": package("b", keys="publish = false"),
        "target/c/Cargo.toml": package("c"),
    }
    make_repo(tmp_path / "stack/lib", files)
    return tmp_path / "stack"


def test_a_requirement_alone(stack: Path) -> None:
    """What is remembered gives a requirement without the rest of the dependency, and the same."""
    assert beside(stack)
    for crate in beside(stack):
        assert isinstance(crate.dependencies, Named)
        needs = crate.dependencies
        assert [needs.requirement(place) for place in range(len(needs))] == [one.requirement for one in needs]


def beside(stack: Path, config: Config | None = None) -> list[StackCrate]:
    """The crates beside ``app``."""
    return list(neighbours(str(stack / "app"), str(stack), config))


def shown(crates: list[StackCrate]) -> list[object]:
    """What matters of crates, their dependencies too."""
    return [
        (crate[:5], crate.is_bound_for_crates_io, [(*one[1:3], *one[4:8]) for one in crate.dependencies])
        for crate in crates
    ]


def test_members_of_a_sibling(stack: Path) -> None:
    """With what they inherit; the repository itself is left out, and so is what cargo made."""
    found = beside(stack)
    assert [(one.name, one.version, one.repository, one.is_publishable) for one in found] == [
        ("a", "0.3.0", "../lib", True),
        ("b", "0.1.0", "../lib", False),
    ]
    assert [one.package for one in found[0].dependencies] == ["arrow", "other", "far", "ours", "cc"]


def test_what_is_remembered_is_the_same(stack: Path) -> None:
    """The second answer comes from the memory, and is the first one in all that counts."""
    first = shown(beside(stack))
    (file,) = (stack.parent / "cache").glob("siblings-v1/*")
    written = file.stat().st_mtime_ns
    assert shown(beside(stack)) == first
    assert file.stat().st_mtime_ns == written
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0


def test_changes_are_seen(stack: Path) -> None:
    """A changed manifest, a member that comes and one that goes."""
    beside(stack)
    manifest = stack / "lib/crates/b/Cargo.toml"
    manifest.write_text(package("b", version="0.9.0"))
    os.utime(manifest, ns=(1, 1))
    assert [(one.name, one.version) for one in beside(stack)] == [("a", "0.3.0"), ("b", "0.9.0")]
    (stack / "lib/crates/d").mkdir()
    (stack / "lib/crates/d/Cargo.toml").write_text(package("d"))
    assert [one.name for one in beside(stack)] == ["a", "b", "d"]
    (stack / "lib/crates/d/Cargo.toml").unlink()
    (stack / "lib/crates/d").rmdir()
    assert [one.name for one in beside(stack)] == ["a", "b"]


def test_configuration(stack: Path) -> None:
    """The stack's patterns say which checkouts count, and which crates do not belong to it."""
    assert [one.name for one in beside(stack, Config(skip_crates=("a",)))] == ["b"]
    assert [one.name for one in beside(stack, Config(repositories=("l*", "nowhere")))] == ["a", "b"]
    assert beside(stack, Config(repositories=("app",))) == []


def test_names_that_cannot_be_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that would end a field is read anew each time."""
    monkeypatch.setenv("BATUTA_CACHE_DIR", str(tmp_path / "cache"))
    crate = StackCrate("a\tb", "1.0.0", "", "Cargo.toml", True, ())
    for _ in range(2):
        with Memory(str(tmp_path)) as memory:
            assert memory.crates(str(tmp_path), lambda: Row({}, [crate])) == [crate]
    assert not list((tmp_path / "cache").glob("siblings-v1/*"))
    assert stamp(str(tmp_path / "nowhere")) == (0, 0)


@pytest.mark.parametrize(
    ("url", "owner"),
    [
        ("https://example.com/paiml/app.git", "paiml"),
        ("git@example.com:paiml/app", "paiml"),
        ("ssh://git@example.com/paiml/app/", "paiml"),
        ("/srv/git/app.git", "git"),
    ],
)
def test_owner(tmp_path: Path, url: str, owner: str) -> None:
    """What stands before the repository's name, whatever the form of the address; none without a remote."""
    repo = make_repo(tmp_path / "r", {"Cargo.toml": package("r")})
    assert remote_owner(str(repo.path)) == ""
    repo.git("remote", "add", "upstream", url)
    assert remote_owner(str(repo.path)) == owner
    repo.git("remote", "add", "origin", "https://example.com/mine/app")
    assert remote_owner(str(repo.path)) == "mine"
    assert remote_owner(str(tmp_path / "nowhere")) == ""


def test_folder_tree(tmp_path: Path) -> None:
    """Nothing outside is read, hidden folders and those of tools are left out, a folder is no file."""
    for name in ("a/b", ".hidden", "target/x", "node_modules"):
        (tmp_path / name).mkdir(parents=True)
    tree = FolderTree(str(tmp_path))
    assert tree.folders() == {"", "a", "a/b"}
    assert tree.read("../secret") is None
    assert tree.read("nowhere/Cargo.toml") is None
    assert isinstance(tree.read("a"), ReadFault)
    assert (tree.manifest_paths, tree.config_paths, tree.in_submodule("a")) == (["Cargo.toml"], [], False)
    assert FolderTree(str(tmp_path / "nowhere")).folders() == {""}

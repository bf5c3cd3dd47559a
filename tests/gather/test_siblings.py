"""Crates beside the repository, as they lie on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batuta_hooks.domain.facts import Sibling
from batuta_hooks.gather.siblings import Siblings, read_sibling
from tests.support.repos import package


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """The top folder of a repository that has siblings."""
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def put(folder: Path, text: str | bytes) -> None:
    """Write a folder's manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_name_and_version(top: Path) -> None:
    """A sibling is told by its package; relative paths start at the top folder."""
    put(top.parent / "lib", package("lib", version="1.2.3"))
    siblings = Siblings(str(top))
    assert siblings("../lib") == siblings(str(top.parent / "lib")) == Sibling("lib", "1.2.3")
    assert siblings("../nowhere") is None


def test_each_is_read_once(top: Path) -> None:
    """Within a run the answer stays the same."""
    siblings = Siblings(str(top))
    assert siblings("../lib") is None
    put(top.parent / "lib", package("lib"))
    assert siblings("../lib") is None


def test_without_a_worktree_there_are_none(top: Path) -> None:
    """A bare repository has no place to start from."""
    put(top.parent / "lib", package("lib"))
    assert Siblings("")("../lib") is None
    assert Siblings("")(str(top.parent / "lib")) is None


@pytest.mark.parametrize(
    ("manifest", "version"),
    [
        (package("lib", version=None), None),
        ('[package]\nname = "lib"\nversion = 7\n', None),
        ('[package]\nname = "lib"\nversion.workspace = true\n', "0.9.0"),
        ('[package]\nname = "lib"\nversion = { workspace = true }\nworkspace = "../../other"\n', "0.8.0"),
    ],
)
def test_inherited_versions(manifest: str, version: str | None, top: Path) -> None:
    """A version is inherited from the root that is named, else from the nearest one above."""
    put(top.parent, '[workspace.package]\nversion = "0.7.0"\n')
    put(top.parent / "many", '[workspace.package]\nversion = "0.9.0"\n')
    put(top.parent / "other", '[workspace.package]\nversion = "0.8.0"\n')
    put(top.parent / "many" / "lib", manifest)
    assert read_sibling(f"{top.parent}/many/lib") == Sibling("lib", version)


def test_a_version_that_no_root_has(top: Path) -> None:
    """Where no root above has a version, or is odd, the sibling is known by its name."""
    put(top.parent / "lib", '[package]\nname = "lib"\nversion.workspace = true\n')
    assert read_sibling(f"{top.parent}/lib") == Sibling("lib", None)
    put(top.parent, "workspace = { package = 7 }\n")
    assert read_sibling(f"{top.parent}/lib") == Sibling("lib", None)


@pytest.mark.parametrize(
    "manifest",
    ["", "[package]", "package = 7", '[package]\nname = ["lib"]', "[workspace]", "[package", b"\xff\0", "[" * 9999],
)
def test_what_is_no_crate_is_none(manifest: str | bytes, top: Path) -> None:
    """A manifest that cannot be read, or names no package, tells of no sibling."""
    put(top.parent / "lib", manifest)
    assert read_sibling(f"{top.parent}/lib") is None


def test_hostile_places(top: Path) -> None:
    """Pipes, folders, loops, devices and names that no system has are no siblings, and nothing waits for them."""
    for name in ("pipe", "folder", "loop", "device"):
        (top.parent / name).mkdir()
    os.mkfifo(top.parent / "pipe" / "Cargo.toml")
    (top.parent / "folder" / "Cargo.toml").mkdir()
    (top.parent / "loop" / "Cargo.toml").symlink_to("Cargo.toml")
    (top.parent / "device" / "Cargo.toml").symlink_to("/dev/zero")
    siblings = Siblings(str(top))
    for folder in ("../pipe", "../folder", "../loop", "../device", "../a\0b", "../" + "x" * 5000, "/dev/zero"):
        assert siblings(folder) is None

"""Manifests as values: what each spelling means, and the way back to the key that it stands under."""

from __future__ import annotations

from typing import Any

import pytest

from batuta_hooks.domain.manifest import BUILD, DEV, NORMAL, Manifest, parent_folder, read_manifest
from batuta_hooks.domain.toml_text import read_toml


def read(text: str, path: str = "Cargo.toml") -> Manifest:
    """A manifest from its text."""
    return read_manifest(path, read_toml(text.encode()), text.encode())


@pytest.mark.parametrize(
    ("keys", "publish", "is_publishable", "is_bound"),
    [
        ("version = '1.0.0'", None, True, True),
        ("version = '1.0.0'\npublish = true", None, True, True),
        ("version = '1.0.0'\npublish = false", (), False, False),
        ("version = '1.0.0'\npublish = []", (), False, False),
        ("version = '1.0.0'\npublish = ['other']", ("other",), True, False),
        ("version = '1.0.0'\npublish = ['other', 'crates-io']", ("other", "crates-io"), True, True),
        ("", None, False, False),
    ],
)
def test_publish(keys: str, publish: tuple[str, ...] | None, is_publishable: bool, is_bound: bool) -> None:
    """Without a version key, or with an empty list or `false`, a package is never published."""
    package = read(f"[package]\nname = 'a'\n{keys}\n").package
    assert package is not None
    assert (package.publish, package.is_publishable, package.is_bound_for_crates_io) == (
        publish,
        is_publishable,
        is_bound,
    )


def test_project_is_the_old_spelling_of_package() -> None:
    """Its facts are the package's."""
    manifest = read("[project]\nname = 'a'\nversion = '1.0.0'\nlicense.workspace = true\nworkspace = '..'\n")
    assert (manifest.name, manifest.package_key, manifest.inherited_keys) == ("a", "project", ["license"])
    assert manifest.package is not None
    assert manifest.package.workspace == ".."


def test_virtual_manifest() -> None:
    """A workspace without a package has no name and inherits nothing."""
    manifest = read("[workspace]\n")
    assert (manifest.package, manifest.name, manifest.inherited_keys, manifest.inherits_lints) == (None, "", [], False)
    assert manifest.workspace is not None
    assert manifest.workspace == ((), (), (), False, {}, {}, False)


def test_sections_and_targets() -> None:
    """Every section by either spelling, in target tables too, with its kind, its target and its key."""
    text = (
        "[dependencies]\na = '1'\n[dev-dependencies]\nb = '1'\n[build_dependencies]\nc = '1'\n"
        "[target.'cfg(unix)'.dev_dependencies]\nd = '1'\n[target.x.build-dependencies]\ne = '1'\n"
    )
    assert [(one.name, one.kind, one.target, one.key) for one in read(text).dependencies] == [
        ("a", NORMAL, None, ("dependencies", "a")),
        ("b", DEV, None, ("dev-dependencies", "b")),
        ("c", BUILD, None, ("build_dependencies", "c")),
        ("d", DEV, "cfg(unix)", ("target", "cfg(unix)", "dev_dependencies", "d")),
        ("e", BUILD, "x", ("target", "x", "build-dependencies", "e")),
    ]


def test_old_spelling_beside_the_new_one_is_idle() -> None:
    """cargo reads the new one and warns; an empty new one counts as well."""
    text = "[dev-dependencies]\na = '1'\n[dev_dependencies]\nb = '1'\n"
    text += "[build-dependencies]\n[build_dependencies]\nc = '1'\n"
    assert [one.name for one in read(text).dependencies] == ["a"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("'1.2'", {"requirement": "1.2", "package": "b"}),
        ("{ version = '1', package = 'c' }", {"requirement": "1", "package": "c"}),
        ("{ path = '../b' }", {"path": "../b", "requirement": None, "folder": "crates/a"}),
        ("{ git = 'https://x', rev = 'y' }", {"git": "https://x", "path": None}),
        ("{ version = '1', registry = 'r' }", {"registry": "r"}),
        ("{ version = '1', registry-index = 'https://r' }", {"registry": "https://r"}),
        ("{ workspace = true }", {"inherited": True, "requirement": None}),
    ],
)
def test_entries(entry: str, expected: dict[str, Any]) -> None:
    """What an entry says, and from which folder its path starts."""
    (dependency,) = read(f"[dependencies]\nb = {entry}\n", "crates/a/Cargo.toml").dependencies
    assert expected.items() <= dependency._asdict().items()
    assert dependency.key == dependency.user_key == ("dependencies", "b")
    assert dependency.manifest_path == "crates/a/Cargo.toml"


def test_patches_and_replacements() -> None:
    """Each with its source; a replacement goes by the package id's name."""
    text = (
        "[patch.crates-io]\na = { path = 'x' }\n[patch.'https://g']\nb = { path = 'y', package = 'c' }\n"
        "[replace]\n'd:1.0.0' = { path = 'z' }\n'https://r/i#e@2.0.0' = { git = 'https://x' }\n"
    )
    assert [(one.table, one.source, one.dependency.package, one.dependency.path) for one in read(text).patches] == [
        ("patch", "crates-io", "a", "x"),
        ("patch", "https://g", "c", "y"),
        ("replace", "crates-io", "d", "z"),
        ("replace", "crates-io", "e", None),
    ]


def test_workspace_table() -> None:
    """What a root says of members and of what they may inherit."""
    workspace = read(
        "[workspace]\nmembers = ['a', 'b/*']\nexclude = ['c']\ndefault-members = ['a']\n"
        "[workspace.package]\nversion = '1.0.0'\n[workspace.dependencies]\nx.path = 'x'\n[workspace.lints.rust]\n",
        "ws/Cargo.toml",
    ).workspace
    assert workspace is not None
    assert workspace[:4] == (("a", "b/*"), ("c",), ("a",), True)
    assert (workspace.package, workspace.has_lints) == ({"version": "1.0.0"}, True)
    shared = workspace.dependencies["x"]
    assert (shared.key, shared.folder, shared.path) == (("workspace", "dependencies", "x"), "ws", "x")


def test_parent_folder() -> None:
    """The folder of a path, empty at the top."""
    assert [parent_folder(path) for path in ("a/b/Cargo.toml", "Cargo.toml", "")] == ["a/b", "", ""]

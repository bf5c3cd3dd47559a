"""Whether two addresses are one project's, and which one a crate names."""

from __future__ import annotations

import pytest

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.project import is_same_owner, is_same_project, repository_of
from batuta_hooks.domain.workspace import Manifests
from tests.support.repos import package
from tests.support.trees import TextTree

US = "https://github.com/us/one"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (US, US, True),
        (US, "http://github.com/us/one", True),
        (US, f"{US}.git", True),
        (US, f"{US}/", True),
        (US, f"{US}.git/", True),
        (US, " https://GitHub.com/Us/One ", True),
        ("https://example.com/us/one", "https://www.example.com/us/one", True),
        (US, "git@github.com:us/one.git", True),
        (US, "ssh://git@github.com/us/one", True),
        (US, f"{US}/tree/main/crates/two", True),
        (US, f"{US}#readme", True),
        (US, "https://github.com/them/one", False),
        (US, "https://github.com/us/one-more", False),
        (US, "https://gitlab.example/us/one", False),
        (US, "https://github.com/us", True),
    ],
)
def test_addresses(one: str, other: str, same: bool) -> None:
    """Scheme, user, letter case, ending and folders make no other project; host, owner and name do."""
    assert is_same_project(one, other) == is_same_project(other, one) == same


def named(files: dict[str, str], path: str = "Cargo.toml") -> str:
    """The repository that a crate names."""
    manifests = Manifests(TextTree(files))
    manifest = manifests.load(path)
    assert isinstance(manifest, Manifest)
    return repository_of(manifests, manifest)


def test_what_a_crate_names() -> None:
    """Its own, an inherited one, its root's, or nothing."""
    own = package("a", keys=f'repository = "{US}"')
    inherits = package("b", keys="repository.workspace = true")
    shared = f'[workspace]\nmembers = ["b"]\n[workspace.package]\nrepository = "{US}"\n'
    assert named({"Cargo.toml": own}) == US
    assert named({"Cargo.toml": package("a")}) == ""
    assert named({"Cargo.toml": shared, "b/Cargo.toml": inherits}, "b/Cargo.toml") == US
    assert named({"Cargo.toml": shared, "b/Cargo.toml": package("b")}, "b/Cargo.toml") == US
    assert named({"Cargo.toml": own, "examples/b/Cargo.toml": package("b")}, "examples/b/Cargo.toml") == US
    assert named({"Cargo.toml": "[package", "b/Cargo.toml": package("b")}, "b/Cargo.toml") == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://github.com/acme/a", "git@github.com:Acme/b.git", True),
        ("https://github.com/acme/a", "https://github.com/other/a", False),
        ("https://github.com/acme/a", "https://git.example.org/acme/a", False),
        ("https://example.com/a", "https://example.com/b", False),
        ("", "", False),
    ],
)
def test_owners(one: str, other: str, same: bool) -> None:
    """Whose repositories they are is the first part of the path, where there are two."""
    assert is_same_owner(one, other) is same

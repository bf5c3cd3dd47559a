"""Which crates of a tree a version tag may mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from batuta_hooks.domain.tag_crates import Bare, TagCrates
from batuta_hooks.domain.workspace import Manifests
from tests.support.repos import package
from tests.support.trees import TextTree

INHERITS = package("NAME", version=None, keys="version.workspace = true")


def crates(files: Mapping[str, str]) -> TagCrates:
    """The crates of a tree with these files."""
    return TagCrates(Manifests(TextTree(files)))


def inheriting(name: str) -> str:
    """A member that shares the workspace's version."""
    return INHERITS.replace("NAME", name)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Bare(())),
        ({"Cargo.toml": package("a"), "b/Cargo.toml": package("b")}, Bare(("Cargo.toml",))),
        ({"Cargo.toml": "[package", "b/Cargo.toml": package("b")}, Bare(("Cargo.toml",))),
        ({"rust/Cargo.toml": package("a"), "rust/b/Cargo.toml": package("b")}, Bare(("rust/Cargo.toml",))),
        ({"a/Cargo.toml": package("a"), "b/Cargo.toml": package("b")}, Bare((), "a/Cargo.toml")),
        (
            {
                "Cargo.toml": '[workspace]\nmembers = ["*"]\n[workspace.package]\nversion = "1.0.0"',
                "a/Cargo.toml": inheriting("a"),
                "b/Cargo.toml": package("b", version="1.0.0"),
                "c/Cargo.toml": inheriting("c"),
            },
            Bare(("a/Cargo.toml", "c/Cargo.toml")),
        ),
        (
            {
                "Cargo.toml": '[workspace]\nmembers = ["*"]',
                "a/Cargo.toml": package("a", version="1.0.0"),
                "b/Cargo.toml": package("b", version="1.0.0"),
            },
            Bare((), "Cargo.toml"),
        ),
        (
            {"Cargo.toml": '[workspace]\nmembers = ["*"]', "a/Cargo.toml": package("a")},
            Bare(("a/Cargo.toml",)),
        ),
        ({"Cargo.toml": "[workspace]\nmembers = []"}, Bare(())),
    ],
)
def test_a_version_alone(files: dict[str, str], expected: Bare) -> None:
    """The root package, else who shares the workspace's version, else nobody; where it is unclear, that is said."""
    assert crates(files).bare() == expected


def test_names() -> None:
    """A crate is found by its whole name, however it is written, and where its manifest cannot be parsed too."""
    here = crates(
        {
            "Cargo.toml": package("top", '[workspace]\nmembers = ["x", "y"]\n[dependencies]\nonly-required = "1"'),
            "x/Cargo.toml": package("part-x"),
            "y/Cargo.toml": package("\\u0061bc"),
            "z/Cargo.toml": '[package]\nname = "broken"\nversion =',
            "w/Cargo.toml": "[package",
        }
    )
    assert here.path_of("top") == "Cargo.toml"
    assert here.path_of("part-x") == "x/Cargo.toml"
    assert here.path_of("abc") == "y/Cargo.toml"
    assert here.path_of("broken") == "z/Cargo.toml"
    for name in ("part", "only-required", "x", "PART-X", "part_x", ""):
        assert name not in here
    assert 7 not in here


def test_one_name_twice() -> None:
    """A member comes before what looks like it among fixtures."""
    here = crates(
        {
            "Cargo.toml": '[workspace]\nmembers = ["crates/deep/a"]',
            "a/Cargo.toml": package("a"),
            "crates/deep/a/Cargo.toml": package("a"),
        }
    )
    assert here.path_of("a") == "crates/deep/a/Cargo.toml"

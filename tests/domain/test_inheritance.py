"""What cargo refuses to inherit: each sample as cargo's own behaviour has it, with the member's line."""

from __future__ import annotations

import pytest

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.workspace import ManifestFault, Manifests
from tests.support.repos import package
from tests.support.trees import TextTree

ROOT = """\
[workspace]
members = ["m"]
[workspace.package]
license = "MIT"
edition = "2024"
rust-version = "1.60"
[workspace.lints.rust]
unused = "warn"
[workspace.dependencies]
b = { path = "b" }
plain = { path = "b", default-features = true }
off = { path = "b", default-features = false }
old = { path = "b", default_features = false }
text = "1"
bad = { path = "b", git = "https://git.example.invalid/b" }
spelled = { version = "nonsense" }
more = { version = "1", features = ["x"] }
"""


def resolve(member: str, root: str = ROOT, **beside: str) -> Manifest | ManifestFault | None:
    """A member in the folder ``m`` of a workspace."""
    return Manifests(TextTree({"Cargo.toml": root, "m/Cargo.toml": member, **beside})).resolve("m/Cargo.toml")


def member(rest: str = "", *, edition: str = "2021", keys: str = "") -> str:
    """The member's manifest: five lines of ``[package]``, then ``keys``, an empty line and ``rest``."""
    return package("m", rest, keys=keys).replace("2021", edition)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (member(keys="homepage.workspace = true"), 5, "`workspace.package.homepage` was not defined"),
        (member(keys="readme.workspace = true"), 5, "`workspace.package.readme` was not defined"),
        (member("[dependencies]\nc.workspace = true"), 7, "`dependency.c` was not found in `workspace.dependencies`"),
        (member("[dependencies]\nbad = { workspace = true }"), 7, "only one of `git` or `path`"),
        (member("[dependencies]\nspelled = { workspace = true }"), 7, "failed to parse the version requirement"),
        (member("[dev-dependencies]\nb = { workspace = true, optional = true }"), 7, "cannot be optional"),
        (member('[features]\nf = ["b"]\n[dependencies]\nb = { workspace = true }'), 7, "not an optional dependency"),
    ],
)
def test_refused(text: str, line: int, reason: str) -> None:
    """The fault stands at the member's key, in cargo's terms."""
    found = resolve(text)
    assert isinstance(found, ManifestFault)
    assert (found.path, found.line) == ("m/Cargo.toml", line)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("entry", "is_refused"),
    [
        ("b = { workspace = true, default-features = false }", True),
        ("b = { workspace = true, default_features = false }", True),
        ("text = { workspace = true, default-features = false }", True),
        ("plain = { workspace = true, default-features = false }", True),
        ("off = { workspace = true, default-features = false }", False),
        ("off = { workspace = true, default-features = true }", False),
        ("b = { workspace = true, default-features = true }", False),
        ("b = { workspace = true }", False),
        ("old = { workspace = true }", True),
    ],
)
def test_default_features_in_edition_2024(entry: str, is_refused: bool) -> None:
    """From 2024 on a member cannot switch off what the root leaves on, nor use a root's spelling of old."""
    for section in ("dependencies", "target.'cfg(unix)'.build-dependencies"):
        text = f"[{section}]\n{entry}"
        assert isinstance(resolve(member(text, edition="2024")), ManifestFault) is is_refused
        assert isinstance(resolve(member(text)), Manifest)


def test_inherited_edition_counts() -> None:
    """A root that moves to 2024 makes a member's old spellings, and an older rust-version, faults."""
    inherited = package("m", "[dev_dependencies]\nb.workspace = true").replace(
        'edition = "2021"', "edition.workspace = true"
    )
    found = resolve(inherited)
    assert isinstance(found, ManifestFault)
    assert "`dev_dependencies` is unsupported as of the 2024 edition" in found.reason
    older = package("m", keys="rust-version.workspace = true").replace('edition = "2021"', "edition.workspace = true")
    found = resolve(older)
    assert isinstance(found, ManifestFault)
    assert "rust-version" in found.reason
    assert isinstance(resolve(older, ROOT.replace("1.60", "1.85")), Manifest)


@pytest.mark.parametrize("name", ["README.md", "README.txt", "README"])
def test_readme_beside_the_root(name: str) -> None:
    """A root that says nothing of a readme offers the file that lies there; one that says `false` offers none."""
    text = member(keys="readme.workspace = true")
    assert isinstance(resolve(text, **{name: ""}), Manifest)
    refused = resolve(text, ROOT.replace('license = "MIT"', "readme = false"), **{name: ""})
    assert isinstance(refused, ManifestFault)
    assert isinstance(resolve(text, ROOT.replace('license = "MIT"', "readme = true")), Manifest)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (member(keys="license.workspace = true"), "license"),
        (member("[lints]\nworkspace = true"), "lints"),
        (member("[dependencies]\nb.workspace = true"), "b"),
    ],
)
def test_no_root(text: str, what: str) -> None:
    """A package that stands alone inherits nothing, nor does one whose root is no workspace."""
    for root in ("x", package("top")):
        files = {"m/Cargo.toml": text} if root == "x" else {"m/Cargo.toml": text, "Cargo.toml": root}
        found = Manifests(TextTree(files)).resolve("m/Cargo.toml")
        assert isinstance(found, ManifestFault)
        assert found.reason == f"error inheriting `{what}`: failed to find a workspace root"


def test_lints_that_the_root_does_not_have() -> None:
    """They are asked for and not defined."""
    found = resolve(member("[lints]\nworkspace = true"), '[workspace]\nmembers = ["m"]\n')
    assert isinstance(found, ManifestFault)
    assert found.reason == "error inheriting `lints`: `workspace.lints` was not defined"


def test_all_that_may_be_inherited() -> None:
    """A member that takes everything from its root is sound, an idle section with an unknown name included."""
    text = member(
        "[dependencies]\nb = { workspace = true, features = ['y'], optional = true }\n"
        "[dev-dependencies]\nmore = { workspace = true, features = ['z'] }\nplain2 = '1'\n"
        "[dev_dependencies]\nunknown.workspace = true\n"
        "[target.'cfg(unix)'.dependencies]\ntext.workspace = true\n[lints]\nworkspace = true\n",
        keys="license.workspace = true",
    )
    found = resolve(text)
    assert isinstance(found, Manifest), found
    assert sorted(one.name for one in found.dependencies) == ["b", "more", "plain2", "text"]


def test_absolute_and_own_paths_of_the_root() -> None:
    """An inherited path is compared with the member's own as the folder that it leads to."""
    root = ROOT.replace('b = { path = "b" }', 'b = { path = "/srv/b" }\nown = { path = "m/own" }')
    text = member("[dependencies]\nb.workspace = true\nown.workspace = true\n[build-dependencies]\nown.path = 'own'\n")
    assert isinstance(resolve(text, root), Manifest)

"""A manifest beside what the real cargo publishes of it: equal in meaning, until something that matters changes."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
import tomli

from batuta_hooks.domain.inheritance import merged_table
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.published_manifest import differing_keys
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.repository import Repository
from tests.support.process import run
from tests.support.repos import make_repo, package

ROOT = """[workspace]
members = ["m", "d"]
[workspace.package]
version = "1.2.3"
description = "desc"
license = "MIT"
[workspace.lints.rust]
unsafe_code = "forbid"
[workspace.dependencies]
d = { path = "d", version = "0.1" }
"""
MEMBER = """[package]
name = "m-m"
version.workspace = true
edition = "2021"
description.workspace = true
license.workspace = true
authors = []
metadata.docs.rs.all-features = true
[lints]
workspace = true
[lib]
crate-type = ["lib"]
[[bin]]
name = "b1"
required-features = ["f"]
test = false
[[example]]
name = "e"
[features]
f = ["d2/x", "g"]
g = []
default = []
[dev-dependencies]
d2 = { path = "../d", package = "d" }
[target.'cfg(not(unix))'.dev-dependencies]
d3 = { path = "../d", package = "d" }
"""


def published(manifest: Path) -> dict[str, Any]:
    """The Cargo.toml that cargo makes when it packages."""
    target = f"{os.environ['CARGO_HOME']}/target"
    options = ["--offline", "--no-verify", "--exclude-lockfile", "--allow-dirty", "--target-dir", target]
    run(["cargo", "package", *options, "--manifest-path", manifest], cwd=manifest.parent)
    archive = next(Path(target, "package").glob("m-m-*.crate"))
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
        file = tar.extractfile(f"{archive.name.removesuffix('.crate')}/Cargo.toml")
        assert file
        return tomli.loads(file.read().decode())


def written(top: Path) -> dict[str, Any]:
    """The member's table as cargo sees it."""
    repository = Repository(str(top), sibling=True)
    manifests = Manifests(repository.tree())
    manifest, root = manifests.load("m/Cargo.toml"), manifests.load("Cargo.toml")
    repository.close()
    assert isinstance(manifest, Manifest)
    assert isinstance(root, Manifest)
    return merged_table(manifest, root)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A workspace, and what cargo publishes of its member."""
    top = tmp_path_factory.mktemp("workspace")
    sources = {f"m/{name}": "fn main() {}\n" for name in ("src/bin/b1.rs", "src/bin/b2.rs", "examples/e.rs")}
    member = package("d", "[features]\nx = []\ny = []")
    files = {"Cargo.toml": ROOT, "m/Cargo.toml": MEMBER, "m/src/lib.rs": "", "d/Cargo.toml": member, "d/src/lib.rs": ""}
    make_repo(top, {**files, **sources})
    return top, published(top / "m" / "Cargo.toml")


@pytest.mark.cargo
def test_same(pair: tuple[Path, dict[str, Any]]) -> None:
    """Inheritance, stripped dev-dependencies, and targets that cargo finds by itself make no difference."""
    assert differing_keys(written(pair[0]), pair[1]) == []


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("file", "old", "new", "keys"),
    [
        ("Cargo.toml", 'version = "1.2.3"', 'version = "1.2.4"', []),
        ("Cargo.toml", 'description = "desc"', 'description = "new"', ["package.description"]),
        ("Cargo.toml", '"forbid"', '"deny"', []),
        ("m/Cargo.toml", "[lib]", "# a comment\n[lib]", []),
        ("m/Cargo.toml", "[lib]", "[profile.release]\nlto = true\n[lib]", []),
        ("m/Cargo.toml", '["lib"]', '["cdylib"]', ["lib"]),
        ("m/Cargo.toml", "[lib]", '[lib]\nname = "other"', ["lib"]),
        ("m/Cargo.toml", "test = false", "test = true", ["bin.b1"]),
        ("m/Cargo.toml", '"d2/x", "g"', '"g", "d2/x"', []),
        ("m/Cargo.toml", "g = []", 'g = ["default"]', ["features.g"]),
        ("m/Cargo.toml", "[dev-dep", "[dependencies]\nd.workspace = true\n[dev-dep", ["dependencies.d"]),
        ("m/Cargo.toml", "authors", 'keywords = ["k"]\nauthors', ["package.keywords"]),
        ("m/Cargo.toml", 'path = "../d", package = "d" }\n[', 'path = "../d", version = "0.1" }\n[', "*"),
    ],
)
def test_changed(pair: tuple[Path, dict[str, Any]], file: str, old: str, new: str, keys: list[str] | str) -> None:
    """What changes the meaning is named, whether it stands in the manifest or is inherited; comments are not."""
    top, before = pair
    text = (top / file).read_text(encoding="utf-8")
    assert old in text
    try:
        (top / file).write_text(text.replace(old, new), encoding="utf-8")
        found = differing_keys(written(top), before)
        assert found == keys or (keys == "*" and "dev-dependencies.d2" in found)
    finally:
        (top / file).write_text(text, encoding="utf-8")


def test_dependencies() -> None:
    """A dependency's requirement, features, defaults, kind and platform count; its path and spelling do not."""

    def table(**sections: Any) -> dict[str, Any]:
        return {"package": {"name": "x", "version": "1.0.0"}, **sections}

    plain = table(dependencies={"a": "1"})
    assert differing_keys(plain, table(dependencies={"a": {"version": "1", "path": "../a"}})) == []
    assert differing_keys(plain, table(dependencies={"a": {"version": "1", "default-features": True}})) == []
    for other in (
        {"a": "1.1"},
        {"a": {"version": "1", "features": ["f"]}},
        {"a": {"version": "1", "default_features": False}},
        {"a": {"version": "1", "optional": True}},
        {"a": {"version": "1", "package": "b"}},
    ):
        assert differing_keys(plain, table(dependencies=other)) == ["dependencies.a"]
    unix = table(target={"cfg(unix)": {"dependencies": {"a": "1"}}})
    assert differing_keys(plain, unix) == ["dependencies.a", "target.cfg(unix).dependencies.a"]
    assert differing_keys(plain, table(**{"build-dependencies": {"a": "1"}})) == [
        "build-dependencies.a",
        "dependencies.a",
    ]

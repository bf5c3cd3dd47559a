"""What the real cargo has just published is unchanged, however its manifest is written; one byte more is a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release import prepare
from batuta_hooks.stack.release_facts import Wish
from tests.support.online import go_online
from tests.support.publishing import publish
from tests.support.registry import FaultyRegistry, index_file
from tests.support.releases import NOW, versions
from tests.support.repos import Repo, make_repo

ROOT = """[workspace]
members = ["core", "top"]
resolver = "2"
[workspace.package]
version = "0.3.0"
edition = "2021"
description = "shared"
license-file = "LICENSE"
readme = "docs/README.md"
keywords = ["one", "two"]
exclude = ["notes"]
[workspace.dependencies]
core = { path = "core", version = "0.3.0", default-features = false }
[workspace.lints.rust]
unused = "warn"
[profile.release]
debug = true
"""
CORE = """[package]
name = "core-of-it"
version.workspace = true
edition.workspace = true
description.workspace = true
license-file.workspace = true
readme.workspace = true
keywords.workspace = true
exclude.workspace = true
build = "build.rs"
[lib]
name = "core_of_it"
[features]
default = ["std"]
std = []
[lints]
workspace = true
"""
TOP = """[package]
name = "top"
version = "0.1.5"
edition.workspace = true
description = "own"
license = "MIT OR Apache-2.0"
repository = "https://example.com/top"
categories = ["development-tools"]
metadata.docs.rs.all-features = true
[dependencies]
renamed = { package = "core-of-it", path = "../core", version = "0.3", features = ["std"], optional = true }
[target.'cfg(unix)'.dependencies]
core-of-it = { path = "../core", version = ">=0.3, <0.4" }
[dev-dependencies]
self_dev = { package = "core-of-it", path = "../core" }
[features]
more = ["dep:renamed", "self_dev/std"]
[[bin]]
name = "tool"
required-features = ["more"]
[[bench]]
name = "speed"
harness = false
"""
FILES = {
    "Cargo.toml": ROOT.replace('core = { path = "core"', 'core-of-it = { path = "core"'),
    "LICENSE": "text\n",
    "docs/README.md": "# it\n",
    "core/Cargo.toml": CORE,
    "core/build.rs": "fn main() {}\n",
    "core/src/lib.rs": "",
    "core/notes/x": "not packaged\n",
    "core/data/with space.txt": "x",
    "top/Cargo.toml": TOP,
    "top/src/lib.rs": "",
    "top/src/bin/tool.rs": "fn main() {}\n",
    "top/benches/speed.rs": "fn main() {}\n",
    "top/examples/e.rs": "fn main() {}\n",
    "top/.hidden": "x",
}


def plan_of(folder: Path) -> Plan:
    """The plan of a stack."""
    return prepare(find_workspace(str(folder)), Wish(), Asking(NOW)).plan


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Repo, FaultyRegistry]:
    """A workspace whose crates the real cargo has published from HEAD, and the registry that holds them."""
    repo = make_repo(tmp_path / "stack" / "ws", FILES)
    registry = FaultyRegistry()
    with AcceptingRegistry(lambda _path: None) as accepting:
        verdict = publish(repo.path, accepting, tmp_path / "home", "--workspace")
        assert verdict.accepted, verdict.said
        for one in accepting.accepted:
            registry.files[f"{one.name}-{one.version}.crate"] = one.archive
            registry.files[index_file(one.name)] = one.line
    go_online(monkeypatch, tmp_path / "stack", registry)
    return repo, registry


@pytest.mark.cargo
@pytest.mark.slow
def test_unchanged_and_changed(published: tuple[Repo, FaultyRegistry]) -> None:
    """Nothing differs right after a publish; then each packaged file and each inherited value makes a change."""
    repo, registry = published
    folder = repo.path.parent
    try:
        assert versions(plan_of(folder)) == {}
        repo.commit("not packaged", {"core/notes/x": "more\n", "README.md": "of the repository\n"})
        assert versions(plan_of(folder)) == {}
        repo.commit("packaged", {"top/.hidden": "y"})
        assert versions(plan_of(folder)) == {"top": "0.1.6"}
        repo.git("reset", "--quiet", "--hard", "HEAD~1")
        repo.commit("inherited readme", {"docs/README.md": "# other\n"})
        plan = plan_of(folder)
        assert versions(plan)["core-of-it"] == "0.3.1"
        release = plan.release("core-of-it")
        assert release is not None
        assert release.reasons == ("changed since 0.3.0: README.md",)
        repo.git("reset", "--quiet", "--hard", "HEAD~1")
        repo.commit("inherited value", {"Cargo.toml": (repo.path / "Cargo.toml").read_text().replace("shared", "new")})
        release = plan_of(folder).release("core-of-it")
        assert release is not None
        assert release.reasons == ("changed since 0.3.0: Cargo.toml: package.description",)
    finally:
        registry.close()

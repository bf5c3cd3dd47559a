"""What a stack names: crates by its manifests and locks, versions by its manifests and tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.named import Named, named_by_stack
from tests.support.repos import make_repo, package

INHERITS = "version.workspace = true"


def named(folder: Path, *, transitive: bool = False) -> Named:
    """What the stack in a folder names."""
    return named_by_stack(find_workspace(str(folder)), transitive=transitive)


def versions(folder: Path) -> dict[str, list[str]]:
    """The versions that are wished for, by crate."""
    wishes = named(folder).wishes
    return {crate: sorted(found) for wish in wishes for crate, found in wish.versions.items()}


def test_crates(tmp_path: Path) -> None:
    """Own crates that may be published, and direct dependencies of every kind; private paths and registries are not."""
    needs = (
        '[dependencies]\na = "1"\nalias = { package = "b", version = "1" }\nsecret = { path = "secret" }\n'
        'helper = { path = "helper", version = "1" }\nown = { version = "1", registry = "company" }\n'
        'forked = { git = "https://example.com/forked" }\n[dev-dependencies]\nc = "1"\n[build-dependencies]\nd = "1"\n'
        "[target.'cfg(unix)'.dependencies]\ne = '1'\n[workspace]"
    )
    inside = package(
        "secret", '[dependencies]\nf = "1"\nsib = { path = "../x", version = "1" }', keys="publish = false"
    )
    make_repo(tmp_path / "r", {"Cargo.toml": package("whole", needs), "secret/Cargo.toml": inside})
    names = set().union(*(wish.crates for wish in named(tmp_path).wishes))
    assert names == {"whole", "a", "b", "c", "d", "e", "f", "helper", "forked"}


def test_what_the_configuration_leaves_out(tmp_path: Path) -> None:
    """Skipped manifests and crates name nothing."""
    files = {
        "Cargo.toml": package("whole", '[dependencies]\na = "1"\n[workspace]'),
        "templates/Cargo.toml": package("template", '[dependencies]\nb = "1"'),
        "old/Cargo.toml": package("legacy", '[dependencies]\nc = "1"'),
    }
    make_repo(tmp_path / "r", files)
    (tmp_path / "batuta-stack.toml").write_text('[skip]\npaths = ["templates"]\n[skip_crates]\nexclude = ["legacy"]\n')
    assert set().union(*(wish.crates for wish in named(tmp_path).wishes)) == {"whole", "a"}


@pytest.mark.parametrize(
    ("tag", "crate"),
    [
        ("v1.2.3", "whole"),
        ("1.2.3", "whole"),
        ("whole-v1.2.3", "whole"),
        ("whole-1.2.3", "whole"),
        ("vwhole-1.2.3", "whole"),
        ("whole@1.2.3", "whole"),
        ("whole/v1.2.3", "whole"),
        ("part-2-v1.2.3", "part-2"),
        ("part-2-1.2.3", "part-2"),
        ("vello-1.2.3", "vello"),
        ("other-1.2.3", ""),
        ("nightly", ""),
        ("v1.2", ""),
        ("v1.2.3.4", ""),
        ("release/1.2.3", ""),
        ("2025.01.02", ""),
    ],
)
def test_tags(tmp_path: Path, tag: str, crate: str) -> None:
    """A tag speaks of the crate that it names, or of the root package; what is no version speaks of nothing."""
    files = {"Cargo.toml": package("whole", "[workspace]\nmembers = ['*-2', 'vello']")}
    files |= {f"{name}/Cargo.toml": package(name, version="0.2.0") for name in ("part-2", "vello")}
    make_repo(tmp_path / "r", files).git("tag", tag)
    found = {"whole": ["0.1.0"], "part-2": ["0.2.0"], "vello": ["0.2.0"]}
    if crate:
        found[crate].append("1.2.3")
    assert versions(tmp_path) == found


def test_tags_of_a_virtual_workspace(tmp_path: Path) -> None:
    """Without a root package a bare tag speaks of the members that share a version; annotated ones count too."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b", "c"]\n[workspace.package]\nversion = "0.4.0"\n',
        "a/Cargo.toml": package("a", version=None, keys=INHERITS),
        "b/Cargo.toml": package("b", version=None, keys=INHERITS),
        "c/Cargo.toml": package("c", version="7.0.0"),
    }
    make_repo(tmp_path / "r", files).git("tag", "--annotate", "--message", "x", "v0.3.0")
    assert versions(tmp_path) == {"a": ["0.3.0", "0.4.0"], "b": ["0.3.0", "0.4.0"], "c": ["7.0.0"]}


def test_locks(tmp_path: Path) -> None:
    """Cargo.lock files beside the manifests count, tracked or not; one that is none is told."""
    source = 'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
    lock = f'version = 4\n[[package]]\nname = "deep"\nversion = "1.0.0"\n{source}'
    repo = make_repo(
        tmp_path / "r", {"Cargo.toml": package("whole", "[workspace]"), "fuzz/Cargo.toml": package("fuzz")}
    )
    repo.write(
        {"Cargo.lock": lock, "fuzz/Cargo.lock": "version = 7", "elsewhere/Cargo.lock": lock.replace("deep", "no")}
    )
    assert set().union(*(wish.crates for wish in named(tmp_path).wishes)) == {"whole", "fuzz"}
    found = named(tmp_path, transitive=True)
    assert set().union(*(wish.crates for wish in found.wishes)) == {"whole", "fuzz", "deep"}
    (note,) = found.notes
    assert note.startswith("r/fuzz/Cargo.lock: not read: it has version 7")

"""The packaged files of a crate, against ``cargo package --list`` of the real cargo in a clean clone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.package_files import GENERATED, NotPackaged, packaged_files
from batuta_hooks.domain.package_globs import InvalidGlob
from batuta_hooks.domain.workspace import Manifests, inherits
from batuta_hooks.gather.repository import Repository
from tests.support.cargo import stub_sources, workspace
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package


def ours(repo: Repo, path: str = "Cargo.toml") -> list[str] | str:
    """The packaged files at HEAD as this project sees them; why there are none where cargo would refuse."""
    repository = Repository(str(repo.path), "", sibling=True)
    tree = repository.commit_tree(repository.commit("HEAD"))
    manifests = Manifests(tree)
    manifest = manifests.load(path)
    assert isinstance(manifest, Manifest)
    root = manifests.root_of(manifest) if inherits(manifest) else None
    try:
        return sorted(packaged_files(manifest, root if isinstance(root, Manifest) else None, tree))
    except (InvalidGlob, NotPackaged) as refused:
        return str(refused)
    finally:
        repository.close()


def cargos(repo: Repo, path: str = "Cargo.toml") -> list[str] | str:
    """The same as cargo sees it; what it takes out of the folder .git, if a glob is wide enough, is left out."""
    command = ["cargo", "package", "--list", "--offline", "--quiet", "--allow-dirty", "--exclude-lockfile"]
    done = run([*command, "--manifest-path", repo.path / path], cwd=repo.path, code=None)
    if done.returncode:
        return done.stderr
    return sorted(name for name in done.stdout.splitlines() if name not in GENERATED and not name.startswith(".git/"))


def agree(repo: Repo, path: str = "Cargo.toml") -> list[str]:
    """What both say."""
    mine, theirs = ours(repo, path), cargos(repo, path)
    assert isinstance(mine, str) == isinstance(theirs, str), (mine, theirs)
    if isinstance(mine, str):
        return []
    assert mine == theirs
    return mine


SOURCES = {"src/lib.rs": "", "build.rs": "fn main() {}\n"}


@pytest.mark.cargo
def test_nested_packages_and_generated_files(tmp_path: Path) -> None:
    """Other packages below are left out, Cargo.lock of the top is cargo's to make, and what git tracks counts."""
    files = {
        "Cargo.toml": package("p", "[workspace]"),
        "Cargo.lock": "version = 4\n",
        "lonely/Cargo.lock": "x",
        "sub/Cargo.toml": package("sub", "[workspace]"),
        "sub/src/lib.rs": "",
        "upper/cargo.toml": "x",
        ".hidden/x": "x",
        ".gitignore": "ignored\n",
        "ignored": "x",
        "with space": "x",
        **SOURCES,
    }
    repo = make_repo(tmp_path, files)
    found = agree(repo)
    assert "lonely/Cargo.lock" in found
    assert not any(name.startswith("sub/") or name in ("Cargo.lock", "ignored") for name in found)
    repo.write({"target/x": "x"})
    repo.git("add", "--force", "target/x", "ignored")
    repo.git("commit", "--quiet", "--message", "forced")
    assert {"target/x", "ignored"} <= set(agree(repo))


@pytest.mark.cargo
@pytest.mark.parametrize("keys", ["", 'include = ["data", "*.link", "real/g"]', 'exclude = ["real"]'])
def test_links(tmp_path: Path, keys: str) -> None:
    """A link to a folder is what lies in it, under the link's name; one to a file is a file."""
    repo = make_repo(
        tmp_path,
        {"Cargo.toml": package("p", keys=keys), "real/g": "x", "real/deep/h": "x", "data/own": "x", **SOURCES},
        commit=False,
    )
    other = {"other/Cargo.toml": package("other", "[workspace]"), "other/src/lib.rs": ""}
    repo.write(other)
    links = {"data/folder": "../real", "a.link": "real/g", "data/package": "../other", "b.link": "a.link"}
    for name, target in links.items():
        os.symlink(target, tmp_path / name)
    repo.commit()
    assert "data/folder/deep/h" in agree(repo)


@pytest.mark.cargo
def test_inherited_and_named_files(tmp_path: Path) -> None:
    """Inherited globs and readme count from their root; what is named outside of the package is copied into it."""
    shared = '[workspace]\nmembers = ["a", "b"]\n[workspace.package]\nexclude = ["secret*"]\nreadme = "docs/R.md"\n'
    keys = 'license-file = "../LICENSE"\nexclude.workspace = true\nreadme.workspace = true'
    repo = make_repo(
        tmp_path,
        {
            "Cargo.toml": shared,
            "LICENSE": "x",
            "docs/R.md": "x",
            "a/Cargo.toml": package("a", keys=keys),
            "a/secret.txt": "x",
            "a/src/lib.rs": "",
            "b/Cargo.toml": package("b", keys='exclude = ["README.md"]'),
            "b/README.md": "x",
            "b/src/lib.rs": "",
        },
    )
    assert agree(repo, "a/Cargo.toml") == ["Cargo.toml", "LICENSE", "R.md", "src/lib.rs"]
    assert agree(repo, "b/Cargo.toml") == ["Cargo.toml", "README.md", "src/lib.rs"]


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("keys", "more"),
    [
        ('license-file = "gone"', {}),
        ('readme = "gone.md"', {}),
        ("", {".cargo_vcs_info.json": "{}"}),
        ("", {"Cargo.toml.orig": "x"}),
        ('include = ["{a"]', {}),
    ],
)
def test_refused(tmp_path: Path, keys: str, more: Mapping[str, str]) -> None:
    """Where cargo refuses to package, so does this project."""
    repo = make_repo(tmp_path, {"Cargo.toml": package("p", keys=keys), **SOURCES, **more})
    assert agree(repo) == []
    assert isinstance(ours(repo), str)


_PARTS = st.sampled_from(
    ["a", "b", "x", "*", "**", "?", "/", "[ab]", "[!a]", "{a,b}", ".", "!", "#", " ", "\\a", "**/", "/**", "{", "src"]
)
_GLOB = st.lists(_PARTS, min_size=1, max_size=5).map("".join)
_NAMES = st.lists(st.sampled_from(["a", "b", "ab", "x", "a.b", "Cargo.toml", ".x", "target"]), min_size=1, max_size=3)


@pytest.mark.cargo
def test_a_folder_with_a_manifests_name(tmp_path: Path) -> None:
    """Cargo's walk takes it for another package, git's list does not."""
    for key, listed in (("include", ["Cargo.toml"]), ("exclude", ["Cargo.toml", "a/Cargo.toml/a", "src/lib.rs"])):
        glob = "a" if key == "include" else "x"
        manifest = package("p", "[workspace]\n[lib]\npath = 'src/lib.rs'", keys=f"{key} = ['{glob}']")
        files = {"Cargo.toml": manifest, "src/lib.rs": "", "a/Cargo.toml/a": "x"}
        assert agree(make_repo(tmp_path / key, files)) == listed


@pytest.mark.cargo
@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    key=st.sampled_from(["include", "exclude"]),
    globs=st.lists(_GLOB, max_size=3),
    names=st.lists(_NAMES, max_size=8),
    links=st.lists(st.tuples(_NAMES, _NAMES), max_size=2),
)
def test_generated_repositories(
    tmp_path_factory: pytest.TempPathFactory,
    key: str,
    globs: list[str],
    names: list[list[str]],
    links: list[tuple[list[str], list[str]]],
) -> None:
    """Whatever files, links and globs there are, both lists are equal, or both refuse."""
    folder = tmp_path_factory.mktemp("generated")
    listed = ", ".join(f"'{glob}'" for glob in globs)
    manifest = package("p", "[workspace]\n[lib]\npath = 'src/lib.rs'", keys=f"{key} = [{listed}]")
    repo = make_repo(folder, {"Cargo.toml": manifest, "src/lib.rs": ""}, commit=False)
    for parts in names:
        _try_to_write(folder.joinpath(*parts), package("n", "[workspace]") if parts[-1] == "Cargo.toml" else "x")
    for parts, target in links:
        place = folder.joinpath(*parts)
        if place.parent.is_dir() and not os.path.lexists(place) and place.name != "Cargo.toml":
            goal = os.path.relpath(folder.joinpath(*target), place.parent)
            if folder.joinpath(*target).exists() and not place.is_relative_to(folder.joinpath(*target)):
                place.symlink_to(goal)
    repo.commit()
    agree(repo)


def _try_to_write(file: Path, text: str) -> None:
    if any(parent.is_file() for parent in file.parents) or file.exists() or file.name == "target":
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


DATA = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")


@pytest.mark.cargo
@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the manifests of the real stack, see BATUTA_REAL_DATA")
def test_real_stack(tmp_path: Path) -> None:
    """For every crate of the real stack that cargo loads, both lists are equal, or both refuse."""
    compared = refused = 0
    for source in sorted((DATA / "paiml").iterdir()):
        top = tmp_path / source.name
        shutil.copytree(source, top)
        stub_sources(top)
        for folder in ("docs", "examples/data", "src/inner"):
            (top / folder).mkdir(parents=True, exist_ok=True)
            (top / folder / "more.txt").write_text("x")
        repo = make_repo(top)
        for manifest in sorted(top.rglob("Cargo.toml")):
            if isinstance(workspace(manifest), str) or "[package]" not in manifest.read_text(encoding="utf-8"):
                continue
            if agree(repo, manifest.relative_to(top).as_posix()):
                compared += 1
            else:
                refused += 1
    assert (compared, refused) == (127, 0)

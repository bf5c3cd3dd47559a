"""A guard of a repository with very many manifests says the same whatever it remembers of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from batuta_hooks.guards.path_deps import main as path_deps
from batuta_hooks.guards.version_alignment import main as version_alignment
from tests.guards.asking import ask, judge
from tests.support.repos import Repo, make_repo, package

COUNT = 320
ROOT = '[workspace]\nmembers = ["m/*"]\n[workspace.package]\nversion = "0.3.0"\n[workspace.dependencies]\n'
SHARED = ['arrow = "54"', 'serde = { version = "1", features = ["derive"] }', 'm0 = { path = "m/m0", version = "0.3" }']
NEEDS = [
    'arrow = "53"',
    "arrow = { workspace = true }",
    'serde = { workspace = true, features = ["rc"] }',
    'm1 = { path = "../m1", version = "0.3" }',
    'm1 = { path = "../m1" }',
    'gone = { path = "../gone" }',
    'outside = { path = "../../../outside" }',
    'other = { git = "https://example.com/other" }',
    'any = "*"',
    "m0.workspace = true",
    "absent = { workspace = true }",
    'm2 = { path = "../m2", version = "0.9" }',
]
FAULTS = ["= broken\n", "[badges]\nx = 1\n", "[package.metadata]\nday = 2024-01-01\nbig = inf\n"]


def member(chance: random.Random, number: int) -> str:
    """A manifest that needs some others, now and then with a mistake."""
    keys = chance.choice(["", "publish = false", 'rust-version = "1.70"'])
    needs = "\n".join(["[dependencies]", *chance.sample(NEEDS, chance.choice([0, 1, 1, 2, 3]))])
    version = chance.choice(['version = "0.3.0"', "version.workspace = true"])
    end = chance.choice(FAULTS) if chance.random() < 0.05 else ""
    names = [line.partition(" ")[0].partition(".")[0] for line in needs.split("\n")[1:]]
    text = needs if len(set(names)) == len(names) else ""
    return package(f"m{number}", f"{text}\n{end}", version=None, keys=f"{version}\n{keys}")


def change(chance: random.Random, repo: Repo) -> None:
    """Stage a change of a manifest or two, or of the root."""
    for number in chance.sample(range(COUNT), chance.choice([1, 1, 2])):
        repo.write({f"m/m{number}/Cargo.toml": member(chance, number)})
    kind = chance.choice(["member", "root", "less", "more"])
    if kind == "root":
        repo.write({"Cargo.toml": ROOT + "\n".join(chance.sample(SHARED, chance.choice([2, 3]))) + "\n"})
    elif kind == "less":
        repo.git("rm", "-rqf", "--ignore-unmatch", f"m/m{chance.randrange(COUNT)}")
    elif kind == "more":
        repo.write({f"m/more{chance.randrange(9)}/Cargo.toml": package("more")})
    repo.git("add", "--all")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_the_same_with_and_without(tmp_path: Path, seed: int) -> None:
    """After each of some changes both guards find what they find where nothing is remembered yet, byte for byte."""
    chance = random.Random(seed)
    files = {f"m/m{number}/Cargo.toml": member(chance, number) for number in range(COUNT)}
    repo = make_repo(tmp_path / "repo", {"Cargo.toml": ROOT + "\n".join(SHARED) + "\n", **files})
    for turn in range(2 if seed == 1 else 6):
        change(chance, repo)
        for guard in (path_deps, version_alignment):
            for options in (["--stage", "commit"], [], ["--source", "HEAD"]):
                asked = ["--format", "json", *options]
                warm = ask(repo.path, *asked, env={"BATUTA_CACHE_DIR": str(tmp_path / "warm")}, guard=guard)
                cold = ask(repo.path, *asked, env={"BATUTA_CACHE_DIR": str(tmp_path / f"{turn}")}, guard=guard)
                assert warm == cold
                assert warm.code in (0, 1)
    assert list((tmp_path / "warm").rglob("manifests-v1/*"))


def test_a_small_repository_leaves_no_file(tmp_path: Path) -> None:
    """Where there are few manifests nothing is written down."""
    repo = make_repo(tmp_path / "repo", {"Cargo.toml": package("a")})
    judge(repo.path, "--stage", "commit", env={"BATUTA_CACHE_DIR": str(tmp_path / "cache")})
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the cache's folder cannot be made the guard finds the same and says nothing about it."""
    files = {f"m/m{number}/Cargo.toml": package(f"m{number}", '[dependencies]\nx = "*"') for number in range(COUNT)}
    repo = make_repo(tmp_path / "repo", {"Cargo.toml": ROOT, **files})
    (tmp_path / "manifests-v1").write_bytes(b"")
    found = judge(repo.path, "--stage", "commit", env={"BATUTA_CACHE_DIR": str(tmp_path)})
    assert len(found.findings) == COUNT

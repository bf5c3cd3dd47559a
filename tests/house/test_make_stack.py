"""The stacks that figures are measured on: real repositories, of the size that was asked for, sound but for splits."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tests.support.process import run

MAKER = ROOT / "benchmarks" / "make_stack.py"
SIZE = ("--repositories", "6", "--manifests", "30")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small stack and its cache."""
    folder = tmp_path_factory.mktemp("made")
    run([sys.executable, MAKER, folder, *SIZE], timeout_s=120)
    return folder


def repositories(folder: Path) -> list[Path]:
    """The repositories of a stack."""
    return sorted(path.parent for path in (folder / "stack").glob("*/.git"))


def test_size_and_state(made: Path) -> None:
    """As many repositories and manifests as wanted, each sound for git, clean, with one commit."""
    found = repositories(made)
    assert len(found) == 6
    assert sum(1 for _ in (made / "stack").rglob("Cargo.toml")) == 30
    for one in found:
        run(["git", "fsck", "--strict"], cwd=one)
        assert run(["git", "status", "--porcelain"], cwd=one).stdout == ""
        assert run(["git", "rev-list", "--count", "--all"], cwd=one).stdout == "1\n"


def test_the_check_is_warm_and_finds_no_error(made: Path) -> None:
    """Without a network everything is known, nothing is refused, and lock files follow their manifests."""
    env = {**os.environ, "BATUTA_CACHE_DIR": str(made / "cache")}
    command = [sys.executable, "-m", "batuta_hooks.cli", "check", "--offline", "--format", "json"]
    found = json.loads(run([*command, "--workspace", made / "stack"], cwd=ROOT, env=env, timeout_s=120).stdout)
    assert found["summary"]["total_crates"] == 30
    assert (found["summary"]["errors"], found["unknown"]) == (0, [])
    assert {crate["publishable"]["verdict"] for crate in found["crates"]} <= {"published", "now", "after", "never"}
    assert {one["code"] for one in found["findings"]} <= {"VA005", "VA009"}
    assert [one for one in found["findings"] if "--locked" in one["message"]] == []


@pytest.mark.cargo
def test_cargo_loads_it(made: Path) -> None:
    """cargo reads every manifest, and takes the lock files for its own."""
    for one in repositories(made):
        run(["cargo", "metadata", "--format-version=1", "--no-deps", "--offline"], cwd=one)


@pytest.mark.slow
def test_the_same_seed_makes_the_same(made: Path, tmp_path: Path) -> None:
    """A stack can be made again, commit by commit; another seed makes another."""
    run([sys.executable, MAKER, tmp_path / "again", *SIZE], timeout_s=120)
    run([sys.executable, MAKER, tmp_path / "other", *SIZE, "--seed", "2"], timeout_s=120)
    heads = [
        [run(["git", "rev-parse", "HEAD"], cwd=one).stdout for one in repositories(folder)]
        for folder in (made, tmp_path / "again", tmp_path / "other")
    ]
    assert heads[0] == heads[1] != heads[2]


def test_sizes_that_cannot_be() -> None:
    """Fewer manifests than repositories are refused."""
    run([sys.executable, MAKER, "nowhere", "--repositories", "5", "--manifests", "3"], code=2)

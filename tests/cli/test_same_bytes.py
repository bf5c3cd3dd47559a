"""The same input gives the same bytes, in whatever order a process happens to keep its sets."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.online import go_online
from tests.support.process import run, unmeasured
from tests.support.registry import FaultyRegistry, index_file, index_line
from tests.support.repos import Repo, make_repo, package

SEEDS = ("1", "2", "3", "4")
NAMES = ("anyhow", "bytes", "csv", "dashmap", "either", "flate2")

CHECK = ["check", "--verbose", "--format"]
RUNS = [
    [*CHECK, "json"],
    [*CHECK, "text", "--deep"],
    [*CHECK, "markdown"],
    [*CHECK, "sarif"],
    ["check", "--what-if", "csv=2.0.0", "--format", "json"],
    ["status", "--format", "json"],
    ["status", "--tree"],
    ["status", "--format", "dot"],
    ["sync", "--dry-run", "--align", "csv=2", "--format", "json"],
    ["release", "--dry-run", "--all", "--format", "json"],
    ["config", "show"],
]
GUARDS = [("batuta-path-deps", "json"), ("batuta-version-alignment", "json"), ("batuta-version-alignment", "text")]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stack in which much is wrong in several ways at once."""
    folder = tmp_path / "stack"
    with FaultyRegistry() as registry:
        go_online(monkeypatch, folder, registry)
        for name in NAMES:
            lines = [index_line(name, version, features={"std": [], name: []}) for version in ("1.0.0", "1.1.0")]
            registry.files[index_file(name)] = b"".join(lines)
        wrong = "\n".join(
            f'{name} = {{ version = "1", features = ["zeta", "alpha", "mid", "{name}", "std"] }}' for name in NAMES
        )
        make_repo(folder / "all", {"Cargo.toml": package("all", f"[dependencies]\n{wrong}")})
        for number, name in enumerate(("one", "two", "three")):
            needs = "".join(f'{crate} = "{number}"\n' for crate in NAMES) + "".join(
                f'{other} = {{ path = "../{other}", version = "0.1", features = ["x{number}", "y"] }}\n'
                for other in ("one", "two", "three", "all")
                if other != name
            )
            features = "[features]\n" + "".join(f'f{feature} = ["no{feature}"]\n' for feature in range(number))
            make_repo(folder / name, {"Cargo.toml": package(name, f"[dependencies]\n{needs}unheard-{name} = '1'\n")})
            Repo(folder / name).commit("features", {"inner/Cargo.toml": package(f"inner-{name}", features)})
        run([Path(sys.executable).with_name("batuta-stack"), "cache", "warm"], env=unmeasured(), code=None)
        yield folder


def said(command: list[str], folder: Path, seed: str) -> tuple[str, str, int]:
    """What a command says, and its code."""
    env = {**unmeasured(), "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": "1795780000", "BATUTA_OFFLINE": "1"}
    done = run([Path(sys.executable).with_name(command[0]), *command[1:]], cwd=folder, env=env, code=None)
    return re.sub(r'"data_age_s": \d+', "", done.stdout), done.stderr, done.returncode  # a guard's age is a real one


@pytest.mark.slow
@pytest.mark.parametrize("arguments", RUNS, ids=" ".join)
def test_batuta_stack(stack: Path, arguments: list[str]) -> None:
    """Every report is the same, byte for byte."""
    first, *others = (said(["batuta-stack", *arguments], stack, seed) for seed in SEEDS)
    assert first[2] in (0, 1)
    for other in others:
        assert other == first


@pytest.mark.parametrize(("guard", "format_"), GUARDS)
def test_guards(stack: Path, guard: str, format_: str) -> None:
    """A guard says the same, byte for byte, whatever the order of its sets."""
    folder = stack / "all"
    first, *others = (said([guard, "--format", format_, "--strict"], folder, seed) for seed in SEEDS)
    for other in others:
        assert other == first

"""The Makefile and .ci/run: what they need, what they set up by themselves and what they run."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.house.repository import ROOT, files
from tests.support.process import run, unmeasured

TARGETS = {"demo", "test", "test-slow", "test-live", "lint", "bench", "clean", "lock"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone of the repository holds, in a folder with a space in its name."""
    folder = tmp_path / "a clone"
    for path in files():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


def dry(target: str, folder: Path) -> str:
    """The commands that `make` would run for `target`."""
    return run(["make", "--dry-run", "--no-print-directory", target], cwd=folder).stdout


@pytest.mark.parametrize("target", sorted(TARGETS - {"clean"}))
def test_every_target_sets_up_the_environment_from_the_lock(target: str, clone: Path) -> None:
    """In a fresh clone each target begins with .venv, from hashes; the project itself comes without dependencies."""
    commands = dry(target, clone)
    lock = commands.index("--require-hashes --requirement requirements/dev.txt")
    assert commands.index("-m venv") < lock < commands.index("--no-deps --no-build-isolation --editable .")


def test_tests_are_linted_and_measured(clone: Path) -> None:
    """`make test` runs all linters, then the quick tests under coverage; the slow ones are another target."""
    commands = dry("test", clone)
    order = ["ruff check .", "ruff format --check .", "bin/mypy", "not slow and not live", "coverage report"]
    assert sorted(order, key=commands.index) == order
    assert "'slow and not live'" in dry("test-slow", clone)
    assert "pytest -m live" in dry("test-live", clone)


def test_benchmarks_run_one_after_the_other(clone: Path) -> None:
    """`make bench` runs every bench_*.py in order, nothing else of that folder, and stops at the first that fails."""
    shutil.rmtree(clone / "benchmarks", ignore_errors=True)
    (clone / "benchmarks").mkdir()
    for name, text in {
        "bench_b": "print('b')",
        "bench_a": "print('a')",
        "bench_c": "1 / 0",
        "bench_d": "print('d')",
    }.items():
        (clone / "benchmarks" / f"{name}.py").write_text(text + "\n", encoding="utf-8")
    (clone / "benchmarks" / "shared.py").write_text("print('shared')\n", encoding="utf-8")
    (clone / ".venv").symlink_to(ROOT / ".venv")
    done = run(["make", "--old-file", ".venv/.ready", "bench"], cwd=clone, code=2)
    assert re.findall(r"^\w$|shared$", done.stdout, re.MULTILINE) == ["a", "b"]
    assert "ZeroDivisionError" in done.stderr


def test_a_machine_without_python_is_told_so(clone: Path) -> None:
    """One sentence says what is missing and how to name it; no half-made environment is left."""
    done = run(["make", "PYTHON=false /nowhere/python3", "demo"], cwd=clone, code=2)
    assert "error: no Python 3.11 or newer" in done.stderr
    assert "make PYTHON=" in done.stderr
    assert not (clone / ".venv").exists()


def test_ci_runs_all_parts_without_a_terminal(clone: Path, tmp_path: Path) -> None:
    """.ci/run calls `make test`, `test-slow` and `test-live` in the repository's folder, and stops where one fails."""
    log = tmp_path / "log"
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(f'#!/bin/sh\necho "$PWD $CI $*" >>"{log}"\ncat >>"{log}"\ntest "$*" != "$STOP"\n', encoding="utf-8")
    make.chmod(0o755)
    env = {**os.environ, "PATH": f"{make.parent}:{os.environ['PATH']}", "STOP": ""}
    run([clone / ".ci" / "run"], cwd=tmp_path, env=env, stdin="typed")
    lines = [f"{clone} true {target}\n" for target in ("test", "test-slow", "test-live")]
    assert log.read_text(encoding="utf-8") == "".join(lines)
    log.unlink()
    run([clone / ".ci" / "run"], cwd=tmp_path, env={**env, "STOP": "test"}, code=1)
    assert log.read_text(encoding="utf-8") == f"{clone} true test\n"


@pytest.mark.slow
def test_a_fresh_clone_sets_itself_up(clone: Path) -> None:
    """With an empty home, no pip cache and a space in its path, one command leads to a working environment."""
    before = {path.name for path in clone.iterdir()}
    env = unmeasured()
    run(["make", ".venv/.ready"], cwd=clone, env=env, timeout_s=900)
    assert {path.name for path in clone.iterdir()} == before | {".venv"}
    for script in ("batuta-path-deps", "batuta-stack"):
        assert run([clone / ".venv" / "bin" / script, "--version"], env=env).stdout
    assert "up to date" in run(["make", ".venv/.ready"], cwd=clone, env=env).stdout
    # An environment that lost its interpreter is made anew.
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / ".ready").unlink()
    run(["make", ".venv/.ready"], cwd=clone, env=env, timeout_s=900)
    run(["make", "clean"], cwd=clone, env=env)
    assert {path.name for path in clone.iterdir()} == before

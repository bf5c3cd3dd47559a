"""The program is named by its sources, so that what one state of it has found out is not believed by another."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import batuta_hooks
from tests.support.process import run, unmeasured

ASK = "from batuta_hooks.gather.program import program; print(program())"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package."""
    return Path(shutil.copytree(batuta_hooks.__path__[0], tmp_path / "batuta_hooks"))


def name_of(package: Path) -> str:
    """What a program calls itself whose files are these."""
    env = {**unmeasured(), "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    return run([sys.executable, "-c", ASK], cwd=package.parent, env=env).stdout.strip()


def test_its_sources(package: Path) -> None:
    """The same as long as they are, another one once any of them has changed; what Python compiles does not count."""
    first = name_of(package)
    run([sys.executable, "-m", "compileall", "-q", package / "checks"], cwd=package.parent)
    assert name_of(package) == first
    source = package / "checks/path_deps.py"
    source.write_bytes(source.read_bytes() + b"\n")
    assert name_of(package) != first


def test_without_sources(package: Path) -> None:
    """Where it is installed without sources its version has to do."""
    run([sys.executable, "-m", "compileall", "-q", "-b", package], cwd=package.parent)
    for source in package.rglob("*.py"):
        source.unlink()
    assert name_of(package) == version("batuta-hooks")

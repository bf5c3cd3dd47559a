"""The import rules of pyproject.toml are kept, and would notice each way of breaking them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import PACKAGE, ROOT, python_files
from tests.support.process import run

# Offences by the module that is added for them, and what the report must say of each.
OFFENCES = {
    "checks/planted_clock.py": ("import time", "checks.planted_clock -> time"),
    "checks/planted_git.py": ("from batuta_hooks.git import planted", "checks.planted_git -> batuta_hooks.git.planted"),
    "checks/planted_gather.py": (
        "from batuta_hooks.gather import planted",
        "checks.planted_gather -> batuta_hooks.gather.planted",
    ),
    "domain/planted_os.py": ("from os import path", "domain.planted_os -> os"),
    "domain/planted_check.py": (
        "from batuta_hooks.checks import planted_clock",
        "domain.planted_check -> batuta_hooks.checks.planted_clock",
    ),
    "cli/planted.py": ("import typer", ""),
    "git/planted.py": ("", ""),
    "gather/planted.py": ("import dulwich", "gather.planted -> dulwich"),
    "gather/planted_cache.py": ("import diskcache", "gather.planted_cache -> diskcache"),
    "guards/planted_chain.py": (
        "from batuta_hooks.gather import planted_cache",
        "guards.planted_chain -> batuta_hooks.gather.planted_cache",
    ),
    "guards/planted_function.py": ("def f():\n    import typer", "guards.planted_function -> typer"),
    "guards/planted_stack.py": (
        "from batuta_hooks.stack import planted",
        "guards.planted_stack -> batuta_hooks.stack.planted",
    ),
    "guards/planted_cli.py": ("from batuta_hooks.cli import planted", "guards.planted_cli -> batuta_hooks.cli.planted"),
    "registry/planted.py": ("import requests.adapters", "registry.planted -> requests"),
    "registry/wire.py": ("import requests", ""),
    "report/planted.py": ("import rich.table", "report.planted -> rich"),
    "stack/planted.py": ("import tomlkit", "stack.planted -> tomlkit"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Judge the package in `folder` by the contracts of the pyproject.toml beside it."""
    # import-linter puts the current folder first, so that a copy is judged and not the installed package.
    return run([Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo"], cwd=folder, code=None)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and of the contracts, to be spoilt."""
    shutil.copytree(PACKAGE, tmp_path / "batuta_hooks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_are_kept() -> None:
    """The package as it is breaks no import rule."""
    judged = lint_imports(ROOT)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "0 broken" in judged.stdout


def test_a_room_that_the_house_does_not_know_is_refused(copy: Path) -> None:
    """Whoever adds a `utils` learns that there is no such room."""
    (copy / "batuta_hooks" / "utils").mkdir()
    for name in ("__init__.py", "text.py"):
        (copy / "batuta_hooks" / "utils" / name).touch()
    judged = lint_imports(copy)
    assert judged.returncode != 0
    assert re.search(r"not listed as layers.*utils", judged.stdout, re.DOTALL), judged.stdout


def test_scripts_below_the_package_are_no_room(copy: Path) -> None:
    """The hook scripts lie in a folder of the package that holds data alone, which breaks nothing."""
    (copy / "batuta_hooks" / "hooks").mkdir()
    (copy / "batuta_hooks" / "hooks" / "pre-commit").write_text("#!/bin/sh\n", encoding="utf-8")
    assert lint_imports(copy).returncode == 0


def test_every_offence_is_found(copy: Path) -> None:
    """Each forbidden import, direct, inside a function or through a third module, is named by the report."""
    for name, (text, _) in OFFENCES.items():
        (copy / "batuta_hooks" / name).write_text(text + "\n", encoding="utf-8")
    judged = lint_imports(copy)
    assert judged.returncode != 0
    lines = " ".join(judged.stdout.split())
    missed = [said for _, said in OFFENCES.values() if said and f"batuta_hooks.{said}" not in lines]
    assert not missed, judged.stdout
    assert "batuta_hooks.registry.wire -> requests" not in lines
    assert "batuta_hooks.cli.planted -> typer" not in lines.partition("are behind cli -----")[2]
    # The indirect way from a guard is a broken rule of its own.
    assert re.search(r"batuta_hooks\.guards is not allowed to import diskcache", lines), judged.stdout


def test_every_folder_with_python_is_a_package() -> None:
    """A folder without __init__.py would escape the import rules."""
    folders = {path.parent for path in python_files(PACKAGE)}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []

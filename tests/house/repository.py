"""The repository as its own subject: where it lies, which files belong to it, what its pyproject.toml says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import tomli

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "batuta_hooks"


def files() -> list[Path]:
    """What a clone holds, and what is new and not ignored: absolute paths of regular files, sorted."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted({path for name in listed if name and (path := ROOT / name).is_file()})


def python_files(folder: Path) -> list[Path]:
    """The Python files below `folder` that belong to the repository."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(folder)]


def pyproject() -> dict[str, Any]:
    """The tables of pyproject.toml."""
    return tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def console_scripts() -> dict[str, str]:
    """Name of each console script to its `module:function`."""
    scripts: dict[str, str] = pyproject()["project"]["scripts"]
    return scripts


def lower_bounds() -> dict[str, str]:
    """Name of each runtime dependency, those of extras too, to its oldest version that is promised to work."""
    bounds = {}
    project = pyproject()["project"]
    extras = (requirement for extra in project["optional-dependencies"].values() for requirement in extra)
    for requirement in (*project["dependencies"], *extras):
        found = re.fullmatch(r"([a-z0-9-]+)>=([0-9.]+)", requirement)
        assert found, f"{requirement!r}: a runtime dependency is a name and a lower bound, and nothing else"
        bounds[found[1]] = found[2]
    return bounds

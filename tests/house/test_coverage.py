"""Coverage counts what tests run in processes of their own, quietly and without traces elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tests.support.process import run, unmeasured

# Starts a console script in another folder, and fails where the measurement shows in what it prints.
MEASURED = """
import subprocess, sys
for command in ([sys.argv[1], "--version"], [sys.executable, "-c", "pass"]):
    done = subprocess.run(command, cwd=sys.argv[2], capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
"""


@pytest.mark.slow
def test_a_console_script_in_another_folder_counts(tmp_path: Path) -> None:
    """The lines that a child process runs are in the combined report; its folder stays empty, its output clean."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    shutil.copy(ROOT / "pyproject.toml", project)
    (project / "measured.py").write_text(MEASURED, encoding="utf-8")
    env = unmeasured()
    programs = Path(sys.executable).parent
    run([programs / "coverage", "run", "measured.py", programs / "batuta-path-deps", elsewhere], cwd=project, env=env)
    run([programs / "coverage", "combine", "--quiet"], cwd=project, env=env)
    run([programs / "coverage", "json", "--quiet", "--fail-under=0", "-o", "report.json"], cwd=project, env=env)
    report = json.loads((project / "report.json").read_text(encoding="utf-8"))
    (guard,) = (file for name, file in report["files"].items() if name.endswith("batuta_hooks/guards/path_deps.py"))
    assert guard["summary"]["num_branches"] is not None
    assert any("main" in name and part["executed_lines"] for name, part in guard["functions"].items())
    assert list(elsewhere.iterdir()) == []
    assert {path.name for path in project.iterdir()} == {".cache", "measured.py", "pyproject.toml", "report.json"}

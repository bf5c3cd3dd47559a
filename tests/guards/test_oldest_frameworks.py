"""The oldest versions of the frameworks that docs/hooks.md promises: what it says of the newest holds for them too."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tests.support.process import run
from tests.support.pushes import BIN, Pushing
from tests.support.repos import package

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
MANAGED = {"pre-commit": "legacy", "prek": "legacy", "lefthook": "lefthook", "husky": "husky"}


def oldest(framework: str) -> str:
    """The version that the page promises."""
    found = re.search(rf"^\| {framework} \| (\d+(?:\.\d+)+) ", PAGE, re.MULTILINE)
    assert found, f"docs/hooks.md does not say since which version of {framework}"
    return found[1]


def programs(framework: str, version: str, folder: Path) -> Path:
    """Install a version of a framework into an environment of its own, and return the folder of its programs."""
    if framework == "husky":
        (folder / "package.json").write_text('{"private": true}\n')
        run(["npm", "install", "--silent", "--no-audit", "--no-fund", f"husky@{version}"], cwd=folder)
        return folder / "node_modules" / ".bin"
    run([sys.executable, "-m", "venv", folder / "venv"])
    pip: list[str | Path] = [
        folder / "venv" / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    run([*pip, f"{framework}=={version}"])
    return folder / "venv" / "bin"


@pytest.mark.parametrize("framework", MANAGED)
def test_a_wrong_tag_does_not_leave(framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the oldest promised version our hooks are reached by a push of a tag alone, and the doctor says so."""
    found = programs(framework, oldest(framework), tmp_path)
    monkeypatch.setenv("PATH", f"{found}:{BIN}", prepend=":")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    monkeypatch.setenv("PREK_HOME", str(tmp_path / "prek"))
    pushing = Pushing.make(tmp_path / "x", {"Cargo.toml": package("a")})
    pushing.repo.commit("configure", {".pre-commit-config.yaml": "repos: []\n", "lefthook.yml": "pre-push: {}\n"})
    if framework == "husky":
        run([found / "husky"], cwd=pushing.repo.path)
    elif framework == "lefthook":
        run([found / "lefthook", "install"], cwd=pushing.repo.path)
    else:
        run([found / framework, "install", "--hook-type=pre-push"], cwd=pushing.repo.path)
    told = run(["batuta-stack", "hooks", "install", "--format", "json"], cwd=pushing.repo.path).stdout
    assert f'"lane": "{MANAGED[framework]}"' in told
    pushing.repo.git("tag", "v0.9.0")
    done = run(["git", "push", "origin", "v0.9.0"], cwd=pushing.repo.path, code=1)
    assert "TC002" in done.stdout + done.stderr
    told = run(["batuta-stack", "hooks", "doctor"], cwd=pushing.repo.path, code=None).stdout
    assert f"push of a tag alone  {framework:<15} path-deps, version-alignment, tag-collision" in told


def test_an_older_prek_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """prek 0.3.4 runs nothing beside its own script; the doctor sees it and says what helps."""
    found = programs("prek", "0.3.4", tmp_path)
    pushing = Pushing.make(tmp_path / "x", {"Cargo.toml": package("a"), ".pre-commit-config.yaml": "repos: []\n"})
    monkeypatch.setenv("PATH", f"{found}:{BIN}", prepend=":")
    run([found / "prek", "install", "--hook-type=pre-push"], cwd=pushing.repo.path)
    run(["batuta-stack", "hooks", "install"], cwd=pushing.repo.path)
    told = run(["batuta-stack", "hooks", "doctor"], cwd=pushing.repo.path, code=1).stdout
    assert "push of a tag alone  prek            missed: " in told
    assert f"mend: update prek: {oldest('prek')} is the first" in told
